"""What every system must survive."""

import datetime
import itertools

import pytest
from mirror import FIRST_DAY

from ticket_billing_connectors.systems.position import Position
from ticket_billing_connectors.transport import errors

PASSING = (
    ("slow", {}),
    ("throttle", {"retry_after": 7}),
    ("status", {"status": 500}),
    ("status", {"status": 502}),
    ("half_json", {}),
    ("cut", {}),
    ("html", {}),
    ("charset", {}),
)
FINAL = (
    ("status", {"status": 401}, errors.AuthError),
    ("status", {"status": 403}, errors.PermissionDenied),
    ("status", {"status": 400}, errors.InvalidRequest),
    ("body", {"body": {"error": "Transaction cancelled"}}, errors.ConnectorError),
    ("body", {"body": ["no", "rows"]}, errors.ConnectorError),
    ("body", {"body": None}, errors.ConnectorError),
    ("redirect", {"location": "http://169.254.169.254/"}, errors.AddressRefused),
    ("redirect", {"location": "http://127.0.0.1:1/"}, errors.AddressRefused),
    ("huge", {"size": 5_000_000}, errors.InvalidRequest),
    ("throttle", {"retry_after": 3600}, errors.Throttled),
)


def fill(world, number=12):
    for minutes in range(1, number + 1):
        world.book(world.ticket(), minutes)


def assert_complete(world, mirror):
    assert set(mirror.tickets) == {str(key) for key in world.tickets}
    for key, ticket in world.tickets.items():
        assert mirror.tickets[str(key)].changed == ticket.changed
    assert sum(mirror.minutes().values()) == sum(
        entry.minutes for entry in world.entries.values()
    )
    assert len(mirror.entries) == len(world.entries)


@pytest.mark.parametrize(("kind", "options"), PASSING)
def test_a_passing_fault_is_survived(remote, world, mirror, kind, options):
    fill(world)
    remote.inject(kind, skip=2, **options)
    mirror.run(page_size=5)
    assert_complete(world, mirror)
    if kind == "throttle":
        assert 7 in mirror.waits


@pytest.mark.parametrize(("kind", "options", "error"), FINAL)
def test_a_lasting_fault_is_named_and_nothing_is_lost(
    remote, world, mirror, shape, kind, options, error
):
    fill(world)
    remote.inject(kind, 99, path=shape.ticket_list, skip=1, **options)
    with pytest.raises(error):
        mirror.run(page_size=5)
    remote.faults.clear()
    mirror.run(page_size=5)
    assert_complete(world, mirror)


def test_same_page_twice(remote, world, mirror, shape):
    fill(world)
    remote.inject("again", 2, path=shape.ticket_list)
    try:
        mirror.run(page_size=5)
    except errors.LoopDetected:
        mirror.run(page_size=5)
    assert_complete(world, mirror)


def test_one_page_for_ever(remote, world, mirror, shape):
    fill(world)
    remote.inject("again", 10_000, path=shape.ticket_list)
    with pytest.raises(errors.LoopDetected):
        mirror.run(page_size=5)


def test_a_ticket_that_moves_while_pages_are_turned(remote, world, mirror, shape):
    fill(world, 14)
    first = next(iter(world.tickets.values()))

    def move():
        world.change(first)

    for skip in (1, 2, 3):
        remote.inject("hook", skip=skip, path=shape.ticket_list, action=move)
    mirror.run(page_size=4)
    assert_complete(world, mirror)


def test_a_ticket_that_leaves_a_time_shared_by_many(remote, world, mirror, shape):
    """The others move up, the next one across the border between two pages."""
    now = world.tick()
    tickets = [world.ticket(changed=now) for _number in range(23)]
    leaving = itertools.cycle(tickets)

    def leave():
        world.change(next(leaving))

    for skip in (1, 3):
        remote.inject("hook", skip=skip, path=shape.ticket_list, action=leave)
    mirror.run(page_size=5)
    assert set(mirror.tickets) == {str(ticket.id) for ticket in tickets}


def test_five_thousand_tickets_with_one_time(world, mirror):
    """Their bookings are left out: some systems are asked for those of each ticket."""
    now = world.tick()
    for _number in range(5_000):
        world.ticket(changed=now)
    client = mirror.open()
    since = client.declaration.tickets.changed
    start = Position.parse(client.first_cursor(FIRST_DAY)).tickets
    chunks = list(client.walk(since).run(start))
    found = [client.pick(since.key, row) for chunk in chunks for row in chunk.items]
    assert sorted(map(int, found)) == sorted(world.tickets)
    assert [chunk.last for chunk in chunks][-2:] == [False, True]
    assert chunks[-1].cursor == now


@pytest.mark.parametrize("minutes", [-10, 10])
def test_remote_clock_is_off(world, mirror, minutes):
    """Only the remote clock counts: what it dates before our time is not missed."""
    world.now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    world.tick(minutes=minutes)
    fill(world, 3)
    mirror.run()
    world.tick(seconds=30)
    fill(world, 2)
    mirror.run()
    assert_complete(world, mirror)


def test_a_change_of_the_year_2099_hides_nothing(world, mirror):
    fill(world, 2)
    world.ticket(changed=datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC))
    mirror.run()
    fill(world, 2)
    mirror.run()
    assert_complete(world, mirror)
