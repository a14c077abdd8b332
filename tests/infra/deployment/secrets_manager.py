"""Secrets and their first versions, and the passwords that the program asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.infra.deployment.api import Api, Created, given, gone, pascal, token

_PASSWORD = {
    "ExcludeLowercase": False,
    "ExcludeNumbers": False,
    "ExcludePunctuation": False,
    "ExcludeUppercase": False,
    "IncludeSpace": False,
    "RequireEachIncludedType": False,
}


def random_password(api: Api, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `getRandomPassword`, which the provider asks for with every member."""
    asked = {**_PASSWORD, **pascal(arguments)}
    answer = api.client("secretsmanager").get_random_password(**asked)
    return {**arguments, "id": answer["RandomPassword"], "randomPassword": answer["RandomPassword"]}


def secret(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    manager = api.client("secretsmanager")
    arn = manager.create_secret(
        ClientRequestToken=token(),
        Description=inputs.get("description", ""),
        Name=inputs["name"],
        Tags=api.tags(),
        **given(inputs, KmsKeyId="kmsKeyId"),
    )["ARN"]
    manager.describe_secret(SecretId=arn)
    manager.get_resource_policy(SecretId=arn)
    days = inputs.get("recoveryWindowInDays", 30)
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}

    def delete() -> None:
        manager.delete_secret(SecretId=arn, **how)
        if not days:
            gone(lambda: manager.describe_secret(SecretId=arn))

    return Created(id=arn, outputs={"arn": arn, "name": inputs["name"]}, delete=delete)


def secret_version(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    manager, which = api.client("secretsmanager"), inputs["secretId"]
    version = manager.put_secret_value(ClientRequestToken=token(), SecretId=which, SecretString=inputs["secretString"])[
        "VersionId"
    ]
    for _attempt in range(2):
        found = manager.get_secret_value(SecretId=which, VersionId=version)
    return Created(
        id=f"{which}|{version}",
        outputs={"arn": found["ARN"], "versionId": version, "secretString": found["SecretString"]},
        delete=lambda: manager.get_secret_value(SecretId=which, VersionId=version),
    )


RESOURCES = {
    "aws:secretsmanager/secret:Secret": secret,
    "aws:secretsmanager/secretVersion:SecretVersion": secret_version,
}
