"""Keeps what a client reads, by the contract of its pages."""

import datetime

from ticket_billing_connectors.systems.base import Connection
from ticket_billing_connectors.systems.registry import SYSTEMS
from ticket_billing_connectors.transport.address_guard import AddressPolicy
from ticket_billing_connectors.transport.session import Limits

POLICY = AddressPolicy(allow_http=True, private_hosts=frozenset({"127.0.0.1"}))
LIMITS = Limits(read_timeout=1, backoff=0.01, max_bytes=4_000_000)
FIRST_DAY = datetime.date(2026, 1, 1)


class Mirror:
    """Tickets and bookings by remote id. ``changes`` counts what each run brought
    that was not known like this; ``waits`` are the pauses made."""

    def __init__(self, remote):
        self.remote = remote
        self.tickets, self.entries, self.agents = {}, {}, {}
        self.notes, self.changes = [], 0
        self.cursor, self.interrupted = None, False
        self.waits = []
        self.clients = []

    def open(self, secret=None, **settings):
        shape = self.remote.shape
        connection = Connection(
            self.remote.url,
            shape.login,
            shape.secret if secret is None else secret,
            policy=POLICY,
            options={"limits": LIMITS, "sleep": self.waits.append},
            known_entries=self._known,
            known_of=self._known_of,
            known_tickets=lambda ids: ids & self.tickets.keys(),
            since=FIRST_DAY,
        )
        system = SYSTEMS[shape.code]
        self.clients.append(system.open(connection, {**shape.settings, **settings}))
        return self.clients[-1]

    def _known(self, day):
        start = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
        times = {
            key: entry.start or entry.booked_at for key, entry in self.entries.items()
        }
        return {
            key: self.entries[key].ticket_remote_id
            for key, time in times.items()
            if time and time >= start
        }

    def _known_of(self, tickets):
        found = {key: entry.ticket_remote_id for key, entry in self.entries.items()}
        return {key: ticket for key, ticket in found.items() if ticket in tickets}

    def close(self):
        for client in self.clients:
            client.close()

    def run(self, **settings):
        """Synchronise once from where the last run ended, as the add-on does."""
        client = self.open(**settings)
        if self.cursor is None:
            start = client.first_cursor(FIRST_DAY)
        else:
            start = self.cursor if self.interrupted else client.rewind(self.cursor)
        self.changes = 0
        page = None
        for page in client.changes(start):
            self._take(page)
        assert page is not None and page.last
        return self

    def _take(self, page):
        self.cursor, self.interrupted = page.cursor, not page.last
        self.notes += page.notes
        self.agents.update({agent.key: agent for agent in page.agents})
        self._put(self.tickets, page.tickets)
        self._put(self.entries, page.entries)
        if page.whole:
            self._drop_missing(page)
        for key in page.gone:
            self.changes += self.entries.pop(key, None) is not None

    def _put(self, kept, records):
        for record in records:
            self.changes += kept.get(record.remote_id) != record
            kept[record.remote_id] = record

    def _drop_missing(self, page):
        complete = {ticket.remote_id for ticket in page.tickets}
        present = {entry.remote_id for entry in page.entries}
        for key, entry in list(self.entries.items()):
            if entry.ticket_remote_id in complete and key not in present:
                del self.entries[key]
                self.changes += 1

    # What is compared with the world

    def minutes(self):
        """Return minutes by ticket, as far as there are any."""
        totals = {}
        for entry in self.entries.values():
            key = int(entry.ticket_remote_id)
            totals[key] = totals.get(key, 0) + (entry.minutes or 0)
        return totals
