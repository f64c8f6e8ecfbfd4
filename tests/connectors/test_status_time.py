"""Times derived from changes of state: never more than there was business time."""

import datetime
import itertools
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from replay_server import ReplayServer

from ticket_billing_connectors.systems.base import Connection
from ticket_billing_connectors.systems.records import RemoteStatusChange
from ticket_billing_connectors.systems.registry import SYSTEMS
from ticket_billing_connectors.systems.status_time import (
    DayBooking,
    Span,
    suggest,
    within,
    without,
    working_spans,
)
from ticket_billing_connectors.transport.address_guard import AddressPolicy

RECORDINGS = Path(__file__).parent / "recordings"
BERLIN = ZoneInfo("Europe/Berlin")
STATES = ["in progress"]
DAY = datetime.date(2026, 3, 2)  # a Monday


def at(text, day=DAY, zone=BERLIN, fold=0):
    time = datetime.time.fromisoformat(text).replace(fold=fold)
    return datetime.datetime.combine(day, time, zone).astimezone(UTC)


def hours(day=DAY, *spans):
    """Business hours of a day; 8 to 17 with an hour's break."""
    spans = spans or (("08:00", "12:00"), ("13:00", "17:00"))
    return [(at(start, day), at(stop, day)) for start, stop in spans]


def change(text, state, agent="anna", day=DAY):
    return RemoteStatusChange(at(text, day), state, agent)


def minutes(spans):
    return [span.minutes for span in spans]


def test_from_a_working_state_to_the_next():
    changes = [
        change("08:30", "new"),
        change("09:00", "In Progress"),
        change("09:45", "waiting"),
        change("10:00", "in progress", "bert"),
        change("11:00", "closed", "anna"),
    ]
    spans = suggest(changes, STATES, hours())
    assert [(s.who, s.minutes) for s in spans] == [("anna", 45), ("bert", 60)]
    assert suggest(reversed(changes), STATES, hours()) == spans


def test_breaks_nights_and_holidays_do_not_count():
    tuesday = DAY + datetime.timedelta(days=1)  # a holiday: no business hours
    wednesday = DAY + datetime.timedelta(days=2)
    changes = [
        change("11:00", "in progress"),
        change("09:30", "closed", day=wednesday),
    ]
    business = hours() + hours(wednesday)
    assert minutes(suggest(changes, STATES, business)) == [60, 240, 90]
    days = {s.start.date() for s in suggest(changes, STATES, business)}
    assert tuesday not in days


def test_what_is_not_finished_says_nothing():
    assert suggest([change("09:00", "in progress")], STATES, hours()) == []


def test_somebody_else_takes_over():
    changes = [
        change("09:00", "in progress", "anna"),
        change("10:00", "in progress", "bert"),
        change("10:20", "closed", "bert"),
    ]
    spans = suggest(changes, STATES, hours())
    assert [(s.who, s.minutes) for s in spans] == [("anna", 60), ("bert", 20)]


def test_reopened_ticket():
    changes = [
        change("09:00", "in progress"),
        change("09:30", "closed"),
        change("14:00", "in progress"),
        change("14:10", "closed"),
    ]
    assert minutes(suggest(changes, STATES, hours())) == [30, 10]


def test_night_the_clock_is_set_back():
    night = datetime.date(2026, 10, 25)
    changes = [
        RemoteStatusChange(at("01:30", night), "in progress", "anna"),
        RemoteStatusChange(at("02:30", night, fold=1), "closed", "anna"),
    ]
    business = [(at("00:00", night), at("06:00", night))]
    assert minutes(suggest(changes, STATES, business)) == [120]


def test_night_the_clock_is_set_forward():
    night = datetime.date(2026, 3, 29)
    changes = [
        RemoteStatusChange(at("01:30", night), "in progress", "anna"),
        RemoteStatusChange(at("03:30", night), "closed", "anna"),
    ]
    business = [(at("00:00", night), at("06:00", night))]
    assert minutes(suggest(changes, STATES, business)) == [60]


def test_booked_times_leave_the_rest():
    changes = [change("09:00", "in progress"), change("11:00", "closed")]
    booked = [
        Span("anna", at("09:30"), at("10:00")),
        Span("bert", at("10:00"), at("11:00")),
    ]
    assert minutes(suggest(changes, STATES, hours(), booked)) == [30, 60]
    everything = [Span("anna", at("08:00"), at("12:00"))]
    assert suggest(changes, STATES, hours(), everything) == []


def test_bookings_of_a_day_take_its_first_minutes():
    tuesday = DAY + datetime.timedelta(days=1)
    changes = [change("11:30", "in progress"), change("09:00", "closed", day=tuesday)]
    business = hours() + hours(tuesday)
    booked = [DayBooking("anna", DAY, 60), DayBooking("bert", DAY, 60)]
    spans = suggest(changes, STATES, business, day_bookings=booked, zone=BERLIN)
    assert [(s.start, s.minutes) for s in spans] == [
        (at("13:30"), 210),
        (at("08:00", tuesday), 60),
    ]


def test_less_than_a_minute_is_left_out():
    changes = [
        RemoteStatusChange(at("09:00:00"), "in progress", "anna"),
        RemoteStatusChange(at("09:00:59"), "closed", "anna"),
        RemoteStatusChange(at("10:00:00"), "in progress", "anna"),
        RemoteStatusChange(at("10:01:59"), "closed", "anna"),
    ]
    assert minutes(suggest(changes, STATES, hours())) == [1]


# Properties

TIMES = st.datetimes(
    datetime.datetime(2026, 3, 27),
    datetime.datetime(2026, 4, 3),
    timezones=st.just(UTC),
)
CHANGES = st.lists(
    st.builds(
        RemoteStatusChange,
        TIMES,
        st.sampled_from(["in progress", "on site", "waiting", "closed"]),
        st.sampled_from(["anna", "bert"]),
    ),
    max_size=12,
)
INTERVALS = st.lists(
    st.tuples(TIMES, TIMES).map(lambda pair: tuple(sorted(pair))), max_size=6
)
BOOKED = st.lists(
    st.builds(
        lambda who, pair: Span(who, *sorted(pair)),
        st.sampled_from(["anna", "bert"]),
        st.tuples(TIMES, TIMES),
    ),
    max_size=5,
)
WORKING = ["in progress", "on site"]
NOTHING = datetime.timedelta()


def overlap(one, other):
    return max(min(one[1], other[1]) - max(one[0], other[0]), NOTHING)


def business_time(span, business):
    """Time of ``span`` in business hours, counted without the code under test."""
    borders = sorted({t for pair in business for t in pair} | {span.start, span.stop})
    return sum(
        (
            stop - start
            for start, stop in itertools.pairwise(borders)
            if span.start <= start < span.stop
            and any(a <= start and stop <= b for a, b in business)
        ),
        NOTHING,
    )


@given(CHANGES, INTERVALS, BOOKED)
def test_never_more_than_business_time(changes, business, booked):
    spans = suggest(changes, WORKING, business, booked)
    worked = working_spans(changes, WORKING)
    possible = sum((business_time(span, business) for span in worked), NOTHING)
    assert sum(minutes(spans)) * 60 <= possible.total_seconds()
    for span in spans:
        assert business_time(span, business) == span.length
        assert any(
            w.who == span.who and w.start <= span.start and span.stop <= w.stop
            for w in worked
        )
        for taken in booked:
            if taken.who == span.who:
                pair = (taken.start, taken.stop)
                assert overlap((span.start, span.stop), pair) == NOTHING


@given(CHANGES, INTERVALS, BOOKED)
def test_no_time_twice_and_none_lost(changes, business, booked):
    """Suggested and booked time together are all the working time."""
    spans = within(working_spans(changes, WORKING), business)
    for one, other in itertools.combinations(spans, 2):
        assert overlap((one.start, one.stop), (other.start, other.stop)) == NOTHING
    rest = without(spans, booked)
    # A point of time is in the rest, or booked, or no working time.
    points = (
        {s.start for s in spans} | {b.start for b in booked} | {b.stop for b in booked}
    )
    for who, point in itertools.product(("anna", "bert"), points):
        held = [
            [s for s in some if s.who == who and s.start <= point < s.stop]
            for some in (spans, rest, booked)
        ]
        assert bool(held[1]) == bool(held[0] and not held[2])


@given(CHANGES, INTERVALS, st.integers(0, 2000))
def test_bookings_of_a_day_take_no_more_than_they_are(changes, business, booked):
    day = datetime.date(2026, 3, 30)
    plain = within(working_spans(changes, WORKING), business)
    booking = DayBooking("anna", day, booked)
    rest = suggest(changes, WORKING, business, day_bookings=[booking])
    before = sum((span.length for span in plain), NOTHING)
    after = sum((span.length for span in rest), NOTHING)
    # What is shorter than a minute is left out besides.
    slack = datetime.timedelta(minutes=len(plain))
    assert before - after <= datetime.timedelta(minutes=booked) + slack


# What systems tell


def test_recorded_history_of_znuny(open_znuny):
    policy = AddressPolicy(allow_http=True, private_hosts=frozenset({"127.0.0.1"}))
    with ReplayServer(RECORDINGS / "znuny") as server:
        connection = Connection(
            server.url, "agent.anna", "replay", policy=policy, with_status=True
        )
        client = SYSTEMS["znuny"].open(connection, {})
        pages = list(client.changes("2020-01-01 00:00:00"))
        client.close()
        silent = open_znuny(server)
        assert not any(
            page.status_changes for page in silent.changes("2020-01-01 00:00:00")
        )
    changes = {k: v for page in pages for k, v in page.status_changes.items()}
    utc = [(c.at.strftime("%H:%M"), c.state, c.agent_key) for c in changes["5"][:2]]
    assert utc == [("09:00", "new", "1"), ("09:20", "open", "3")]
    assert changes.keys() == {t.remote_id for page in pages for t in page.tickets}
