"""What only ServiceNow does: rights on deletions, time cards, tokens that end."""

import pytest

ONLY = ["servicenow", "servicenow_time_cards"]


@pytest.fixture
def cards(shape):
    if shape.settings.get("time_source") != "cards":
        pytest.skip("has no time cards")


def test_hidden_deletions_are_told_and_followed_later(remote, world, mirror):
    ticket = world.ticket()
    deleted = world.book(ticket, 30)
    world.book(ticket, 15)
    mirror.run()
    world.delete(deleted)
    world.tick(hours=1)
    remote.inject("status", path="/sys_audit_delete", status=403)
    world.book(ticket, 5)
    mirror.run()
    assert mirror.notes == ["What was deleted cannot be read."]
    assert mirror.minutes() == {ticket.id: 50}
    world.tick(hours=1)
    mirror.run()
    assert mirror.minutes() == {ticket.id: 20}


def test_times_of_other_tasks_stay_away(world, mirror):
    other = world.ticket()
    world.book(world.ticket(), 10)
    world.book(other, 20)
    del world.tickets[other.id]
    mirror.run()
    assert [entry.minutes for entry in mirror.entries.values()] == [10]


@pytest.mark.usefixtures("cards")
def test_a_card_that_is_called_back_does_not_count(world, mirror):
    ticket = world.ticket()
    card = world.book(ticket, 30, raw={"state": "Pending"})
    mirror.run()
    assert mirror.minutes() == {}
    world.change(card, raw={})
    mirror.run()
    assert mirror.minutes() == {ticket.id: 30}
    world.change(card, raw={"state": "Recalled"})
    mirror.run()
    assert mirror.minutes() == {}


@pytest.mark.usefixtures("cards")
def test_work_moved_to_another_day_of_a_card_is_there_once(world, mirror):
    ticket = world.ticket()
    card = world.book(ticket, 30)
    mirror.run()
    (before,) = mirror.entries
    world.change(card, worked=card.worked.replace(day=card.worked.day + 1))
    mirror.run()
    (after,) = mirror.entries
    assert before != after and mirror.minutes() == {ticket.id: 30}


@pytest.mark.usefixtures("cards")
def test_a_token_that_ends_is_renewed(remote, shape, world, mirror, monkeypatch):
    ticket = world.ticket()
    client = mirror.open()
    assert client.read_again([str(ticket.id)]).tickets
    monkeypatch.setattr(type(shape), "token", "another")
    assert client.read_again([str(ticket.id)]).tickets
    asked = [r for r in remote.requests if r.path == "/oauth_token.do"]
    assert len(asked) == 2
