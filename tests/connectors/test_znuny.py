"""Znuny: what its answers become, and how its oddities are survived."""

import dataclasses
import datetime
import itertools
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest
from replay_server import ReplayServer

from ticket_billing_connectors.systems.records import (
    RemoteTicket,
    RemoteTimeEntry,
    entry_problem,
    fingerprint,
    from_json,
    ticket_problem,
    to_json,
    whole_minutes,
)
from ticket_billing_connectors.transport import errors

RECORDINGS = Path(__file__).parent / "recordings"
START = "2020-01-01 00:00:00"
BOOKED = datetime.datetime(2026, 11, 24, 2, 7, 36, tzinfo=UTC)


def read(client, cursor=START):
    """Return all pages as one: tickets and entries by remote id, and the cursor."""
    tickets, entries = {}, {}
    for page in client.changes(cursor):
        assert not tickets.keys() & {t.remote_id for t in page.tickets}
        tickets.update({t.remote_id: t for t in page.tickets})
        entries.update({e.remote_id: e for e in page.entries})
        cursor = page.cursor
    return tickets, entries, cursor


def test_recorded_ticket(recorded, open_znuny):
    client = open_znuny(
        recorded, activity_field="Activity", purchase_order_field="BillingCode"
    )
    tickets, _entries, _cursor = read(client)
    ticket = tickets["5"]
    assert (ticket.number, ticket.title) == ("2026112410000046", "Mail queue stuck")
    assert ticket.description == "Bitte um Hilfe: Mail queue stuck\nGrüße"
    assert (ticket.customer_key, ticket.contact_key) == ("ACME", "max.mueller")
    assert ticket.contact_email == "max.mueller@acme.example"
    assert (ticket.closed, ticket.state) == (False, "pending reminder")
    assert ticket.changed == BOOKED
    assert ticket.purchase_order == "PRJ-003"
    assert ticket.url == (
        f"{recorded.url}/otrs/index.pl?Action=AgentTicketZoom;TicketID=5"
    )


def test_recorded_bookings_are_single_with_agent_activity_and_text(
    recorded, open_znuny
):
    """Ticket 5: two bookings on one article, one by somebody else, 45.5 units."""
    client = open_znuny(recorded, activity_field="Activity", entry_text="subject")
    _tickets, entries, _cursor = read(client)
    of_ticket = [e for e in entries.values() if e.ticket_remote_id == "5"]
    assert [
        (e.minutes, e.raw_value, e.agent_key, e.activity, e.text) for e in of_ticket
    ] == [
        (15, "15", "3", "remote", "Work step 1"),
        (5, "5", "3", "remote", "Work step 1"),
        (30, "30", "2", "onsite", "Work step 2"),
        (46, "45.5", "3", "remote", "Work step 3"),
    ]
    assert [e.internal for e in of_ticket] == [False, False, True, True]
    assert of_ticket[0].remote_id == "a9/2026-11-24 02:07:36/15/1"
    assert of_ticket[0].stop == BOOKED
    assert of_ticket[0].start == BOOKED - datetime.timedelta(minutes=15)


def test_text_of_a_booking_is_the_note_itself_by_default(recorded, open_znuny):
    _tickets, entries, _cursor = read(open_znuny(recorded))
    entry = entries["a9/2026-11-24 02:07:36/15/1"]
    assert entry.text == "Did step 1 on Mail queue stuck."


def test_recorded_closed_ticket(recorded, open_znuny):
    tickets, _entries, cursor = read(open_znuny(recorded))
    assert tickets["14"].closed
    assert tickets["14"].closed_at == datetime.datetime(
        2026, 11, 24, 2, 10, 50, tzinfo=UTC
    )
    assert cursor == "2026-11-24 02:10:50"


def test_agents_are_known_by_the_tickets_they_own(recorded, open_znuny):
    pages = list(open_znuny(recorded).changes(START))
    agents = {agent.key: agent.login for page in pages for agent in page.agents}
    assert agents["2"] == "agent.anna" and agents["3"] == "agent.bert"


@pytest.mark.parametrize(
    ("anchor", "start", "stop"),
    [
        ("end", BOOKED - datetime.timedelta(minutes=30), BOOKED),
        ("start", BOOKED, BOOKED + datetime.timedelta(minutes=30)),
        ("unknown", None, None),
    ],
)
def test_what_the_booking_time_marks(replay, open_znuny, anchor, start, stop):
    replay.add_ticket(1, "2026-11-24 02:00:00", [(0.5, 2, "2026-11-24 02:07:36")])
    client = open_znuny(replay, minutes_per_unit=Decimal(60), booking_time=anchor)
    _tickets, entries, _cursor = read(client)
    (entry,) = entries.values()
    assert (entry.minutes, entry.start, entry.stop) == (30, start, stop)
    assert entry.booked_at == BOOKED


def test_server_time_zone(replay, open_znuny):
    replay.add_ticket(1, "2026-07-01 12:00:00")
    replay.add_ticket(2, "2026-12-01 12:00:00")
    tickets, _entries, _cursor = read(open_znuny(replay, time_zone="Europe/Berlin"))
    assert [t.changed.hour for t in tickets.values()] == [10, 11]


def test_same_booking_twice_is_two_entries_with_stable_ids(replay, open_znuny):
    ticket = replay.add_ticket(1, "2026-11-24 02:00:00")
    article = replay.book(1, 15, 2, "2026-11-24 02:00:00")
    replay.histories["1"].append(dict(replay.histories["1"][-1]))
    ticket["TimeUnit"] = 30
    client = open_znuny(replay)
    _tickets, first, _cursor = read(client)
    _tickets, second, _cursor = read(client)
    assert first == second
    assert set(first) == {f"a{article}/2026-11-24 02:00:00/15/{n}" for n in (1, 2)}


def test_merge_keeps_the_identity_of_a_booking(replay, open_znuny):
    replay.add_ticket(1, "2026-11-24 02:00:00", [(15, 2, "2026-11-24 02:00:00")])
    replay.add_ticket(2, "2026-11-24 02:01:00")
    client = open_znuny(replay)
    _tickets, before, _cursor = read(client)
    merge(replay, 1, 2, "2026-11-24 03:00:00")
    tickets, after, _cursor = read(client)
    assert set(before) == set(after)
    assert [e.ticket_remote_id for e in after.values()] == ["2"]
    assert (tickets["1"].merged_into, tickets["1"].closed) == ("2", True)


def merge(replay, source, target, when):
    """Do what a merge does: articles and their history go to the other ticket."""
    old, new = replay.tickets[str(source)], replay.tickets[str(target)]
    rows = replay.histories[str(source)]
    moved = [row for row in rows if row["ArticleID"]]
    replay.histories[str(target)] += moved
    name = f"%%{old['TicketNumber']}%%{source}%%{new['TicketNumber']}%%{target}"
    note = {**rows[0], "HistoryType": "Merged", "Name": name, "CreateTime": when}
    replay.histories[str(source)] = [rows[0], note]
    new["Article"], old["Article"] = new["Article"] + old["Article"], []
    new["TimeUnit"], old["TimeUnit"] = new["TimeUnit"] + old["TimeUnit"], 0
    old.update(State="merged", StateType="merged", Changed=when)
    new["Changed"] = when


# Reading on


def test_pages_and_resuming(replay, open_znuny):
    for number in range(1, 24):
        replay.add_ticket(number, f"2026-11-24 02:00:{number:02d}")
    client = open_znuny(replay, page_size=5)
    first = list(itertools.islice(client.changes(START), 2))
    seen = {t.remote_id for page in first for t in page.tickets}
    tickets, _entries, cursor = read(client, first[-1].cursor)
    assert seen | set(tickets) == {str(number) for number in range(1, 24)}
    assert cursor == "2026-11-24 02:00:23"


def test_cursor_stays_when_nothing_is_new(replay, open_znuny):
    replay.add_ticket(1, "2026-11-24 02:00:00")
    client = open_znuny(replay)
    _tickets, _entries, cursor = read(client)
    for _run in range(3):
        _tickets, _entries, cursor = read(client, client.rewind(cursor))
    assert cursor == "2026-11-24 02:00:00"


def test_watermark_is_the_remote_one_even_if_its_clock_is_off(replay, open_znuny):
    """R-19: nothing is compared with our own clock."""
    for cursor in ("2031-01-01 00:00:00", "2001-01-01 00:00:00"):
        replay.tickets.clear()
        replay.add_ticket(1, cursor)
        client = open_znuny(replay)
        assert read(client, START if cursor > START else "2000-06-01 00:00:00")[2] == (
            cursor
        )


def test_changes_committed_late_are_found_by_the_overlap(replay, open_znuny):
    replay.add_ticket(1, "2026-11-24 02:10:00")
    client = open_znuny(replay)
    _tickets, _entries, cursor = read(client)
    replay.add_ticket(2, "2026-11-24 02:06:00")
    tickets, _entries, _cursor = read(client, client.rewind(cursor))
    assert "2" in tickets


def test_hour_that_comes_twice_when_the_clock_goes_back(replay, open_znuny):
    """25 October 2026, Berlin: 02:10 comes after 02:55."""
    replay.add_ticket(1, "2026-10-25 02:55:00")
    client = open_znuny(replay, time_zone="Europe/Berlin")
    _tickets, _entries, cursor = read(client)
    replay.add_ticket(2, "2026-10-25 02:10:00")
    tickets, _entries, cursor = read(client, client.rewind(cursor))
    assert "2" in tickets
    assert cursor == "2026-10-25 02:55:00"


def test_ticket_changed_between_search_and_load_hides_no_other(replay, open_znuny):
    for number in range(1, 11):
        replay.add_ticket(number, f"2026-11-24 02:00:{number:02d}")

    def change():
        replay.tickets["4"]["Changed"] = "2026-11-24 05:00:00"

    replay.inject("hook", path="/TicketList", action=change)
    tickets, _entries, _cursor = read_with_repeats(open_znuny(replay, page_size=4))
    assert set(tickets) == {str(number) for number in range(1, 11)}


def read_with_repeats(client):
    tickets = {}
    for page in client.changes(START):
        tickets.update({t.remote_id: t for t in page.tickets})
    return tickets, None, page.cursor


def test_unreadable_ticket_does_not_hide_the_batch(replay, open_znuny):
    for number in range(1, 9):
        replay.add_ticket(number, f"2026-11-24 02:00:{number:02d}")

    def forget():
        del replay.tickets["3"]

    replay.inject("hook", path="/TicketList", action=forget)
    tickets, _entries, _cursor = read(open_znuny(replay))
    assert set(tickets) == {str(number) for number in (1, 2, 4, 5, 6, 7, 8)}


def test_same_page_forever_is_an_error(replay, open_znuny):
    for number in range(1, 11):
        replay.add_ticket(number, f"2026-11-24 02:00:{number:02d}")
    replay.inject("body", times=999, path="/Ticket", body={"TicketID": ["1", "2"]})
    replay.faults[0].path = "GenericTicketConnectorREST/Ticket"
    original = replay.take_fault

    def only_search(path):
        return original(path) if path.endswith("/Ticket") else None

    replay.take_fault = only_search
    with pytest.raises(errors.LoopDetected):
        read(open_znuny(replay, page_size=2))


def test_fault_in_the_middle_leaves_earlier_pages(replay, open_znuny):
    for number in range(1, 10):
        replay.add_ticket(number, f"2026-11-24 02:00:{number:02d}")
    pages = open_znuny(replay, page_size=4).changes(START)
    first = next(pages)
    replay.inject("status", times=9, status=500)
    with pytest.raises(errors.Transient):
        next(pages)
    assert first.cursor == "2026-11-24 02:00:04"


# Sessions and errors inside HTTP 200


def test_expired_session_is_renewed_once(recorded, open_znuny):
    recorded.inject("expired", path="/TicketList")
    tickets, _entries, _cursor = read(open_znuny(recorded))
    assert "5" in tickets
    logins = [path for _method, path in recorded.requests if path.endswith("/Session")]
    assert len(logins) == 2


def test_wrong_password(recorded, open_znuny):
    client = open_znuny(recorded, password="wrong")
    with pytest.raises(errors.AuthError) as caught:
        read(client)
    assert "wrong" not in str(caught.value)
    assert len(recorded.requests) == 1


def test_session_that_is_never_accepted_ends(recorded, open_znuny):
    recorded.inject(
        "body",
        times=99,
        path="ST/Ticket",
        body={"Error": {"ErrorCode": "TicketSearch.AuthFail", "ErrorMessage": "x"}},
    )
    with pytest.raises(errors.AuthError):
        read(open_znuny(recorded))
    assert len(recorded.requests) == 2


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TicketSearch.AccessDenied", errors.PermissionDenied),
        ("TicketSearch.WrongStructure", errors.InvalidRequest),
        ("Webservice.InvalidConfiguration", errors.InvalidRequest),
    ],
)
def test_errors_inside_status_200(recorded, open_znuny, code, error):
    recorded.inject(
        "body", path="ST/Ticket", body={"Error": {"ErrorCode": code}}, times=99
    )
    with pytest.raises(error, match=code):
        read(open_znuny(recorded))


def test_unknown_setting_and_time_zone(recorded, open_znuny):
    with pytest.raises(errors.InvalidRequest, match="colour"):
        open_znuny(recorded, colour="red")
    with pytest.raises(errors.InvalidRequest, match="zone"):
        open_znuny(recorded, time_zone="Mars/Olympus")


# Connection test


def failing_step(client):
    return client.check()[-1].step


def test_check_names_an_example_booking(recorded, open_znuny):
    checks = open_znuny(recorded, activity_field="Activity").check()
    assert [c.step for c in checks] == [
        "address",
        "tls",
        "service",
        "log_in",
        "rights",
        "time",
    ]
    assert all(c.error is None for c in checks)
    assert checks[-1].facts == {
        "ticket": "2026112410000135",
        "units": "7.25",
        "minutes": 8,
    }


def test_check_names_the_failing_step(recorded, replay, open_znuny):
    assert failing_step(open_znuny(recorded, password="x")) == "log_in"
    assert failing_step(open_znuny(recorded, activity_field="Nothing")) == "time"
    assert failing_step(open_znuny(recorded, service="Other")) == "service"
    assert failing_step(open_znuny(recorded, route_search="GET /No")) == "service"
    assert failing_step(open_znuny(replay)) == "rights"
    recorded.inject("expired", path="/TicketHistory", times=99)
    assert failing_step(open_znuny(recorded)) == "rights"


def test_check_of_an_address_nobody_listens_at(recorded, open_znuny):
    client = open_znuny(recorded)
    client.connection = dataclasses.replace(
        client.connection, base_url="http://127.0.0.1:9"
    )
    (check,) = client.check()
    assert check.step == "address" and isinstance(check.error, errors.Unreachable)
    client = open_znuny(recorded)
    client.connection = dataclasses.replace(
        client.connection, base_url="http://10.0.0.1"
    )
    (check,) = client.check()
    assert check.step == "address" and isinstance(check.error, errors.AddressRefused)


# Garbage


@pytest.mark.parametrize(
    ("units", "per_unit", "minutes"),
    [
        ("15", 1, 15),
        ("7.25", 1, 8),
        ("12,5", 1, 13),
        (0.1, 15, 2),
        ("1.00", 60, 60),
        ("-5", 1, -5),
        ("", 1, None),
        ("abc", 1, None),
        ("NaN", 1, None),
        ("Infinity", 1, None),
        ("1e999999", 1, None),
    ],
)
def test_units_become_whole_minutes(units, per_unit, minutes):
    assert whole_minutes(units, Decimal(per_unit)) == minutes


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"minutes": None}, "invalid_minutes"),
        ({"minutes": -1}, "invalid_minutes"),
        ({"minutes": 27 * 60}, "invalid_minutes"),
        ({"stop": BOOKED - datetime.timedelta(hours=9)}, "invalid_minutes"),
        ({"start": datetime.datetime(1970, 1, 1, tzinfo=UTC)}, "invalid_record"),
        ({"start": None, "stop": None, "booked_at": None}, "invalid_record"),
        ({"start": BOOKED.replace(year=2030)}, "invalid_minutes"),
        ({"start": None, "booked_at": BOOKED.replace(year=2030)}, "invalid_record"),
    ],
)
def test_invalid_entries(changes, problem):
    entry = RemoteTimeEntry("1", "1", 30, booked_at=BOOKED, start=BOOKED, stop=BOOKED)
    entry = dataclasses.replace(entry, **changes)
    assert entry_problem(entry, BOOKED) == problem


def test_garbage_in_texts(replay, open_znuny):
    title = "Nul \x00 emoji 🖨 half \ud83d"
    replay.add_ticket(1, "2026-11-24 02:00:00", Title="x" * 1_000_000)
    replay.tickets["1"]["Article"][0]["Body"] = "y" * 1_000_000
    replay.add_ticket(2, "2026-11-24 02:00:00", [("12x", 2, "1970-01-01 00:00:00")])
    replay.tickets["2"]["Title"] = title.replace("\ud83d", "")
    tickets, entries, _cursor = read(open_znuny(replay))
    assert ticket_problem(tickets["1"]) == "invalid_record"
    assert len(tickets["1"].description) == 60_000
    assert tickets["2"].title == "Nul  emoji 🖨 half"
    (entry,) = entries.values()
    assert entry.minutes is None and entry.raw_value == "12x"


def test_bookings_that_do_not_add_up_are_noted(replay, open_znuny):
    replay.add_ticket(1, "2026-11-24 02:00:00", [(15, 2, "2026-11-24 02:00:00")])
    replay.tickets["1"]["TimeUnit"] = 40
    (page,) = open_znuny(replay).changes(START)
    assert page.notes == [
        "Ticket 20260000000001: its bookings are 15 units, its total is 40."
    ]


def test_records_survive_storage_as_json(recorded, open_znuny):
    tickets, entries, _cursor = read(open_znuny(recorded))
    for kind, records in ((RemoteTicket, tickets), (RemoteTimeEntry, entries)):
        for record in records.values():
            copy = from_json(kind, to_json(record))
            assert copy == record and fingerprint(copy) == fingerprint(record)
    assert len({fingerprint(e) for e in entries.values()}) == len(entries)


def test_recorded_story(open_znuny):
    """Every booking of a real server comes once, in small pages, and adds up."""
    with ReplayServer(RECORDINGS / "znuny") as server:
        client = open_znuny(server, page_size=5, purchase_order_field="PurchaseOrder")
        tickets, entries, notes = {}, {}, []
        for page in client.changes(START):
            tickets.update({t.remote_id: t for t in page.tickets})
            entries.update({e.remote_id: e for e in page.entries})
            notes += page.notes
    assert (len(tickets), len(entries), notes) == (21, 48, [])
    assert tickets["8"].merged_into == "7"
    assert tickets["5"].purchase_order == "WMB-4711-26"
    shared = [e.agent_key for e in entries.values() if "a24/" in e.remote_id]
    assert shared == ["2", "4"]
    assert {e.minutes for e in entries.values() if not 0 < e.minutes < 1440} == {
        -15,
        0,
        1620,
    }
