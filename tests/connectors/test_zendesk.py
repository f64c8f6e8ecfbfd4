"""Zendesk on answers as its documentation shows them."""

import datetime
import json
from datetime import UTC
from pathlib import Path

from ticket_billing_connectors.systems.base import Connection
from ticket_billing_connectors.systems.records import RemoteOrganisation
from ticket_billing_connectors.systems.registry import SYSTEMS
from ticket_billing_connectors.systems.templates import pick_all
from ticket_billing_connectors.transport.page_styles import Received

RECORDINGS = Path(__file__).parent / "recordings" / "zendesk"
FIELDS = {
    "total_field": "360001111",
    "purchase_order_field": "360001113",
    "activity_field": "360001114",
    "vat_field": "vat_number",
}


def answer(name):
    (path,) = RECORDINGS.glob(f"*-{name}.json")
    return json.loads(path.read_text(encoding="utf-8"))["response_body"]


def client(known=None, **settings):
    connection = Connection(
        "https://nordlicht.example",
        "anna@nordlicht.example",
        "key",
        known_of=lambda tickets: known or {},
    )
    return SYSTEMS["zendesk"].open(connection, {**FIELDS, **settings})


def rows(zendesk):
    listing = zendesk.declaration.tickets.changed.listing
    pages = [answer(f"export-page-{number}") for number in (1, 2)]
    return [row for page in pages for row in zendesk.pick(listing.answer, page)]


def bookings(zendesk):
    source = zendesk.source
    ticket = rows(zendesk)[0]
    found = zendesk.pick(source.entries.answer, answer("audits-35436"))
    expanded = source.expand(found, ticket, zendesk.settings)
    return [source.entry(zendesk, row, "35436") for row in expanded]


def test_a_solved_ticket():
    zendesk = client()
    ticket = zendesk.rows.ticket(rows(zendesk)[0])
    assert ticket.remote_id == ticket.number == "35436"
    assert (ticket.state, ticket.closed) == ("solved", True)
    assert ticket.closed_at == datetime.datetime(2026, 2, 3, 9, 12, tzinfo=UTC)
    assert (ticket.customer_key, ticket.customer_name) == ("509974", "Muster GmbH")
    assert (ticket.contact_name, ticket.contact_email) == (
        "Emil Muster",
        "emil@muster.example",
    )
    assert (ticket.agent_key, ticket.purchase_order) == ("235323", "PO-4711")
    assert ticket.url == "https://nordlicht.example/agent/tickets/35436"


def test_a_person_is_never_taken_for_an_organization():
    zendesk = client()
    ticket = zendesk.rows.ticket(rows(zendesk)[1])
    assert ticket.customer_key == "user-509974"
    assert ticket.customer_name == ticket.contact_name == "Paula Privat"


def test_a_deleted_ticket_has_no_bookings_any_more():
    """All that came in before are missing on a page that is whole."""
    zendesk = client()
    deleted = rows(zendesk)[2]
    assert zendesk.source.of_tickets(zendesk, [deleted]) == ([deleted], [], [])
    assert zendesk.source.whole and zendesk.rows.ticket(deleted).closed


def test_a_deleted_ticket_takes_its_counted_time_back():
    known = {"35438:5461#1": "35438"}
    zendesk = client(known, time_source="total")
    source = zendesk.source
    _rows, booked, _notes = source.of_tickets(zendesk, rows(zendesk)[2:])
    (entry,) = [source.entry(zendesk, row, key) for row, key in booked]
    assert (entry.remote_id, entry.minutes) == ("35438:0#2", -92)


def test_history_tells_who_worked_when():
    entries = bookings(client())
    assert [e.minutes for e in entries] == [62, 15, 15, None, -5, 5]
    assert entries[3].raw_value == "90 min"
    first, second = entries[:2]
    assert (first.remote_id, first.agent_key) == ("910103", "235323")
    assert first.stop == datetime.datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
    assert (second.agent_key, second.activity) == ("235324", "onsite")
    # 5461 seconds, each begun minute once.
    assert sum(entry.minutes or 0 for entry in entries) == 92


def test_the_field_of_the_app_is_found():
    zendesk = client(total_field="")
    listing = zendesk.declaration.look_up["total_field"]
    found = zendesk.pick(listing.answer, answer("ticket-fields"))
    assert [row["id"] for row in found] == [360001111]


def test_start_and_cursor_do_not_travel_together():
    listing = client().declaration.tickets.changed.listing
    first = listing.paging.first()
    page = Received(answer("export-page-1"), {}, 2)
    following = listing.paging.after(first, page)
    assert following.fields == {
        "per_page": 1000,
        "cursor": "MTc3MDEwOTkyNS4wfHwzNTQzNw==",
        "start_time": None,
    }
    last = Received(answer("export-page-2"), {}, 1)
    assert listing.paging.after(following, last) is None


def test_organizations():
    zendesk = client()
    directory = zendesk.declaration.organisations
    found = zendesk.pick(directory.listing.answer, answer("organizations"))
    first, second = (pick_all(directory.fields, r, zendesk.settings) for r in found)
    assert RemoteOrganisation(**first) == RemoteOrganisation(
        remote_id=509974,
        name="Muster GmbH",
        number="K-1001",
        domain="muster.example, muster-gmbh.example",
        vat="DE123456789",
    )
    assert (second["domain"], second["vat"]) == ("", None)
