"""Tickets and bookings as a remote system has them, whatever it calls them."""

import datetime
import itertools
from dataclasses import dataclass, field
from datetime import UTC

#: Names of customers by number.
CUSTOMERS = {3: "Muster GmbH", 4: "Seidel KG"}
START = datetime.datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class Ticket:
    """``raw`` holds values in the system's own words that replace rendered ones."""

    id: int
    changed: datetime.datetime
    title: object = "Printer"
    closed: bool = False
    deleted: bool = False
    customer: int = 3
    raw: dict = field(default_factory=dict)


@dataclass
class Entry:
    """A booking; ``amount`` in the system's own words replaces the minutes."""

    id: int
    ticket: int
    minutes: int
    worked: datetime.datetime
    changed: datetime.datetime
    agent: int = 5
    text: str = "Replaced the toner"
    amount: object = None
    raw: dict = field(default_factory=dict)


class World:
    """What a server holds. ``skew`` is how far its clock is off, ``touching`` whether
    a booking changes its ticket, as most systems do."""

    def __init__(self, touching=True):
        self.tickets: dict[int, Ticket] = {}
        self.entries: dict[int, Entry] = {}
        self.deleted: list[tuple[datetime.datetime, Entry]] = []
        self.written: list[tuple] = []
        #: Names of customers and of agents by number.
        self.organisations = {3: CUSTOMERS[3]}
        self.agents = {5: "Anna Huber"}
        #: Rows of history by ticket id, in the system's own words.
        self.histories: dict[int, list[dict]] = {}
        self.touching = touching
        self.now = START
        self._ids = itertools.count(1)

    def tick(self, **span):
        self.now += datetime.timedelta(**(span or {"minutes": 1}))
        return self.now

    def ticket(self, changed=None, **values) -> Ticket:
        ticket = Ticket(next(self._ids), changed or self.tick(), **values)
        self.tickets[ticket.id] = ticket
        return ticket

    def book(self, ticket, minutes=30, worked=None, **values) -> Entry:
        now = self.tick()
        entry = Entry(next(self._ids), ticket.id, minutes, worked or now, now, **values)
        self.entries[entry.id] = entry
        self._touch_ticket(entry)
        return entry

    def change(self, thing, **values):
        """Change a ticket or a booking."""
        vars(thing).update(values, changed=self.tick())
        if isinstance(thing, Entry):
            self._touch_ticket(thing)

    def delete(self, entry):
        del self.entries[entry.id]
        self.deleted.append((self.tick(), entry))
        self._touch_ticket(entry)

    def merge(self, old, new, with_time=True):
        """Merge a ticket into another, which gets its bookings in most systems."""
        for entry in self.entries_of(old.id) if with_time else ():
            self.change(entry, ticket=new.id)
        self.change(old, closed=True)
        self.change(new)

    def _touch_ticket(self, entry):
        if self.touching:
            self.tickets[entry.ticket].changed = self.now

    # What servers ask

    def changed_since(self, time, inclusive=True):
        """Return tickets by change time and id."""
        found = (t for t in self.tickets.values() if not t.deleted)
        rows = [t for t in found if t.changed >= time]
        if not inclusive:
            rows = [t for t in rows if t.changed > time]
        return sorted(rows, key=lambda t: (t.changed, t.id))

    def entries_of(self, ticket_id):
        return [e for e in self.entries.values() if e.ticket == ticket_id]
