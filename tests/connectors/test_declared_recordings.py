"""Declared systems on what real servers answered."""

import datetime
import json
from datetime import UTC
from pathlib import Path

import pytest

from ticket_billing_connectors.systems.base import Connection
from ticket_billing_connectors.systems.registry import SYSTEMS

RECORDINGS = Path(__file__).parent / "recordings"


def rows(code, name, key):
    """Return the rows under ``key`` of all recordings named ``name…``."""
    found = []
    for path in sorted((RECORDINGS / code).glob(f"*{name}*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))["response_body"]
        found += body[key]
    return found


@pytest.fixture
def client():
    """Return ``client(code, **settings)``; nothing is asked from a server."""

    def make(code, **settings):
        connection = Connection("https://tickets.example", "", "key")
        made = SYSTEMS[code].open(connection, settings)
        # What rows do not tell stays unknown.
        made.rows._look_up = lambda lookup, key: {}
        return made

    return make


def test_redmine_tickets(client):
    redmine = client("redmine", purchase_order_field="Billable")
    issues = rows("redmine", "issues-changed-since", "issues")
    tickets = {row["id"]: redmine.rows.ticket(row) for row in issues}
    ticket = tickets[3]
    assert ticket.remote_id == ticket.number == "3"
    assert ticket.title == "New workplace for apprentice"
    assert ticket.description.endswith("Grüße")
    assert (ticket.state, ticket.closed, ticket.closed_at) == ("Resolved", False, None)
    assert (ticket.customer_key, ticket.customer_name) == ("1", "Acme Support")
    assert (ticket.contact_name, ticket.agent_key) == ("Jane Doe", "5")
    assert ticket.purchase_order == "goodwill"
    assert ticket.changed == datetime.datetime(2026, 11, 24, 2, 12, 14, tzinfo=UTC)
    assert ticket.url == "https://tickets.example/issues/3"


def test_redmine_bookings(client):
    redmine = client("redmine")
    time = redmine.declaration.time
    found = rows("redmine", "time-entries-page", "time_entries")
    entries = {row["id"]: time.entry(redmine, row) for row in found}
    assert {e.minutes for e in entries.values()} <= {15, 30, 45, 60, 80, 90, 5, 10}
    entry = entries[1]
    assert (entry.ticket_remote_id, entry.agent_key) == ("2", "6")
    assert (entry.minutes, entry.raw_value, entry.activity) == (
        15,
        "0.25",
        "Development",
    )
    assert entry.booked_at.date() == datetime.date(2026, 11, 23)
    assert (entry.start, entry.stop) == (None, None)


def test_request_tracker_tickets(client):
    tracker = client("request_tracker", purchase_order_field="Billable")
    items = rows("request_tracker", "tickets-changed-since", "items")
    tickets = {row["id"]: tracker.rows.ticket(row) for row in items}
    ticket = tickets["3"]
    assert ticket.customer_key == "Acme Maschinenbau GmbH"
    assert (ticket.contact_key, ticket.contact_email) == (
        "jane.doe",
        "jane.doe@acme.example",
    )
    assert (ticket.queue, ticket.agent_key) == ("Onsite", "agent.anna")
    assert ticket.purchase_order == "goodwill"
    # "Never" is written as 1970.
    assert (ticket.closed, ticket.closed_at) == (False, None)


def test_request_tracker_bookings(client):
    tracker = client("request_tracker")
    time = tracker.declaration.time
    found = rows("request_tracker", "ticket-history-with-fields", "items")
    entries = [
        time.entry(tracker, row, "4")
        for row in time.expand(found, {}, tracker.settings)
    ]
    assert [e.remote_id for e in entries][0] == "98"
    first = entries[0]
    assert (first.minutes, first.agent_key) == (15, "agent.bert")
    assert first.stop == datetime.datetime(2026, 11, 24, 2, 8, 24, tzinfo=UTC)
    assert first.stop - first.start == datetime.timedelta(minutes=15)
    assert all(e.minutes for e in entries)


def test_request_tracker_refuses_with_status_200(client):
    tracker = client("request_tracker")
    path = next((RECORDINGS / "request_tracker").glob("26-*.json"))
    answer = json.loads(path.read_text(encoding="utf-8"))["response_body"]
    assert tracker.pick(tracker.declaration.refused, answer)
    assert not tracker.pick(tracker.declaration.refused, ["Ticket 4: Invoice changed"])


def test_a_person_of_zammad_is_never_taken_for_an_organization(client):
    """Both are counted from 1."""
    zammad = client("zammad")
    row = {"id": 81, "title": "Printer", "customer_id": 3, "customer": "nicole"}
    ticket = zammad.rows.ticket(row)
    assert (ticket.customer_key, ticket.customer_name) == ("user-3", "nicole")
    ticket = zammad.rows.ticket({**row, "organization_id": 3, "organization": "Muster"})
    assert (ticket.customer_key, ticket.customer_name) == ("3", "Muster")
