"""A bucket in S3 for objects of the system: private, encrypted, over TLS alone, with an end to what it keeps.

Its name is the prefix (37 characters at most) with 26 that the provider adds: names are one space for all of AWS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.key import Key
from components.policy import Statement


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """An AWS service that writes into the bucket by itself: what it writes, and in whose name it may come."""

    service: str
    objects: str
    source_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """Without `key` objects are encrypted with S3's own (a load balancer's logs can only be).

    `expire_days` ends each object, `old_versions_days` what was overwritten or deleted. What is not protected goes with
    its objects when the stack is destroyed.
    """

    name_prefix: str
    is_protected: bool
    key: Key | None
    old_versions_days: int = 30
    expire_days: int | None = None
    deliveries: Sequence[Delivery] = ()


class Bucket(pulumi.ComponentResource):
    """A versioned bucket.

    Creates:
      - the bucket, its encryption and versions, and how long objects and old versions are kept
      - the block of all public access, and a policy: TLS only, and the services that deliver into it

    Outputs: name, arn.
    """

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Bucket", name, None, opts)
        self._key = args.key
        bucket = aws.s3.Bucket(
            name,
            bucket_prefix=args.name_prefix,
            force_destroy=not args.is_protected,
            opts=pulumi.ResourceOptions(parent=self, protect=args.is_protected),
        )
        self.name: pulumi.Output[str] = bucket.id
        self.arn: pulumi.Output[str] = bucket.arn
        self._build_encryption(name, args)
        self._build_retention(name, args)
        # Whoever writes an object first finds the bucket closed already.
        self.policy: aws.s3.BucketPolicy = self._build_policy(name, args)
        self.register_outputs({"name": self.name, "arn": self.arn})

    def read(self, objects: str) -> list[Statement]:
        """Grant reading the objects with these keys, and telling that there is none: else S3 answers 403 for it."""
        statements = [self._on_objects(objects, "s3:GetObject"), self._on_bucket("s3:ListBucket")]
        return statements if self._key is None else [*statements, self._key.decrypt_objects()]

    def write(self, objects: str) -> list[Statement]:
        """Grant writing the objects with these keys."""
        statements = [self._on_objects(objects, "s3:PutObject")]
        return statements if self._key is None else [*statements, self._key.encrypt_objects()]

    def _on_objects(self, objects: str, action: str) -> Statement:
        return Statement(actions=[action], resources=[pulumi.Output.concat(self.arn, "/", objects)])

    def _on_bucket(self, action: str) -> Statement:
        return Statement(actions=[action], resources=[self.arn])

    def _build_encryption(self, name: str, args: BucketArgs) -> None:
        own = {"sse_algorithm": "aws:kms", "kms_master_key_id": args.key.arn} if args.key else {}
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=self.name,
            rules=[
                {
                    "apply_server_side_encryption_by_default": own or {"sse_algorithm": "AES256"},
                    # One call of KMS for many objects.
                    "bucket_key_enabled": args.key is not None,
                }
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_retention(self, name: str, args: BucketArgs) -> None:
        opts = pulumi.ResourceOptions(parent=self)
        versioning = aws.s3.BucketVersioning(
            name, bucket=self.name, versioning_configuration={"status": "Enabled"}, opts=opts
        )
        rule: dict[str, Any] = {
            "id": "end",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": args.old_versions_days},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
        }
        if args.expire_days is not None:
            rule["expiration"] = {"days": args.expire_days}
        aws.s3.BucketLifecycleConfiguration(
            name, bucket=self.name, rules=[rule], opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning])
        )

    def _build_policy(self, name: str, args: BucketArgs) -> aws.s3.BucketPolicy:
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        delivered = [self._delivered(each) for each in args.deliveries]
        return aws.s3.BucketPolicy(
            name,
            bucket=self.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [_tls_only(self.arn), *delivered]}),
            # S3 refuses two changes of one bucket's access at once (OperationAborted).
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )

    def _delivered(self, delivery: Delivery) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"Service": delivery.service},
            "Action": "s3:PutObject",
            "Resource": pulumi.Output.concat(self.arn, "/", delivery.objects),
            "Condition": {"ArnLike": {"aws:SourceArn": delivery.source_arn}},
        }


def _tls_only(arn: pulumi.Output[str]) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, pulumi.Output.concat(arn, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
