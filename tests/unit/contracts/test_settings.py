"""A function's environment, read into its settings."""

from dataclasses import dataclass

import pytest

from contracts import settings


@dataclass(frozen=True, kw_only=True)
class Part:
    part_host: str
    part_port: int
    part_note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    part: Part
    level: str


def test_nested_settings_are_read_from_one_environment() -> None:
    environ = {"PART_HOST": "h", "PART_PORT": "1", "LEVEL": "INFO", "OTHER": "x"}
    assert settings.read(Settings, environ) == Settings(part=Part(part_host="h", part_port=1), level="INFO")


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    with pytest.raises(settings.InvalidEnvironmentError) as raised:
        settings.read(Settings, {"PART_PORT": "many"})
    assert str(raised.value) == "PART_HOST is missing; PART_PORT is not an integer: 'many'; LEVEL is missing"


def test_the_variables_are_known_without_an_environment() -> None:
    assert settings.variables(Settings) == {"PART_HOST", "PART_PORT", "PART_NOTE", "LEVEL"}
    assert settings.required_variables(Settings) == {"PART_HOST", "PART_PORT", "LEVEL"}
