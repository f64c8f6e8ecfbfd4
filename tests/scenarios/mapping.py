"""Mapping tables: how the keys of the vocabulary become field values."""

from datetime import UTC, datetime

from rows import NotSupported, always, apply, field, ignored, record

from odoo import Command

DAYS = {
    "mon": "monday",
    "tue": "tuesday",
    "wed": "wednesday",
    "thu": "thursday",
    "fri": "friday",
    "sat": "saturday",
    "sun": "sunday",
}
UNLIMITED = 60_000


def _clock(value: str) -> float:
    hours, minutes = value.split(":")
    return int(hours) + int(minutes) / 60


def moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)


def _days(world, vals, value) -> None:
    for key, name in DAYS.items():
        vals[name] = key in value


def _calendar(world, vals, value) -> None:
    """Public holidays, and no other day unless the window names some."""
    vals["holidays"] = True
    for name in DAYS.values():
        vals.setdefault(name, False)


def _activity_factor(world, vals, value) -> None:
    for key, factor in value.items():
        world.work_type(key).factor = float(factor)


def _flat_ticket_types(world, vals, value) -> None:
    world.contract_vals["flat_fee_ids"] = [
        Command.create(
            {
                "limited": "included_minutes" in each,
                **apply(FLAT_FEE, world, each, "policy.flat_ticket_types[]"),
            }
        )
        for each in value
    ]


def _of_contract(name: str):
    """A number that is a field of the contract."""

    def row(world, vals, value):
        world.contract_vals[name] = float(value)

    return row


def _kinds(world, value) -> list:
    kinds = world.env["ticket.billing.kind"].search([("code", "in", value)])
    if set(kinds.mapped("code")) != set(value):
        raise NotSupported
    return [Command.set(kinds.ids)]


def _discount_on(world, vals, value) -> None:
    world.contract_vals["discount_kind_ids"] = _kinds(world, value)


def _cap_kinds(world, vals, value) -> None:
    vals["cap_kind_ids"] = _kinds(world, value)


def _travel(world, vals, value) -> None:
    vals.update(apply(TRAVEL, world, value, "policy.travel"))


def _zones(world, vals, value) -> None:
    vals["travel_zone_ids"] = [
        Command.create(apply(ZONE, world, each, "policy.travel.zones[]"))
        for each in value
    ]


def _line_grouping(world, vals, value) -> None:
    vals["line_grouping"] = "ticket" if value == "ticket_rate" else value


def _carry_over(world, vals, value) -> None:
    if value == "none":
        return
    if value.get("consume", "oldest_first") != "oldest_first":
        raise NotSupported("contract.carry_over.consume")
    limit = int(value.get("max_minutes", UNLIMITED))
    vals.update(
        carry_over=True,
        carry_over_limit=limit if vals.get("unit") == "amount" else limit / 60,
        carry_over_periods=value.get("expires_after_periods", UNLIMITED),
    )


def _overage_price(world, vals, value) -> None:
    vals.update(overage="price", overage_price=float(value))


def _covered(world, vals, value) -> None:
    types = [world.work_type(key).id for key in value]
    vals["work_type_ids"] = [Command.set(types)]


def _minutes(world, vals, value) -> None:
    vals.update(unit="minutes", hours=int(value) / 60)


def _amount(world, vals, value) -> None:
    vals.update(unit="amount", amount=float(value))


def _tickets(world, vals, value) -> None:
    vals.update(unit="tickets", ticket_quantity=int(value))


def _count_on(world, vals, value) -> None:
    vals["count_on"] = value.removeprefix("ticket_")


def _rate_contract(world, vals, value) -> None:
    vals["contract_id"] = world.contract_of(value).id


def _currency(name: str):
    def row(world, vals, value):
        vals[name] = world.currency(value).id

    return row


def _of_ticket(name: str, find: str):
    """A field of the ticket: all entries of a ticket have to agree on it."""

    def row(world, vals, value):
        record = getattr(world, find)(value)
        world.ticket_vals(vals["ticket_id"], name, record.id)

    return row


def _visit(world, vals, value) -> None:
    vals["visit_id"] = world.visit(value, vals["ticket_id"], vals.get("date")).id


POLICY = {
    "increment_minutes": field("increment_minutes"),
    "rounding_mode": field("rounding_mode"),
    "rounding_scope": field("rounding_scope"),
    "rounding_before_split": always(True),
    "rounding_surplus_to": always("last_segment"),
    "ticket_rounding_memory": field("rounding_memory"),
    "first_block_minutes": field("first_block_minutes"),
    "minimum_minutes": field("minimum_minutes"),
    "minimum_amount_per_ticket": field("minimum_per_ticket", float),
    "minimum_invoice_amount": field("minimum_invoice", float),
    "below_minimum": field("below_minimum"),
    "line_grouping": _line_grouping,
    "invoice_grouping": field("invoice_grouping"),
    "surcharge_combination": field("surcharge_combination"),
    "surcharge_display": field("surcharge_display"),
    "unit_price_decimals": field("unit_price_decimals"),
    "holiday_basis": field("holiday_basis"),
    "missing_clock_time": always("apply_day_windows_and_flag"),
    "quota_order": always("work_time"),
    "show_covered_lines": field("show_covered_lines"),
    "customer_discount_pct": _of_contract("discount"),
    "discount_on": _discount_on,
    "emergency_percent": _of_contract("emergency_percent"),
    "emergency_flat_fee": _of_contract("emergency_fee"),
    "emergency_fee_scope": always("ticket"),
    "activity_factor": _activity_factor,
    "flat_ticket_types": _flat_ticket_types,
    "material_markup_pct": field("material_markup", float),
    "travel": _travel,
    "cap_per_ticket": field("cap_per_ticket", float),
    "cap_scope": field("cap_scope"),
    "cap_kinds": _cap_kinds,
    "warranty_display": field("warranty_display"),
    "po_required": field("po_required"),
    "po_exceeded": field("po_exceeded"),
}

TRAVEL = {
    "mode": field("travel_mode"),
    "per": always("visit"),
    "price": field("travel_price", float),
    "round_trip": field("travel_round_trip"),
    "zones": _zones,
    "beyond_price_per_km": field("travel_beyond_price", float),
}

ZONE = {"up_to_km": field("up_to_km", float), "price": field("price", float)}

FLAT_FEE = {
    "type": record("category_id", "category"),
    "price": field("price", float),
    "included_minutes": field("included_minutes"),
}

# What holds for an allotment per period and for prepaid blocks.
COVER = {
    "overage_surcharges": field("overage_surcharges"),
    "consumption_basis": field("basis"),
    "covered_activities": _covered,
}

ALLOTMENT = {
    **COVER,
    "quota_minutes": _minutes,
    "retainer_amount": _amount,
    "included_tickets": _tickets,
    "start": field("date_start"),
    "period": field("period"),
    "overage_price": _overage_price,
    "extra_ticket_price": _overage_price,
    "count_on": _count_on,
    "carry_over": _carry_over,
    "first_period": field("first_period"),
}

BLOCK = {
    **COVER,
    "id": field("name"),
    "minutes": _minutes,
    "price": field("price", float),
    "bought": field("date_start"),
    "expires": field("date_end"),
}

# Of `contract`, beside the allotments.
BLOCKS = {
    "prepaid_blocks": ignored,
    "consume": always("earliest_expiry_first"),
    "when_empty": always("list_rate"),
}

WINDOW = {
    "id": field("name"),
    "percent": field("percent", float),
    "from": field("time_from", _clock),
    "to": field("time_to", _clock),
    "days": _days,
    "calendar": _calendar,
}

RATE = {
    "kind": field("kind"),
    "price": field("value", float),
    "amount": field("value", float),
    "factor": field("value", float),
    "contract": _rate_contract,
    "activity": record("work_type_id", "work_type"),
    "employee": record("employee_id", "employee"),
    "ticket": record("ticket_id", "ticket"),
    "valid_from": field("valid_from"),
    "valid_to": field("valid_to"),
    "currency": _currency("currency_id"),
}

ENTRY = {
    "id": field("name"),
    "notes": ignored,
    "logged_at": ignored,  # the order in which entries are made
    "ticket": record("ticket_id", "ticket"),
    "employee": record("employee_id", "employee"),
    "activity": record("work_type_id", "work_type"),
    "minutes": field("raw_minutes"),
    "seconds": field("raw_minutes", lambda seconds: -(-seconds // 60)),
    "date": field("date"),
    "start": field("billing_start", moment),
    "end": field("billing_stop", moment),
    "contract": _of_ticket("billing_contract_id", "contract_of"),
    "project": record("project_id", "project"),
    "site": record("service_partner_id", "site"),
    "visit": _visit,
    "po": field("purchase_order_ref"),
    "ticket_type": _of_ticket("category_id", "category"),
    "emergency": field("billing_emergency"),
    "billing": field("billing_type"),
}

COST = {
    "id": field("name"),
    "ticket": record("ticket_id", "ticket"),
    "kind": field("kind"),
    "qty": field("quantity", float),
    "unit_cost": field("unit_cost", float),
    "sales_price": field("price_unit", float),
    "currency": _currency("cost_currency_id"),
}

VISIT = {
    "id": field("name"),
    "ticket": record("ticket_id", "ticket"),
    "technicians": ignored,  # the way is paid by vehicle, whoever is in it
    "vehicles": field("vehicles", int),
    "one_way_km": field("one_way_km", float),
}

ORDER = {
    "number": field("name"),
    "limit": field("limit", float),
    "used": field("used_before", float),
}

# Of `given`; each is read by the method of the world that needs it.
GIVEN = {
    key: ignored
    for key in (
        "currency",
        "currency_decimals",
        "timezone",
        "policy",
        "rates",
        "entries",
        "surcharge_windows",
        "service_locations",
        "contract",
        "costs",
        "visits",
        "tickets",
        "purchase_orders",
        "fx",
        "fx_date",
    )
}
