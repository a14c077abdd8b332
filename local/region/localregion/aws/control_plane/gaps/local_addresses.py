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


def fill(addresses: Addresses) -> None:
    _fill_broker(addresses)
    _fill_database(addresses)
    _fill_load_balancer(addresses)


def _fill_broker(addresses: Addresses) -> None:
    init = Broker.__init__

    def with_local_address(self: Broker, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        for instance in self.instances:
            instance.update(consoleURL=addresses.broker_management_url, endpoints=[addresses.broker_endpoint])

    Broker.__init__ = with_local_address  # type: ignore[method-assign]


def _fill_database(addresses: Addresses) -> None:
    endpoint = {"Address": addresses.database_host, "Port": addresses.database_port}
    DBInstance.address = addresses.database_host  # type: ignore[assignment,method-assign]
    DBInstance.endpoint = property(lambda _: dict(endpoint))  # type: ignore[assignment,method-assign]
    init = DBProxy.__init__

    def with_local_address(self: DBProxy, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        self.endpoint = addresses.database_host

    DBProxy.__init__ = with_local_address  # type: ignore[method-assign]


def _fill_load_balancer(addresses: Addresses) -> None:
    init = FakeLoadBalancer.__init__

    def with_local_address(self: FakeLoadBalancer, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        self.dns_name = addresses.gateway

    FakeLoadBalancer.__init__ = with_local_address  # type: ignore[method-assign]
