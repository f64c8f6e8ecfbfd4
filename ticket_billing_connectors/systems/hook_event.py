"""What a webhook says: which ticket. What is on it is read from the system."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .declaration import Webhook
from .records import clean
from .templates import pick

#: Ids go into addresses and searches of the system: nothing else may.
TICKET_ID = re.compile(r"[\w.:-]{1,100}")
MAX_KEY = 200

#: For systems without webhooks of their own: a rule or script that sends
#: ``{"ticket_id": "81"}``.
ANY_SYSTEM = Webhook(
    "token",
    ticket_id="body.ticket_id || body.ticket.id",
    event_id="body.event_id",
    deleted="body.deleted",
)


@dataclass(frozen=True, slots=True)
class HookEvent:
    """``key`` is the same when an event is sent again; '' if the system has none.
    ``ticket`` is '' if it is about no ticket."""

    key: str
    ticket: str
    deleted: bool = False


def read_event(webhook: Webhook, headers: Mapping[str, str], body, settings=None):
    """Return the event in ``body``; names of headers are in small letters.

    The sender must have been proven before.
    """
    told = {"headers": dict(headers), "body": body}
    key = clean(pick(webhook.event_id, told, settings))
    ticket = clean(pick(webhook.ticket_id, told, settings))
    if len(key) > MAX_KEY:
        key = hashlib.sha256(key.encode()).hexdigest()
    return HookEvent(
        key=key,
        ticket=ticket if TICKET_ID.fullmatch(ticket) else "",
        deleted=bool(pick(webhook.deleted, told, settings)),
    )
