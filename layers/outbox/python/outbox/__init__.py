"""Events that are stored with what they tell of, published right after the commit, and left to a relay otherwise."""

from outbox.events import event_message
from outbox.identifiers import uuid7
from outbox.publishing import RELAY_MARGIN_S, Publisher, publish_now
from outbox.rows import row_parameters

__all__ = ["RELAY_MARGIN_S", "Publisher", "event_message", "publish_now", "row_parameters", "uuid7"]
