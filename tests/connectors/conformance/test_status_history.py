"""Changes of state, of the systems that tell them."""

import dataclasses
import datetime
from contextlib import closing
from datetime import UTC

import pytest
from conftest import SHAPES
from mirror import Mirror
from server import ShapeServer

from ticket_billing_connectors.systems.records import RemoteStatusChange


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


def test_hidden_history_is_unknown(zammad):
    ticket = zammad.world.ticket()
    zammad.inject("status", path=f"/ticket_history/{ticket.id}", status=403)
    assert read_changes(zammad) == {}
