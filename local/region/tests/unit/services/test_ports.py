"""Ports: defaults, the variables that change them, clear words about a taken one."""

import socket
from dataclasses import asdict

import pytest

from localregion.services.ports import PortError, Ports, free_ports, is_taken


def test_every_port_has_a_variable_that_changes_it() -> None:
    ports = Ports.from_environment({"GATEWAY_PORT": "9000", "RABBITMQ_MANAGEMENT_PORT": "9001", "AWS_PORT": ""})
    assert (ports.gateway, ports.rabbitmq_management, ports.aws) == (9000, 9001, 4566)


def test_ports_survive_the_way_through_an_environment() -> None:
    ports = Ports.free()
    assert Ports.from_environment(ports.environment()) == ports


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80.0", "²"])
def test_what_is_no_port_is_refused_by_the_name_of_its_variable(text: str) -> None:
    with pytest.raises(PortError, match="AWS_PORT"):
        Ports.from_environment({"AWS_PORT": text})


def test_two_parts_cannot_share_a_port() -> None:
    with pytest.raises(PortError, match="GATEWAY_PORT and AWS_PORT are both 5000"):
        Ports.from_environment({"GATEWAY_PORT": "5000", "AWS_PORT": "5000"})


def test_a_taken_port_is_named_with_its_variable() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        number = listener.getsockname()[1]
        ports = Ports(**{**vars(Ports.free()), "epmd": number})
        with pytest.raises(PortError, match=f"port {number} is taken.*EPMD_PORT"):
            ports.check_free()


def test_a_taken_port_of_a_part_that_does_not_run_is_nobodys_business() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ports = Ports(**{**vars(Ports.free()), "postgres": listener.getsockname()[1]})
        ports.check_free({"aws", "console"})
        with pytest.raises(PortError, match="POSTGRES_PORT"):
            ports.check_free({"aws", "postgres"})


def test_free_ports_are_different_and_free() -> None:
    numbers = free_ports(5)
    assert len(set(numbers)) == 5
    assert not any(map(is_taken, numbers))


def test_no_default_is_a_port_that_linux_gives_to_outgoing_connections() -> None:
    assert all(port < 32_768 for port in asdict(Ports()).values())


def test_a_port_whose_connections_only_wait_for_their_end_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(server.getsockname()):
            accepted, _ = server.accept()
            # Who closes first waits.
            accepted.close()
    assert not is_taken(port)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, ""), (socket.AF_INET6, "")])
def test_a_port_on_which_another_program_listens_at_every_address_is_taken(
    family: socket.AddressFamily, address: str
) -> None:
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, 0))
        port = listener.getsockname()[1]
        listener.listen()
        assert is_taken(port)
    assert not is_taken(port)
