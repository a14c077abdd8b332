"""The emulator's own `/_emulator/memory/{function}`: PUT `{"mb": 16}` pretends a smaller memory size, DELETE ends it.

Environments that already use more are killed where they are, as one that grew beyond its real size would be: how to see
a function run out of memory without making it do so. The answer, of GET as well, says how many were `killed` so far.
"""

from __future__ import annotations

from localregion.aws.http.exchange import Request, Response, json_response, parse_json
from localregion.aws.lambda_.environments.memory_limit import MemoryLimit
from localregion.plan.model import Plan

PATH = "/_emulator/memory/"


class MemoryApi:
    """Which functions have less memory than the plan gives them."""

    def __init__(self, plan: Plan, limit: MemoryLimit) -> None:
        self._memory_mb = {function.name: function.memory_mb for function in plan.functions}
        self._limit = limit

    def handle(self, request: Request) -> Response:
        name = request.path.removeprefix(PATH)
        if name not in self._memory_mb:
            return _refusal(404, f"there is no function {name!r}: {', '.join(sorted(self._memory_mb))}")
        if request.method == "PUT":
            mb = _megabytes(request.body)
            if mb is None:
                return _refusal(400, 'the body is {"mb": at least 1}')
            self._limit.pretended_mb[name] = mb
        elif request.method == "DELETE":
            self._limit.pretended_mb.pop(name, None)
        elif request.method != "GET":
            return _refusal(405, "PUT pretends a smaller memory size, DELETE ends it")
        mb = self._limit.pretended_mb.get(name, self._memory_mb[name])
        return json_response({"function": name, "mb": mb, "killed": self._limit.killed[name]})


def _megabytes(body: bytes) -> int | None:
    try:
        mb = parse_json(body)["mb"]
    except (ValueError, KeyError, TypeError):
        return None
    return mb if type(mb) is int and mb > 0 else None


def _refusal(status: int, message: str) -> Response:
    return json_response({"Message": message}, status)
