"""What a layer may need, by the lock file; what it does need, by the wheels' metadata."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

from localregion.package.errors import PackagingError
from localregion.package.lock import closure, read_group, read_lock
from localregion.package.target import Target
from localregion.package.third_party import LAYER_GROUPS, needed

ROOT = Path(__file__).parents[5]
TARGET = Target(python_version="3.13", machine="aarch64", platforms=("manylinux2014_aarch64",))
LOCK = f"""\
annotated-types==0.8.0 \\
    --hash=sha256:{"a" * 64}
    # via pydantic
pydantic==2.14.3 \\
    --hash=sha256:{"b" * 64} \\
    --hash=sha256:{"c" * 64}
    # via serverless-orders (pyproject.toml:dev)
pytest==9.2.0 \\
    --hash=sha256:{"d" * 64}
    # via serverless-orders (pyproject.toml:dev)
typing-extensions==4.16.0 \\
    --hash=sha256:{"e" * 64}
    # via
    #   annotated-types
    #   pytest
tzdata==2026.6 ; sys_platform == 'win32' \\
    --hash=sha256:{"f" * 64}
    # via pydantic
"""


def test_a_locked_package_has_its_version_and_all_its_hashes() -> None:
    package = next(package for name, package in read_lock(LOCK).items() if name == "pydantic")
    assert (package.version, package.hashes) == ("2.14.3", {"b" * 64, "c" * 64})


def test_the_closure_follows_who_required_what_and_leaves_tools_and_other_systems_out() -> None:
    found = closure(read_lock(LOCK), [Requirement("pydantic>=2")], TARGET)
    assert list(found) == ["annotated-types", "pydantic", "typing-extensions"]


@pytest.mark.parametrize("line", ["pydantic>=2 \\", "pydantic==2.14.3"])
def test_what_is_not_pinned_with_hashes_is_refused(line: str) -> None:
    with pytest.raises(PackagingError, match=r"does not pin 'pydantic.* with hashes: run `make lock`"):
        read_lock(line)


def test_a_requirement_that_is_not_locked_is_refused() -> None:
    with pytest.raises(PackagingError, match="has no orjson: run `make lock`"):
        closure(read_lock(LOCK), [Requirement("orjson")], TARGET)


def test_metadata_decides_by_extras_and_by_the_target() -> None:
    metadata = {
        name: Metadata.from_raw({"metadata_version": "2.4", "name": name, "version": "1", "requires_dist": requires})
        for name, requires in {
            "psycopg": [
                "psycopg-binary ; extra == 'binary'",
                "psycopg-c ; extra == 'c'",
                "tzdata ; sys_platform == 'win32'",
                "typing-extensions ; python_version < '3.13'",
                "boto3 ; python_version >= '3'",
            ],
            "psycopg-binary": [],
            "typing-extensions": [],
        }.items()
    }
    assert needed([Requirement("Psycopg[binary]>=3")], metadata, TARGET) == {"psycopg", "psycopg-binary"}
    with pytest.raises(PackagingError, match=r"nothing in requirements\.lock meets psycopg-c"):
        needed([Requirement("psycopg[c]")], metadata, TARGET)


def test_this_projects_groups_are_locked() -> None:
    lock = read_lock((ROOT / "requirements.lock").read_text())
    found = {
        layer: set(closure(lock, read_group(ROOT / "pyproject.toml", group), TARGET))
        for layer, group in LAYER_GROUPS.items()
    }
    assert {"psycopg-binary", "aws-lambda-powertools"} <= found["dependencies"]
    assert {"sqlalchemy", "alembic", "mako"} <= found["migrations"]
    tools = {"boto3", "pytest", "pulumi", "awslambdaric", "pydantic"}
    assert not (found["dependencies"] | found["migrations"]) & tools
    assert "pydantic-core" in found["dependencies"]
