"""The customers and agents of a system, read before the first ticket comes."""

import pytest


@pytest.fixture
def client(mirror):
    return mirror.open(page_size=50)


def test_all_organisations_come(shape, world, client):
    if client.declaration.organisations is None:
        assert list(client.organisations()) == []
        return
    world.organisations |= {key: f"Kunde {key} GmbH" for key in range(1000, 1120)}
    found = {found.remote_id: found.name for found in client.organisations()}
    assert found == {str(key): name for key, name in world.organisations.items()}


def test_tickets_name_them_by_the_same_key(world, client, mirror):
    """Or what is mapped beforehand would not be found again."""
    world.ticket()
    mirror.run()
    customers = {ticket.customer_key for ticket in mirror.tickets.values()}
    known = {found.remote_id for found in client.organisations()}
    assert not known or customers <= known


def test_all_agents_come(world, client, mirror):
    if client.declaration.agents is None:
        assert list(client.agents()) == []
        return
    world.agents |= {key: f"Agent {key}" for key in range(1000, 1120)}
    found = {agent.key: agent.name for agent in client.agents()}
    assert found == {str(key): name for key, name in world.agents.items()}
    world.book(world.ticket(), 10)
    mirror.run()
    assert {entry.agent_key for entry in mirror.entries.values()} <= found.keys()


def test_a_hidden_list_is_named(remote, client):
    declared = client.declaration
    for directory, read in (
        (declared.organisations, client.organisations),
        (declared.agents, client.agents),
    ):
        if directory is not None:
            remote.inject("status", status=403)
            with pytest.raises(Exception, match="lacks a permission"):
                list(read())


def test_projects_are_listed_where_they_are_the_customers(shape, world, mirror):
    if shape.code != "jira_service_management":
        pytest.skip("has no choice of customers")
    world.ticket()
    mirror.run(customer_from="project")
    customers = {ticket.customer_key for ticket in mirror.tickets.values()}
    client = mirror.open(customer_from="project")
    assert customers == {found.remote_id for found in client.organisations()}
