"""The process behind row `pages`: pages of 100 orders by `get_order`, from two databases in turns.

Started with the function's own environment; prints nothing (the function logs to stdout) and writes the median of each
round in milliseconds, by kind of page and in the order of the databases, to the file that it is given.
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from get_order import answers, bootstrap, handler

PER_ROUND = 60
WARM_UP = 20
SHOWN = 100
# In the middle of what was ordered in the last hundred days.
FIFTY_DAYS_MS = 50 * 86_400_000


class Context:
    """What of Lambda's context the function looks at."""

    aws_request_id = "bench"
    function_name = "get_order"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


def queries() -> dict[str, dict[str, str]]:
    """The kinds of page; one of canceled orders may have fewer than 100."""
    middle = uuid.UUID(int=(time.time_ns() // 1_000_000 - FIFTY_DAYS_MS) << 80)
    cursor = base64.urlsafe_b64encode(middle.bytes).decode().rstrip("=")
    return {
        "the newest page of 100": {"limit": str(SHOWN)},
        "a page of 100 in the middle": {"limit": str(SHOWN), "cursor": cursor},
        "10 canceled ones, one in 1,000": {"limit": "10", "status": "canceled"},
    }


def environment(database: str) -> bootstrap.Dependencies:
    """What an execution environment with this database keeps."""
    bootstrap.dependencies.cache_clear()
    os.environ["DATABASE_NAME"] = database
    return bootstrap.dependencies()


def took_ms(deps: bootstrap.Dependencies, query: dict[str, str]) -> float:
    """Ask for the page and return how long the answer took."""
    # Both environments stay warm in one process, so that they are measured in turns.
    handler.dependencies = answers.dependencies = lambda: deps  # type: ignore[assignment, attr-defined]
    event: dict[str, Any] = {
        "version": "1.0",
        "path": "/orders",
        "httpMethod": "GET",
        "headers": {"x-consumer-custom-id": "bench"},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "requestContext": {"requestId": uuid.uuid4().hex},
    }
    began = time.perf_counter()
    answer = handler.lambda_handler(event, Context())
    took = (time.perf_counter() - began) * 1000
    shown = len(json.loads(answer["body"]).get("orders", ()))
    if (answer["statusCode"], shown) != (200, int(query["limit"])):
        raise RuntimeError(f"get_order answered {answer['statusCode']} with {shown} orders")
    return took


def one_round(databases: Sequence[bootstrap.Dependencies], query: dict[str, str], count: int) -> list[float]:
    """Return the median for each database, taken in turns."""
    seen = [[took_ms(deps, query) for deps in databases] for _ in range(count)]
    return [statistics.median(times) for times in zip(*seen, strict=True)]


def main(rounds: int, out: Path, *names: str) -> None:
    databases = [environment(name) for name in names]
    kinds = queries()
    for query in kinds.values():
        one_round(databases, query, WARM_UP)
    out.write_text(
        json.dumps(
            [{kind: one_round(databases, query, PER_ROUND) for kind, query in kinds.items()} for _ in range(rounds)]
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
