"""Changes of state, of the systems that tell them."""

import dataclasses
import datetime
import json
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest
from conftest import SHAPES
from mirror import Mirror
from server import ShapeServer

from ticket_billing_connectors.systems.records import RemoteStatusChange

RECORDINGS = Path(__file__).parents[1] / "recordings"


def read_changes(remote, *, wanted=True):
    with closing(Mirror(remote)) as mirror:
        client = mirror.open()
        client.connection = dataclasses.replace(client.connection, with_status=wanted)
        cursor = client.first_cursor(datetime.date(2026, 1, 1))
        pages = list(client.changes(cursor))
    return {key: found for page in pages for key, found in page.status_changes.items()}


@pytest.fixture
def zammad():
    with ShapeServer(SHAPES["zammad"]) as server:
        yield server


def row(attribute, old, new, time="2026-03-02T09:00:00.000Z", **values):
    return {
        "id": 1,
        "type": "updated",
        "object": "Ticket",
        "attribute": attribute,
        "value_from": old,
        "value_to": new,
        "created_by_id": 5,
        "created_at": time,
        **values,
    }


def test_zammad(zammad):
    ticket, other = zammad.world.ticket(), zammad.world.ticket()
    zammad.world.histories[ticket.id] = [
        row("state", "new", "open"),
        row("owner", "-", "anna"),
        row("state", "open", "closed", "2026-03-02T10:00:00.000Z"),
        row("state", "x", "y", object="Ticket::Article"),
        row("state", "open", "waiting", "no time"),
    ]
    nine = datetime.datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert read_changes(zammad) == {
        str(ticket.id): [
            RemoteStatusChange(nine, "open", "5"),
            RemoteStatusChange(nine.replace(hour=10), "closed", "5"),
        ],
        str(other.id): [],
    }
    assert read_changes(zammad, wanted=False) == {}


def test_request_tracker():
    """Rows as they were recorded; more of them than fit on a page."""
    path = RECORDINGS / "request_tracker" / "14-ticket-history-with-fields.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))["response_body"]["items"]
    with ShapeServer(SHAPES["request_tracker"]) as server:
        ticket = server.world.ticket()
        server.world.histories[ticket.id] = [
            *[row for row in recorded if row["Type"] != "Status"] * 30,
            *[row for row in recorded if row["Type"] == "Status"],
        ]
        (changes,) = read_changes(server).values()
    time = datetime.datetime(2026, 11, 24, 2, 8, 24, tzinfo=UTC)
    assert changes[0] == RemoteStatusChange(time, "open", "RT_System")
    assert len(changes) == sum(row["Type"] == "Status" for row in recorded)


def test_jira():
    def row(number, *fields):
        return {
            "id": str(number),
            "author": {"accountId": "account5", "displayName": "Anna Huber"},
            "created": f"2026-03-02T09:{number % 60:02}:00.000+0000",
            "items": [
                {"field": f, "fieldId": f, "fromString": "Open", "toString": f"To {f}"}
                for f in fields
            ],
        }

    with ShapeServer(SHAPES["jira_service_management"]) as server:
        ticket = server.world.ticket()
        server.world.histories[ticket.id] = [
            *[row(number, "labels") for number in range(110)],
            row(30, "resolution", "status"),
        ]
        (changes,) = read_changes(server).values()
    time = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert changes == [RemoteStatusChange(time, "To status", "account5")]


def test_hidden_history_is_unknown(zammad):
    ticket = zammad.world.ticket()
    zammad.inject("status", path=f"/ticket_history/{ticket.id}", status=403)
    assert read_changes(zammad) == {}
