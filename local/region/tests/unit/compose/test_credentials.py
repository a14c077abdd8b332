"""Hashes that Postgres and RabbitMQ take for a password; the real servers judge in `tests/integration/services`."""

from __future__ import annotations

import base64

from localregion.compose import credentials


def test_the_verifier_is_the_one_of_the_rfcs_example() -> None:
    # RFC 7677, section 3: password "pencil", its salt, 4096 rounds; the signature proves the server key.
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")

    verifier = credentials.scram_sha_256("pencil", salt=salt)

    assert verifier == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_the_administrator_of_postgres_is_no_superuser_and_its_password_is_not_in_the_script() -> None:
    script = credentials.administrator_sql(database="orders", user='od"d', password="s3cret", salt=b"s" * 16)

    assert script.startswith('CREATE ROLE "od""d" LOGIN CREATEROLE CREATEDB NOSUPERUSER PASSWORD \'SCRAM-SHA-256$')
    assert 'GRANT pg_monitor, pg_signal_backend TO "od""d" WITH ADMIN OPTION;\n' in script
    assert script.endswith('CREATE DATABASE "orders" OWNER "od""d";\n')
    assert "s3cret" not in script


def test_the_administrator_of_rabbitmq_may_do_everything_and_guest_is_not_there() -> None:
    definitions = credentials.administrator_definitions(user="admin", password="s3cret", salt=b"salt")

    (user,) = definitions["users"]
    assert base64.b64decode(user["password_hash"])[:4] == b"salt"
    assert "s3cret" not in str(definitions)
    assert definitions["permissions"][0]["configure"] == ".*"
