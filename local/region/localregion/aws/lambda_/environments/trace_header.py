"""Pure: the X-Ray tracing header that an invocation carries.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader. A caller's Root is
kept, its Parent and Sampled too where it gives them; Lambda in PassThrough mode adds what is missing and samples
nothing itself.
"""

from __future__ import annotations

import os
import re
import time

_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


def trace_id_for(header: str | None) -> str:
    """Return the value of `_X_AMZN_TRACE_ID` for an invocation that came with this X-Amzn-Trace-Id."""
    given = dict(part.strip().partition("=")[::2] for part in header.split(";")) if header else {}
    root = given.get("Root", "")
    if not _ROOT.fullmatch(root):
        return f"Root={_new_root()};Parent={os.urandom(8).hex()};Sampled=0"
    parent, sampled = given.get("Parent", ""), given.get("Sampled", "")
    parent = parent if re.fullmatch(r"[0-9a-f]{16}", parent) else os.urandom(8).hex()
    return f"Root={root};Parent={parent};Sampled={'1' if sampled == '1' else '0'}"


def _new_root() -> str:
    return f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
