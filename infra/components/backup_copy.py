"""The database's backups in another region: snapshots and logs, so that a restore there is possible to any second.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class BackupCopyArgs:
    """`region` is the other one; `days` is how long backups are kept there."""

    prefix: str
    region: str
    database_arn: pulumi.Input[str]
    days: int
    is_protected: bool


class BackupCopy(pulumi.ComponentResource):
    """Copies of an instance's automated backups.

    Creates, in the other region:
      - a KMS key, since a key encrypts in its own region only, and an alias
      - the replication of the backups
    """

    def __init__(self, name: str, args: BackupCopyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:BackupCopy", name, None, opts)
        key = aws.kms.Key(
            name,
            region=args.region,
            description=f"{args.prefix}orders: copies of the database's backups",
            enable_key_rotation=True,
            deletion_window_in_days=30 if args.is_protected else 7,
            opts=pulumi.ResourceOptions(parent=self, protect=args.is_protected),
        )
        aws.kms.Alias(
            name,
            region=args.region,
            name=f"alias/{args.prefix}orders-backups",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.rds.InstanceAutomatedBackupsReplication(
            name,
            region=args.region,
            source_db_instance_arn=args.database_arn,
            kms_key_id=key.arn,
            retention_period=args.days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
