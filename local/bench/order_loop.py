"""The process behind row `order`: the handler of `create_order` and the raw statements in turns, in one process.

Started with the function's own environment; prints nothing (the function logs to stdout) and writes its figures, one
median per round and side in milliseconds, to the file that it is given.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from aws_api import get_secret
from bench.events import message_body, order_event
from bench.raw_publisher import RawPublisher
from contracts.topology import ORDER_CREATED_ROUTING_KEY, ORDERS_EXCHANGE
from create_order.handler import lambda_handler
from create_order.repository import DELETE_PUBLISHED, INSERT_ORDER

PER_ROUND = 60
WARM_UP = 20


class Context:
    """What of Lambda's context the function looks at."""

    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


class Raw:
    """The same two statements and the same confirmed publish, with everything else prepared beforehand."""

    def __init__(self) -> None:
        env = os.environ
        self._connection = psycopg.connect(
            host=env["DATABASE_HOST"],
            port=int(env["DATABASE_PORT"]),
            dbname=env["DATABASE_NAME"],
            user=env["DATABASE_USER"],
            password=get_secret(env["DATABASE_SECRET_ID"])["password"],
            autocommit=True,
            prepare_threshold=None,
        )
        self._publisher = RawPublisher(
            env["BROKER_ENDPOINT"],
            login=get_secret(env["BROKER_SECRET_ID"]),
            exchange=ORDERS_EXCHANGE,
            routing_key=ORDER_CREATED_ROUTING_KEY,
        )

    def prepare(self) -> tuple[dict[str, Any], bytes]:
        order_id, outbox_id = uuid4(), uuid4()
        body = message_body(str(order_id))
        parameters = {
            "order_id": order_id,
            "customer_id": "bench",
            "amount": 1999,
            "currency": "BRL",
            "created_at": datetime.now(UTC),
            "outbox_id": outbox_id,
            "exchange": ORDERS_EXCHANGE,
            "routing_key": ORDER_CREATED_ROUTING_KEY,
            "properties": json.dumps({"content_type": "application/json", "message_id": str(outbox_id), "headers": {}}),
            "body": body,
            "due_in_s": 15.0,
        }
        return parameters, self._publisher.frames(body)

    def order(self, prepared: tuple[dict[str, Any], bytes]) -> None:
        parameters, frames = prepared
        self._connection.execute(INSERT_ORDER, parameters)
        self._publisher.publish([frames])
        self._connection.execute(DELETE_PUBLISHED, [parameters["outbox_id"]])


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def handled(event: dict[str, Any]) -> None:
    answer = lambda_handler(event, Context())
    if answer["statusCode"] != 201:
        raise RuntimeError(f"create_order answered {answer}")


def one_round(raw: Raw, count: int) -> tuple[float, float]:
    """Return the medians of the handler and of the raw statements, taken in turns."""
    ours, beside = [], []
    for _ in range(count):
        event, prepared = order_event(), raw.prepare()
        ours.append(timed(lambda event=event: handled(event)))  # type: ignore[misc]
        beside.append(timed(lambda prepared=prepared: raw.order(prepared)))  # type: ignore[misc]
    return statistics.median(ours), statistics.median(beside)


def main(rounds: int, out: Path) -> None:
    raw = Raw()
    one_round(raw, WARM_UP)
    out.write_text(json.dumps([one_round(raw, PER_ROUND) for _ in range(rounds)]))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
