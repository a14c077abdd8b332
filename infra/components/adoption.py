"""The run of `operations` that a deployment contains: the customers that the stack's configuration names.

It follows `release`, which makes their tables, and writes the gateways' object for the first time. Customers that are
added later are not the stack's business; one that it names no more is suspended.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.bucket import Bucket
from components.function import Function
from components.secret import Secret


@dataclass(frozen=True, kw_only=True)
class AdoptionArgs:
    """`customers` are, by name, the secret with the key and how many requests a second are allowed.

    `database_id` is another one after a replacement, and `bucket` as well: both are empty then.
    """

    operations: Function
    customers: Mapping[str, tuple[Secret, int]]
    database_id: pulumi.Input[str]
    bucket: Bucket


class Adoption(pulumi.ComponentResource):
    """The invocation of `operations`. The gateway depends on it.

    Creates:
      - the invocation, repeated when the customers, their limits or keys, the database or the bucket change
    """

    def __init__(self, name: str, args: AdoptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Adoption", name, None, opts)
        adopted = [
            {"customer": customer, "secretId": secret.arn, "requestsPerSecond": limit}
            for customer, (secret, limit) in args.customers.items()
        ]
        aws.lambda_.Invocation(
            name,
            function_name=args.operations.name,
            qualifier=args.operations.qualifier,
            input=pulumi.Output.json_dumps({"operation": "adoptCustomers", "customers": adopted}),
            triggers={
                "database": args.database_id,
                "bucket": args.bucket.arn,
                **{f"key-{customer}": secret.version_id for customer, (secret, _) in args.customers.items()},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.bucket]),
        )
        self.register_outputs({})
