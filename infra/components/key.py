"""The KMS key of the stack: database, broker, secrets. Logs hold nothing secret and keep AWS's own encryption.

One key is enough: IAM decides, statement by statement, which role may read which of them. The key's own policy is AWS's
default, which leaves the decision to IAM.
"""

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
        self._region = args.region
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

    def decrypt_secrets(self) -> Statement:
        """Grant decrypting, when Secrets Manager does it for the caller and not otherwise."""
        return self._through("secretsmanager", "kms:Decrypt")

    def decrypt_objects(self) -> Statement:
        """Grant decrypting, when S3 does it for the caller and not otherwise."""
        return self._through("s3", "kms:Decrypt")

    def encrypt_objects(self) -> Statement:
        """Grant what S3 does for the caller who writes an object."""
        return self._through("s3", "kms:GenerateDataKey")

    def _through(self, service: str, action: str) -> Statement:
        via = {"StringEquals": {"kms:ViaService": f"{service}.{self._region}.amazonaws.com"}}
        return Statement(actions=[action], resources=[self.arn], condition=via)
