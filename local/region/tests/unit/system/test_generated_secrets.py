"""Local secrets: generated once, kept, private."""

import json
import stat
from pathlib import Path

from localregion.system.generated_secrets import fill, load_and_fill

PLAN_SECRETS = {
    "database/admin": {"username": "admin", "password": {"$secret": "database/admin"}},
    "gateway/demo": {"key": {"$secret": "gateway/demo"}},
}


def test_generated_values_are_long_letters_and_digits_and_all_different() -> None:
    filled = fill(PLAN_SECRETS, {})
    values = [filled["database/admin"]["password"], filled["gateway/demo"]["key"]]
    assert all(len(value) >= 20 and value.isascii() and value.isalnum() for value in values)
    assert len(set(values)) == 2


def test_what_the_plan_spells_out_is_taken_from_there_even_when_another_value_was_known() -> None:
    assert fill(PLAN_SECRETS, {"database/admin": {"username": "old"}})["database/admin"]["username"] == "admin"


def test_known_values_are_kept_and_missing_ones_added() -> None:
    known = {"gateway/demo": {"key": "kept"}, "gateway/gone": {"key": "kept too"}}
    filled = fill(PLAN_SECRETS, known)
    assert filled["gateway/demo"] == {"key": "kept"}
    assert filled["gateway/gone"] == {"key": "kept too"}
    assert filled["database/admin"]["password"]


def test_the_file_is_private_and_gives_the_same_values_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = load_and_fill(path, PLAN_SECRETS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_and_fill(path, PLAN_SECRETS) == first == json.loads(path.read_text())
