"""Systems that only know the total of a ticket's time."""

import pytest

from ticket_billing_connectors.systems.records import entry_problem


@pytest.fixture(autouse=True)
def _only_totals(shape):
    if not shape.counts_only:
        pytest.skip("knows each booking")


def minutes(mirror):
    return [entry.minutes for entry in mirror.entries.values()]


def test_each_run_books_what_the_total_grew_by(world, mirror):
    ticket = world.ticket()
    world.book(ticket, 30)
    mirror.run()
    world.book(ticket, 20)
    world.book(ticket, 5)
    mirror.run()
    mirror.run()
    assert minutes(mirror) == [30, 25]
    places = [key.partition("#") for key in mirror.entries]
    assert [number for _total, _sign, number in places] == ["1", "2"]
    assert all(total.startswith(f"{ticket.id}:") for total, _sign, _number in places)


def test_a_lowered_total_is_for_a_person_to_decide(world, mirror):
    ticket = world.ticket()
    world.book(ticket, 30)
    wrong = world.book(ticket, 30)
    mirror.run()
    world.delete(wrong)
    mirror.run()
    world.book(ticket, 30)
    mirror.run()
    assert minutes(mirror) == [60, -30, 30]
    problems = [entry_problem(e, world.now) for e in mirror.entries.values()]
    assert problems == ["", "invalid_minutes", ""]


def test_seconds_are_rounded_once(world, mirror):
    """Ten times 61 seconds are 11 minutes, not 20."""
    ticket = world.ticket()
    for _number in range(10):
        world.book(ticket, 0, amount=61 / 60)
        mirror.run()
    assert sum(minutes(mirror)) == 11
