"""A secret with one generated field: a login's password or a customer's API key.

The value is made in AWS at the first `up` and stays: later runs generate another one that `ignore_changes` drops.
A resource that needs the value therefore takes it from the version in the state, never from the generator.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.key import Key
from components.policy import Statement

LENGTH = 40


@dataclass(frozen=True, kw_only=True)
class SecretArgs:
    """The secret's name, its one generated field, and its other fields, which are not secret."""

    name: str
    key: Key
    generated_field: str
    fields: Mapping[str, str] = field(default_factory=dict)


def login(name: str, username: str, key: Key) -> SecretArgs:
    """Return the shape that RDS, Amazon MQ and event source mappings read: `{"username", "password"}`."""
    return SecretArgs(name=name, key=key, generated_field="password", fields={"username": username})


def read_secret(arn: pulumi.Input[str], key: Key) -> list[Statement]:
    """Grant reading a secret that this key encrypts."""
    return [Statement(actions=["secretsmanager:GetSecretValue"], resources=[arn]), key.decrypt_secrets()]


class Secret(pulumi.ComponentResource):
    """A secret in Secrets Manager with a generated value, which no person types or sees.

    Creates:
      - the secret
      - its one version, `{**fields, generated_field: <40 letters and digits>}`

    Outputs: arn, version_id, value (the generated field, marked secret).
    """

    def __init__(self, name: str, args: SecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Secret", name, None, opts)
        secret = aws.secretsmanager.Secret(
            name,
            name=args.name,
            kms_key_id=args.key.arn,
            recovery_window_in_days=args.key.secret_recovery_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        version = self._build_version(name, secret, args)
        self._key = args.key
        self.arn: pulumi.Output[str] = secret.arn
        self.version_id: pulumi.Output[str] = version.version_id
        # The provider marks the version's text secret, and so this output is.
        self.value: pulumi.Output[str] = version.secret_string.apply(
            lambda text: str(json.loads(text or "{}")[args.generated_field])
        )
        self.register_outputs({"arn": self.arn})

    def read(self) -> list[Statement]:
        """Grant reading this secret."""
        return read_secret(self.arn, self._key)

    def _build_version(
        self, name: str, secret: aws.secretsmanager.Secret, args: SecretArgs
    ) -> aws.secretsmanager.SecretVersion:
        # Letters and digits only: Amazon MQ refuses `,`, `:` and `=` in passwords.
        generated: pulumi.Output[str] = aws.secretsmanager.get_random_password_output(
            password_length=LENGTH, exclude_punctuation=True, require_each_included_type=True
        ).random_password
        content: pulumi.Output[str] = pulumi.Output.secret(
            generated.apply(lambda value: json.dumps({**args.fields, args.generated_field: value}))
        )
        return aws.secretsmanager.SecretVersion(
            name,
            secret_id=secret.id,
            secret_string=content,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["secret_string"]),
        )
