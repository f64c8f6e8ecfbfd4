"""The records every system is translated into, and what makes them invalid.

Times are aware datetimes in UTC, minutes are integers, keys are the remote
system's own ids as text. All texts are plain text without NUL characters.
"""

import dataclasses
import datetime
import hashlib
import json
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from functools import cache

from ..transport.errors import ConnectorError

MAX_MINUTES = 24 * 60
MAX_TITLE = 1000
#: Nothing is billed that claims to be older.
EARLIEST = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class RemoteTicket:
    """A ticket as the remote system sees it now.

    ``customer_key`` identifies the company, ``contact_key`` the person.
    ``merged_into`` is the remote id of the surviving ticket.
    """

    remote_id: str
    number: str
    title: str
    description: str = ""
    state: str = ""
    closed: bool = False
    created: datetime.datetime | None = None
    changed: datetime.datetime | None = None
    closed_at: datetime.datetime | None = None
    customer_key: str = ""
    customer_name: str = ""
    contact_key: str = ""
    contact_name: str = ""
    contact_email: str = ""
    agent_key: str = ""
    queue: str = ""
    url: str = ""
    purchase_order: str = ""
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class RemoteTimeEntry:
    """One booking of time.

    ``minutes`` is None when ``raw_value``, the remote figure, is no number.
    ``start`` and ``stop`` are None where the remote system knows only when the
    booking was typed in (``booked_at``). ``internal``: not meant for customers;
    ``billable`` is None where agents cannot say.
    """

    remote_id: str
    ticket_remote_id: str
    minutes: int | None
    raw_value: str = ""
    ticket_number: str = ""
    booked_at: datetime.datetime | None = None
    start: datetime.datetime | None = None
    stop: datetime.datetime | None = None
    agent_key: str = ""
    activity: str = ""
    text: str = ""
    internal: bool = False
    billable: bool | None = None


@dataclass(frozen=True, slots=True)
class RemoteAgent:
    """Who works on tickets; empty text where the remote system does not tell."""

    key: str
    login: str = ""
    name: str = ""
    email: str = ""

    @property
    def remote_id(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class RemoteOrganisation:
    """A customer as the remote system knows it; its ``remote_id`` is what tickets name
    as ``customer_key``. ``domain`` may be several e-mail domains, by commas."""

    remote_id: str
    name: str = ""
    number: str = ""
    domain: str = ""
    email: str = ""
    vat: str = ""


@dataclass(frozen=True, slots=True)
class RemoteStatusChange:
    """A ticket was put into ``state``, by whom and when."""

    at: datetime.datetime
    state: str
    agent_key: str = ""


@dataclass(slots=True)
class Page:
    """What one step of a synchronisation brings.

    If ``whole``, ``entries`` holds *all* bookings of each of ``tickets``, so a
    booking known before and missing here is gone. ``gone`` are ids of bookings that
    are known to be deleted. ``cursor`` is where to resume after this page, which is
    the last one of its run if ``last``. ``notes`` are oddities for the log.
    ``status_changes`` holds all changes of state by ticket id, where they are wanted.
    ``raw`` has the records as they were read, by ("ticket" or "time_entry", remote
    id).
    """

    tickets: list[RemoteTicket]
    entries: list[RemoteTimeEntry]
    agents: list[RemoteAgent]
    cursor: str
    last: bool
    notes: list[str] = field(default_factory=list)
    whole: bool = True
    gone: list[str] = field(default_factory=list)
    status_changes: dict[str, list[RemoteStatusChange]] = field(default_factory=dict)
    raw: dict = field(default_factory=dict)

    def note_raw(self, records, rows):
        """Keep ``rows``, which ``records`` were made from, in ``raw``."""
        for record, row in zip(records, rows, strict=True):
            kind = "ticket" if isinstance(record, RemoteTicket) else "time_entry"
            self.raw[kind, record.remote_id] = row


@dataclass(frozen=True, slots=True)
class Check:
    """One step of a connection test: passed with ``facts``, or an ``error``.

    ``step`` is one of :data:`STEPS`; ``facts`` are figures for the user.
    """

    step: str
    error: ConnectorError | None = None
    facts: dict = field(default_factory=dict)


#: What a connection test looks at, in this order.
STEPS = ("address", "tls", "service", "log_in", "rights", "time")


def whole_minutes(value, minutes_per_unit: Decimal, rounding=ROUND_CEILING):
    """Return ``value`` units in minutes, rounded (up) once; None if no number.

    >>> whole_minutes("45,5", Decimal(1))
    46
    """
    try:
        units = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        return None
    if not units.is_finite() or abs(units) > 1_000_000:
        return None
    return int((units * minutes_per_unit).to_integral_value(rounding))


def clean(value) -> str:
    """Return ``value`` as text a database can store ('' for None)."""
    text = "" if value is None else str(value)
    # Lone surrogates cannot be encoded: a question mark stands for them.
    text = text.encode("utf-8", "replace").decode()
    return text.replace("\x00", "").strip()


def ticket_problem(ticket: RemoteTicket) -> str:
    """Return why ``ticket`` must not come in, as a reason code, or ''."""
    if not ticket.remote_id or not ticket.title or len(ticket.title) > MAX_TITLE:
        return "invalid_record"
    return ""


def entry_problem(entry: RemoteTimeEntry, now: datetime.datetime) -> str:
    """Return why ``entry`` must not come in, as a reason code, or ''.

    ``now`` only catches nonsense: a day of difference between clocks is fine.
    """
    if entry.minutes is None or not 0 <= entry.minutes <= MAX_MINUTES:
        return "invalid_minutes"
    if entry.start and entry.stop and entry.stop < entry.start:
        return "invalid_minutes"
    when = entry.start or entry.booked_at
    latest = now + datetime.timedelta(days=1)
    if when is None or not EARLIEST <= when <= latest:
        return "invalid_record"
    return ""


def to_json(record) -> dict:
    """Return a record as JSON-able dict (times as ISO text)."""
    values = ((name, getattr(record, name)) for name in _names_of(type(record)))
    return {
        name: value.isoformat() if isinstance(value, datetime.datetime) else value
        for name, value in values
    }


@cache
def _names_of(kind: type) -> tuple[str, ...]:
    return tuple(item.name for item in dataclasses.fields(kind))


def from_json(kind: type, data: dict):
    """Rebuild a record of class ``kind`` from :func:`to_json`'s result.

    Unknown keys are ignored, so data kept by an older version can be read.
    """
    values = {}
    for item in dataclasses.fields(kind):
        value = data.get(item.name, item.default)
        if "datetime" in str(item.type) and isinstance(value, str):
            value = datetime.datetime.fromisoformat(value)
        values[item.name] = value
    return kind(**values)


def fingerprint(record) -> str:
    """Return a text that changes whenever the record's content does."""
    content = json.dumps(to_json(record), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
