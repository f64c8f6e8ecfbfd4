"""Translates worked examples (tests/scenarios/*.json) into the rating core.

Only what one rating does: examples with several runs, edits or credits are played
through the product by the scenario runner.
"""

import json
from collections import Counter
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from example_charges import DEFAULT_DAY, make_charges

from ticket_billing.rating import (
    Allotment,
    CarryOver,
    Conditions,
    Entry,
    FlatFee,
    Incident,
    PublicHolidays,
    Rate,
    Rating,
    Rounding,
    Window,
    lines,
    rate,
)

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CONTRACT = "contract"

ROUNDING_KEYS = {
    "increment_minutes": "increment",
    "rounding_mode": "mode",
    "rounding_scope": "scope",
    "first_block_minutes": "first_block",
    "minimum_minutes": "minimum",
    "ticket_rounding_memory": "memory",
}
POLICY_KEYS = {
    "line_grouping": ("line_grouping", str),
    "surcharge_combination": ("combination", str),
    "surcharge_display": ("surcharge_display", str),
    "unit_price_decimals": ("unit_price_decimals", int),
    "show_covered_lines": ("show_covered_lines", bool),
    "warranty_display": ("warranty_display", str),
    "customer_discount_pct": ("discount_percent", Decimal),
    "discount_on": ("discount_kinds", frozenset),
    "emergency_percent": ("emergency_percent", Decimal),
    "emergency_flat_fee": ("emergency_flat_fee", Decimal),
    "minimum_amount_per_ticket": ("minimum_per_ticket", Decimal),
    "cap_per_ticket": ("cap_per_ticket", Decimal),
    "cap_scope": ("cap_scope", str),
    "cap_kinds": ("cap_kinds", frozenset),
}
ELSEWHERE = {
    # Read by the functions below.
    "activity_factor",
    "flat_ticket_types",
    "material_markup_pct",
    "travel",
    # What the core always does.
    "emergency_fee_scope",
    "holiday_basis",
    "missing_clock_time",
    "quota_order",
    "rounding_before_split",
    "rounding_surplus_to",
    # Only the order of documents.
    "invoice_grouping",
}


class NotOneRating(Exception):
    """The example needs more than one rating."""


def load() -> list[dict]:
    """All worked examples."""
    text = (FOLDER / "pricing.json").read_text(encoding="utf-8")
    return json.loads(text)["examples"]


def play(example: dict) -> tuple[Rating, Counter]:
    """Rate an example; return the rating and its lines as the examples have them."""
    given = example["given"]
    if [step["op"] for step in example["timeline"]] != ["bill_run"]:
        raise NotOneRating(example["id"])
    conditions = make_conditions(given)
    incidents = [Incident(key, DEFAULT_DAY) for key in given.get("tickets", [])]
    entries = [make_entry(each, given) for each in given.get("entries", [])]
    rating = rate(conditions, entries, make_charges(given), incidents=incidents)
    return rating, Counter(map(_line, lines(rating.items)))


def expected_lines(example: dict) -> Counter:
    """Lines of all documents of an example."""
    return Counter(
        _expected_line(line)
        for invoice in example["expected"]["invoices"]
        for line in invoice["lines"]
    )


def make_conditions(given: dict) -> Conditions:
    """Conditions of an example; an unknown key raises :class:`NotOneRating`."""
    policy = dict(given["policy"])
    rounding = {
        name: policy.pop(key) for key, name in ROUNDING_KEYS.items() if key in policy
    }
    values = {
        name: convert(policy.pop(key))
        for key, (name, convert) in POLICY_KEYS.items()
        if key in policy
    }
    unknown = policy.keys() - ELSEWHERE
    if unknown:
        raise NotOneRating(sorted(unknown))
    return Conditions(
        timezone=given["timezone"],
        currency_decimals=given.get("currency_decimals", 2),
        rounding=Rounding(**rounding),
        rates=tuple(map(make_rate, enumerate(given.get("rates", [])))),
        windows=tuple(map(make_window, given.get("surcharge_windows", []))),
        holidays=PublicHolidays(),
        allotments=tuple(make_allotments(given.get("contract", {}))),
        flat_fees=tuple(map(make_flat_fee, policy.get("flat_ticket_types", []))),
        work_type_factor={
            key: Decimal(factor)
            for key, factor in policy.get("activity_factor", {}).items()
        },
        **values,
    )


def make_rate(numbered: tuple[int, dict]) -> Rate:
    number, given = numbered
    value = given.get("price") or given.get("amount") or given.get("factor")
    return Rate(
        number,
        Decimal(value),
        given.get("kind", "fixed"),
        contract=given.get("contract"),
        work_type=given.get("activity"),
        employee=given.get("employee"),
        ticket=given.get("ticket"),
        valid_from=_day(given.get("valid_from")),
        valid_to=_day(given.get("valid_to")),
    )


def make_window(given: dict) -> Window:
    days = given.get("days")
    return Window(
        given["id"],
        Decimal(given["percent"]),
        time.fromisoformat(given["from"]) if "from" in given else None,
        time.fromisoformat(given["to"]) if "to" in given else None,
        frozenset(map(DAYS.index, days)) if days else None,
        "calendar" in given,
    )


def make_flat_fee(given: dict) -> FlatFee:
    kind = given["type"]
    return FlatFee(kind, Decimal(given["price"]), kind, given.get("included_minutes"))


def make_allotments(given: dict) -> list[Allotment]:
    overage = given.get("overage_price") or given.get("extra_ticket_price")
    common = {
        "basis": given.get("consumption_basis", "rounded"),
        "overage_price": Decimal(overage) if overage else None,
        "overage_surcharges": given.get("overage_surcharges", True),
        "work_types": frozenset(given.get("covered_activities", ())) or None,
    }
    units = {
        "quota_minutes": "minutes",
        "retainer_amount": "amount",
        "included_tickets": "tickets",
    }
    periods = [
        Allotment(
            CONTRACT,
            Decimal(given[key]),
            unit,
            given["period"],
            start=_day(given.get("start")),
            carry_over=_carry_over(given.get("carry_over", "none")),
            first_period=given.get("first_period", "full"),
            **common,
        )
        for key, unit in units.items()
        if key in given
    ]
    blocks = [
        Allotment(
            block["id"],
            Decimal(block["minutes"]),
            period=None,
            start=_day(block["bought"]),
            expires=_day(block["expires"]),
            price=Decimal(block["price"]),
            **common,
        )
        for block in given.get("prepaid_blocks", ())
    ]
    return periods + blocks


def _carry_over(given) -> CarryOver | None:
    if given == "none":
        return None
    return CarryOver(Decimal(given["max_minutes"]), given["expires_after_periods"])


def make_entry(given: dict, example: dict) -> Entry:
    start = datetime.fromisoformat(given["start"]) if "start" in given else None
    stop = datetime.fromisoformat(given["end"]) if "end" in given else None
    if start:
        seconds = int((stop - start).total_seconds())
        day = start.date()
    else:
        seconds = given.get("seconds", given.get("minutes", 0) * 60)
        day = _day(given.get("date")) or DEFAULT_DAY
    return Entry(
        key=given["id"],
        ticket=given["ticket"],
        minutes=-(-seconds // 60),
        day=day,
        start=start,
        stop=stop,
        employee=given["employee"],
        work_type=given["activity"],
        contract=given.get("contract"),
        billing=given.get("billing", "billable"),
        emergency=given.get("emergency", False),
        visit=given.get("visit"),
        ticket_type=given.get("ticket_type"),
        location=example.get("service_locations", {}).get(given.get("site")),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _line(line) -> tuple:
    sources = {
        item.charge if line.kind == "material" else item.entry for item in line.items
    }
    amount = line.minutes if line.minutes is not None else line.quantity
    return (
        line.kind,
        tuple(sorted(sources - {None})),
        Decimal(amount),
        line.unit_price,
        line.surcharge_percent,
        line.discount_percent,
        line.net,
    )


def _expected_line(line: dict) -> tuple:
    return (
        line["kind"],
        tuple(sorted(line.get("entries", []))),
        Decimal(line.get("minutes", line["quantity"])),
        Decimal(line["unit_price"]),
        Decimal(line.get("surcharge_pct", 0)),
        Decimal(line.get("discount_pct", 0)),
        Decimal(line["net"]),
    )
