"""A bucket as AWS gets it: closed, encrypted, versioned, and with an end to what it keeps."""

import json
from typing import Any

import pulumi
import pytest
from tests.infra.registered import Registered, register

from components.bucket import Bucket, BucketArgs, Delivery
from components.key import Key, KeyArgs
from components.policy import policy_document

S3 = "aws:s3/bucket"
ARN = "arn:aws:s3:::test-orders-things"


def build(*, is_protected: bool = False, is_keyed: bool = True, **changes: Any) -> Registered:
    def program() -> None:
        key = Key("key", KeyArgs(prefix="test-", region="us-east-1", is_protected=is_protected))
        args = BucketArgs(
            name_prefix="test-orders-things-", is_protected=is_protected, key=key if is_keyed else None, **changes
        )
        bucket = Bucket("things", args)
        rights = {"read": policy_document(bucket.read("one")), "write": policy_document(bucket.write("one"))}
        pulumi.ComponentResource("test:index:Rights", "rights", rights)

    return register(program)


def statements(registered: Registered, right: str) -> list[dict[str, Any]]:
    return list(json.loads(registered.one("test:index:Rights").inputs[right])["Statement"])


@pytest.mark.parametrize("is_protected", [True, False])
def test_a_protected_bucket_outlives_its_stack_with_its_objects(is_protected: bool) -> None:
    bucket = build(is_protected=is_protected).one(f"{S3}:Bucket")

    assert bucket.inputs["forceDestroy"] is not is_protected
    assert bucket.protect is is_protected


def test_nothing_of_it_is_public_and_it_is_reached_over_tls_alone() -> None:
    registered = build()
    block = registered.one(f"{S3}PublicAccessBlock:BucketPublicAccessBlock").inputs
    policy = registered.one(f"{S3}Policy:BucketPolicy")
    (only,) = json.loads(policy.inputs["policy"])["Statement"]

    assert {key: value for key, value in block.items() if key != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert (only["Effect"], only["Principal"], only["Resource"]) == ("Deny", "*", [ARN, f"{ARN}/*"])
    assert only["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_it_is_encrypted_with_the_stacks_key_or_with_s3s_own() -> None:
    type_ = f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (keyed,) = build().one(type_).inputs["rules"]
    (unkeyed,) = build(is_keyed=False).one(type_).inputs["rules"]

    assert keyed["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    assert ":key/" in keyed["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
    assert unkeyed["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_old_versions_end_and_objects_where_they_are_to() -> None:
    type_ = f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration"
    (kept,) = build().one(type_).inputs["rules"]
    (ended,) = build(expire_days=90).one(type_).inputs["rules"]

    assert build().one(f"{S3}Versioning:BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert kept["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert "expiration" not in kept
    assert ended["expiration"] == {"days": 90}


def test_a_service_delivers_what_it_may_and_nothing_else() -> None:
    source = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/*"
    delivery = Delivery(service="logs.example", objects="AWSLogs/*", source_arn=source)
    policy = build(deliveries=[delivery]).one(f"{S3}Policy:BucketPolicy").inputs["policy"]
    _, delivered = json.loads(policy)["Statement"]

    assert delivered == {
        "Effect": "Allow",
        "Principal": {"Service": "logs.example"},
        "Action": "s3:PutObject",
        "Resource": f"{ARN}/AWSLogs/*",
        "Condition": {"ArnLike": {"aws:SourceArn": source}},
    }


def test_readers_and_writers_have_the_key_through_s3_alone() -> None:
    registered = build()
    read, written = statements(registered, "read"), statements(registered, "write")
    via = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}

    assert [(each["Action"], each["Resource"]) for each in read[:2]] == [
        (["s3:GetObject"], [f"{ARN}/one"]),
        (["s3:ListBucket"], [ARN]),
    ]
    assert (read[2]["Action"], read[2]["Condition"]) == (["kms:Decrypt"], via)
    assert [each["Action"] for each in written] == [["s3:PutObject"], ["kms:GenerateDataKey"]]
    assert written[1]["Condition"] == via


def test_without_a_key_no_right_on_one_is_granted() -> None:
    registered = build(is_keyed=False)

    assert [each["Action"] for each in statements(registered, "read")] == [["s3:GetObject"], ["s3:ListBucket"]]
    assert [each["Action"] for each in statements(registered, "write")] == [["s3:PutObject"]]
