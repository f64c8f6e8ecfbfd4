"""A webhook and a synchronisation, each a process of its own, about the same ticket."""

import pytest

from odoo.addons.ticket_billing_connectors.tests.test_declared_system import (
    load_shape_server,
)

CONNECTOR = "ticket.billing.connector"


@pytest.fixture(
    params=["zammad", "zendesk", "jira_service_management", "freshdesk", "servicenow"]
)
def server(request):
    module, shape = load_shape_server(request.param)
    with module.ShapeServer(shape) as server:
        yield server


@pytest.fixture
def connector(one, server):
    """A connector that knows one ticket, the only one of the server."""
    [contract] = one.call("create_customers", count=1)
    ticket = server.world.ticket()
    shape = server.shape
    how = {
        "system": shape.code,
        "base_url": server.url,
        "login": shape.login,
        "secret": shape.secret,
        "settings": shape.settings,
    }
    connector = one.call(
        "connect_system", server=how, contract=contract, ticket=str(ticket.id),
        customer="3",
    )  # fmt: skip
    yield connector
    one.call("write", model=CONNECTOR, ids=[connector], values={"state": "draft"})


def test_older_content_in_the_hands_of_a_synchronisation(one, two, server, connector):
    """It read its page before the change, and stores it after the event was done."""
    world = server.world
    [ticket] = world.tickets.values()
    world.change(ticket, title="First")
    world.tick(minutes=5)
    two.arm(CONNECTOR, "_lock", "pause", before=True)
    two.start("synchronise", connector=connector)
    two.await_pause()
    world.change(ticket, title="Second")
    before = one.call("get_events")
    one.call("receive_event", connector=connector, ticket=str(ticket.id))
    assert one.call("process_events") == [*before, "done"]
    assert one.call("get_ticket_names", connector=connector) == ["Second"]
    two.resume()
    two.result()
    assert one.call("get_ticket_names", connector=connector) == ["Second"]
    one.call("synchronise", connector=connector)
    assert one.call("get_ticket_names", connector=connector) == ["Second"]
