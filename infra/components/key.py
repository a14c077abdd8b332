"""The KMS key of the stack: database, broker, secrets. Logs hold nothing secret and keep AWS's own encryption.

One key is enough: IAM decides, statement by statement, which role may read which of them. The key's own policy is AWS's
default, which leaves the decision to IAM.
"""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.policy import Statement


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    """`is_protected` makes it the longest wait before a deleted key is gone, and with it all that it encrypts."""

    prefix: str
    region: str
    is_protected: bool


class Key(pulumi.ComponentResource):
    """A key that rotates every year.

    Creates:
      - the key
      - an alias, so that people find it

    Outputs: arn.
    """

    def __init__(self, name: str, args: KeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Key", name, None, opts)
        self._name = name
        self._region = args.region
        # How long a deleted secret can be taken back; for as long its name is taken (docs/operations.md, "Destroy").
        self.secret_recovery_days = 30 if args.is_protected else 0
        key = aws.kms.Key(
            name,
            description=f"{args.prefix}orders: database, broker, secrets",
            enable_key_rotation=True,
            deletion_window_in_days=30 if args.is_protected else 7,
            opts=pulumi.ResourceOptions(parent=self, protect=args.is_protected),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{args.prefix}orders",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn: pulumi.Output[str] = key.arn
        self.register_outputs({"arn": self.arn})

    def let_logs_encrypt(self, log_group: str) -> aws.kms.KeyPolicy:
        """Let CloudWatch Logs use the key for the group of this name. Once: a key has one policy."""
        return aws.kms.KeyPolicy(
            self._name,
            key_id=self.arn,
            policy=self.arn.apply(lambda arn: _shared_with_logs(arn, log_group)),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def decrypt_secrets(self) -> Statement:
        """Grant decrypting, when Secrets Manager does it for the caller and not otherwise."""
        return self._through("secretsmanager", "kms:Decrypt")

    def decrypt_objects(self) -> Statement:
        """Grant decrypting, when S3 does it for the caller and not otherwise."""
        return self._through("s3", "kms:Decrypt")

    def encrypt_objects(self) -> Statement:
        """Grant what S3 does for the caller who writes an object."""
        return self._through("s3", "kms:GenerateDataKey")

    def beside(self, service: str, resource: str) -> pulumi.Output[str]:
        """Return the ARN of another service's resource in the key's account and region."""
        return self.arn.apply(lambda arn: ":".join([*arn.split(":")[:2], service, *arn.split(":")[3:5], resource]))

    def _through(self, service: str, action: str) -> Statement:
        via = {"StringEquals": {"kms:ViaService": f"{service}.{self._region}.amazonaws.com"}}
        return Statement(actions=[action], resources=[self.arn], condition=via)


def _shared_with_logs(key_arn: str, log_group: str) -> str:
    """Return AWS's default policy, which leaves all to IAM, and beside it the service that encrypts the group.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    _, partition, _, region, account, _ = key_arn.split(":")
    by_iam = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    group = f"arn:{partition}:logs:{region}:{account}:log-group:{log_group}"
    logs = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [by_iam, logs]})
