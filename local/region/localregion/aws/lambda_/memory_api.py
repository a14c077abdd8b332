"""The emulator's own `/_emulator/memory/{function}`: PUT `{"mb": 16}` pretends a smaller memory size, DELETE ends it.

Environments that already use more are killed where they are, as one that grew beyond its real size would be: how to see
a function run out of memory without making it do so. The answer, of GET as well, says how many were `killed` so far.
"""

from __future__ import annotations

from localregion.aws.http.exchange import Request, Response, json_response, parse_json
from localregion.aws.lambda_.service import LambdaService

PATH = "/_emulator/memory/"


class MemoryApi:
    """Which functions have less memory than they were given."""

    def __init__(self, service: LambdaService) -> None:
        self._service = service
        self._limit = service.memory_limit

    def handle(self, request: Request) -> Response:
        name = request.path.removeprefix(PATH)
        memory_mb = {function.name: function.memory_mb for function in self._service.plan.functions}
        if name not in memory_mb:
            return _refusal(404, f"there is no function {name!r}: {', '.join(sorted(memory_mb))}")
        if request.method == "PUT":
            mb = _megabytes(request.body)
            if mb is None:
                return _refusal(400, 'the body is {"mb": at least 1}')
            self._limit.pretended_mb[name] = mb
        elif request.method == "DELETE":
            self._limit.pretended_mb.pop(name, None)
        elif request.method != "GET":
            return _refusal(405, "PUT pretends a smaller memory size, DELETE ends it")
        mb = self._limit.pretended_mb.get(name, memory_mb[name])
        return json_response({"function": name, "mb": mb, "killed": self._limit.killed[name]})


def _megabytes(body: bytes) -> int | None:
    try:
        mb = parse_json(body)["mb"]
    except (ValueError, KeyError, TypeError):
        return None
    return mb if type(mb) is int and mb > 0 else None


def _refusal(status: int, message: str) -> Response:
    return json_response({"Message": message}, status)
