"""Words of the product in a module: in its name, its identifiers, its string literals; prose may have them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PRODUCT_WORDS = frozenset({"order", "orders", "invoice", "invoices", "customer", "customers"})
# `orderId`, `ORDERS_API`, `an order` have the word; `ordered` and `border` do not.
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# What holds an identifier in Python's syntax tree, as `ast` calls it.
_IDENTIFIERS = ("id", "name", "arg", "attr", "asname", "module", "rest")


def product_words(path: Path) -> list[str]:
    """Return where the module has a word of the product: line and text, or the file's name."""
    tree = ast.parse(path.read_text())
    found = [f"{path.name}: the file's name"] if _has_product_word(path.stem) else []
    return found + [f"{path.name}:{line}: {text}" for line, text in _texts(tree) if _has_product_word(text)]


def _has_product_word(text: str) -> bool:
    return not PRODUCT_WORDS.isdisjoint(word.lower() for word in _WORD.findall(text))


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    docstrings = set(_docstrings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and node not in docstrings:
            yield node.lineno, node.value if isinstance(node.value, str) else node.value.decode(errors="replace")
        for field in _IDENTIFIERS:
            if isinstance(text := getattr(node, field, None), str):
                yield getattr(node, "lineno", 0), text
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from ((node.lineno, name) for name in node.names)


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value
