"""Compare a recorded answer with ours: the same elements or keys, values of the same type, the same values but for ids.

XML and JSON become the same tree: mappings, lists and texts.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from tests.infra.recorded_ids import Ids

# What no two answers have in common, by name: a request's id.
OF_ONE_ANSWER = frozenset({"RequestId", "requestId", "RequestID"})
# New in every answer; ours of the last one is what a request with the recorded one is sent with.
NEW_EACH_TIME = frozenset({"RandomPassword"})
# Seconds or milliseconds since 1970; times that are text are known by their form.
TIMES = frozenset(
    {"CreatedDate", "CreationDate", "CreationTime", "DeletionDate", "LastChangedDate", "LastModificationDate"}
    | {"createdAt", "creationTime", "lastModified", "updatedAt"}
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")
# One place where two answers are not the same: where, what was recorded, what there is.
Difference = tuple[str, Any, Any]
_ABSENT = "absent"


def differences(recorded: str, ours: str, ids: Ids) -> list[Difference]:
    return list(_compare("", _parsed(recorded), _parsed(ours), ids))


def _parsed(text: str) -> Any:
    if text.lstrip().startswith("<"):
        return _element(ElementTree.fromstring(text))  # noqa: S314, our own answers
    return json.loads(text) if text else None


def _element(element: ElementTree.Element) -> Any:
    """Return an element's text, or its children: by name, or as a list where a name comes more than once."""
    children = [(child.tag.rpartition("}")[2], _element(child)) for child in element]
    if not children:
        return element.text or ""
    names = [name for name, _ in children]
    is_list = len(set(names)) < len(names) or set(names) <= {"member", "item"}
    return [{name: child} for name, child in children] if is_list else dict(children)


def _compare(where: str, recorded: Any, ours: Any, ids: Ids) -> Iterator[Difference]:
    name = where.rpartition("/")[2]
    if type(recorded) is not type(ours):
        yield where, recorded, ours
    elif isinstance(recorded, dict):
        for key in sorted({*recorded, *ours}):
            yield from _compare(f"{where}/{key}", recorded.get(key, _ABSENT), ours.get(key, _ABSENT), ids)
    elif isinstance(recorded, list):
        yield from _compare_lists(where, recorded, ours, ids)
    elif name in NEW_EACH_TIME and len(recorded) == len(ours):
        ids.learn(recorded, ours)
    elif isinstance(recorded, str):
        if name not in OF_ONE_ANSWER and not _are_times(recorded, ours) and not ids.agree(recorded, ours):
            yield where, ids.translated(recorded), ours
    elif recorded != ours and name not in TIMES:
        yield where, recorded, ours


def _compare_lists(where: str, recorded: list[Any], ours: list[Any], ids: Ids) -> Iterator[Difference]:
    """Many lists of AWS are sets: the order that is known by the ids counts, whichever it is."""
    if len(recorded) != len(ours):
        yield where, recorded, ours
        return
    rest = list(ours)
    for index, item in enumerate(recorded):
        found = next((other for other in rest if not list(_compare(where, item, other, ids.copy()))), rest[0])
        rest.remove(found)
        yield from _compare(f"{where}/{index}", item, found, ids)


def _are_times(recorded: str, ours: str) -> bool:
    return bool(_TIME.fullmatch(recorded) and _TIME.fullmatch(ours))
