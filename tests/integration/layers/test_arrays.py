"""Ids as one parameter, as Postgres reads them."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from localregion.testing.services import RunningPostgres
from postgres.arrays import UuidArray


@pytest.mark.parametrize("count", [0, 1, 2, 10_000])
def test_ids_arrive_as_they_are_and_in_their_order(postgres: RunningPostgres, count: int) -> None:
    ids = [uuid.uuid4() for _ in range(count)]
    array = UuidArray.of(b"".join(each.bytes for each in ids))

    with psycopg.connect(postgres.dsn) as connection:
        row = connection.execute("SELECT %s, pg_typeof(%s)::text, array_ndims(%s)", [array] * 3).fetchone()

    assert row == (ids, "uuid[]", 1 if ids else None)


def test_ids_stand_beside_other_columns(postgres: RunningPostgres) -> None:
    ids = [uuid.UUID(int=number) for number in (1, 2**128 - 1)]
    statement = "SELECT * FROM unnest(%(ids)s::uuid[], string_to_array(%(names)s, ',')) AS event (id, name)"

    with psycopg.connect(postgres.dsn) as connection:
        parameters = {"ids": UuidArray.of(b"".join(each.bytes for each in ids)), "names": "a,b"}
        rows = connection.execute(statement, parameters).fetchall()

    assert rows == [(ids[0], "a"), (ids[1], "b")]
