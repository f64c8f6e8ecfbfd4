"""What must hold over any number of runs, edits and corrections."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from builders import DAY, conditions
from hypothesis import given
from hypothesis import strategies as st
from ledger import history_of, is_rounded
from strategies import all_conditions, entries, prices, roundings

from ticket_billing.rating import (
    Allotment,
    Charge,
    Entry,
    balance,
    billable_minutes,
    correct,
    lines,
    rate,
    reproduce,
)

MONDAY = datetime(2026, 6, 1, 8, tzinfo=UTC)
minutes = st.lists(st.integers(1, 300), min_size=1, max_size=5)
charges = st.lists(st.tuples(st.sampled_from(["T1", "T2"]), st.integers(-2, 3), prices))
caps = st.integers(0, 400).map(Decimal)


def bill(terms, runs) -> list:
    """Items of several runs; each knows what those before it settled."""
    ledger = []
    for entries_of_run, charges_of_run in runs:
        history = history_of(ledger)
        ledger += rate(terms, entries_of_run, charges_of_run, history).items
    return ledger


def in_runs(work, expenses=()):
    """A run per entry, with its charge where there is one."""
    runs = [([entry], []) for entry in work]
    for key, (ticket, quantity, price) in enumerate(expenses):
        charge = Charge(key, ticket, "material", Decimal(quantity), price, DAY)
        runs[key % len(runs)][1].append(charge)
    return runs


def charged(items, ticket, kinds=None) -> Decimal:
    """Net of a ticket; what the cap takes off counts always."""
    return sum(
        item.net
        for item in items
        if item.ticket == ticket
        and (kinds is None or item.kind in kinds or item.kind == "cap_adjust")
    )


@given(
    all_conditions,
    entries(),
    charges,
    caps,
    st.none() | st.just(frozenset({"time", "overage", "material"})),
)
def test_cap_is_never_exceeded(terms, work, expenses, cap, kinds):
    limits = {"cap_per_ticket": cap, "cap_kinds": kinds, "cap_scope": "lifetime"}
    terms = replace(terms, **limits)
    ledger = []
    for new, costs in in_runs(work, expenses):
        ledger += rate(terms, new, costs, history_of(ledger)).items
        for ticket in ("T1", "T2"):
            assert charged(ledger, ticket, kinds) <= cap


@given(minutes, st.lists(st.integers(0, 3), max_size=5), caps)
def test_cap_takes_off_no_more_than_it_must(parts, quantities, cap):
    work = [Entry(key, "T1", part, DAY) for key, part in enumerate(parts)]
    expenses = [("T1", quantity, Decimal("49.90")) for quantity in quantities]
    free = charged(bill(conditions(), in_runs(work, expenses)), "T1")
    terms = conditions(cap_per_ticket=cap)
    capped = charged(bill(terms, in_runs(work, expenses)), "T1")
    assert capped == min(cap, free)


@given(all_conditions, entries(), charges)
def test_minimum_is_reached_or_nothing_is_due(terms, work, expenses):
    terms = replace(terms, minimum_per_ticket=Decimal(150), cap_per_ticket=None)
    ledger = []
    for new, costs in in_runs(work, expenses):
        items = rate(terms, new, costs, history_of(ledger)).items
        ledger += items
        for ticket in {item.ticket for item in items if item.net}:
            total = charged(ledger, ticket)
            assert total <= 0 or total >= 150


@given(
    roundings.map(lambda each: replace(each, scope="ticket", memory="lifetime")),
    st.lists(st.integers(1, 200), min_size=5, max_size=5),
    st.sampled_from(["entry", "ticket"]),
)
def test_five_runs_bill_the_minutes_of_one(rounding, parts, grouping):
    terms = conditions(rounding=rounding, line_grouping=grouping)
    work = [Entry(key, "T1", part, DAY) for key, part in enumerate(parts)]
    at_once = billed_minutes(rate(terms, work).items)
    assert at_once == billable_minutes(sum(parts), rounding)
    assert billed_minutes(bill(terms, in_runs(work))) == at_once


def billed_minutes(items) -> int:
    return sum(item.billable_minutes for item in items if item.line is not None)


@given(all_conditions, entries())
def test_memory_rounds_any_ticket_once(terms, work):
    rounding = replace(terms.rounding, scope="ticket", memory="lifetime")
    ledger = bill(replace(terms, rounding=rounding), in_runs(work))
    rounded = [item for item in ledger if is_rounded(item)]
    for ticket in {item.ticket for item in rounded}:
        of_ticket = [item for item in rounded if item.ticket == ticket]
        raw = sum(item.raw_minutes for item in of_ticket)
        billable = sum(item.billable_minutes for item in of_ticket)
        assert billable == billable_minutes(raw, rounding)


@given(
    all_conditions,
    entries(),
    st.integers(0, 600).map(Decimal),
    st.sampled_from(["raw", "rounded", "weighted", "amount"]),
)
def test_no_allotment_covers_twice(terms, work, quantity, basis):
    allotment = Allotment("A", quantity, basis=basis)
    ledger = bill(replace(terms, allotments=(allotment,)), in_runs(work))
    for (_key, period), used in history_of(ledger).used.items():
        state = balance(allotment, {period: used}, period)
        assert 0 <= state.used <= state.available == quantity


edits = st.fixed_dictionaries(
    {
        "minutes": st.integers(-1, 300),
        "start": st.none()
        | st.integers(-900, 900).map(lambda shift: MONDAY + timedelta(minutes=shift)),
        "rate": st.none() | st.just(Decimal(80)),
        "billing": st.sampled_from(["billable", "billable", "internal", "warranty"]),
        "ticket_type": st.sampled_from([None, "flat"]),
        "emergency": st.booleans(),
    }
)


@given(all_conditions, st.lists(edits, min_size=1, max_size=5))
def test_corrections_make_the_ledger_right(terms, versions):
    ledger = ()
    for values in versions:
        entry = Entry(key="e", ticket="T1", day=MONDAY.date(), **values)
        after = [item for item in rate(terms, [entry]).items if item.entry == "e"]
        corrections = correct(ledger, after)
        check_corrections(corrections, terms)
        if any(item.state == "held" for item in after):
            assert not corrections
            continue
        ledger += corrections
        assert sum(item.raw_minutes for item in ledger) == entry.minutes
        assert charges_of(ledger) == charges_of(after)
        assert used_of(ledger) == used_of(after)
        assert correct(ledger, after) == ()
    numbers = [item.segment for item in ledger]
    assert numbers == list(range(len(ledger)))


def check_corrections(items, terms) -> None:
    found = lines(items)
    assert [line.net for line in found] == [
        item.net for item in items if item.state == "open"
    ]
    for line in found:
        (item,) = line.items
        assert reproduce(item) == line.net
        amount = line.quantity if line.minutes is None else Decimal(line.minutes) / 60
        exact = amount * line.unit_price * (1 - line.discount_percent / 100)
        assert abs(line.net - exact) <= Decimal("0.5").scaleb(-terms.currency_decimals)


def charges_of(items) -> dict:
    """Minutes and quantity per price, without those that cancel out."""
    amounts = defaultdict(lambda: (0, Decimal(0)))
    for item in items:
        if item.state != "open":
            continue
        is_unit = bool(item.quantity) or item.kind == "flat"
        price = (item.unit_price, item.surcharge_percent, item.discount_percent)
        minutes, quantity = amounts[price]
        minutes += 0 if is_unit else item.billable_minutes
        amounts[price] = (minutes, quantity + item.quantity)
    return {price: amount for price, amount in amounts.items() if any(amount)}


def used_of(items) -> dict:
    used = history_of(items).used
    return {key: quantity for key, quantity in used.items() if quantity}
