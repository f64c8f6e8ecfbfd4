"""Hypothesis strategies: any conditions and any work."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from builders import BERLIN
from hypothesis import strategies as st

from ticket_billing.rating import (
    Allotment,
    CarryOver,
    Conditions,
    Entry,
    FlatFee,
    History,
    Rate,
    Rounding,
    Window,
)

CHANGES = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
TODAY = datetime(2026, 6, 30, tzinfo=UTC)

prices = st.decimals(0, 300, places=2, allow_nan=False)
clock_times = st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0))
windows = st.builds(
    Window,
    key=st.integers(0, 9),
    percent=st.integers(-50, 200).map(Decimal),
    start=clock_times,
    stop=clock_times,
    weekdays=st.none() | st.frozensets(st.integers(0, 6)),
)
roundings = st.builds(
    Rounding,
    increment=st.integers(1, 60),
    mode=st.sampled_from(["up", "nearest", "down", "none"]),
    scope=st.sampled_from(["entry", "visit", "ticket", "invoice"]),
    first_block=st.integers(0, 60),
    minimum=st.integers(0, 60),
    memory=st.sampled_from(["invoice", "lifetime"]),
)
work_types = st.sampled_from(["remote", "onsite", None])
employees = st.sampled_from(["anna", "ben"])
carries = st.none() | st.builds(
    CarryOver, st.integers(0, 300).map(Decimal), st.integers(1, 3)
)
allotments = st.builds(
    Allotment,
    key=st.just("period"),
    quantity=st.integers(0, 600).map(Decimal),
    unit=st.sampled_from(["minutes", "amount", "tickets"]),
    period=st.sampled_from(["month", "quarter"]),
    start=st.sampled_from([None, date(2026, 6, 20), date(2026, 1, 1)]),
    basis=st.sampled_from(["raw", "rounded", "weighted"]),
    work_types=st.none() | st.just(frozenset({"remote"})),
    carry_over=carries,
    overage_price=st.none() | prices,
    overage_surcharges=st.booleans(),
)
blocks = st.builds(
    Allotment,
    key=st.just("block"),
    quantity=st.integers(0, 300).map(Decimal),
    period=st.none(),
    expires=st.sampled_from([None, date(2026, 7, 1)]),
)
standard = st.builds(Rate, key=st.just("default"), value=prices)
of_employee = st.builds(
    Rate,
    key=st.just("employee"),
    value=prices,
    employee=st.just("anna"),
    valid_to=st.none() | st.just(date(2026, 6, 30)),
)
all_conditions = st.builds(
    Conditions,
    timezone=st.just(BERLIN),
    currency_decimals=st.sampled_from([0, 2]),
    rounding=roundings,
    rates=st.tuples(standard) | st.tuples(standard, of_employee) | st.just(()),
    windows=st.lists(windows, max_size=3).map(tuple),
    combination=st.sampled_from(["highest", "additive", "multiplicative"]),
    surcharge_display=st.sampled_from(["in_unit_price", "separate_line"]),
    allotments=st.just(()) | st.tuples(allotments) | st.tuples(blocks, allotments),
    flat_fees=st.just(())
    | st.tuples(st.builds(FlatFee, st.just("f"), prices, st.just("flat"), st.just(20))),
    work_type_factor=st.just({}) | st.just({"onsite": Decimal("0.75")}),
    discount_percent=st.integers(0, 100).map(Decimal),
    emergency_percent=st.integers(0, 50).map(Decimal),
    emergency_flat_fee=st.sampled_from([Decimal(0), Decimal(80)]),
    line_grouping=st.sampled_from(["entry", "visit", "ticket"]),
    show_covered_lines=st.booleans(),
    warranty_display=st.sampled_from(["discount_line", "hidden"]),
    minimum_per_ticket=st.sampled_from([Decimal(0), Decimal(150)]),
    cap_per_ticket=st.none() | st.sampled_from([Decimal(0), Decimal(200)]),
    cap_scope=st.sampled_from(["lifetime", "invoice"]),
    cap_kinds=st.none() | st.just(frozenset({"time", "overage"})),
)
histories = st.builds(
    History,
    billed_tickets=st.dictionaries(
        st.just("T1"), st.dictionaries(st.sampled_from(["time", "flat"]), prices)
    ),
    rounded_tickets=st.dictionaries(
        st.just("T1"), st.tuples(st.integers(0, 99), st.integers(0, 99))
    ),
)


@st.composite
def entries(draw) -> list[Entry]:
    made = []
    for key in range(draw(st.integers(1, 6))):
        base = draw(st.sampled_from([*CHANGES, TODAY]))
        start = base + timedelta(minutes=draw(st.integers(-1500, 1500)))
        minutes = draw(st.integers(-1, 700))
        has_clock = draw(st.booleans())
        ticket = draw(st.sampled_from(["T1", "T2"]))
        made.append(
            Entry(
                key=key,
                ticket=ticket,
                minutes=minutes,
                day=start.astimezone(ZoneInfo(BERLIN)).date(),
                start=start if has_clock else None,
                stop=start + timedelta(minutes=max(minutes, 0)) if has_clock else None,
                employee=draw(employees),
                work_type=draw(work_types),
                billing=draw(
                    st.sampled_from(["billable", "billable", "internal", "goodwill"])
                ),
                emergency=draw(st.booleans()),
                visit=draw(st.sampled_from([None, "V1"])),
                ticket_type="flat" if ticket == "T2" else None,
            )
        )
    return made
