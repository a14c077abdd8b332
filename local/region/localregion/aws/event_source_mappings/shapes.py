"""Remember how the JSON of a message's properties looks, so that the next message of the same shape costs a tenth.

A publisher's messages differ in their ids and in what their headers' strings say, and in nothing else: not even in how
long these are. So what lies between is compared byte by byte, and its JSON is taken from the last time. A message of
another shape is decoded as if there were no shapes, and its shape is remembered.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from localregion.aws.amqp.content import BasicProperties, VariablePart, decode_properties, variable_parts

SHAPES_MAX = 1_000
# Stands for a value while the text around it is made; no publisher knows it.
_PLACE = uuid.uuid4().hex
_Render = Callable[[bytes], str]


class Shape(NamedTuple):
    """`fixed_of` cuts out what may not differ; `spans` are the rest, each with its place among the `texts`.

    `texts` is the JSON before, between and after them, and an empty one in each place.
    """

    fixed_of: Callable[[bytes], Any]
    fixed: Any
    spans: list[tuple[int, int, int, _Render]]
    texts: list[str]


class PropertyShapes:
    """`describe` makes the JSON of decoded properties, `id_text` and `string_text` that of one value in them."""

    def __init__(self, describe: Callable[[BasicProperties], str], *, id_text: _Render, string_text: _Render) -> None:
        self._describe = describe
        self._id_text = id_text
        self._string_text = string_text
        self._known: dict[int, Shape] = {}

    def text(self, properties: bytes) -> str:
        """What `describe` returns for these properties. Raises what decoding them raises."""
        shape = self._known.get(len(properties))
        if shape is None or shape.fixed_of(properties) != shape.fixed:
            return self._decoded(properties)
        texts = shape.texts.copy()
        for place, start, end, render in shape.spans:
            texts[place] = render(properties[start:end])
        return "".join(texts)

    def _decoded(self, properties: bytes) -> str:
        decoded = decode_properties(properties)
        if len(self._known) >= SHAPES_MAX:
            self._known.clear()
        shape = self._shape(properties, decoded, variable_parts(properties))
        if shape is not None:
            self._known[len(properties)] = shape
        return self._describe(decoded)

    def _shape(self, properties: bytes, decoded: BasicProperties, parts: list[VariablePart]) -> Shape | None:
        texts = self._describe(_with_places(decoded, parts)).split(f'"{_PLACE}"')
        if len(texts) != len(parts) + 1:
            return None  # what is not shown as often as it is there cannot be put in its place
        bounds = [0, *(at for part in parts for at in (part.start, part.end)), len(properties)]
        fixed_of = itemgetter(*(slice(start, end) for start, end in zip(bounds[::2], bounds[1::2], strict=True)))
        spans = [
            (place, part.start, part.end, self._string_text if part.is_header else self._id_text)
            for place, part in zip(range(1, 2 * len(parts), 2), parts, strict=True)
        ]
        return Shape(fixed_of, fixed_of(properties), spans, [each for text in texts for each in (text, "")])


def _with_places(decoded: BasicProperties, parts: list[VariablePart]) -> BasicProperties:
    """The same with a mark in place of each variable value."""
    headers = {part.name: _PLACE for part in parts if part.is_header}
    ids: dict[str, Any] = {part.name: _PLACE for part in parts if not part.is_header}
    return decoded._replace(headers={**decoded.headers, **headers} if decoded.headers else decoded.headers, **ids)
