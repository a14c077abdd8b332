"""Values of the stack's configuration, each checked as it is read: the first bad one is named with its key."""

import re
from collections.abc import Sequence

import pulumi


class ConfigurationError(pulumi.RunError):
    """A value of the stack's configuration is missing or cannot be used; Pulumi prints the message alone."""


def text(config: pulumi.Config, key: str, default: str | None = None) -> str:
    """Return a value that must be there. This and all below raise ConfigurationError."""
    value = config.get(key, default)
    if value is None:
        set_it = f"pulumi config set --stack {pulumi.get_stack()} {config.name}:{key} …"
        raise ConfigurationError(f"{config.name}:{key} is missing: `{set_it}`")
    return value


def refuse(config: pulumi.Config, key: str, value: object, wanted: str) -> ConfigurationError:
    """Return the error that says what a value must be."""
    return ConfigurationError(f"{config.name}:{key} is {value!r}, it must be {wanted}")


def matching(config: pulumi.Config, key: str, pattern: re.Pattern[str], default: str | None = None) -> str:
    value = text(config, key, default)
    if not pattern.fullmatch(value):
        raise refuse(config, key, value, f"like {pattern.pattern}")
    return value


def choice(config: pulumi.Config, key: str, choices: Sequence[str], default: str | None = None) -> str:
    value = text(config, key, default)
    if value not in choices:
        raise refuse(config, key, value, f"one of {', '.join(choices)}")
    return value


def integer(config: pulumi.Config, key: str, *, at_least: int, at_most: int, default: int | None = None) -> int:
    value = text(config, key, None if default is None else str(default))
    if not value.isdecimal() or not at_least <= int(value) <= at_most:
        raise refuse(config, key, value, f"a number from {at_least} to {at_most}")
    return int(value)


def boolean(config: pulumi.Config, key: str, default: str = "false") -> bool:
    return choice(config, key, ("true", "false"), default=default) == "true"


def optional(config: pulumi.Config, key: str, pattern: re.Pattern[str]) -> str | None:
    return None if config.get(key) is None else matching(config, key, pattern)
