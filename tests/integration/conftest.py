"""One database and two Odoo processes for all tests that need real ones."""

import pytest
from processes import Server, Worker, open_server


@pytest.fixture(scope="session")
def server():
    with open_server() as opened:
        yield opened


@pytest.fixture(scope="session")
def pair(server: Server) -> list[Worker]:
    return server.spawn(2)


@pytest.fixture
def one(pair: list[Worker]) -> Worker:
    return pair[0]


@pytest.fixture
def two(pair: list[Worker]) -> Worker:
    return pair[1]


@pytest.fixture
def mortal(server: Server) -> Worker:
    """A process of its own, to be killed or left with a fault."""
    [worker] = server.spawn()
    return worker
