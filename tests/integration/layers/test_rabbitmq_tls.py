"""`amqps`, which is all that Amazon MQ speaks: a real broker behind TLS, with certificates that are good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.layers.broker_queues import message, queue, taken
from tests.integration.layers.certificates import Authority
from tests.integration.layers.conftest import Connect
from tests.integration.layers.proxy import Proxy

from get_order.broker_health import is_answering
from localregion.testing.services import RunningRabbitMQ
from rabbitmq import BrokerUnavailableError

TIMEOUT_S = 10.0


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one authority that clients trust, where Lambda has those of the operating system."""
    authority = Authority(tmp_path, "trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_messages_go_through_a_verified_connection(
    publisher: Connect, rabbitmq: RunningRabbitMQ, trusted: Authority, host: str
) -> None:
    with Proxy(rabbitmq.port, context=trusted.server(host)) as proxy, queue(rabbitmq) as (name, channel):
        sender = publisher(f"amqps://{host}:{proxy.port}")
        bodies = [b"%d" % number for number in range(100)]
        for _ in range(2):
            outcomes = sender.publish([message(name, body) for body in bodies], timeout_s=TIMEOUT_S)
            assert outcomes == [None] * 100
        assert [body for _, body in taken(channel, name)] == 2 * bodies
        assert len(proxy.connections) == 1
        assert is_answering(f"amqps://{host}:{proxy.port}", timeout_s=TIMEOUT_S)


def test_an_unknown_authority_is_refused(
    publisher: Connect, rabbitmq: RunningRabbitMQ, trusted: Authority, tmp_path: Path
) -> None:
    context = Authority(tmp_path, "unknown").server("127.0.0.1")
    with Proxy(rabbitmq.port, context=context) as proxy:
        endpoint = f"amqps://127.0.0.1:{proxy.port}"
        with pytest.raises(BrokerUnavailableError, match=r"SSLCertVerificationError: .*unable to get local issuer"):
            publisher(endpoint).publish([message("any")], timeout_s=TIMEOUT_S)
        assert not is_answering(endpoint, timeout_s=TIMEOUT_S)
        assert proxy.connections == []


@pytest.mark.parametrize(
    ("host", "certified", "reason"),
    [
        ("127.0.0.1", "127.0.0.2", "IP address mismatch"),
        ("localhost", "broker.example", "Hostname mismatch"),
    ],
)
def test_a_certificate_of_another_host_is_refused(
    publisher: Connect, rabbitmq: RunningRabbitMQ, trusted: Authority, host: str, certified: str, reason: str
) -> None:
    with Proxy(rabbitmq.port, context=trusted.server(certified)) as proxy:
        endpoint = f"amqps://{host}:{proxy.port}"
        with pytest.raises(BrokerUnavailableError, match=rf"SSLCertVerificationError: .*{reason}"):
            publisher(endpoint).publish([message("any")], timeout_s=TIMEOUT_S)
        assert not is_answering(endpoint, timeout_s=TIMEOUT_S)
        assert proxy.connections == []


def test_a_broker_without_tls_is_no_broker_for_amqps(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    with pytest.raises(BrokerUnavailableError):
        publisher(f"amqps://127.0.0.1:{rabbitmq.port}").publish([message("any")], timeout_s=TIMEOUT_S)


def test_an_encrypted_connection_that_ended_meanwhile_is_replaced(
    publisher: Connect, rabbitmq: RunningRabbitMQ, trusted: Authority
) -> None:
    with Proxy(rabbitmq.port, context=trusted.server("127.0.0.1")) as proxy, queue(rabbitmq) as (name, channel):
        sender = publisher(f"amqps://127.0.0.1:{proxy.port}")
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        proxy.hang_up()
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        assert len(taken(channel, name)) == 2
        assert len(proxy.connections) == 2
