"""Shared by all tests of connectors: the replay server and a client on it."""

from pathlib import Path

import pytest
from replay_server import ReplayServer

RECORDINGS = Path(__file__).parent / "recordings"


@pytest.fixture
def replay():
    """An empty, running replay server."""
    with ReplayServer() as server:
        yield server


@pytest.fixture
def recorded():
    """A running replay server with the recorded tickets of a real Znuny."""
    with ReplayServer(RECORDINGS / "znuny_protocol") as server:
        yield server


@pytest.fixture
def open_znuny():
    """Return ``open_znuny(server, **settings)``, which makes a client."""
    from ticket_billing_connectors.systems.base import Connection
    from ticket_billing_connectors.systems.registry import SYSTEMS
    from ticket_billing_connectors.transport.address_guard import AddressPolicy
    from ticket_billing_connectors.transport.session import Limits

    clients = []

    def open_client(server, *, password="replay", options=None, **settings):
        policy = AddressPolicy(allow_http=True, private_hosts=frozenset({"127.0.0.1"}))
        options = {
            "limits": Limits(read_timeout=1, backoff=0.01),
            "sleep": lambda seconds: None,
            **(options or {}),
        }
        connection = Connection(
            server.url, "agent.anna", password, policy=policy, options=options
        )
        clients.append(SYSTEMS["znuny"].open(connection, settings))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()
