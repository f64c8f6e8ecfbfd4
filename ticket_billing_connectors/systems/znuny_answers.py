"""Finding one's way in the answers of Znuny's Generic Interface.

Numbers may come as text, single things without their list, empty ones as null.
"""

import email.utils
import re
from decimal import Decimal

from ..transport import errors
from ..transport.session import Answer
from .records import RemoteAgent, RemoteStatusChange, clean, whole_minutes

ERRORS = {
    "AuthFail": errors.AuthError,
    "AccessDenied": errors.PermissionDenied,
    "InvalidConfiguration": errors.InvalidRequest,
}
#: Plain texts that come with HTTP status 500 although a retry cannot help.
WRONG_ROUTE = re.compile(
    r"determine Operation|decoding request content|does not match namespace"
)
#: Which part of a history row's name is the new state.
STATE_IN_NAME = {"NewTicket": 4, "StateUpdate": 2}


def classify(answer: Answer) -> errors.ConnectorError | None:
    """Recognise an error of the Generic Interface in an answer of any status."""
    if isinstance(answer.data, dict) and isinstance(answer.data.get("Error"), dict):
        code = clean(answer.data["Error"].get("ErrorCode"))[:80]
        kind = ERRORS.get(code.rpartition(".")[2], errors.InvalidRequest)
        return kind(f"({code})")
    if answer.status == 500 and WRONG_ROUTE.search(answer.text[:1000]):
        return errors.InvalidRequest("The web service does not know this route.")
    return None


def as_list(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def articles_of(data):
    return [a for a in as_list(data.get("Article")) if isinstance(a, dict)]


def fields_of(owner):
    found = as_list(owner.get("DynamicField"))
    return [item for item in found if isinstance(item, dict)]


def field_value(owner, name):
    """Return the value of dynamic field ``name``; several values by commas."""
    for item in fields_of(owner):
        if name and item.get("Name") == name:
            return ", ".join(clean(value) for value in as_list(item.get("Value")))
    return ""


def bookings_of(history):
    return [row for row in history if row.get("HistoryType") == "TimeAccounting"]


def agents_of(tickets):
    """Return who is known by login: owners and responsible users of tickets."""
    pairs = {}
    for data in tickets:
        for role in ("Owner", "Responsible"):
            key = clean(data.get(f"{role}ID"))
            if key:
                pairs[key] = clean(data.get(role))
    return [RemoteAgent(key, login=login) for key, login in pairs.items()]


def customer_address(articles):
    """Return name and e-mail address of the first customer who wrote."""
    for article in articles:
        if article.get("SenderType") == "customer":
            name, address = email.utils.parseaddr(clean(article.get("From")))
            return (name, address.lower()) if "@" in address else ("", "")
    return "", ""


def merged_into(history):
    """Return the id of the surviving ticket from the note of the merge."""
    for row in reversed(history):
        parts = clean(row.get("Name")).split("%%")
        if row.get("HistoryType") == "Merged" and len(parts) >= 5:
            return parts[4]
    return ""


def status_changes(history, utc) -> list[RemoteStatusChange]:
    """Return the changes of state of a ticket; ``utc`` reads a time."""
    changes = []
    for row in history:
        place = STATE_IN_NAME.get(row.get("HistoryType"))
        parts = clean(row.get("Name")).split("%%")
        time = utc(row.get("CreateTime"))
        if place and len(parts) > place and time:
            agent = clean(row.get("CreateBy"))
            changes.append(RemoteStatusChange(time, parts[place], agent))
    return changes


def difference(data, entries):
    """Note when single bookings do not add up to the ticket's own total."""
    total = whole_minutes(data.get("TimeUnit") or 0, Decimal(100))
    booked = sum(whole_minutes(e.raw_value, Decimal(100)) or 0 for e in entries)
    if total == booked:
        return []
    return [
        f"Ticket {clean(data.get('TicketNumber'))}: its bookings are "
        f"{booked / 100:g} units, its total is {(total or 0) / 100:g}."
    ]
