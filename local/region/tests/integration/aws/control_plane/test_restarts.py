"""What was created is there again after a restart: the same ids, dates, secrets and keys, without what was cut off."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from integration.aws.control_plane.running_control_plane import RunningControlPlane


def create_things(running: RunningControlPlane) -> dict[str, Any]:
    """Create what has ids, random names, times and secrets; returns what identifies it."""
    ec2, secrets_manager = running.client("ec2"), running.client("secretsmanager")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    secret = secrets_manager.create_secret(Name="kept", SecretString="once")["ARN"]
    role = create_role(running, "kept")
    return {"vpc": vpc, "secret": secret, "role": role, **dates(running)}


def dates(running: RunningControlPlane) -> dict[str, Any]:
    secret = running.client("secretsmanager").describe_secret(SecretId="kept")
    role = running.client("iam").get_role(RoleName="kept")["Role"]
    return {"secret made": secret["CreatedDate"], "role made": role["CreateDate"]}


def create_role(running: RunningControlPlane, name: str) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    created: str = running.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["RoleId"]
    return created


def described(running: RunningControlPlane) -> dict[str, Any]:
    ec2, secrets_manager = running.client("ec2"), running.client("secretsmanager")
    (vpc,) = [each for each in ec2.describe_vpcs()["Vpcs"] if not each["IsDefault"]]
    secret = secrets_manager.get_secret_value(SecretId="kept")
    role = running.client("iam").get_role(RoleName="kept")["Role"]
    return {"vpc": vpc["VpcId"], "secret": secret["ARN"], "role": role["RoleId"], **dates(running)}


def test_ids_are_the_same_after_a_crash_whatever_was_read_between(own_control_plane: RunningControlPlane) -> None:
    created = create_things(own_control_plane)
    everything = own_control_plane.client("ec2").describe_security_groups()["SecurityGroups"]
    for _ in range(2):
        own_control_plane.restart()
        assert described(own_control_plane) == created
        assert own_control_plane.client("ec2").describe_security_groups()["SecurityGroups"] == everything


def test_what_a_key_encrypted_it_decrypts_after_a_restart(own_control_plane: RunningControlPlane) -> None:
    kms = own_control_plane.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
    own_control_plane.restart()
    assert own_control_plane.client("kms").decrypt(CiphertextBlob=secret)["Plaintext"] == b"kept"


def test_what_is_deleted_stays_deleted_and_a_bucket_is_there_with_its_policy(
    own_control_plane: RunningControlPlane,
) -> None:
    s3, secrets_manager = own_control_plane.client("s3"), own_control_plane.client("secretsmanager")
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    for name in ("kept", "gone"):
        s3.create_bucket(Bucket=name)
        secrets_manager.create_secret(Name=name, SecretString=name)
    s3.put_bucket_policy(Bucket="kept", Policy=policy)
    s3.delete_bucket(Bucket="gone")
    secrets_manager.delete_secret(SecretId="gone")
    own_control_plane.restart()
    resources = own_control_plane.resources()
    assert resources["buckets"] == ["kept"]
    assert [(each["name"], each["value"]) for each in resources["secrets"]] == [("kept", "kept")]
    assert own_control_plane.client("s3").get_bucket_policy(Bucket="kept")["Policy"] == policy


def test_calls_at_the_same_time_are_repeated_as_they_were(own_control_plane: RunningControlPlane) -> None:
    names = [f"role-{number}" for number in range(20)]
    secrets_manager = own_control_plane.client("secretsmanager")
    with ThreadPoolExecutor(8) as pool:
        reads = [pool.submit(secrets_manager.get_random_password) for _ in range(40)]
        ids = dict(zip(names, pool.map(lambda name: create_role(own_control_plane, name), names), strict=True))
        passwords = {read.result()["RandomPassword"] for read in reads}
    assert len(passwords) == 40
    own_control_plane.restart()
    iam = own_control_plane.client("iam")
    assert {each["RoleName"]: each["RoleId"] for each in iam.list_roles()["Roles"]} == ids


def test_a_random_password_is_never_given_again(own_control_plane: RunningControlPlane) -> None:
    """Nothing that is drawn after a call, or after the restart, can be told from the seeds in the journal."""
    create_role(own_control_plane, "any")
    first = own_control_plane.client("secretsmanager").get_random_password()["RandomPassword"]
    own_control_plane.restart()
    assert own_control_plane.client("secretsmanager").get_random_password()["RandomPassword"] != first


def test_only_its_owner_reads_the_journal_and_reading_adds_nothing(own_control_plane: RunningControlPlane) -> None:
    create_things(own_control_plane)
    before = own_control_plane.journal.read_bytes()
    assert before.count(b"\n") == 3
    described(own_control_plane)
    own_control_plane.client("sqs").list_queues()
    own_control_plane.client("cloudwatch").put_metric_data(
        Namespace="any", MetricData=[{"MetricName": "m", "Value": 1}]
    )
    assert own_control_plane.journal.read_bytes() == before
    assert stat.S_IMODE(own_control_plane.journal.stat().st_mode) == 0o600


def test_a_line_that_was_not_written_whole_is_dropped(own_control_plane: RunningControlPlane) -> None:
    created = create_things(own_control_plane)
    own_control_plane.kill()
    whole = own_control_plane.journal.read_bytes()
    own_control_plane.journal.write_bytes(whole + whole.splitlines()[0][:100])
    own_control_plane.start()
    assert own_control_plane.journal.read_bytes() == whole
    assert described(own_control_plane) == created
    create_role(own_control_plane, "later")
    own_control_plane.restart()
    assert {each["RoleName"] for each in own_control_plane.client("iam").list_roles()["Roles"]} == {"kept", "later"}


def test_a_body_that_is_no_text_is_kept(own_control_plane: RunningControlPlane) -> None:
    binary = bytes(range(256)) * 4096
    own_control_plane.client("s3").create_bucket(Bucket="any")
    own_control_plane.client("s3").put_object(Bucket="any", Key="archive.zip", Body=binary)
    own_control_plane.restart()
    assert own_control_plane.client("s3").get_object(Bucket="any", Key="archive.zip")["Body"].read() == binary


def test_it_ends_with_its_parent_or_when_it_is_told_to(own_control_plane: RunningControlPlane) -> None:
    assert own_control_plane.stop() == 0
    own_control_plane.start()
    assert own_control_plane.terminate() == 0
