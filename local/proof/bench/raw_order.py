"""The work of an order that has to be done: its two statements and its confirmed publish, with nothing around them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

import psycopg

from aws import get_secret
from contracts.topology import ORDER_CREATED_ROUTING_KEY, ORDERS_EXCHANGE
from create_order.repository import DELETE_PUBLISHED, INSERT_ORDER
from outbox import uuid7
from proof.bench.events import message_body
from proof.bench.raw_publisher import RawPublisher


class Raw:
    """The same two statements and the same confirmed publish, with everything else prepared beforehand.

    The environment is the function's. One for each thread.
    """

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
        order_id, outbox_id = uuid7(), uuid7()
        body = message_body(str(order_id))
        parameters = {
            "order_id": order_id,
            "customer_id": "bench",
            "amount": 1999,
            "currency": "BRL",
            "reference": None,
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
