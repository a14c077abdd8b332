"""One function as tutorials build it: clients made at import, secrets by boto3, SQLAlchemy, pika, OpenTelemetry.

It does the same work as ours, once: an order with its outbox row, published and confirmed; or a batch of invoices.
"""

from __future__ import annotations

import base64
import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]
import pika
from aws_lambda_powertools import Logger, Metrics, Tracer
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # type: ignore[import-not-found]
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic import BaseModel, Field
from sqlalchemy import URL, Engine, create_engine, text

logger = Logger(service="usual")
tracer = Tracer(service="usual")
metrics = Metrics(namespace="bench", service="usual")
secrets = boto3.client("secretsmanager")
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))  # type: ignore[attr-defined]

ORDER = text(
    "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at) "
    "VALUES (:order_id, 'bench', :amount, :currency, :at)"
)
OUTBOX = text(
    "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at) "
    "VALUES (:outbox_id, 'orders', 'order.created', '{}', :body, now() + interval '15 seconds')"
)
PUBLISHED = text("DELETE FROM orders.outbox WHERE outbox_id = :outbox_id")
NUMBER = text("UPDATE invoices.invoice_counter SET last_number = last_number + 1 RETURNING last_number")
INVOICE = text(
    "INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at) "
    "VALUES (:number, :order_id, 'bench', :amount, :currency, now(), now() + interval '30 days')"
)


class OrderBody(BaseModel):
    amount: int = Field(gt=0)
    currency: str = Field(default="BRL", pattern="^[A-Z]{3}$")


class Customer(BaseModel):
    id: str


class OrderCreated(BaseModel):
    order_id: uuid.UUID = Field(alias="orderId")
    amount: int
    currency: str
    customer: Customer
    created_at: datetime = Field(alias="createdAt")


def secret(name: str) -> dict[str, str]:
    fields: dict[str, str] = json.loads(secrets.get_secret_value(SecretId=os.environ[name])["SecretString"])
    return fields


def engine() -> Engine:
    url = URL.create(
        "postgresql+psycopg",
        username=os.environ["DATABASE_USER"],
        password=secret("DATABASE_SECRET_ID")["password"],
        host=os.environ["DATABASE_HOST"],
        port=int(os.environ["DATABASE_PORT"]),
        database=os.environ["DATABASE_NAME"],
    )
    return create_engine(url)


def publish(body: bytes) -> None:
    login = secret("BROKER_SECRET_ID")
    address = urlsplit(os.environ["BROKER_ENDPOINT"])
    credentials = pika.PlainCredentials(login["username"], login["password"])
    with pika.BlockingConnection(pika.ConnectionParameters(address.hostname, address.port, "/", credentials)) as broker:
        channel = broker.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=2, message_id=str(uuid.uuid4()), type="order.created.v1"
        )
        channel.basic_publish("orders", "order.created", body, properties, mandatory=True)


def create_order(event: dict[str, Any]) -> dict[str, Any]:
    order = OrderBody.model_validate_json(base64.b64decode(event["body"]))
    now = datetime.now(UTC)
    order_id, outbox_id = uuid.uuid4(), uuid.uuid4()
    created = OrderCreated(
        orderId=order_id, amount=order.amount, currency=order.currency, customer=Customer(id="bench"), createdAt=now
    )
    body = created.model_dump_json(by_alias=True).encode()
    database = engine()
    with database.begin() as connection:
        connection.execute(ORDER, {"order_id": order_id, "at": now, **order.model_dump()})
        connection.execute(OUTBOX, {"outbox_id": outbox_id, "body": body})
    publish(body)
    with database.begin() as connection:
        connection.execute(PUBLISHED, {"outbox_id": outbox_id})
    return {"statusCode": 201, "body": body.decode()}


def invoice(event: dict[str, Any]) -> dict[str, Any]:
    messages = [message for batch in event["rmqMessagesByQueue"].values() for message in batch]
    with engine().begin() as connection:
        for message in messages:
            order = OrderCreated.model_validate_json(base64.b64decode(message["data"]))
            number = connection.execute(NUMBER).scalar_one()
            connection.execute(
                INVOICE, {"number": number, **order.model_dump(include={"order_id", "amount", "currency"})}
            )
    return {"issued": len(messages)}


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    with trace.get_tracer(__name__).start_as_current_span("handle"):
        answer = invoice(event) if "rmqMessagesByQueue" in event else create_order(event)
    logger.info("done")
    return answer
