"""The project's own kong.yml, filled in as for this machine, for a gateway in front of a test's Invoke endpoint."""

from __future__ import annotations

import hashlib
from typing import Any

import yaml

from components.kong_config import LambdaEndpoint, fill_in
from configurator import consumer
from proof.checkout import ROOT

LIMITS = {"demo": 1000, "other": 1000, "limited": 5}


def declarative_config() -> dict[str, Any]:
    config = fill_in(
        yaml.safe_load((ROOT / "kong" / "kong.yml").read_text()),
        functions={name: name for name in ("create_order", "cancel_order", "get_order", "record_payment")},
        qualifier="live",
        region="us-east-1",
        endpoint=LambdaEndpoint(host="127.0.0.1", port=4566, access_key="local", secret_key="local"),
    )
    hashes = {name: hashlib.sha256(f"{name}-key".encode()).hexdigest() for name in LIMITS}
    return config | {"consumers": [consumer(name, limit, [hashes[name]]) for name, limit in LIMITS.items()]}
