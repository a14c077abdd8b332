"""The private RabbitMQ node: its listeners, its one user, and that it goes away and comes back."""

import http.client
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pika
import psutil
import pytest

from localregion.services.rabbitmq import find_script
from localregion.services.rabbitmq_home import PRELOAD_FLAGS, make_home
from localregion.testing.services import RunningRabbitMQ


def test_the_node_runs_as_an_ordinary_user_of_its_own_files(rabbitmq: RunningRabbitMQ) -> None:
    assert 0 not in psutil.Process(rabbitmq.pid).uids()
    assert rabbitmq.node.is_ready()


def test_a_frozen_broker_takes_connections_and_answers_nothing_until_it_is_thawed(rabbitmq: RunningRabbitMQ) -> None:
    rabbitmq.freeze()
    try:
        address = urlsplit(rabbitmq.management_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=0.5)
        connection.connect()
        connection.request("GET", "/")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
    finally:
        rabbitmq.thaw()
    rabbitmq.wait_until_ready()


def test_nobody_enters_as_guest(rabbitmq: RunningRabbitMQ) -> None:
    parameters = pika.ConnectionParameters(
        "127.0.0.1", rabbitmq.port, credentials=pika.PlainCredentials("guest", "guest")
    )
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(parameters)


def test_a_new_password_of_the_plans_administrator_takes_effect(rabbitmq: RunningRabbitMQ) -> None:
    for password in ("old", "new"):
        rabbitmq.node.bootstrap(username="planned", password=password)
    pika.BlockingConnection(pika.URLParameters(rabbitmq.node.amqp_url_for("planned", "new"))).close()
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(rabbitmq.node.amqp_url_for("planned", "old")))


def test_every_listener_is_on_the_loopback_address(rabbitmq: RunningRabbitMQ) -> None:
    connections = psutil.Process(rabbitmq.pid).net_connections("tcp")
    listening = [each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"] * 3


def test_the_node_alone_loads_every_module_of_the_plugins_and_of_what_they_need(tmp_path: Path) -> None:
    make_home(tmp_path, script=find_script(), plugins=["cowboy"])
    loaded = "[M || M <- [cowboy, cowboy_rest, ranch, cow_qs, crypto, rabbit], code:is_loaded(M) =/= false]"

    done = subprocess.run(
        ["erl", "-noinput", "-eval", f"io:format('~p', [{{{loaded}, os:getenv(\"ERL_AFLAGS\")}}]), halt()."],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "ERL_LIBS": f"{tmp_path}/plugins",
            "ERL_AFLAGS": PRELOAD_FLAGS,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    # What it starts itself has no such flags: each would load a thousand modules as well.
    assert done.stdout == "{[cowboy,cowboy_rest,ranch,cow_qs,crypto],false}"
