"""The addresses of brokers, databases, proxies and load balancers: those of what runs here.

AWS gives each a name of its own in a domain of AWS. moto makes up such names, which no resolver knows. A program's
outputs and its functions' variables are made of them.
"""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import FakeLoadBalancer
from moto.mq.models import Broker
from moto.rds.models import DBInstance, DBProxy

from localregion.aws.control_plane.addresses import Addresses
from localregion.aws.control_plane.gaps.construction import after_construction


def fill(addresses: Addresses) -> None:
    endpoint = {"Address": addresses.database_host, "Port": addresses.database_port}

    def of_a_broker(broker: Broker, _: dict[str, Any]) -> None:
        for instance in broker.instances:
            instance.update(consoleURL=addresses.broker_management_url, endpoints=[addresses.broker_endpoint])

    def of_a_proxy(proxy: DBProxy, _: dict[str, Any]) -> None:
        proxy.endpoint = addresses.database_host

    def of_a_load_balancer(balancer: FakeLoadBalancer, _: dict[str, Any]) -> None:
        balancer.dns_name = addresses.gateway

    after_construction(Broker, of_a_broker)
    after_construction(DBProxy, of_a_proxy)
    after_construction(FakeLoadBalancer, of_a_load_balancer)
    DBInstance.address = addresses.database_host  # type: ignore[assignment,method-assign]
    DBInstance.endpoint = property(lambda _: dict(endpoint))  # type: ignore[assignment,method-assign]
