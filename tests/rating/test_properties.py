"""What must hold for any conditions and any work."""

import json
import random
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from builders import BERLIN, conditions
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import (
    CHANGES,
    TODAY,
    all_conditions,
    entries,
    histories,
    prices,
    roundings,
    windows,
)

from ticket_billing.rating import (
    Charge,
    Entry,
    Rate,
    Rounding,
    Window,
    billable_minutes,
    lines,
    rate,
    reproduce,
)
from ticket_billing.rating.money import apportion


def half_up(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@given(all_conditions, entries(), histories)
def test_raw_minutes_are_conserved(terms, work, history):
    raw = Counter()
    for item in rate(terms, work, history=history).items:
        if item.entry is not None:
            raw[item.entry] += item.raw_minutes
    assert raw == Counter({entry.key: entry.minutes for entry in work})


@given(all_conditions, entries(), histories, st.randoms())
def test_order_of_input_is_irrelevant(terms, work, history, chance: random.Random):
    shuffled = chance.sample(work, len(work))
    rating = rate(terms, work, history=history)
    assert rate(terms, shuffled, history=history) == rating


@given(all_conditions, entries(), histories)
def test_lines_multiply_out_and_items_add_up(terms, work, history):
    for line in lines(rate(terms, work, history=history).items):
        factor = 1 - line.discount_percent / 100
        if line.minutes is None:
            gross = line.quantity * line.unit_price
        else:
            gross = line.minutes * line.unit_price / 60
        assert line.net == half_up(gross * factor, terms.currency_decimals)
        assert line.net == sum(item.net for item in line.items)
        for item in line.items:
            same = (item.kind, item.unit_price, item.discount_percent)
            assert same == (line.kind, line.unit_price, line.discount_percent)
            assert item.net == half_up(item.net, terms.currency_decimals)


@given(all_conditions, entries(), histories)
def test_steps_reproduce_the_net(terms, work, history):
    items = rate(terms, work, history=history).items
    for line in lines(items):
        for item in line.items:
            assert reproduce(item) == line.net
    assert all(reproduce(item) == 0 for item in items if item.line is None)


@given(all_conditions, entries(), histories)
def test_steps_are_json(terms, work, history):
    for item in rate(terms, work, history=history).items:
        assert item.steps
        for step in item.steps:
            figures = dict(step.figures)
            assert json.loads(json.dumps(figures)) == figures


@given(
    all_conditions.filter(lambda c: c.rounding.scope != "visit"), entries(), histories
)
def test_billable_minutes_add_up_to_the_scope(terms, work, history):
    """What rounding makes of a scope is what its items hold, covered or not."""
    found = defaultdict(int)
    promised = {}
    for item in rate(terms, work, history=history).items:
        steps = {step.code: step.figures for step in item.steps}
        if "rounding" not in steps or item.kind == "surcharge":
            continue
        scope = scope_of(terms.rounding.scope, item)
        found[scope] += item.billable_minutes
        promised[scope] = steps["rounding"]["billable"]
    assert found == promised


@given(st.integers(1, 9999), roundings)
def test_rounding_changes_a_scope_by_less_than_one_increment(raw, rounding):
    billable = billable_minutes(raw, rounding)
    assert raw - billable < rounding.increment
    base = max(raw, rounding.minimum, rounding.first_block)
    assert billable - base < rounding.increment


def scope_of(scope: str, item):
    free = item.kind == "goodwill"
    return {
        "entry": item.entry,
        "ticket": (free, item.ticket),
        "invoice": free,
    }[scope]


@given(all_conditions, entries())
def test_allotments_are_never_overdrawn(terms, work):
    rating = rate(terms, work)
    taken = defaultdict(Decimal)
    for item in rating.items:
        if item.state == "covered" and item.allotment is not None:
            taken[item.allotment, item.period] += item.allotment_used
            assert item.net == 0
    for state in rating.balances:
        assert state.used <= state.available
        assert state.used == taken.pop((state.allotment, state.period), 0)
        assert min(state.carried, state.lapsed, state.used, state.overage) >= 0
        assert state.carried + state.lapsed == state.available - state.used
    assert not any(taken.values())


minute_rounding = conditions(rounding=Rounding(15, "up"), line_grouping="ticket")


@given(st.integers(1, 700), st.integers(1, 699), st.sampled_from([None, *CHANGES]))
def test_splits_change_no_total(minutes, cut, change):
    """A window without percent and a rate change without change split for nothing."""
    start = (change or TODAY) - timedelta(minutes=cut)
    work = Entry("e", "T", minutes, start.date(), start)
    clock = (start + timedelta(minutes=minutes // 2)).astimezone(ZoneInfo(BERLIN))
    window = Window("w", Decimal(0), clock.time().replace(second=0), time(0))
    halves = (
        Rate("old", Decimal(100), valid_to=start.date()),
        Rate("new", Decimal(100), valid_from=start.date() + timedelta(days=1)),
    )
    split = conditions(
        rounding=minute_rounding.rounding,
        line_grouping="ticket",
        windows=(window,),
        rates=halves,
    )
    plain = lines(rate(minute_rounding, [work]).items)
    cut_up = lines(rate(split, [work]).items)
    assert [(line.minutes, line.net) for line in cut_up] == [
        (line.minutes, line.net) for line in plain
    ]


@given(
    st.lists(windows, max_size=4).map(tuple),
    st.sampled_from([*CHANGES, TODAY]),
    st.integers(-1500, 1500),
    st.integers(1, 1440),
)
@example((Window(1, Decimal(9), time(2), time(3)),), CHANGES[0], -60, 300)
@example((Window(1, Decimal(9), time(2), time(3)),), CHANGES[1], -60, 300)
def test_windows_tile_the_work_minute_by_minute(windows, base, shift, minutes):
    start = base + timedelta(minutes=shift)
    terms = conditions(windows=windows)
    items = rate(terms, [Entry("e", "T", minutes, start.date(), start)]).items
    zone = ZoneInfo(BERLIN)
    position = start
    for item in items:
        assert item.start == position
        while position < item.stop:
            local = position.astimezone(zone)
            assert item.day == local.date()
            assert item.surcharge_percent == percent_at(windows, local)
            position += timedelta(minutes=1)
    assert position == start + timedelta(minutes=minutes)


def percent_at(windows, local: datetime) -> Decimal:
    percents = [window.percent for window in windows if holds(window, local)]
    return max(percents, default=Decimal(0))


def holds(window: Window, local: datetime) -> bool:
    start = window.start or time(0)
    clock = local.time()
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    listed = window.weekdays if window.weekdays is not None else range(7)
    if window.stop is None or start < window.stop:
        inside = start <= clock and (window.stop is None or clock < window.stop)
        return inside and today in listed
    evening = clock >= start and today in listed
    return evening or (clock < window.stop and yesterday in listed)


@given(
    st.integers(-(10**6), 10**6),
    st.lists(st.integers(0, 1000), min_size=1, max_size=9),
    st.sampled_from([0, 2, 3]),
)
def test_shares_add_up_and_are_fair(units, weights, decimals):
    unit = Decimal(1).scaleb(-decimals)
    shares = apportion(units * unit, weights, decimals)
    assert sum(shares) == units * unit
    whole = sum(weights)
    if whole:
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - units * unit * weight / whole) < unit


@given(st.lists(st.tuples(st.integers(-9, 99), prices), max_size=5))
def test_charges_multiply_out(pairs):
    charges = [
        Charge(key, "T", "travel", Decimal(quantity), price, TODAY.date())
        for key, (quantity, price) in enumerate(pairs)
    ]
    items = rate(conditions(), [], charges).items
    assert sum(item.net for item in items) == sum(q * p for q, p in pairs)
