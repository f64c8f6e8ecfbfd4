"""Bookings that are listed by their change, on Jira."""

import pytest

from ticket_billing_connectors.transport import errors

ONLY = ["jira_service_management"]


def test_bookings_of_the_last_minute_come_later(shape, world, mirror, monkeypatch):
    monkeypatch.setattr(shape, "hides_last_minute", True)
    ticket = world.ticket()
    world.book(ticket, 30)
    late = world.book(ticket, 15)
    world.tick(seconds=20)
    mirror.run()
    assert mirror.minutes() == {ticket.id: 30}
    world.tick()
    mirror.run()
    assert mirror.minutes() == {ticket.id: 45}
    assert str(late.id) in mirror.entries


def test_many_bookings_come_in_pages(shape, world, mirror, monkeypatch):
    monkeypatch.setattr(shape, "most_worklogs", 4)
    ticket = world.ticket()
    at_once = world.tick()
    for _number in range(15):
        # All typed in within one second, as by an import.
        entry = world.book(ticket, 10)
        entry.changed = at_once.replace(microsecond=1000 * len(world.entries))
    world.book(ticket, 10)
    mirror.run()
    assert mirror.minutes() == {ticket.id: 160}


def test_deletions_before_a_run_that_failed_are_not_missed(remote, world, mirror):
    """It had read later bookings already, but not what was deleted."""
    ticket = world.ticket()
    deleted, kept = world.book(ticket, 30), world.book(ticket, 15)
    mirror.run()
    world.delete(deleted)
    world.tick(hours=1)
    world.book(ticket, 5)
    remote.inject("status", 99, path="/worklog/deleted", status=400)
    with pytest.raises(errors.InvalidRequest):
        mirror.run()
    assert mirror.interrupted and mirror.minutes() == {ticket.id: 50}
    remote.faults.clear()
    mirror.run()
    assert mirror.minutes() == {ticket.id: 20}
    assert str(kept.id) in mirror.entries


def test_bookings_of_other_projects_stay_away(
    shape, world, mirror, remote, monkeypatch
):
    monkeypatch.setattr(shape, "most_worklogs", 2)
    billed, other = world.ticket(), world.ticket(raw={"project": "DEV"})
    world.book(billed, 30)
    for _number in range(3):
        world.book(other, 99)
    mirror.run(projects="SUP")
    assert set(mirror.tickets) == {str(billed.id)}
    assert mirror.minutes() == {billed.id: 30}
    # Its ticket is asked for once a run, not for every page.
    asked = [r for r in remote.requests if r.path.endswith("/issue/bulkfetch")]
    assert len(asked) == 1


def test_a_log_in_that_is_refused_is_no_empty_answer(world, mirror):
    world.book(world.ticket(), 30)
    with pytest.raises(errors.AuthError):
        mirror.run(secret="wrong")
