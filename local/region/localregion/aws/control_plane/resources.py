"""What was created and has to run, read from moto: secrets, brokers, databases, schedules, services, buckets.

What is deleted is not there, even where AWS describes it for a while. Of all regions: a machine has only one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.ecs.models import Service, ecs_backends
from moto.mq.models import Broker, mq_backends
from moto.rds.models import DBInstance, rds_backends
from moto.s3.models import s3_backends
from moto.scheduler.models import Schedule, scheduler_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from localregion.aws.control_plane.gaps.mq_user_passwords import passwords_of

Fields = dict[str, Any]


class Resources:
    """Those of one account."""

    def __init__(self, account: str) -> None:
        self._account = account

    def as_json(self) -> Fields:
        return {
            "secrets": [_secret(each) for each in self._secrets() if each.deleted_date is None],
            "brokers": [_broker(each) for backend in self._of(mq_backends) for each in backend.brokers.values()],
            "databases": [_database(each) for backend in self._of(rds_backends) for each in backend.databases.values()],
            "schedules": [_schedule(each) for each in self._schedules()],
            "services": [_service(*each) for each in self._services()],
            "buckets": [name for backend in self._of(s3_backends) for name in backend.buckets],
        }

    def _of(self, backends: Any) -> Iterator[Any]:
        """Yield a service's state in each region in which it was called; asking for others would make them."""
        return (backend for account, _, backend in backends.iter_backends() if account == self._account)

    def _secrets(self) -> Iterator[FakeSecret]:
        for backend in self._of(secretsmanager_backends):
            yield from (each for each in backend.secrets.values() if isinstance(each, FakeSecret))

    def _schedules(self) -> Iterator[Schedule]:
        for backend in self._of(scheduler_backends):
            for group in backend.schedule_groups.values():
                yield from group.schedules.values()

    def _services(self) -> Iterator[tuple[Service, list[Fields]]]:
        for backend in self._of(ecs_backends):
            for service in backend.services.values():
                if service.status == "ACTIVE":
                    yield service, backend.describe_task_definition(service.task_definition).container_definitions


def _secret(secret: FakeSecret) -> Fields:
    current = (each for each in secret.versions.values() if "AWSCURRENT" in each["version_stages"])
    return {
        "arn": secret.arn,
        "name": secret.name,
        "value": next((version.get("secret_string") for version in current), None),
    }


def _broker(broker: Broker) -> Fields:
    passwords = passwords_of(broker)
    return {
        "id": broker.id,
        "arn": broker.arn,
        "name": broker.name,
        "engine_version": broker.engine_version,
        "users": [{"username": user.username, "password": passwords.get(user.username)} for user in broker.users],
    }


def _database(database: DBInstance) -> Fields:
    managed = getattr(database, "master_user_secret", None)
    return {
        "id": database.db_instance_identifier,
        "arn": database.arn,
        "engine": database.engine,
        "engine_version": database.engine_version,
        "name": database.db_name,
        "username": database.master_username,
        # moto keeps it where only it may look: AWS never shows it.
        "password": None if managed else database._master_user_password,
        "secret_arn": managed.secret_arn if managed else None,
    }


def _schedule(schedule: Schedule) -> Fields:
    return {
        "name": schedule.name,
        "group": schedule.group_name,
        "state": schedule.state,
        "expression": schedule.schedule_expression,
        "target_arn": schedule.target["Arn"],
        "input": schedule.target.get("Input"),
    }


def _service(service: Service, containers: list[Fields]) -> Fields:
    return {
        "cluster": service.cluster_name,
        "name": service.name,
        "desired_count": service.desired_count,
        "containers": [_container(each) for each in containers],
    }


def _container(container: Fields) -> Fields:
    return {
        "name": container["name"],
        "image": container.get("image"),
        "command": container.get("command", []),
        "environment": {each["name"]: each["value"] for each in container.get("environment", [])},
        "secrets": {each["name"]: each["valueFrom"] for each in container.get("secrets", [])},
    }
