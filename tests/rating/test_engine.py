"""Holding, writing off, flat fees, goodwill, emergencies, lines."""

import gc
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from builders import clocked, conditions, entry, figures

from ticket_billing.rating import (
    Charge,
    ConfigurationError,
    FlatFee,
    History,
    Rounding,
    lines,
    rate,
)

NOON = datetime.fromisoformat("2026-06-01T12:00+02:00")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (entry(minutes=-5), "invalid_minutes"),
        (entry(minutes=1441), "too_many_minutes"),
        (entry(start=NOON, stop=NOON - HOUR), "stop_before_start"),
        (entry(minutes=62, start=NOON, stop=NOON + HOUR), "minutes_mismatch"),
        (entry(start=NOON.replace(tzinfo=None)), "time_without_zone"),
    ],
)
def test_bad_entry_is_held_and_the_others_are_rated(work, reason):
    items = rate(conditions(), [work, entry("good")]).items
    held = next(item for item in items if item.entry == "e1")
    assert (held.state, held.reason, held.net) == ("held", reason, 0)
    assert held.raw_minutes == work.minutes
    assert [line.net for line in lines(items)] == [100]


@pytest.mark.parametrize("minutes", [30, 60, 61])
def test_breaks_and_one_minute_of_rounding_are_allowed(minutes):
    work = entry(minutes=minutes, start=NOON, stop=NOON + HOUR)
    assert rate(conditions(), [work]).items[0].state == "open"


@pytest.mark.parametrize(
    ("work", "reason"),
    [(entry(minutes=0), "no_minutes"), (entry(billing="internal"), "internal")],
)
def test_nothing_to_bill(work, reason):
    (item,) = rate(conditions(rates=()), [work]).items
    assert (item.state, item.reason) == ("written_off", reason)
    assert (item.raw_minutes, item.billable_minutes) == (work.minutes, 0)


def test_entry_given_twice():
    with pytest.raises(ConfigurationError):
        rate(conditions(), [entry(), entry()])


def test_hidden_warranty_keeps_its_list_value():
    (item,) = rate(conditions(), [entry(minutes=90, billing="warranty")]).items
    assert (item.state, item.reason, item.net) == ("written_off", "warranty", 0)
    assert figures(item, "list_value")["value"] == "150.00"


def test_goodwill_uses_no_allotment_and_needs_no_fee():
    terms = conditions(emergency_flat_fee=Decimal(80))
    work = entry(billing="goodwill", emergency=True)
    assert [item.kind for item in rate(terms, [work]).items] == ["goodwill"]


def test_garbage_is_collected_again_after_an_error():
    assert gc.isenabled()
    with pytest.raises(ConfigurationError):
        rate(conditions(), [entry(), entry()])
    assert gc.isenabled()


def test_factor_of_the_work_type():
    terms = conditions(work_type_factor={"travel": Decimal("0.5")})
    items = rate(terms, [entry("a", work_type="travel"), entry("b")]).items
    assert [item.unit_price for item in items] == [50, 100]


def test_emergency_fee_once_per_ticket():
    terms = conditions(emergency_flat_fee=Decimal(80))
    work = [
        entry("a", emergency=True),
        entry("b", emergency=True),
        entry("c", emergency=True, ticket="T2"),
        entry("d", ticket="T3"),
    ]
    history = History(emergency_tickets=frozenset({"T2"}))
    items = rate(terms, work, history=history).items
    fees = [item for item in items if item.kind == "emergency_fee"]
    assert [(fee.ticket, fee.net) for fee in fees] == [("T1", 80)]


def test_held_emergency_has_no_fee_yet():
    terms = conditions(rates=(), emergency_flat_fee=Decimal(80))
    items = rate(terms, [entry(emergency=True)]).items
    assert [item.state for item in items] == ["held"]


FLAT = FlatFee("reset", Decimal("19.90"), "reset", 15)


def flat_entry(key, minutes, **values):
    return entry(key, minutes, ticket_type="reset", **values)


def test_flat_fee_takes_the_first_minutes_of_the_ticket():
    terms = conditions(flat_fees=(FLAT,), rounding=Rounding(15, "up"))
    work = [flat_entry("a", 10), flat_entry("b", 10), entry("c", 10, ticket="T2")]
    items = rate(terms, work).items
    assert [(x.kind, x.entry, x.raw_minutes) for x in items] == [
        ("flat", "a", 10),
        ("flat", "b", 5),
        ("overage", "b", 5),
        ("time", "c", 10),
    ]
    flat = lines(items)[0]
    assert (flat.quantity, flat.net, len(flat.items)) == (1, Decimal("19.90"), 2)


def test_settled_flat_fee_is_not_due_again():
    terms = conditions(flat_fees=(FLAT,))
    history = History(flat_tickets={"T1": 10})
    items = rate(terms, [flat_entry("a", 10)], history=history).items
    assert [(x.kind, x.state, x.raw_minutes) for x in items] == [
        ("flat", "covered", 5),
        ("overage", "open", 5),
    ]


def test_used_up_flat_fee_leaves_no_trace():
    history = History(flat_tickets={"T1": 15})
    terms = conditions(flat_fees=(FLAT,))
    items = rate(terms, [flat_entry("a", 10)], history=history).items
    assert [(x.kind, x.raw_minutes) for x in items] == [("overage", 10)]


def test_flat_fee_without_limit_and_for_any_type():
    flat = FlatFee("all", Decimal(50))
    items = rate(conditions(flat_fees=(flat,)), [entry(minutes=600)]).items
    assert [line.net for line in lines(items)] == [50]


def test_flat_fee_shortens_clocked_work_at_its_start():
    terms = conditions(flat_fees=(FLAT,))
    work = clocked("a", "2026-06-02T10:00", "2026-06-02T11:00", ticket_type="reset")
    overage = rate(terms, [work]).items[1]
    assert (overage.start, overage.stop) == (
        datetime.fromisoformat("2026-06-02T08:15+00:00"),
        datetime.fromisoformat("2026-06-02T09:00+00:00"),
    )


def test_line_net_is_rounded_once_and_shared_to_the_cent():
    terms = conditions(line_grouping="ticket")
    items = rate(terms, [entry(key, 20) for key in "abc"]).items
    assert [line.net for line in lines(items)] == [100]
    assert [str(item.net) for item in items] == ["33.34", "33.33", "33.33"]


def test_different_prices_never_share_a_line():
    terms = conditions(line_grouping="ticket")
    items = rate(terms, [entry("a"), entry("b", rate=Decimal(50))]).items
    assert [line.net for line in lines(items)] == [100, 50]


def test_discount_is_on_the_line():
    (line,) = lines(rate(conditions(discount_percent=Decimal(10)), [entry()]).items)
    assert (line.unit_price, line.discount_percent, line.net) == (100, 10, 90)


def test_segments_of_an_entry_are_numbered():
    work = clocked("a", "2026-06-01T23:00", "2026-06-03T01:00", minutes=1440)
    assert [x.segment for x in rate(conditions(), [work]).items] == [0, 1]


def test_no_rate_holds_only_the_work_concerned():
    charge = Charge("m", "T1", "material", Decimal(1), Decimal(5), entry().day)
    items = rate(conditions(rates=()), [entry()], [charge]).items
    assert [(x.state, x.reason) for x in items] == [("held", "no_rate"), ("open", None)]
