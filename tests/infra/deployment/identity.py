"""Roles and keys: IAM and KMS."""

from __future__ import annotations

from typing import Any

from tests.infra.deployment.api import Api, Created, given, unique, until


def role(api: Api, name: str, inputs: dict[str, Any]) -> Created:
    iam, called = api.client("iam"), inputs.get("name") or unique(name)
    iam.create_role(
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        MaxSessionDuration=inputs.get("maxSessionDuration", 3600),
        Path="/",
        RoleName=called,
        Tags=api.tags(),
    )
    found = iam.get_role(RoleName=called)["Role"]
    iam.list_role_policies(RoleName=called)
    iam.list_attached_role_policies(RoleName=called)

    def delete() -> None:
        iam.list_instance_profiles_for_role(RoleName=called)
        iam.list_role_policies(RoleName=called)
        iam.delete_role(RoleName=called)

    outputs = {"arn": found["Arn"], "name": called, "uniqueId": found["RoleId"]}
    return Created(id=called, outputs=outputs, delete=delete)


def role_policy(api: Api, name: str, inputs: dict[str, Any]) -> Created:
    iam, which = api.client("iam"), {"RoleName": inputs["role"], "PolicyName": inputs.get("name") or unique(name)}
    iam.put_role_policy(**which, PolicyDocument=inputs["policy"])
    for _ in range(2):
        iam.get_role_policy(**which)
    return Created(
        id=":".join(which.values()),
        outputs={"name": which["PolicyName"]},
        delete=lambda: iam.delete_role_policy(**which),
    )


def key(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    kms = api.client("kms")
    made = kms.create_key(
        CustomerMasterKeySpec="SYMMETRIC_DEFAULT",
        KeyUsage="ENCRYPT_DECRYPT",
        Tags=api.tags("TagKey", "TagValue"),
        **given(inputs, Description="description", Policy="policy"),
    )["KeyMetadata"]
    which = {"KeyId": made["KeyId"]}
    if inputs.get("enableKeyRotation"):
        kms.enable_key_rotation(**which)
        until(lambda: kms.get_key_rotation_status(**which), lambda answer: bool(answer["KeyRotationEnabled"]))
    kms.describe_key(**which)
    kms.get_key_policy(**which, PolicyName="default")
    kms.list_resource_tags(**which)

    def delete() -> None:
        kms.schedule_key_deletion(**which, PendingWindowInDays=inputs.get("deletionWindowInDays", 30))
        until(
            lambda: kms.describe_key(**which)["KeyMetadata"]["KeyState"],
            lambda state: state == "PendingDeletion",
        )

    return Created(id=made["KeyId"], outputs={"arn": made["Arn"], "keyId": made["KeyId"]}, delete=delete)


def alias(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    kms, called = api.client("kms"), inputs["name"]
    kms.create_alias(AliasName=called, TargetKeyId=inputs["targetKeyId"])
    found = {each["AliasName"]: each["AliasArn"] for each in kms.list_aliases()["Aliases"]}
    return Created(id=called, outputs={"arn": found[called]}, delete=lambda: kms.delete_alias(AliasName=called))


RESOURCES = {
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:kms/key:Key": key,
    "aws:kms/alias:Alias": alias,
}
