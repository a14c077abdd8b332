"""One call of Lambda's API: what it names, what it says, and the state that it reads or changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localregion.aws.http.errors import function_not_found, invalid_parameter_value
from localregion.aws.lambda_.functions.names import LATEST, parse_function_name
from localregion.aws.lambda_.registry.archives import Archives
from localregion.aws.lambda_.registry.state import Document, State, StoredFunction, Version

_PAGE_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where functions are: what stands in their ARNs, and the address of the APIs here."""

    region: str
    account: str
    url: str

    def function_arn(self, name: str, qualifier: str | None = None) -> str:
        arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"
        return f"{arn}:{qualifier}" if qualifier else arn

    def layer_arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{name}"

    def mapping_arn(self, mapping_id: str) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{mapping_id}"

    def location(self, archive: str) -> str:
        """Return where an archive can be had."""
        return f"{self.url}/_emulator/archives/{archive}.zip"


@dataclass(frozen=True, kw_only=True)
class Call:
    """`parameters` are those of the path; `archive` names the one that came with the call, `size` is its length."""

    state: State
    place: Place
    archives: Archives
    concurrency_limit: int
    parameters: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: Document
    archive: str = ""

    def first(self, member: str) -> str | None:
        """Return a parameter of the query."""
        return next(iter(self.query.get(member, ())), None)

    def given(self, *members: str) -> Document:
        """Return those of these members that the request has."""
        return {member: self.body[member] for member in members if member in self.body}

    @property
    def name(self) -> str:
        return self._names()[0]

    @property
    def qualifier(self) -> str | None:
        """The version or alias that is meant, by the function's name or beside it."""
        return self._names()[1]

    def function(self) -> StoredFunction:
        """Return the function that the path names. Raises LambdaApiError."""
        stored = self.state.functions.get(self.name)
        if stored is None:
            raise function_not_found(self.place.function_arn(self.name, self.qualifier))
        return stored

    def version(self) -> tuple[str, Version]:
        """Return the version that is meant, with its number. Raises LambdaApiError."""
        return self.find_version(self.function(), self.qualifier)

    def find_version(self, stored: StoredFunction, qualifier: str | None) -> tuple[str, Version]:
        number = qualifier or LATEST
        if number in stored.aliases:
            number = stored.aliases[number]["FunctionVersion"]
        if number == LATEST:
            return number, stored.latest
        if number not in stored.published:
            raise function_not_found(self.place.function_arn(self.name, qualifier))
        return number, stored.published[number]

    def set_under(self) -> str:
        """Return the qualifier under which a setting stands, of a version or alias that exists."""
        self.version()
        return self.qualifier or LATEST

    def page(self, member: str, entries: Sequence[Any], *, limit: int = _PAGE_MAX) -> Document:
        """Return one page of a list; a marker is the place where the next one begins."""
        start = self._number("Marker", default=0, lowest=0)
        end = start + min(self._number("MaxItems", default=limit, lowest=1), limit)
        shown = {member: list(entries[start:end])}
        return shown if end >= len(entries) else {**shown, "NextMarker": str(end)}

    def _number(self, member: str, *, default: int, lowest: int) -> int:
        text = self.first(member)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()) or not lowest <= int(text) <= 10_000:
            raise invalid_parameter_value(f"Value '{text}' at '{member}' is not valid")
        return int(text)

    def _names(self) -> tuple[str, str | None]:
        return parse_function_name(self.parameters["function"], self.first("Qualifier"))
