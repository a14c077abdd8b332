"""The secrets that providers sign with: two may be valid at once, so that one can be changed without a refusal.

A secret is `{"current": …, "previous": …}`; `previous` may be absent. What was read is kept for a while; a signature
that does not verify has it read again at once, but not for every forgery.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from math import inf

from aws.secrets_manager import SecretUnavailableError

KEPT_FOR_S = 60.0
READ_AGAIN_AFTER_S = 5.0


class ProviderSecrets:
    """The secrets of one provider; `read` gives the secret's fields.

    Raises SecretUnavailableError while there is none at hand.
    """

    def __init__(self, read: Callable[[], Mapping[str, str]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._known: Sequence[str] = ()
        self._read_at = 0.0
        self._read_again_at = -inf

    def valid(self) -> Sequence[str]:
        """Those that may have signed, as of the last minute."""
        if not self._known or self._clock() - self._read_at > KEPT_FOR_S:
            self._refresh()
        return self._known

    def newer(self) -> Sequence[str]:
        """What became valid meanwhile: nothing when this was asked a moment ago.

        Reading for `valid` does not count: a secret may be changed right after it.
        """
        if self._clock() - self._read_again_at < READ_AGAIN_AFTER_S:
            return ()
        self._read_again_at = self._clock()
        before = self._known
        self._refresh()
        return [each for each in self._known if each not in before]

    def _refresh(self) -> None:
        try:
            fields = self._read()
        except SecretUnavailableError:
            # An outage of Secrets Manager refuses no webhook as long as there is a secret to check it with.
            if not self._known:
                raise
        else:
            self._known = [fields[name] for name in ("current", "previous") if fields.get(name)]
        self._read_at = self._clock()
