"""Times as they appear in HTTP bodies and events: RFC 3339, UTC, milliseconds, `Z`."""

from datetime import UTC, datetime


def format_timestamp(moment: datetime) -> str:
    """Format an aware datetime, for example `2026-11-22T13:42:18.184Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
