"""Who may call: the customers that the stack names, and the object that tells the gateways of all there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.adoption import Adoption, AdoptionArgs
from components.bucket import Bucket, BucketArgs
from components.function import Function
from components.key import Key
from components.policy import Statement
from components.secret import Secret, SecretArgs
from configuration import Configuration

# Written by `operations`, read by the gateways.
OBJECT_KEY = "gateway/customers.json"


@dataclass(frozen=True, kw_only=True)
class Customers:
    """`keys` are by name the secrets of those that the stack names, each with a key that AWS makes."""

    config: Configuration
    keys: Mapping[str, Secret]
    bucket: Bucket

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """What `operations` is told."""
        return {
            "CUSTOMERS_BUCKET": self.bucket.name,
            "CUSTOMERS_KEY": OBJECT_KEY,
            "REQUESTS_PER_SECOND_MAX": str(self.config.address_requests_per_second),
        }

    @property
    def statements(self) -> list[Statement]:
        """Grant writing the object, asking whether it is the one that was written last, and adopting keys."""
        adopted = [statement for secret in self.keys.values() for statement in secret.read()]
        return [*self.bucket.write(OBJECT_KEY), *self.bucket.read(OBJECT_KEY), *adopted]

    def adopt(
        self, operations: Function, *, database_id: pulumi.Input[str], after: Sequence[pulumi.Resource]
    ) -> Adoption:
        """Have `operations` make them customers, and write the object for the first time."""
        arguments = AdoptionArgs(
            operations=operations,
            customers={name: (self.keys[name], limit) for name, limit in self.config.consumers.items()},
            database_id=database_id,
            bucket=self.bucket,
        )
        return Adoption("customers", arguments, pulumi.ResourceOptions(depends_on=[*after]))


def build_customers(config: Configuration, key: Key) -> Customers:
    """Create the secrets and the bucket."""

    def generated(name: str) -> SecretArgs:
        return SecretArgs(name=f"{config.prefix}gateway/{name}", key=key, generated_field="key")

    bucket = BucketArgs(name_prefix=f"{config.prefix}customers-", is_protected=config.is_protected, key=key)
    return Customers(
        config=config,
        keys={name: Secret(f"gateway-{name}", generated(name)) for name in config.consumers},
        bucket=Bucket("customers", bucket),
    )
