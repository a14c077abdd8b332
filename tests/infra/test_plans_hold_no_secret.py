"""The plans of all stacks, searched: for every value generated while they were made, and for what looks like one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.evaluations import Evaluations

from localregion.plan.model import Plan

STACKS = ["local", "laptop", "dev", "prod"]
# What real secrets look like: AWS key ids and keys, private keys, tokens, passwords in URLs, long random words.
LOOKS_SECRET = {
    "access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "token": re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}|\b(gh[pousr]|xox[abp])[_-]\w{10,}"),
    "password in a URL": re.compile(r"\w+://[^/\s:@\"]+:[^/\s@\"$]+@"),
    "encrypted configuration": re.compile(r"\bv1:[A-Za-z0-9+/=]{8,}:"),
    "random word": re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9+_]{30,}\b"),
}
# A hash of the project's content, so that a release runs again when something changed.
HASH = re.compile(r"[0-9a-f]{64}")


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a document, names included, with its place."""
    if isinstance(node, dict):
        for name, each in node.items():
            yield f"{path}/{name}", name
            yield from leaves(each, f"{path}/{name}")
    elif isinstance(node, list):
        for index, each in enumerate(node):
            yield from leaves(each, f"{path}/{index}")
    elif isinstance(node, str):
        yield path, node


def suspicious(document: Any) -> list[tuple[str, str]]:
    return [
        (place, kind)
        for place, text in leaves(document)
        for kind, pattern in LOOKS_SECRET.items()
        for found in pattern.findall(HASH.sub("", text))
        if found
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_no_plan_holds_what_looks_like_a_secret(plan_of: Callable[[str], Plan], stack: str) -> None:
    plan = json.loads(plan_of(stack).to_json())

    assert suspicious(plan) == []
    # Where a secret's place is, there is its name and nothing else.
    fields = [field for content in plan["secrets"].values() for field in content.items() if field[0] != "username"]
    assert fields
    assert all(isinstance(value, dict) and value.keys() == {"$secret"} for _, value in fields)


def test_no_value_that_was_generated_stands_in_the_plan(evaluations: Evaluations) -> None:
    """The collector itself refuses a plan in which a value occurs, too."""
    plans = [evaluations.plan(stack).to_json() for stack in STACKS]

    assert evaluations.generated
    assert [value for value in evaluations.generated for text in plans if value in text] == []


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgresql://user:hunter2hunter2@host/orders",
        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
        "5e884898da28047151d0e56f8dc6292773603d0d",
        "v1:abcdefgh12345678:AAAA",
    ],
)
def test_the_search_would_find_one(text: str) -> None:
    assert suspicious({"functions": [{"environment": {"X": text}}]})
