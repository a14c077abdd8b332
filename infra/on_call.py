"""The way in for people on call, where the stack names any: a task that sessions go through, and their roles."""

from components.access import Access, AccessArgs
from components.broker import Broker
from components.database import Database
from components.function import Function
from components.key import Key
from components.network import Network
from components.people import People, PeopleArgs
from components.secret import Secret
from configuration import Configuration


def build_way_in(
    config: Configuration,
    *,
    key: Key,
    network: Network,
    database: Database,
    broker: Broker,
    page_login: Secret,
    operations: Function,
) -> People:
    """Create both; `page_login` is RabbitMQ's user for people."""
    access = Access(
        "access",
        AccessArgs(
            prefix=config.prefix,
            log_retention_days=config.log_retention_days,
            key=key,
            database=database,
            broker=broker,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
        ),
    )
    return People(
        "people",
        PeopleArgs(
            prefix=config.prefix,
            region=config.region,
            users=config.operator_access,
            access=access,
            database=database,
            broker=broker,
            page_login=page_login,
            operations=operations,
        ),
    )
