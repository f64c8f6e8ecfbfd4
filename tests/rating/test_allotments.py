"""Included time, money and tickets: coverage, carry-over, blocks, history."""

from datetime import date, time
from decimal import Decimal

import pytest
from builders import clocked, conditions, entry, figures

from ticket_billing.rating import (
    Allotment,
    CarryOver,
    History,
    Incident,
    Rounding,
    Window,
    balance,
    lines,
    rate,
)

JUNE = date(2026, 6, 1)
NIGHT = Window("night", Decimal(50), time(20), time(6))
UP = Rounding(15, "up")


def allotment(quantity=120, key="A", **values) -> Allotment:
    return Allotment(key, Decimal(quantity), **values)


def shares(rating) -> list[tuple]:
    return [(x.kind, x.raw_minutes, x.billable_minutes) for x in rating.items]


def test_coverage_splits_at_exhaustion():
    terms = conditions(allotments=(allotment(50),), rounding=UP)
    rating = rate(terms, [entry(minutes=70)])
    assert shares(rating) == [("quota_covered", 50, 50), ("overage", 20, 25)]
    covered, overage = rating.items
    assert (covered.state, covered.net, covered.allotment_used) == ("covered", 0, 50)
    assert figures(covered, "list_value")["value"] == "83.33"
    assert figures(covered, "allotment")["after"] == "0"
    assert (overage.allotment, overage.period) == ("A", JUNE)
    (state,) = rating.balances
    assert (state.available, state.used, state.overage) == (50, 50, 25)


def test_raw_basis_gives_the_rounding_away():
    terms = conditions(allotments=(allotment(60, basis="raw"),), rounding=UP)
    rating = rate(terms, [entry("a", 50), entry("b", 20)])
    assert shares(rating) == [
        ("quota_covered", 50, 60),
        ("quota_covered", 10, 10),
        ("overage", 10, 20),
    ]
    assert rating.balances[0].used == 60


def test_visible_rounding_follows_the_work_under_raw_basis():
    terms = conditions(
        allotments=(allotment(60, basis="raw"),), rounding=Rounding(15, "up", "ticket")
    )
    covered = rate(terms, [entry("a", 50), entry("b", 3)])
    assert shares(covered)[-1] == ("quota_covered", 0, 7)
    exceeded = rate(terms, [entry("a", 50), entry("b", 13)])
    assert shares(exceeded)[-1] == ("rounding_adjust", 0, 12)


def test_weighted_basis_counts_surcharges_in_whole_minutes():
    terms = conditions(windows=(NIGHT,), allotments=(allotment(100, basis="weighted"),))
    work = clocked("a", "2026-06-02T20:00", "2026-06-02T22:00")
    rating = rate(terms, [work])
    assert shares(rating) == [("quota_covered", 66, 66), ("overage", 54, 54)]
    assert rating.balances[0].used == 99


def test_money_retainer_covers_whole_minutes():
    terms = conditions(allotments=(allotment(250, unit="amount"),))
    rating = rate(terms, [entry(minutes=180)])
    assert shares(rating) == [("quota_covered", 150, 150), ("overage", 30, 30)]
    assert (rating.balances[0].used, rating.balances[0].overage) == (250, 50)


def test_money_retainer_counts_the_discounted_price():
    terms = conditions(
        allotments=(allotment(90, unit="amount"),), discount_percent=Decimal(10)
    )
    (item,) = rate(terms, [entry(minutes=60)]).items
    assert (item.state, item.allotment_used) == ("covered", 90)


def test_money_retainer_without_rate_uses_the_overage_price():
    money = allotment(100, unit="amount", overage_price=Decimal(100))
    rating = rate(conditions(rates=(), allotments=(money,)), [entry(minutes=90)])
    assert shares(rating) == [("quota_covered", 60, 60), ("overage", 30, 30)]


def test_money_retainer_without_any_price_is_held_and_uses_nothing():
    both = (
        allotment(30, key="block", period=None, expires=date(2026, 6, 2)),
        allotment(100, unit="amount"),
    )
    rating = rate(conditions(rates=(), allotments=both), [entry(minutes=90)])
    assert [(x.state, x.reason) for x in rating.items] == [("held", "no_rate")]
    assert rating.balances == ()


@pytest.mark.parametrize(("surcharges", "price"), [(True, 120), (False, 80)])
def test_overage_price(surcharges, price):
    terms = conditions(
        windows=(NIGHT,),
        allotments=(
            allotment(0, overage_price=Decimal(80), overage_surcharges=surcharges),
        ),
    )
    work = clocked("a", "2026-06-02T20:00", "2026-06-02T21:00")
    (line,) = lines(rate(terms, [work]).items)
    assert (line.kind, line.unit_price) == ("overage", price)


def test_work_outside_the_scope_is_plain_time():
    terms = conditions(allotments=(allotment(work_types=frozenset({"remote"})),))
    rating = rate(
        terms, [entry("a", work_type="onsite"), entry("b", work_type="remote")]
    )
    assert [item.kind for item in rating.items] == ["time", "quota_covered"]


def test_blocks_earliest_expiry_first_then_list_rate():
    late = allotment(
        60, "a later one", period=None, start=JUNE, expires=date(2026, 12, 31)
    )
    early = allotment(
        30, "one that ends first", period=None, start=JUNE, expires=date(2026, 6, 30)
    )
    rating = rate(conditions(allotments=(late, early)), [entry(minutes=120)])
    assert [(x.kind, x.allotment, x.raw_minutes) for x in rating.items] == [
        ("quota_covered", "one that ends first", 30),
        ("quota_covered", "a later one", 60),
        ("time", None, 30),
    ]


def test_block_before_purchase_and_after_expiry():
    block = allotment(600, period=None, start=JUNE, expires=date(2026, 6, 30))
    days = [date(2026, 5, 31), JUNE, date(2026, 6, 30), date(2026, 7, 1)]
    work = [entry(day.isoformat(), day=day) for day in days]
    kinds = [x.kind for x in rate(conditions(allotments=(block,)), work).items]
    assert kinds == ["time", "quota_covered", "quota_covered", "time"]


def test_history_is_respected():
    terms = conditions(allotments=(allotment(120),))
    history = History(used={("A", JUNE): Decimal(100)})
    rating = rate(terms, [entry(minutes=60)], history=history)
    assert shares(rating) == [("quota_covered", 20, 20), ("overage", 40, 40)]
    overused = History(used={("A", JUNE): Decimal(500)})
    rating = rate(terms, [entry(minutes=60)], history=overused)
    assert shares(rating) == [("overage", 60, 60)]


CARRY = allotment(
    600, start=date(2026, 1, 1), carry_over=CarryOver(Decimal(300)), overage_price=None
)


def test_carry_over_with_cap_and_age():
    work = [
        entry("jan", 240, day=date(2026, 1, 15)),
        entry("feb", 720, day=date(2026, 2, 15)),
        entry("mar", 840, day=date(2026, 3, 15)),
    ]
    rating = rate(conditions(allotments=(CARRY,)), work)
    jan, feb, mar = rating.balances
    assert (jan.available, jan.used, jan.carried, jan.lapsed) == (600, 240, 300, 60)
    assert (feb.available, feb.used, feb.carried, feb.lapsed) == (900, 720, 180, 0)
    assert (mar.available, mar.used, mar.overage) == (780, 780, 60)


def test_carry_over_gives_the_same_in_one_run_or_three():
    used = {
        ("A", date(2026, 1, 1)): Decimal(240),
        ("A", date(2026, 2, 1)): Decimal(720),
    }
    march = entry("mar", 840, day=date(2026, 3, 15))
    rating = rate(conditions(allotments=(CARRY,)), [march], history=History(used=used))
    assert shares(rating) == [("quota_covered", 780, 780), ("overage", 60, 60)]


def test_late_work_does_not_use_what_was_carried_over_and_spent():
    """January has 360 left: 60 lapse anyway, 300 were used in February."""
    used = {
        ("A", date(2026, 1, 1)): Decimal(240),
        ("A", date(2026, 2, 1)): Decimal(900),
    }
    late = entry("late", 100, day=date(2026, 1, 20))
    rating = rate(conditions(allotments=(CARRY,)), [late], history=History(used=used))
    assert shares(rating) == [("quota_covered", 60, 60), ("overage", 40, 40)]


def test_carry_over_expires():
    two = allotment(100, start=date(2026, 1, 1), carry_over=CarryOver(Decimal(999), 2))
    for month, available in [(1, 100), (2, 200), (3, 300), (4, 300)]:
        state = balance(two, {}, date(2026, month, 1))
        assert state.available == available


def test_balance_of_a_period_without_work():
    state = balance(CARRY, {date(2026, 1, 1): Decimal(500)}, date(2026, 2, 11))
    assert (state.period, state.available, state.used) == (date(2026, 2, 1), 700, 0)


@pytest.mark.parametrize(
    ("period", "start", "granted"),
    [
        ("month", date(2026, 4, 16), 300),
        ("month", date(2026, 4, 1), 600),
        ("quarter", date(2026, 5, 17), 297),  # 45 of 91 days: 296.7
        ("year", date(2026, 7, 2), 301),  # 183 of 365 days: 300.8
    ],
)
def test_first_period_in_proportion(period, start, granted):
    first = allotment(600, period=period, start=start, first_period="prorate_days")
    assert balance(first, {}, start).available == granted


TICKETS = allotment(2, unit="tickets", overage_price=Decimal(49))


def test_included_tickets_cover_their_time_and_extra_ones_cost_their_price():
    work = [entry(key, ticket=key) for key in ("T3", "T1", "T2")]
    rating = rate(conditions(allotments=(TICKETS,)), work)
    (line,) = lines(rating.items)
    assert (line.kind, line.quantity, line.net) == ("overage", 1, 49)
    assert [item.ticket for item in line.items] == ["T3"]
    assert all(x.state == "covered" for x in rating.items if x.entry)
    assert sum(x.allotment_used for x in rating.items) == 2


def test_tickets_count_on_the_day_given():
    work = [entry("a", ticket="T1")]
    incidents = [
        Incident(key, date(2026, 6, day)) for key, day in (("T2", 2), ("T3", 3))
    ]
    late = [*incidents, Incident("T1", date(2026, 6, 4))]
    rating = rate(conditions(allotments=(TICKETS,)), work, incidents=late)
    assert [x.ticket for x in rating.items if x.state == "open"] == ["T1"]


def test_extra_tickets_without_price_cost_their_time():
    terms = conditions(allotments=(allotment(0, unit="tickets"),))
    (item,) = rate(terms, [entry()]).items
    assert (item.kind, item.net) == ("overage", 100)


def test_counted_tickets_do_not_count_again():
    history = History(used={("A", JUNE): Decimal(2)}, counted_tickets=frozenset({"T1"}))
    rating = rate(conditions(allotments=(TICKETS,)), [entry()], history=history)
    assert [(x.state, x.allotment_used) for x in rating.items] == [("covered", 0)]


def test_allotments_that_end_together_are_used_as_given():
    allotments = tuple(Allotment(key, Decimal(60)) for key in (9, 10))
    terms = conditions(allotments=allotments)
    items = rate(terms, [entry("e1", 60), entry("e2", 60)]).items
    assert [item.allotment for item in items] == [9, 10]
