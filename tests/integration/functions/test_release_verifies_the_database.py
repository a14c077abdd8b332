"""Towards the instance `release` speaks to none but one that RDS signed for the name that it asked for."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy.exc
from tests.integration.functions.tls_front import Certified, certify, tls_front

from localregion.testing.services import RunningPostgres
from postgres import Database, DatabaseSettings
from release.database import migrate

ROOT = Path(__file__).parents[3]
AUTHORITIES = ROOT / "functions" / "release" / "rds-authorities.pem"
PASSWORD = "not-a-secret-in-a-test"


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certify(tmp_path_factory.mktemp("certificates"), host="localhost")


@pytest.fixture(scope="module")
def port(postgres: RunningPostgres, certified: Certified) -> Iterator[int]:
    postgres.bootstrap(database="verified", user="verified_admin", password=PASSWORD)
    with tls_front(certified.chain, host=postgres.host, port=postgres.port) as port:
        yield port


def settings(port: int, root_cert: Path, host: str = "localhost") -> DatabaseSettings:
    return DatabaseSettings(
        database_host=host,
        database_port=port,
        database_name="verified",
        database_user="verified_admin",
        database_auth="secret",
        database_sslmode="verify-full",
        database_sslrootcert=str(root_cert),
    )


def query(found: DatabaseSettings) -> object:
    database = Database(found, password=lambda: PASSWORD)
    try:
        return database.connection().execute("SELECT current_user").fetchone()
    finally:
        database.close()


def test_an_instance_that_a_known_authority_signed_is_spoken_to(port: int, certified: Certified) -> None:
    assert query(settings(port, certified.authority)) == ("verified_admin",)


def test_an_instance_that_rds_did_not_sign_gets_no_password(port: int) -> None:
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        query(settings(port, AUTHORITIES))


def test_migrations_verify_it_as_well(port: int) -> None:
    with pytest.raises(sqlalchemy.exc.OperationalError, match="certificate verify failed"):
        migrate(settings(port, AUTHORITIES), password=PASSWORD, deadline_s=5)


def test_a_certificate_of_another_host_is_refused(port: int, certified: Certified) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        query(settings(port, certified.authority, host="127.0.0.1"))


def test_the_packaged_authorities_are_what_their_headings_say_and_outlive_the_program() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(AUTHORITIES)
    found = context.get_ca_certs()
    names = sorted(dict(pair[0] for pair in each["subject"])["commonName"] for each in found)

    assert names == re.findall(r"^# (Amazon RDS .* Root CA .*)$", AUTHORITIES.read_text(), re.MULTILINE)
    assert {"us-east-1", "us-west-2", "eu-central-1", "sa-east-1"} <= {name.split()[2] for name in names}
    for each in found:
        assert each["subject"] == each["issuer"]
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(each["notAfter"])), UTC)
        assert ends.year >= 2060
