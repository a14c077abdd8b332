"""S3: buckets and what is said of them one by one.

No recording has them, for the program had none then: these are the requests that the provider's sources name.
https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/s3
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from tests.infra.deployment.api import Api, Created, pascal


def bucket(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    s3 = api.client("s3")
    # 26 characters: the time and a number.
    called = inputs.get("bucket") or f"{inputs['bucketPrefix']}{time.strftime('%Y%m%d%H%M%S')}{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=called)
    s3.head_bucket(Bucket=called)
    s3.put_bucket_tagging(Bucket=called, Tagging={"TagSet": api.tags()})
    s3.get_bucket_tagging(Bucket=called)

    def delete() -> None:
        if inputs.get("forceDestroy"):
            _empty(s3, called)
        s3.delete_bucket(Bucket=called)

    return Created(id=called, outputs={"arn": f"arn:aws:s3:::{called}", "bucket": called}, delete=delete)


def _empty(s3: Any, called: str) -> None:
    """Delete all objects in all versions, as the provider does where it is told to."""
    answer = s3.list_object_versions(Bucket=called)
    for each in [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=called, Key=each["Key"], VersionId=each["VersionId"])


def encryption(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    s3, which = api.client("s3"), {"Bucket": inputs["bucket"]}
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": _by_default(each["applyServerSideEncryptionByDefault"]),
            "BucketKeyEnabled": each["bucketKeyEnabled"],
        }
        for each in inputs["rules"]
    ]
    s3.put_bucket_encryption(**which, ServerSideEncryptionConfiguration={"Rules": rules})
    s3.get_bucket_encryption(**which)
    return Created(id=inputs["bucket"], outputs={}, delete=lambda: s3.delete_bucket_encryption(**which))


def _by_default(rule: dict[str, Any]) -> dict[str, Any]:
    key = {"KMSMasterKeyID": rule["kmsMasterKeyId"]} if "kmsMasterKeyId" in rule else {}
    return {"SSEAlgorithm": rule["sseAlgorithm"], **key}


def versioning(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    s3, which = api.client("s3"), {"Bucket": inputs["bucket"]}
    s3.put_bucket_versioning(**which, VersioningConfiguration=pascal(inputs["versioningConfiguration"]))
    s3.get_bucket_versioning(**which)
    suspended = {"Status": "Suspended"}
    return Created(
        id=inputs["bucket"],
        outputs={},
        delete=lambda: s3.put_bucket_versioning(**which, VersioningConfiguration=suspended),
    )


def lifecycle(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    s3, which = api.client("s3"), {"Bucket": inputs["bucket"]}
    rules = [{"ID": each["id"], **pascal({k: v for k, v in each.items() if k != "id"})} for each in inputs["rules"]]
    s3.put_bucket_lifecycle_configuration(**which, LifecycleConfiguration={"Rules": rules})
    s3.get_bucket_lifecycle_configuration(**which)
    return Created(id=inputs["bucket"], outputs={}, delete=lambda: s3.delete_bucket_lifecycle(**which))


def policy(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    s3, which = api.client("s3"), {"Bucket": inputs["bucket"]}
    s3.put_bucket_policy(**which, Policy=inputs["policy"])
    s3.get_bucket_policy(**which)
    return Created(id=inputs["bucket"], outputs={}, delete=lambda: s3.delete_bucket_policy(**which))


def public_access_block(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    s3, which = api.client("s3"), {"Bucket": inputs["bucket"]}
    block = {key: value for key, value in inputs.items() if key != "bucket"}
    s3.put_public_access_block(**which, PublicAccessBlockConfiguration=pascal(block))
    s3.get_public_access_block(**which)
    return Created(id=inputs["bucket"], outputs={}, delete=lambda: s3.delete_public_access_block(**which))


RESOURCES = {
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
    "aws:s3/bucketPolicy:BucketPolicy": policy,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": public_access_block,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
    "aws:s3/bucketVersioning:BucketVersioning": versioning,
}
