"""Processes that use one rotating refresh token at the same time, or die with it."""

import sys
from signal import SIGKILL

import pytest
from processes import CHECKOUT

sys.path.append(str(CHECKOUT / "tests" / "connectors"))

from token_server import TokenServer  # noqa: E402


@pytest.fixture
def provider():
    with TokenServer() as server:
        server.refresh_token = "refresh0"
        yield server


@pytest.fixture
def connector(provider, one):
    tokens = {"refresh_token": "refresh0"}
    return one.call("create_oauth_connector", url=provider.url, tokens=tokens)


def test_two_processes_renew_at_once(provider, connector, one, two):
    provider.delay = 0.4
    for worker in (one, two):
        worker.start("ask_who", connector=connector)
    results = [worker.result() for worker in (one, two)]
    assert [form["refresh_token"] for form in provider.forms] == ["refresh0"]
    assert results[0] == results[1]
    who, tokens = results[0]
    assert who["user"] == {"id": 5}
    assert tokens["refresh_token"] == provider.refresh_token


def test_turn_by_turn_none_is_lost(provider, connector, one, two):
    """Tokens that are never fresh: every request renews."""
    provider.lifetime = 0
    for _turn in range(5):
        for worker in (one, two):
            worker.start("ask_who", connector=connector)
        for worker in (one, two):
            worker.result()
    assert len(provider.forms) >= 10
    used = [form["refresh_token"] for form in provider.forms]
    assert len(set(used)) == len(used)


def test_killed_with_new_tokens(provider, connector, one, mortal):
    mortal.call("die_with_new_tokens")
    mortal.start("ask_who", connector=connector)
    assert mortal.await_death() == SIGKILL
    assert provider.refresh_token != "refresh0"
    assert "press Connect and agree again" in one.call(
        "synchronise", connector=connector
    )
