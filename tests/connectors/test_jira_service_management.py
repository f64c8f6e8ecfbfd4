"""Jira Service Management on answers as its documentation shows them."""

import datetime
import json
from datetime import UTC
from pathlib import Path

import pytest

from ticket_billing_connectors.systems.base import Connection
from ticket_billing_connectors.systems.jira_service_management import fault
from ticket_billing_connectors.systems.registry import SYSTEMS
from ticket_billing_connectors.transport import errors
from ticket_billing_connectors.transport.page_styles import Received, Step
from ticket_billing_connectors.transport.session import Answer

RECORDINGS = Path(__file__).parent / "recordings" / "jira_service_management"


def recorded(name):
    (path,) = RECORDINGS.glob(f"*-{name}.json")
    return json.loads(path.read_text(encoding="utf-8"))


def client(**settings):
    connection = Connection(
        "https://nordlicht.example", "anna@nordlicht.example", "key"
    )
    return SYSTEMS["jira_service_management"].open(connection, settings)


def tickets(**settings):
    jira = client(purchase_order_field="customfield_10100", **settings)
    rows = [
        row
        for page in (1, 2)
        for row in recorded(f"search-page-{page}")["response_body"]["issues"]
    ]
    return {row["key"]: jira.rows.ticket(row) for row in rows}


def test_a_closed_ticket():
    ticket = tickets()["SUP-57"]
    assert (ticket.remote_id, ticket.number) == ("10234", "SUP-57")
    assert ticket.title == "VPN drops every hour"
    assert ticket.description.startswith("VPN bricht ab\nSeit heute")
    assert (ticket.state, ticket.closed) == ("Resolved", True)
    closed = datetime.datetime(2026, 2, 3, 9, 12, 0, 123000, tzinfo=UTC)
    assert (ticket.closed_at, ticket.changed) == (closed, closed)
    assert (ticket.customer_key, ticket.customer_name) == ("3", "Muster GmbH")
    assert (ticket.contact_key, ticket.contact_email) == (
        "qm:ab1",
        "emil@muster.example",
    )
    assert (ticket.agent_key, ticket.purchase_order) == ("5b10ac8d", "PO-4711")
    assert ticket.url == "https://nordlicht.example/browse/SUP-57"


def test_without_an_organization_the_reporter_is_the_customer():
    ticket = tickets()["SUP-58"]
    assert (ticket.customer_key, ticket.customer_name) == ("", "Jane Doe")
    assert (ticket.contact_key, ticket.contact_email) == ("qm:cd2", "")
    assert (ticket.closed, ticket.closed_at, ticket.agent_key) == (False, None, "")
    assert (ticket.description, ticket.purchase_order) == ("", "Frame order")


def test_the_project_as_customer():
    found = tickets(customer_from="project")
    assert {t.customer_key for t in found.values()} == {"10001"}
    assert found["OPS-3"].customer_name == "Support"
    assert found["OPS-3"].purchase_order == "A-1, A-2"


def test_tickets_of_other_projects_are_left_out():
    answer = recorded("bulkfetch")["response_body"]
    by_ids = client().declaration.tickets.by_ids

    def keys(projects):
        jira = client(projects=projects)
        return [row["key"] for row in jira.pick(by_ids.answer, answer)]

    assert keys("") == ["SUP-57", "OPS-3"]
    assert keys("sup, dev") == ["SUP-57"]
    assert client(projects="SUP").pick(by_ids.answer, {"errorMessages": []}) is None


def test_tickets_that_cannot_be_read_now_are_waited_for():
    by_ids = client().declaration.tickets.by_ids
    answer = recorded("bulkfetch")["response_body"]
    failed = {**answer, "issueErrors": [{"id": "10299", "errorMessage": "Try again"}]}
    with pytest.raises(errors.Transient):
        client().pick(by_ids.answer, failed)


@pytest.mark.parametrize(
    ("projects", "only"),
    [
        ("", ""),
        (" , ", ""),
        ("sup,OPS_2", 'project in ("SUP", "OPS_2") AND '),
        ('X") OR ("', 'project in ("X", "OR") AND '),
    ],
)
def test_searches_are_kept_to_projects(projects, only):
    assert client(projects=projects).values()["only"] == only


def test_worklogs():
    jira = client()
    time = jira.declaration.time
    rows = recorded("worklogs-list")["response_body"]
    first, second, third = (time.entry(jira, row) for row in rows)
    assert (first.remote_id, first.ticket_remote_id, first.minutes) == (
        "301",
        "10234",
        60,
    )
    assert first.start == datetime.datetime(2026, 2, 3, 7, 30, tzinfo=UTC)
    assert first.stop == datetime.datetime(2026, 2, 3, 8, 30, tzinfo=UTC)
    assert (first.agent_key, first.text) == ("5b10ac8d", "Firmware erneuert\nGetestet")
    assert (second.minutes, second.text, second.billable) == (30, "", None)
    # The day of the zone Jira writes in would be another one.
    assert second.start == datetime.datetime(2026, 2, 2, 22, 45, tzinfo=UTC)
    assert (third.minutes, third.raw_value) == (240, "14400")
    agents = {agent.key: agent for agent in jira.rows.agents([], rows)}
    assert agents["5b10ac8d"].email == "anna@nordlicht.example"
    assert (agents["557058:b3"].name, agents["557058:b3"].email) == ("Bert Maier", "")


def test_the_last_page_of_worklogs_is_the_last():
    jira = client()
    feed = jira.declaration.time
    for listing in (feed.entries.listing, feed.deleted):
        answer = recorded("worklogs-updated")["response_body"]
        assert answer["nextPage"] and answer["lastPage"]
        page = Received(answer, {}, len(answer["values"]))
        assert listing.paging.after(Step(), page) is None
        more = Received({**answer, "lastPage": False}, {}, 3)
        step = listing.paging.after(Step(), more)
        assert step.fields == {"since": 1770110101000}


def answer_of(name):
    found = recorded(name)
    body = found["response_body"]
    return Answer(found["status"], body, "", found.get("response_headers", {}))


def test_a_refused_search_says_why():
    error = fault(answer_of("search-refused"))
    assert isinstance(error, errors.InvalidRequest)
    assert "'NONE' does not exist for the field 'project'" in str(error)


def test_a_refused_log_in_is_told_by_a_header():
    error = fault(answer_of("myself-refused"))
    assert isinstance(error, errors.AuthError)
    # Who is not logged in sees nothing, without any error.
    empty = Answer(200, {"issues": []}, "", {"X-Seraph-LoginReason": "OK"})
    assert fault(empty) is None


@pytest.mark.parametrize("data", [None, "Bad", ["x"], {"errorMessages": []}])
def test_other_faults_stay_with_their_status(data):
    assert fault(Answer(400, data, "", {})) is None


def test_a_field_that_is_refused_is_named():
    data = {"errorMessages": [], "errors": {"customfield_1": "Field cannot be set."}}
    assert "Field cannot be set." in str(fault(Answer(400, data, "", {})))
