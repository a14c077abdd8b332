"""What a plan is refused with. Apart from what reads it, since that imports Pulumi, which takes long."""

from __future__ import annotations

from localregion.errors import CommandError


class PlanError(CommandError):
    """The program cannot be booted here: the message names the resource, what is wrong with it and what to do."""
