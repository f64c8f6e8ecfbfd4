"""A running Znuny with the seeded story, read by REST and by SOAP.

Not collected by itself: `make test-live SYSTEM=znuny` starts the server first.
"""

import dataclasses
import os
from contextlib import closing
from pathlib import Path

import pytest
from replay_server import ReplayServer

from ticket_billing_connectors.systems.base import Connection
from ticket_billing_connectors.systems.registry import SYSTEMS
from ticket_billing_connectors.transport import errors
from ticket_billing_connectors.transport.address_guard import AddressPolicy

RECORDINGS = Path(__file__).parents[1] / "recordings" / "znuny"
SERVICES = {
    "rest": "GenericTicketConnectorREST",
    "soap": "GenericTicketConnectorSOAP",
}
START = "2026-09-01 00:00:00"
#: What the recordings show after a note was written to it.
CHANGED_LATER = "3"


def open_client(protocol="rest", password=None, url=None, login="api.billing"):
    connection = Connection(
        url or f"http://127.0.0.1:{os.environ.get('ZNUNY_PORT', '8181')}",
        login,
        password or os.environ.get("ZNUNY_PASSWORD", "nordlicht-demo"),
        policy=AddressPolicy(allow_http=True, private_hosts=frozenset({"127.0.0.1"})),
        with_status=True,
    )
    settings = {
        "protocol": protocol,
        "service": SERVICES[protocol],
        "activity_field": "Activity",
        "purchase_order_field": "PurchaseOrder",
        "page_size": 8,
    }
    return closing(SYSTEMS["znuny"].open(connection, settings))


def read(client):
    """Tickets, bookings and changes of state by remote id."""
    tickets, entries, changes = {}, {}, {}
    for page in client.changes(START):
        tickets.update({ticket.remote_id: ticket for ticket in page.tickets})
        entries.update({entry.remote_id: entry for entry in page.entries})
        changes.update(page.status_changes)
    return tickets, entries, changes


@pytest.mark.parametrize("protocol", SERVICES)
def test_connection_test(protocol):
    with open_client(protocol) as client:
        assert [str(check.error) for check in client.check() if check.error] == []


@pytest.mark.parametrize("protocol", SERVICES)
def test_wrong_password(protocol):
    with open_client(protocol, password="wrong") as client:
        with pytest.raises(errors.AuthError):
            read(client)


def test_soap_tells_what_rest_tells():
    with open_client("rest") as rest, open_client("soap") as soap:
        by_rest, by_soap = read(rest), read(soap)
    assert len(by_rest[0]) == 21
    assert by_soap == by_rest


@pytest.mark.parametrize("protocol", SERVICES)
def test_the_story_as_it_was_recorded(protocol):
    with (
        ReplayServer(RECORDINGS) as replay,
        open_client(url=replay.url, login="agent.anna", password="replay") as recorded,
        open_client(protocol) as live,
    ):
        expected, found = read(recorded), read(live)

    def told(tickets, entries, _changes):
        bookings = sorted(
            (
                entry.ticket_remote_id,
                str(entry.booked_at),
                entry.minutes,
                entry.activity,
            )
            for entry in entries.values()
            if entry.ticket_remote_id != CHANGED_LATER
        )
        texts = {
            key: dataclasses.replace(ticket, url="", changed=None)
            for key, ticket in tickets.items()
            if key != CHANGED_LATER
        }
        return bookings, texts

    assert told(*found) == told(*expected)
    assert found[2].keys() == expected[2].keys()
