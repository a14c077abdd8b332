"""A trap knows who speaks by the login in the first bytes of a connection."""

import pytest

from proof.chaos.traps import Conversation, Trap

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
STARTUP = b"\x00\x00\x00\x2d\x00\x03\x00\x00user\x00create_order\x00database\x00orders\x00\x00"
STARTUP_USER_LAST = b"\x00\x00\x00\x2d\x00\x03\x00\x00database\x00orders\x00user\x00create_order\x00\x00"
START_OK = b"AMQP\x00\x00\x09\x01" + b"\x01\x00\x00...\x05PLAIN\x00\x00\x00\x20\x00orders_publisher\x00secret\x05en_US"


def conversation() -> Conversation:
    return Conversation(client_port=1, proxy_port=2)


@pytest.mark.parametrize(
    ("chunks", "user"),
    [
        ([STARTUP], "create_order"),
        ([STARTUP_USER_LAST], "create_order"),
        ([SSL_REQUEST, STARTUP], "create_order"),
        ([STARTUP[:20], STARTUP[20:]], "create_order"),
        ([START_OK], "orders_publisher"),
        ([b"GET / HTTP/1.1\r\n\r\n"], ""),
    ],
)
def test_the_login_is_heard(chunks: list[bytes], user: str) -> None:
    heard = conversation()
    for chunk in chunks:
        heard.hear(chunk)
    assert heard.user == user


def test_a_trap_waits_for_its_user_and_its_bytes_and_fires_as_often_as_it_shall() -> None:
    acted: list[Conversation] = []
    trap = Trap(user="create_order", patterns=[b"INSERT", b"DELETE"], when="request", action=acted.append, times=1)
    heard = conversation()
    assert not trap.is_met(heard, b"INSERT")
    heard.hear(STARTUP)
    assert not trap.is_met(heard, b"SELECT")
    assert trap.is_met(heard, b"DELETE FROM")
    trap.fire(heard)
    assert acted == [heard]
    assert not trap.is_met(heard, b"INSERT")
