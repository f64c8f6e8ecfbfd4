"""Processes that talk to a ticket system are killed: each note is written once, and
no event is lost."""

import datetime
from signal import SIGKILL

import pytest

from odoo.addons.ticket_billing_connectors.tests.test_declared_system import (
    load_shape_server,
)

LATER = (datetime.date.today() + datetime.timedelta(days=2)).isoformat()
ROW, SENDER = "ticket.billing.write.back", "ticket.billing.write.back.sender"


@pytest.fixture
def zammad():
    module, shape = load_shape_server("zammad")
    with module.ShapeServer(shape) as server:
        yield server


@pytest.fixture
def told(one, zammad):
    """(connector, number of the invoice) of a posted invoice to be noted."""
    contracts = one.call("create_customers", count=1)
    ticket = zammad.world.ticket()
    connector = one.call(
        "connect_ticket",
        url=zammad.url,
        secret=zammad.shape.secret,
        contract=contracts[0],
        remote_id=str(ticket.id),
    )
    run = one.call("create_run")
    one.call("bill", run=run)
    [number] = one.call("post", contracts=contracts)
    yield connector, number
    one.call(
        "write", model="ticket.billing.connector", ids=[connector],
        values={"state": "draft"},
    )  # fmt: skip


def check_noted_once(server, number):
    [(kind, _ticket, text)] = server.world.written
    assert kind == "note"
    assert number in text


def test_killed_between_sending_and_mark(one, mortal, zammad, told):
    """The ticket system has the note; nobody writes it again."""
    connector, number = told
    mortal.arm(ROW, "_finish", "kill", before=True)
    mortal.start("write_back", connector=connector)
    assert mortal.await_death() == SIGKILL
    check_noted_once(zammad, number)
    assert one.call("get_write_backs", connector=connector) == ["unknown"]
    # A worker may just be sending it.
    assert one.call("write_back", connector=connector) == ["unknown"]
    states = one.call("write_back", day=LATER, connector=connector)
    assert states == ["done"]
    check_noted_once(zammad, number)


def test_killed_between_mark_and_sending(one, mortal, zammad, told):
    connector, number = told
    mortal.arm(SENDER, "_write_note", "kill", before=True)
    mortal.start("write_back", connector=connector)
    assert mortal.await_death() == SIGKILL
    assert zammad.world.written == []
    assert one.call("get_write_backs", connector=connector) == ["unknown"]
    states = one.call("write_back", day=LATER, connector=connector)
    assert states == ["done"]
    check_noted_once(zammad, number)


def test_killed_while_an_event_is_processed(one, mortal, zammad, told):
    """Neither half a ticket nor a lost event: the next one does it."""
    connector, _number = told
    ticket = next(iter(zammad.world.tickets.values()))
    zammad.world.change(ticket, title="Changed there", raw={"customer_id": None,
        "organization_id": None, "organization": None, "customer": None})  # fmt: skip
    before = one.call("get_events")
    one.call("receive_event", connector=connector, ticket=str(ticket.id))
    mortal.arm("ticket.billing.import", "_import", "kill")
    mortal.start("process_events")
    assert mortal.await_death() == SIGKILL
    assert one.call("get_events") == [*before, "pending"]
    assert one.call("get_ticket_names", connector=connector) != ["Changed there"]
    assert one.call("process_events") == [*before, "done"]
    assert one.call("get_ticket_names", connector=connector) == ["Changed there"]


def test_an_event_while_a_synchronisation_stores_a_page(one, two, zammad, told):
    """Only one of them works on a connector; the other comes later, with the newest."""
    connector, _number = told
    ticket = next(iter(zammad.world.tickets.values()))
    nobody = dict.fromkeys(("customer_id", "organization_id", "organization"))
    zammad.world.change(ticket, title="By synchronisation", raw=nobody)
    two.arm("ticket.billing.import", "_import", "pause", before=True)
    two.start("synchronise", connector=connector)
    two.await_pause()
    zammad.world.change(ticket, title="By event", raw=nobody)
    before = one.call("get_events")
    one.call("receive_event", connector=connector, ticket=str(ticket.id))
    assert one.call("process_events") == [*before, "pending"]
    two.resume()
    two.result()
    assert one.call("process_events", day=LATER) == [*before, "done"]
    assert one.call("get_ticket_names", connector=connector) == ["By event"]
