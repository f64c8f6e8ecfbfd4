"""What is special about Freshdesk."""

import pytest

from ticket_billing_connectors.transport import errors

ONLY = ["freshdesk"]


def test_more_tickets_than_a_list_has_pages(world, mirror):
    """Lists end with page 300: the next one starts at the last change."""
    for _number in range(305):
        world.ticket()
    mirror.run(page_size=1)
    assert len(mirror.tickets) == 305


def test_more_tickets_of_one_time_than_a_list_has_pages(world, mirror, remote):
    now = world.tick()
    for _number in range(301):
        world.ticket(changed=now)
    with pytest.raises(errors.InvalidRequest, match="page: invalid_value"):
        mirror.run(page_size=1)
    (problem,) = remote.undocumented
    assert "301 is greater than the maximum" in problem
    remote.undocumented.clear()


def test_a_timer_comes_when_it_has_stopped(world, mirror):
    entry = world.book(world.ticket(), 0, raw={"timer_running": True})
    mirror.run()
    assert not mirror.entries
    world.change(entry, minutes=25, raw={})
    mirror.run()
    assert mirror.minutes() == {entry.ticket: 25}
    # Started again: its minutes stay what they were.
    world.change(entry, raw={"timer_running": True})
    mirror.run()
    assert mirror.minutes() == {entry.ticket: 25}


def test_bookings_of_a_ticket_in_the_trash_go_with_it(world, mirror):
    ticket, kept = world.ticket(), world.ticket()
    entry = world.book(ticket, 30)
    world.book(kept, 20)
    mirror.run()
    world.change(ticket, deleted=True)
    del world.entries[entry.id], world.tickets[ticket.id]
    mirror.run()
    assert mirror.minutes() == {kept.id: 20}


def test_known_tickets_are_not_read_for_their_bookings(world, mirror, remote):
    """They can only be read one by one, and the window holds very many."""
    old = world.ticket(changed=world.now.replace(year=2025))
    world.book(old, 5)
    for _number in range(4):
        world.book(world.ticket(), 10)
    mirror.run()
    assert str(old.id) in mirror.tickets
    world.tick(hours=1)
    remote.requests.clear()
    mirror.run()
    paths = [request.path.removeprefix("/api/v2") for request in remote.requests]
    assert sorted(paths) == ["/agents/5", "/tickets", "/time_entries"]
    assert mirror.changes == 0


def test_a_tag_is_added_to_those_that_are_there(world, mirror, remote):
    ticket = world.ticket()
    client = mirror.open()
    client.write_back("tag", str(ticket.id), "billed")
    assert ticket.raw["tags"] == ["onsite", "billed"]
    written = len(world.written)
    client.write_back("tag", str(ticket.id), "billed")
    assert len(world.written) == written


def test_notes_are_html(world, mirror):
    ticket = world.ticket()
    mirror.open().write_back("note", str(ticket.id), "Müller & Söhne <1>\nINV/1")
    assert world.written[-1][2] == "Müller &amp; Söhne &lt;1&gt;<br>INV/1"


def test_requests_are_spread_over_the_minute(world, mirror):
    world.ticket()
    mirror.run(per_minute=60)
    for _number in range(12):
        mirror.run(per_minute=60)
    assert max(mirror.waits) > 0.5
