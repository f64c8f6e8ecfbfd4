"""The vocabulary of scenario files: known keys, and values where they are fixed.

A shape is a dict (an object with these keys), a list of one shape (a list of such
objects), a set (one of these values), or ``ANY``.
"""

ANY = None
KINDS = {
    "time", "overage", "quota_covered", "surcharge", "emergency_fee", "travel",
    "material", "flat", "prepaid_block", "rounding_adjust", "minimum_adjust",
    "cap_adjust", "goodwill", "correction", "credit",
}  # fmt: skip

POLICY = {
    "increment_minutes": ANY,
    "rounding_mode": {"up", "nearest", "down", "none"},
    "rounding_scope": {"entry", "visit", "ticket", "invoice"},
    "rounding_before_split": ANY,
    "rounding_surplus_to": {"last_segment"},
    "ticket_rounding_memory": {"lifetime", "invoice"},
    "first_block_minutes": ANY,
    "minimum_minutes": ANY,
    "minimum_amount_per_ticket": ANY,
    "minimum_invoice_amount": ANY,
    "below_minimum": {"carry_forward", "bill_anyway"},
    "line_grouping": {"entry", "visit", "ticket", "ticket_rate"},
    "invoice_grouping": {"customer", "project", "ticket", "purchase_order"},
    "surcharge_combination": {"highest", "additive", "multiplicative"},
    "surcharge_display": {"in_unit_price", "separate_line"},
    "unit_price_decimals": ANY,
    "holiday_basis": {"service_location", "customer", "company"},
    "missing_clock_time": {"apply_day_windows_and_flag"},
    "quota_order": {"work_time"},
    "show_covered_lines": ANY,
    "customer_discount_pct": ANY,
    "discount_on": ANY,
    "emergency_percent": ANY,
    "emergency_flat_fee": ANY,
    "emergency_fee_scope": {"ticket"},
    "activity_factor": ANY,
    "material_markup_pct": ANY,
    "travel": {
        "mode": {"flat", "km", "zones"},
        "per": {"visit"},
        "price": ANY,
        "round_trip": ANY,
        "zones": [{"up_to_km": ANY, "price": ANY}],
        "beyond_price_per_km": ANY,
    },
    "cap_per_ticket": ANY,
    "cap_scope": {"lifetime", "invoice"},
    "cap_kinds": ANY,
    "flat_ticket_types": [{"type": ANY, "price": ANY, "included_minutes": ANY}],
    "warranty_display": {"discount_line", "hidden"},
    "po_required": ANY,
    "po_exceeded": {"hold", "warn"},
}

ENTRY = {
    "id": ANY,
    "ticket": ANY,
    "employee": ANY,
    "activity": ANY,
    "minutes": ANY,
    "seconds": ANY,
    "date": ANY,
    "start": ANY,
    "end": ANY,
    "contract": ANY,
    "project": ANY,
    "site": ANY,
    "visit": ANY,
    "po": ANY,
    "ticket_type": ANY,
    "emergency": ANY,
    "billing": {"billable", "warranty", "internal"},
    "logged_at": ANY,
    "notes": ANY,
}

RATE = {
    "price": ANY,
    "kind": {"fixed", "adjust", "multiplier"},
    "amount": ANY,
    "factor": ANY,
    "contract": ANY,
    "activity": ANY,
    "employee": ANY,
    "ticket": ANY,
    "valid_from": ANY,
    "valid_to": ANY,
    "currency": ANY,
}

CONTRACT = {
    "start": ANY,
    "period": {"month"},
    "quota_minutes": ANY,
    "retainer_amount": ANY,
    "included_tickets": ANY,
    "extra_ticket_price": ANY,
    "count_on": ANY,
    "overage_price": ANY,
    "overage_surcharges": ANY,
    "consumption_basis": {"raw", "rounded", "weighted", "amount"},
    "covered_activities": ANY,
    "carry_over": {"max_minutes": ANY, "expires_after_periods": ANY, "consume": ANY},
    "first_period": {"prorate_days"},
    "prepaid_blocks": [
        {"id": ANY, "minutes": ANY, "price": ANY, "bought": ANY, "expires": ANY}
    ],
    "consume": {"earliest_expiry_first"},
    "when_empty": {"list_rate"},
}

GIVEN = {
    "currency": ANY,
    "currency_decimals": ANY,
    "timezone": ANY,
    "policy": POLICY,
    "rates": [RATE],
    "entries": [ENTRY],
    "surcharge_windows": [
        {
            "id": ANY,
            "percent": ANY,
            "from": ANY,
            "to": ANY,
            "days": ANY,
            "calendar": ANY,
        }
    ],
    "service_locations": ANY,
    "contract": CONTRACT,
    "costs": [
        {
            "id": ANY,
            "ticket": ANY,
            "kind": {"material"},
            "qty": ANY,
            "unit_cost": ANY,
            "currency": ANY,
            "sales_price": ANY,
        }
    ],
    "visits": [
        {
            "id": ANY,
            "ticket": ANY,
            "technicians": ANY,
            "vehicles": ANY,
            "one_way_km": ANY,
        }
    ],
    "tickets": ANY,
    "purchase_orders": [{"number": ANY, "limit": ANY, "used": ANY}],
    "fx": [{"from": ANY, "to": ANY, "date": ANY, "rate": ANY}],
    "fx_date": ANY,
}

STEPS = {
    "bill_run": {"op": ANY, "on": ANY, "period": ANY, "expect": ANY},
    "log": {"op": ANY, "entry": ENTRY},
    "edit": {"op": ANY, "entry": ANY, "minutes": ANY},
    "reopen": {"op": ANY, "ticket": ANY},
    "set_rate": {"op": ANY, **RATE},
    "delete_upstream": {"op": ANY, "entry": ANY},
    "credit_note": {
        "op": ANY,
        "invoice": ANY,
        "lines": ANY,
        "quantity_h": ANY,
        "release_work": ANY,
    },
}

LINE = {
    "kind": KINDS,
    "entries": ANY,
    "description": ANY,
    "minutes": ANY,
    "quantity": ANY,
    "uom": ANY,
    "unit_price": ANY,
    "surcharge_pct": ANY,
    "discount_pct": ANY,
    "net": ANY,
}

SCENARIO = {
    "id": ANY,
    "title": ANY,
    "group": ANY,
    "topics": ANY,
    "why": ANY,
    "given": GIVEN,
    "timeline": ANY,
    "expected": {
        "invoices": [
            {
                "type": {"invoice", "credit_note"},
                "after_step": ANY,
                "currency": ANY,
                "lines": [LINE],
                "net_total": ANY,
            }
        ],
        "balances": ANY,
        "exceptions": [
            {"code": ANY, "entry": ANY, "ticket": ANY, "severity": ANY, "notes": ANY}
        ],
        "notes": ANY,
    },
    "wrong_answers": [{"net_total": ANY, "cause": ANY}],
}


class UnknownKey(Exception):
    """A key or value that is not in the vocabulary."""


def without_nulls(value):
    """The same without keys whose value is null: they say what leaving out says."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value


def check(scenario: dict) -> None:
    """Raise :class:`UnknownKey` for what the vocabulary does not have."""
    _check(scenario, SCENARIO, "")
    for number, step in enumerate(scenario["timeline"]):
        path = f"timeline[{number}]"
        if step.get("op") not in STEPS:
            raise UnknownKey(f"unknown value: {path}.op = {step.get('op')}")
        _check(step, STEPS[step["op"]], path)


def _check(value, shape, path: str) -> None:
    if shape is ANY or value is None:
        return
    if isinstance(shape, set):
        if value not in shape:
            raise UnknownKey(f"unknown value: {path} = {value}")
    elif isinstance(shape, list):
        for number, each in enumerate(value):
            _check(each, shape[0], f"{path}[{number}]")
    elif isinstance(value, dict):
        for key, each in value.items():
            name = f"{path}.{key}".removeprefix(".")
            if key not in shape:
                raise UnknownKey(f"unknown key: {name}")
            _check(each, shape[key], name)
    elif value != "none":
        # "none" stands for an object that is not there (carry_over).
        raise UnknownKey(f"unknown value: {path} = {value}")
