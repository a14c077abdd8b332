"""A provider's secret is read rarely, and in time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from aws.secrets_manager import SecretUnavailableError
from record_payment.secrets import KEPT_FOR_S, READ_AGAIN_AFTER_S, ProviderSecrets


@dataclass
class Manager:
    """Secrets Manager with a clock; counts how often it is asked."""

    fields: dict[str, str] = field(default_factory=lambda: {"current": "old"})
    now_s: float = 0.0
    reads: int = 0
    is_away: bool = False

    def read(self) -> dict[str, str]:
        self.reads += 1
        if self.is_away:
            raise SecretUnavailableError("away")
        return dict(self.fields)

    def secrets(self) -> ProviderSecrets:
        return ProviderSecrets(self.read, clock=lambda: self.now_s)


def test_it_is_read_once_in_a_minute() -> None:
    manager = Manager()
    secrets = manager.secrets()
    for second in range(int(KEPT_FOR_S) + 1):
        manager.now_s = second
        assert secrets.valid() == ["old"]
    assert manager.reads == 1
    manager.now_s = KEPT_FOR_S + 1
    secrets.valid()
    assert manager.reads == 2


def test_one_that_is_changed_right_after_it_was_read_is_found_at_once() -> None:
    manager = Manager()
    secrets = manager.secrets()
    secrets.valid()
    manager.fields = {"current": "new", "previous": "old"}

    assert secrets.newer() == ["new"]
    assert secrets.valid() == ["new", "old"]


def test_forgeries_have_it_read_again_once_in_five_seconds() -> None:
    manager = Manager()
    secrets = manager.secrets()
    for tenth in range(200):
        manager.now_s = tenth / 10
        secrets.valid()
        secrets.newer()
    assert manager.reads == 1 + 20 / READ_AGAIN_AFTER_S


def test_what_is_taken_out_is_valid_for_another_minute_at_most() -> None:
    manager = Manager(fields={"current": "new", "previous": "old"})
    secrets = manager.secrets()
    assert secrets.valid() == ["new", "old"]
    manager.fields = {"current": "new"}
    manager.now_s = KEPT_FOR_S + 1
    assert secrets.valid() == ["new"]


def test_an_outage_refuses_nothing_that_a_known_secret_signed() -> None:
    manager = Manager()
    secrets = manager.secrets()
    secrets.valid()
    manager.is_away, manager.now_s = True, 10 * KEPT_FOR_S

    assert secrets.valid() == ["old"]
    assert secrets.newer() == []


def test_without_any_secret_an_outage_is_told() -> None:
    manager = Manager(is_away=True)
    secrets = manager.secrets()
    for _ in range(2):
        with pytest.raises(SecretUnavailableError):
            secrets.valid()
    manager.is_away = False
    assert secrets.valid() == ["old"]


def test_empty_fields_are_no_secrets() -> None:
    assert Manager(fields={"current": "new", "previous": ""}).secrets().valid() == ["new"]
    assert Manager(fields={"username": "x"}).secrets().valid() == []
