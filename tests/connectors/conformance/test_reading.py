"""What every system must do when nothing goes wrong."""

import datetime

import pytest

from ticket_billing_connectors.systems.hook_event import HookEvent, read_event
from ticket_billing_connectors.systems.records import (
    STEPS,
    entry_problem,
    ticket_problem,
)
from ticket_billing_connectors.systems.registry import SYSTEMS
from ticket_billing_connectors.transport import errors
from ticket_billing_connectors.transport.signatures import SCHEMES


def minutes_of(world):
    totals = {}
    for entry in world.entries.values():
        totals[entry.ticket] = totals.get(entry.ticket, 0) + entry.minutes
    return totals


def test_tickets_and_bookings_come_as_they_are(world, mirror):
    open_ticket, closed = world.ticket(title="Drucker"), world.ticket(closed=True)
    entry = world.book(open_ticket, 45, text="Toner getauscht")
    world.book(closed, 10)
    mirror.run()
    assert set(mirror.tickets) == {str(open_ticket.id), str(closed.id)}
    ticket = mirror.tickets[str(open_ticket.id)]
    assert (ticket.title, ticket.closed) == ("Drucker", False)
    assert ticket.changed == world.tickets[open_ticket.id].changed
    assert ticket.number and ticket.customer_key and ticket.url.startswith("http")
    closed = mirror.tickets[str(closed.id)]
    assert closed.closed and closed.closed_at is not None
    assert mirror.minutes() == minutes_of(world)
    kept = next(e for e in mirror.entries.values() if e.minutes == 45)
    assert kept.ticket_remote_id == str(open_ticket.id)
    assert kept.agent_key in mirror.agents
    assert entry_problem(kept, world.now) == ""
    when = kept.start or kept.booked_at
    assert abs(when - entry.worked) < datetime.timedelta(hours=24)


def test_a_second_run_brings_nothing_new(world, mirror):
    for _number in range(7):
        world.book(world.ticket())
    mirror.run(page_size=3)
    kept = dict(mirror.tickets), dict(mirror.entries)
    mirror.run(page_size=3)
    assert mirror.changes == 0
    assert kept == (mirror.tickets, mirror.entries)


def test_what_changes_later_comes(world, mirror):
    ticket = world.ticket()
    entry = world.book(ticket, 30)
    mirror.run()
    world.change(ticket, title="Scanner")
    world.change(entry, minutes=60)
    world.book(ticket, 15)
    new = world.ticket()
    world.book(new, 5)
    mirror.run()
    assert mirror.tickets[str(ticket.id)].title == "Scanner"
    assert mirror.minutes() == minutes_of(world)


def test_a_booking_moved_to_another_day_is_kept(world, mirror):
    entry = world.book(world.ticket(), 30)
    world.tick(days=20)
    world.book(world.ticket(), 5)
    mirror.run()
    world.change(entry, worked=entry.worked - datetime.timedelta(days=50))
    mirror.run()
    assert mirror.minutes() == minutes_of(world)


def test_a_deleted_booking_goes(world, mirror):
    ticket = world.ticket()
    kept, deleted = world.book(ticket, 30), world.book(ticket, 20)
    mirror.run()
    world.delete(deleted)
    mirror.run()
    assert mirror.minutes() == {ticket.id: kept.minutes}


def test_time_of_a_merged_ticket_counts_once(shape, world, mirror):
    old, new = world.ticket(), world.ticket()
    world.book(old, 30)
    world.book(new, 20)
    mirror.run(page_size=1)
    world.merge(old, new, shape.moves_time and not shape.counts_only)
    mirror.run(page_size=1)
    assert mirror.minutes() == minutes_of(world)
    assert mirror.tickets[str(old.id)].closed
    assert len(mirror.entries) == 2


def test_minutes_survive_the_unit(shape, world, mirror):
    ticket = world.ticket()
    for minutes in range(1, 62):
        world.book(ticket, minutes)
        if shape.counts_only:
            mirror.run()
    mirror.run()
    assert sorted(e.minutes for e in mirror.entries.values()) == list(range(1, 62))


def test_one_ticket_can_be_read_again(world, mirror):
    first, second = world.ticket(), world.ticket(title="Wanted")
    world.book(second, 25)
    page = mirror.open().read_again([str(second.id), "999999"])
    assert [ticket.title for ticket in page.tickets] == ["Wanted"]
    assert first.id != second.id


def test_connection_test_passes(world, mirror):
    for minutes in (10, 20):
        world.book(world.ticket(), minutes)
    checks = mirror.open().check()
    assert [check.step for check in checks] == list(STEPS)
    assert [check.error for check in checks] == [None] * len(STEPS)
    assert checks[-1].facts["minutes"] in (10, 20)


def test_connection_test_says_what_is_wrong(world, mirror):
    assert mirror.open("wrong").check()[-1].step == "log_in"
    assert mirror.open("wrong").check()[-1].error.code == "auth"
    assert mirror.open().check()[-1].step == "rights"


def test_write_back(shape, world, remote, mirror):
    ticket = world.ticket()
    client = mirror.open()
    for kind in shape.kinds_of_write_back:
        client.write_back(kind, str(ticket.id), "INV/2026/0001", name="7")
        assert world.written[-1][:2] == (kind, ticket.id)
        assert "INV/2026/0001" in world.written[-1][2]
    assert set(shape.kinds_of_write_back) == set(client.declaration.write_back)


def test_written_notes_are_found(world, mirror):
    ticket, other = world.ticket(), world.ticket()
    client = mirror.open()
    client.write_back("note", str(ticket.id), "Billed with INV/2026/0001 [7-1]")
    if client.declaration.notes is None:
        assert client.has_note(str(ticket.id), "[7-1]") is None
        return
    assert client.has_note(str(ticket.id), "[7-1]") is True
    assert client.has_note(str(ticket.id), "[7-2]") is False
    assert client.has_note(str(other.id), "[7-1]") is False


def test_a_note_is_not_sent_again_unasked(world, remote, mirror):
    """The server may have taken it: only a person, or a look, can tell."""
    ticket = world.ticket()
    client = mirror.open()
    client.read_again([str(ticket.id)])
    remote.inject("status", times=1, status=500)
    with pytest.raises(errors.Transient):
        client.write_back("note", str(ticket.id), "INV/2026/0001")
    assert world.written == []


def test_what_was_written_is_taken_back(shape, world, mirror):
    ticket = world.ticket()
    client = mirror.open()
    for kind in client.declaration.take_back:
        client.write_back(kind, str(ticket.id), "INV/2026/0001", name="7")
        client.take_back(kind, str(ticket.id), "INV/2026/0001", name="7")
        assert world.written[-1] == (f"no {kind}", ticket.id, "INV/2026/0001")
    if "field" in shape.kinds_of_write_back:
        client.write_back("field", str(ticket.id), "", name="7")
        assert world.written[-1] == ("field", ticket.id, "")


def test_webhook(shape):
    webhook = SYSTEMS[shape.code].webhook
    assert webhook.signature in SCHEMES
    example = shape.webhook()
    if example is None:
        event = read_event(webhook, {}, {"ticket_id": 81, "event_id": "e-1"})
        assert event == HookEvent("e-1", "81")
        return
    headers, body, event_id, ticket_id = example
    names = {name.lower(): value for name, value in headers.items()}
    assert read_event(webhook, names, body) == HookEvent(event_id, ticket_id)


def test_a_change_that_becomes_visible_late_comes(world, mirror):
    """It was dated when it began, a little before what was read already."""
    world.ticket()
    mirror.run()
    late = world.ticket(changed=world.now - datetime.timedelta(minutes=3))
    mirror.run()
    assert str(late.id) in mirror.tickets


def test_garbage_is_told_apart(shape, world, mirror):
    title = "Nul \x00 emoji 🖨"
    ticket = world.ticket(title=title)
    long = world.ticket(title="x" * 100_000)
    world.book(ticket, 30)
    bad = []
    for value in ("12x", -3, "1e9"):
        if shape.counts_only:
            mirror.run()
        bad.append(world.book(ticket, 0, amount=value))
    mirror.run()
    assert mirror.tickets[str(ticket.id)].title == "Nul  emoji 🖨"
    assert ticket_problem(mirror.tickets[str(long.id)]) == "invalid_record"
    problems = [entry_problem(e, world.now) for e in mirror.entries.values()]
    assert sorted(problems) == ["", *["invalid_minutes"] * len(bad)]
