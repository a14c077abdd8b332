"""Every SQL statement of functions, layers and the console, found in their sources: none has to be registered.

A statement is a constant of a module, or a value of one: its name is public, and what it is put together from begins
with an underscore. What is executed and is no such constant has to be named in `MADE_WHEN_CALLED`, with what it makes.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from reading import lists

ROOT = Path(__file__).parents[3]
# Where the import path begins, and what is below.
SOURCES = (("functions", "*/*.py"), ("layers", "*/python/*/*.py"), ("local", "orders/**/*.py"))
STARTS = re.compile(r"[\s(]*(WITH|SELECT|INSERT|UPDATE|DELETE)\b")
SIDES = ("orders", "invoices")
FILTERS = ("status", "reference", "created_from", "created_to")
# By module and what is said there, with the statements that come of it; or why none does.
MADE_WHEN_CALLED: dict[tuple[str, str], tuple[str, ...] | str] = {
    ("reading.lists", "statement(frozenset(given))"): tuple(
        lists.statement(frozenset(chosen)) for count in range(5) for chosen in combinations(FILTERS, count)
    ),
    ("outbox_relay.repository", "_of_schema(statement, self._schema)"): "constants of the module, for a schema",
    ("deliveries.parking", "self._park"): "a constant of the module, for a schema",
    ("deliveries.parking", "self._select_attempts"): "a constant of the module, for a schema",
    ("deliveries.parking", "self._begin_attempts"): "a constant of the module, for a schema",
    ("deliveries.parking", "self._mark_decoded"): "a constant of the module, for a schema",
    ("deliveries.parking", "self._end_attempts"): "a constant of the module, for a schema",
    ("payments.repository", "statement"): "handed on: a constant of `statements`",
    ("operations.order_view", "statement"): "handed on: a constant of `order_queries`",
    ("operations.audit_queries", "statement"): "handed on: a constant of `findings`",
    ("operations.publication", "statement"): "handed on: a constant of the module",
    ("postgres.connection", "'SELECT 1'"): "reads no table",
    ("postgres.connection", "query"): "handed on: what a function executes",
}


class Statement(NamedTuple):
    """One of a module's, with its name; `key` tells several of one name apart."""

    module: str
    name: str
    key: str
    text: str

    @property
    def full_name(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def path(self) -> str:
        return f"{self.full_name}{self.key}"


def modules() -> Iterator[tuple[str, Path]]:
    """Those of the product that may say something to the database: the `release` function migrates, and is none."""
    for root, pattern in SOURCES:
        for path in sorted((ROOT / root).glob(pattern)):
            parts = path.relative_to(ROOT / root).with_suffix("").parts
            name = ".".join(parts[2:] if root == "layers" else parts)
            if parts[0] != "release" and parts[-1] != "__init__":
                yield name, path


def statements() -> list[Statement]:
    """All of them; one that has two names is there twice."""
    found: list[Statement] = []
    for name, path in modules():
        tree = ast.parse(path.read_text())
        if any(isinstance(node, ast.Constant) and _is_sql(node.value) for node in ast.walk(tree)):
            found += _of_module(name)
    for (module, name), made in MADE_WHEN_CALLED.items():
        texts = made if isinstance(made, tuple) else ()
        found += [Statement(module, name.partition("(")[0], f"[{n}]", text) for n, text in enumerate(texts)]
    return found


def executed() -> Iterator[tuple[str, str, str | None]]:
    """What is handed to `execute` and the like: the module, the source's text, and the constant that it names."""
    for module, path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and _executes(node.func):
                yield module, ast.unparse(node.args[0]), _constant(node.args[0])


def _executes(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr in ("execute", "_execute", "executemany", "stream", "copy")


def _constant(argument: ast.expr) -> str | None:
    named = argument.value if isinstance(argument, ast.Subscript) else argument
    name = named.attr if isinstance(named, ast.Attribute) else named.id if isinstance(named, ast.Name) else ""
    return name if name.isupper() and not name.startswith("_") else None


def _of_module(module: str) -> Iterator[Statement]:
    for name, value in vars(importlib.import_module(module)).items():
        if name.isupper() and not name.startswith("_"):
            for key, text in _texts(value, ""):
                yield from _of_each_side(Statement(module, name, key, text))


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Texts in dicts and in tuples that are statements."""
    if isinstance(value, str) and _is_sql(value):
        yield key, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _texts(each, f"{key}[{name}]")
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _texts(each, key)


def _of_each_side(statement: Statement) -> Iterator[Statement]:
    if "{schema}" not in statement.text:
        yield statement
        return
    for side in SIDES:
        yield statement._replace(key=f"{statement.key}[{side}]", text=statement.text.format(schema=side))


def _is_sql(value: object) -> bool:
    return isinstance(value, str) and STARTS.match(value) is not None
