"""Every alarm on a metric, by its name, which the stack's prefix precedes in AWS."""

from components.alarms import audit, broker, database, functions, gateway, objectives
from components.alarms.model import Alarm
from components.alarms.watched import Watched


def alarms_of(watched: Watched) -> dict[str, Alarm]:
    """Return the alarms; which of them are told to people, alone or as part of another, is in `causes`."""
    return {
        **audit.alarms_of(watched),
        **gateway.alarms_of(watched),
        **functions.alarms_of(watched),
        **broker.alarms_of(watched),
        **database.alarms_of(watched),
        **objectives.alarms_of(watched),
    }
