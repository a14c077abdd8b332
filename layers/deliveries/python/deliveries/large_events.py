"""Large events without what makes them slow: the runtime client's parser, and the garbage collector's walks over them.

What parses an event may be replaced by documented means: `LambdaRuntimeClient.marshaller` "allows for function authors
to override the default implementation" (https://github.com/aws/aws-lambda-python-runtime-interface-client). An event is
what it would be without this: what the parser here does not take, the client's own gets. Where the client is another
one, or none, nothing is replaced (docs/decisions/0017-large-events.md).
"""

from __future__ import annotations

import gc
import sys
from typing import Any

from contracts.lean_pydantic_core import from_json

# More containers than the largest batch ever has at once. What lies in no circle is freed without the collector.
COLLECT_AFTER = 500_000


class Marshaller:
    """The client's own with another parser."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain

    def unmarshal_request(self, request: bytes, content_type: str = "application/json") -> Any:
        if content_type == "application/json":
            try:
                # What a batch has thousands of are ids and bodies: a look for each among known texts would be in vain.
                return from_json(request, allow_inf_nan=False, cache_strings="keys")
            except ValueError:
                pass  # the client's own parser says what is wrong, or takes it
        return self._plain.unmarshal_request(request, content_type)

    def marshal_response(self, response: Any) -> Any:
        return self._plain.marshal_response(response)


def prepare() -> None:
    """For an execution environment that gets large events: from the next one on."""
    client = getattr(sys.modules.get("awslambdaric.lambda_runtime_client"), "LambdaRuntimeClient", None)
    plain = getattr(client, "marshaller", None)
    if client is None or not hasattr(plain, "unmarshal_request") or not hasattr(plain, "marshal_response"):
        return
    if not isinstance(plain, Marshaller):
        client.marshaller = Marshaller(plain)
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
