"""nginx's own limit of an address (`limit_req`): Kong takes it in its environment, nginx applies it before any plugin.

Taken in the one form `zone=NAME burst=N nodelay` with `limit_req_status 429`, counted by `$binary_remote_addr`; any
other is refused. https://nginx.org/en/docs/http/ngx_http_limit_req_module.html
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping

from localregion.kong.config.schema import NOT_SUPPORTED, ConfigurationError

ZONE, LIMIT, STATUS = "nginx_http_limit_req_zone", "nginx_proxy_limit_req", "nginx_proxy_limit_req_status"
SETTINGS = frozenset({ZONE, LIMIT, STATUS})
# About as many as a zone of 10 MB holds; then nginx forgets the address that came longest ago.
ADDRESSES_MAX = 160_000

_ZONE = re.compile(r"\$binary_remote_addr zone=(\w+):10m rate=(\d+)r/s")
_LIMIT = re.compile(r"zone=(\w+) burst=(\d+) nodelay")


class RequestLimit:
    """A bucket for each address: `burst` requests and one beside them at once, and then `per_second`."""

    def __init__(self, *, per_second: int, burst: int, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        # By address: when it last came, and by how many requests it was ahead of its rate then.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admits(self, address: str) -> bool:
        """Count a request, unless it is one too many."""
        now = self._clock()
        last, ahead = self._buckets.get(address, (now, -1.0))
        ahead = max(0.0, ahead - (now - last) * self._per_second + 1)
        if ahead > self._burst:
            return False
        self._buckets[address] = (now, ahead)
        self._buckets.move_to_end(address)
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        return True


def request_limit(settings: Mapping[str, str], clock: Callable[[], float]) -> RequestLimit | None:
    """Return the limit that these settings of kong.conf ask for, if any. Raises ConfigurationError."""
    given = {name: settings[name] for name in SETTINGS & settings.keys()}
    if not given:
        return None
    zone, limit = _ZONE.fullmatch(given.get(ZONE, "")), _LIMIT.fullmatch(given.get(LIMIT, ""))
    if zone is None or limit is None or zone[1] != limit[1] or given.get(STATUS) != "429":
        raise ConfigurationError(f"kong.conf: this form of '{ZONE}', '{LIMIT}', '{STATUS}' is {NOT_SUPPORTED}")
    return RequestLimit(per_second=int(zone[2]), burst=int(limit[2]), clock=clock)
