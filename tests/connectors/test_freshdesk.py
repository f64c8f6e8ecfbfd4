"""Freshdesk on answers as its documentation shows them."""

import datetime
import json
from datetime import UTC
from pathlib import Path

import pytest

from ticket_billing_connectors.systems.base import Connection
from ticket_billing_connectors.systems.freshdesk import fault
from ticket_billing_connectors.systems.registry import SYSTEMS
from ticket_billing_connectors.transport import errors
from ticket_billing_connectors.transport.page_styles import Received, Step
from ticket_billing_connectors.transport.session import Answer

RECORDINGS = Path(__file__).parent / "recordings" / "freshdesk"


def recorded(name):
    (path,) = RECORDINGS.glob(f"*-{name}.json")
    return json.loads(path.read_text(encoding="utf-8"))


def client(**settings):
    connection = Connection("https://nordlicht.example", "", "key")
    return SYSTEMS["freshdesk"].open(connection, settings)


def tickets(**settings):
    freshdesk = client(**settings)
    rows = [
        row for p in (1, 2) for row in recorded(f"tickets-page-{p}")["response_body"]
    ]
    return {row["id"]: freshdesk.rows.ticket(row) for row in rows}


def test_a_closed_ticket():
    ticket = tickets(purchase_order_field="cf_purchase_order")[20]
    assert ticket.remote_id == ticket.number == "20"
    assert (ticket.title, ticket.description) == (
        "Server room alarm",
        "Alarm im Serverraum",
    )
    assert (ticket.state, ticket.closed) == ("Closed", True)
    assert ticket.closed_at == datetime.datetime(2026, 2, 3, 9, 12, tzinfo=UTC)
    assert (ticket.customer_key, ticket.customer_name) == ("320001", "Muster GmbH")
    assert (ticket.contact_name, ticket.contact_email) == (
        "Emil Muster",
        "emil@muster.example",
    )
    assert (ticket.agent_key, ticket.purchase_order) == ("440001", "PO-4711")
    assert ticket.url == "https://nordlicht.example/a/tickets/20"


def test_a_person_is_never_taken_for_a_company():
    found = tickets()
    assert found[20].customer_key == "320001"
    assert (found[21].customer_key, found[21].customer_name) == ("", "Emil Muster")
    assert found[21].contact_key == "contact-320001"


def test_states():
    found = tickets()
    assert (found[21].state, found[21].closed, found[21].closed_at) == (
        "7",
        False,
        None,
    )
    assert (found[22].state, found[22].closed) == ("Resolved", True)
    assert found[22].closed_at == datetime.datetime(2026, 2, 3, 10, 58, tzinfo=UTC)
    assert not tickets(closed_states="5,7")[22].closed
    assert tickets(closed_states="5,7")[21].closed


def test_time_entries():
    freshdesk = client()
    time = freshdesk.declaration.time
    rows = freshdesk.pick(
        time.entries.answer, recorded("time-entries")["response_body"]
    )
    # A timer that is running is no booking yet.
    assert [row["id"] for row in rows] == [8, 7]
    long, short = (time.entry(freshdesk, row) for row in rows)
    assert (short.remote_id, short.ticket_remote_id) == ("7", "20")
    assert (short.minutes, short.raw_value, short.billable) == (90, "01:30", True)
    assert short.stop == datetime.datetime(2026, 2, 3, 7, 30, tzinfo=UTC)
    assert (long.minutes, long.billable, long.text) == (27 * 60 + 5, False, "Kulanz")


def test_what_is_known_is_found_while_its_timer_runs():
    freshdesk = client()
    answer = recorded("time-entries-of-a-ticket")["response_body"]
    found = freshdesk.pick(freshdesk.declaration.time.in_ticket.answer, answer)
    assert [row["id"] for row in found] == [9]


def test_pages_follow_the_link():
    paging = client().declaration.tickets.changed.listing.paging
    first, second = recorded("tickets-page-1"), recorded("tickets-page-2")
    page = Received(None, first["response_headers"], 2, "https://nordlicht.example/x")
    step = paging.after(paging.first(2), page)
    assert step.url == f"https://nordlicht.example{second['path']}"
    end = Received(None, second["response_headers"], 1, step.url)
    assert paging.after(Step(url=step.url), end) is None


def test_tickets_in_the_trash_are_gone():
    freshdesk = client()
    one = freshdesk.declaration.tickets.one
    trashed = recorded("ticket-deleted")["response_body"]
    assert freshdesk.pick(one.answer, trashed) is None
    assert (
        freshdesk.pick(one.answer, {**trashed, "deleted": False, "spam": True}) is None
    )
    kept = {**trashed, "deleted": False}
    assert freshdesk.pick(one.answer, kept) == kept


def test_agents():
    lookup = client().declaration.people.agent
    row = recorded("agent")["response_body"]
    found = {name: client().pick(path, row) for name, path in lookup.fields.items()}
    assert found["name"] == "Anna Huber"
    assert found["email"] == found["login"] == "anna@nordlicht.example"


def test_a_refused_change_names_the_field():
    answer = recorded("ticket-update-refused")
    error = fault(Answer(answer["status"], answer["response_body"], "", {}))
    assert isinstance(error, errors.InvalidRequest)
    assert "cf_root_cause: missing_field" in str(error)


@pytest.mark.parametrize("data", [None, "Bad", [], {"errors": []}])
def test_other_faults_stay_with_their_status(data):
    assert fault(Answer(400, data, "", {})) is None
