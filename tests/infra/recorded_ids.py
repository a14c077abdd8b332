"""What a recorded text and ours call the same thing: ids that AWS gives, passwords that it generates, addresses.

Two texts say the same when they differ in nothing but such words, and a recorded word always stands for the same one
of ours.
"""

import re

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_WORD = re.compile(f"({_UUID}|[A-Za-z0-9]+)")
# An address of IP, a name made of one, an address of a network card.
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|ip(-\d{1,3}){4}\.ec2\.internal|[0-9a-f]{2}(:[0-9a-f]{2}){5}")
# A generated word has digits in it, or small and large letters in no order: `1dd170`, `AROARZPUZDIK`, `rgtISo`.
_GENERATED = re.compile(r"(?=.*\d|.*[a-z].*[A-Z]|AROA).{6,}")


class Ids:
    """What each recorded word is here. `known` are words that are told beforehand, such as the account."""

    def __init__(self, known: dict[str, str]) -> None:
        self._ours = dict(known)
        self._any_recorded: re.Pattern[str] | None = None

    def copy(self) -> "Ids":
        """Return ids of their own, to try something with."""
        return Ids(self._ours)

    def learn(self, recorded: str, ours: str) -> None:
        """Take `ours` for what was recorded, whatever it was before."""
        self._remember({recorded: ours})

    def _remember(self, pairs: dict[str, str]) -> None:
        self._ours.update(pairs)
        self._any_recorded = None

    def translated(self, recorded: str) -> str:
        """Return a recorded text, such as a request, with our ids."""
        if self._any_recorded is None:
            longest_first = sorted(self._ours, key=len, reverse=True)
            self._any_recorded = re.compile("|".join(map(re.escape, longest_first)))
        return self._any_recorded.sub(lambda found: self._ours[found[0]], recorded)

    def agree(self, recorded: str, ours: str) -> bool:
        """Whether the two texts say the same; remembers the ids in them."""
        if self.translated(recorded) == ours:
            return True
        pairs = self._pairs(recorded, ours)
        if not pairs or any(self._ours.get(theirs, here) != here for theirs, here in pairs):
            return False
        self._remember(dict(pairs))
        return True

    def _pairs(self, recorded: str, ours: str) -> list[tuple[str, str]]:
        """Return the words in which the two differ, none when they differ in anything else."""
        if _ADDRESS.fullmatch(recorded) and _ADDRESS.fullmatch(ours):
            return [(recorded, ours)]
        theirs, here = _WORD.split(recorded), _WORD.split(ours)
        if len(theirs) != len(here):
            return []
        pairs = [(one, other) for one, other in zip(theirs, here, strict=True) if self._ours.get(one, one) != other]
        return pairs if all(_is_generated(one, other) for one, other in pairs) else []


def _is_generated(recorded: str, ours: str) -> bool:
    """A number has as many digits as it happens to have, everything else has its length."""
    if not _GENERATED.fullmatch(recorded) or not ours.replace("-", "").isalnum():
        return False
    return len(recorded) == len(ours) or (recorded.isdigit() and ours.isdigit())
