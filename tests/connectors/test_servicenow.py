"""ServiceNow on answers as its documentation shows them."""

import datetime
import json
from datetime import UTC
from pathlib import Path

from ticket_billing_connectors.systems.base import Connection
from ticket_billing_connectors.systems.records import entry_problem
from ticket_billing_connectors.systems.registry import SYSTEMS
from ticket_billing_connectors.systems.servicenow import PAGING, fault
from ticket_billing_connectors.systems.templates import fill
from ticket_billing_connectors.transport import errors
from ticket_billing_connectors.transport.page_styles import Received
from ticket_billing_connectors.transport.session import Answer

RECORDINGS = Path(__file__).parent / "recordings" / "servicenow"
INCIDENT = "a9e30c7dc61122760116894de7bcc7bd"


def recorded(name):
    (path,) = RECORDINGS.glob(f"*-{name}.json")
    return json.loads(path.read_text(encoding="utf-8"))


def rows(name):
    return recorded(name)["response_body"]["result"]


def client(**settings):
    connection = Connection("https://nordlicht.example", "billing", "secret")
    return SYSTEMS["servicenow"].open(connection, settings)


def split(servicenow, name):
    """Return (entries, ids of what is no booking) of recorded rows."""
    source = servicenow.source
    found = source.details_of(servicenow, rows(name))
    void = [row for row in found if servicenow.pick(source.void, row)]
    kept = [source.entry(servicenow, row) for row in found if row not in void]
    return kept, [servicenow.pick(source.fields["remote_id"], row) for row in void]


def test_a_closed_incident():
    servicenow = client(purchase_order_field="u_order_number")
    ticket = servicenow.rows.ticket(rows("incidents-page-1")[0])
    assert (ticket.remote_id, ticket.number) == (INCIDENT, "INC0010046")
    assert (ticket.title, ticket.state) == ("SFA not reachable", "Closed")
    assert ticket.closed_at == datetime.datetime(2026, 2, 3, 9, 12, tzinfo=UTC)
    assert ticket.changed == datetime.datetime(2026, 2, 3, 9, 12, 1, tzinfo=UTC)
    assert ticket.customer_name == "Muster GmbH"
    assert (ticket.contact_name, ticket.contact_email) == (
        "Emil Muster",
        "emil@muster.example",
    )
    assert (ticket.queue, ticket.purchase_order) == ("Service Desk", "PO-4711")
    assert ticket.url.endswith(f"/nav_to.do?uri=incident.do%3Fsys_id%3D{INCIDENT}")


def test_times_of_answers_are_utc_whatever_the_zone_of_searches():
    servicenow = client(time_zone="Asia/Tokyo")
    ticket = servicenow.rows.ticket(rows("incidents-page-1")[0])
    assert ticket.changed == datetime.datetime(2026, 2, 3, 9, 12, 1, tzinfo=UTC)


def test_a_reopened_incident_without_a_subject():
    ticket = client().rows.ticket(rows("incidents-page-1")[1])
    assert (ticket.title, ticket.closed, ticket.closed_at) == (
        "INC0010047",
        False,
        None,
    )
    assert ticket.customer_key == ""


def test_a_page_cut_short_by_rights_is_not_the_last():
    answer = recorded("incidents-page-1")
    page = Received(answer["response_body"], answer["response_headers"], 2)
    following = PAGING.after(PAGING.first(4), page)
    assert following.fields == {"sysparm_offset": 4, "sysparm_limit": 4}


def test_time_worked():
    (first, second), void = split(client(), "task-time-worked")
    assert void == []
    assert (first.remote_id, first.ticket_remote_id) == ("0f1", INCIDENT)
    assert (first.minutes, first.activity) == (90, "Remote")
    assert first.stop == datetime.datetime(2026, 2, 2, 10, 30, tzinfo=UTC)
    assert first.stop - first.start == datetime.timedelta(minutes=90)
    # A span longer than a day, on a day that is known.
    assert second.minutes == 25 * 60
    assert second.booked_at.date() == datetime.date(2026, 2, 1)
    now = datetime.datetime(2026, 2, 4, tzinfo=UTC)
    assert entry_problem(second, now) == "invalid_minutes"


def test_time_cards_have_a_booking_for_each_day_of_work():
    entries, void = split(client(time_source="cards"), "time-cards")
    assert {
        e.remote_id: (e.minutes, e.booked_at.date().isoformat()) for e in entries
    } == {
        "0c1:monday": (90, "2026-02-02"),
        "0c1:sunday": (15, "2026-02-08"),
        "0c3:sunday": (180, "2026-02-01"),
        "0c3:monday": (10, "2026-02-02"),
    }
    # Days without work, and a card that is not approved.
    assert len(void) == 5 + 7 + 5
    assert {"0c1:tuesday", "0c2:tuesday"} <= set(void)


def test_a_deleted_time_card_takes_all_its_days_along():
    servicenow = client(time_source="cards")
    (row,) = rows("deleted")
    ids = servicenow.pick(servicenow.source.deleted_id, row)
    assert len(ids) == 7
    assert ids[0] == "0c9:monday"


def test_a_cancelled_search_is_no_whole_answer():
    body = recorded("cancelled")["response_body"]
    assert isinstance(fault(Answer(200, body, "")), errors.Transient)
    assert fault(Answer(200, {"result": []}, "")) is None


def test_a_condition_narrows_what_is_asked_for():
    servicenow = client(condition="assignment_group.name=Service Desk")
    listing = servicenow.declaration.tickets.changed.listing
    values = servicenow.values(since="2026-02-01 00:00:00")
    assert fill(listing.fields, values)["sysparm_query"] == (
        "sys_updated_on>=2026-02-01 00:00:00^assignment_group.name=Service Desk"
        "^ORDERBYsys_updated_on^ORDERBYsys_id"
    )
    plain = client().values(since="2026-02-01 00:00:00")
    assert "^^" not in fill(listing.fields, plain)["sysparm_query"]
