"""The records of a scenario, made from what is given."""

from datetime import UTC, date, datetime, timedelta

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
FIRST_DAY = "2020-01-01"


def _clock(value: str) -> float:
    hours, minutes = value.split(":")
    return int(hours) + int(minutes) / 60


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)


def _days(world, vals, value) -> None:
    for key, name in DAYS.items():
        vals[name] = key in value


def _activity_factor(world, vals, value) -> None:
    for key, factor in value.items():
        world.work_type(key).factor = float(factor)


def _flat_ticket_types(world, vals, value) -> None:
    world.contract_vals["flat_fee_ids"] = [
        Command.create(apply(FLAT_FEE, world, each, "policy.flat_ticket_types[]"))
        for each in value
    ]


def _included_minutes(world, vals, value) -> None:
    vals.update(limited=value is not None, included_minutes=value or 0)


def _discount(world, vals, value) -> None:
    world.contract_vals["discount"] = float(value)


def _carry_over(world, vals, value) -> None:
    if value not in (None, "none"):
        raise NotSupported("contract.carry_over")


def _overage_price(world, vals, value) -> None:
    if value is not None and not float(value):
        raise NotSupported  # 0 means the normal rate in the product
    vals["overage_price"] = float(value or 0)


def _covered(world, vals, value) -> None:
    types = [world.work_type(key).id for key in value]
    vals["work_type_ids"] = [Command.set(types)]


def _contract_key(world, vals, value) -> None:
    if value != world.contract_key:
        raise NotSupported("several contracts of one customer")


def _rate_contract(world, vals, value) -> None:
    _contract_key(world, vals, value)
    vals["contract_id"] = world.contract.id


def _currency(world, vals, value) -> None:
    if value != world.given["currency"]:
        raise NotSupported("several currencies")


def _of_ticket(name: str, find: str | None = None):
    """A field of the ticket: all entries of a ticket have to agree on it."""

    def row(world, vals, value):
        if find:
            value = getattr(world, find)(value).id
        world.ticket_vals(vals["ticket_id"], name, value)

    return row


POLICY = {
    "increment_minutes": field("increment_minutes"),
    "rounding_mode": field("rounding_mode"),
    "rounding_scope": field("rounding_scope", str, "entry", "ticket", "invoice"),
    "rounding_before_split": always(True),
    "rounding_surplus_to": always("last_segment"),
    "ticket_rounding_memory": always("invoice"),
    "first_block_minutes": field("first_block_minutes"),
    "minimum_minutes": field("minimum_minutes"),
    "line_grouping": field("line_grouping", str, "entry", "ticket", "ticket_rate"),
    "invoice_grouping": field("invoice_grouping"),
    "surcharge_combination": field("surcharge_combination"),
    "surcharge_display": always("in_unit_price"),
    "unit_price_decimals": always(2),
    "holiday_basis": always("service_location"),
    "missing_clock_time": always("apply_day_windows_and_flag"),
    "quota_order": always("work_time"),
    "show_covered_lines": field("show_covered_lines"),
    "customer_discount_pct": _discount,
    "activity_factor": _activity_factor,
    "flat_ticket_types": _flat_ticket_types,
    "warranty_display": always("hidden"),
    "po_required": always(False),
}

FLAT_FEE = {
    "type": record("category_id", "category"),
    "price": field("price", float),
    "included_minutes": _included_minutes,
}

ALLOTMENT = {
    "start": ignored,  # of the contract
    "period": field("period"),
    "quota_minutes": field("hours", lambda minutes: minutes / 60),
    "overage_price": _overage_price,
    "overage_surcharges": always(True),
    "consumption_basis": field("basis", str, "raw", "rounded"),
    "covered_activities": _covered,
    "carry_over": _carry_over,
}

WINDOW = {
    "id": field("name"),
    "percent": field("percent", float),
    "from": field("time_from", _clock),
    "to": field("time_to", _clock),
    "days": _days,
}

RATE = {
    "kind": field("kind"),
    "price": field("value", float),
    "amount": field("value", float),
    "factor": field("value", float),
    "contract": _rate_contract,
    "activity": record("work_type_id", "work_type"),
    "employee": record("employee_id", "employee"),
    "valid_from": field("valid_from"),
    "valid_to": field("valid_to"),
    "currency": _currency,
}

ENTRY = {
    "id": field("name"),
    "notes": ignored,
    "logged_at": ignored,  # the order in which entries are made
    "ticket": record("ticket_id", "ticket"),
    "employee": record("employee_id", "employee"),
    "activity": record("work_type_id", "work_type"),
    "minutes": field("raw_minutes"),
    "seconds": field("unit_amount", lambda seconds: seconds / 3600),
    "date": field("date"),
    "start": field("billing_start", _moment),
    "end": field("billing_stop", _moment),
    "contract": _contract_key,
    "project": record("project_id", "project"),
    "po": _of_ticket("purchase_order_ref"),
    "ticket_type": _of_ticket("category_id", "category"),
    "emergency": field("billing_emergency"),
    "billing": field("billing_type"),
}

COST = {
    "id": field("name"),
    "ticket": record("ticket_id", "ticket"),
    "kind": field("kind"),
    "qty": field("quantity", float),
    # Without markup a cost is passed on as it is; a sales price comes after it.
    "unit_cost": field("price_unit", float),
    "sales_price": field("price_unit", float),
    "currency": _currency,
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
        "contract",
        "costs",
        "tickets",
    )
}


class World:
    """Records of one scenario in the company of a test case."""

    def __init__(self, case, scenario: dict):
        self.case = case
        self.env = case.env
        self.company = case.company
        self.scenario = scenario
        self.given = scenario["given"]
        self.entries: dict[str, object] = {}
        self.charges: dict[str, object] = {}
        self.allotment = None
        self.contract_key = self._get_contract_key()
        self.contract_vals: dict = {}
        self._made: dict = {}
        self._ticket_vals: dict = {}
        apply(GIVEN, self, self.given, "given")
        self.contract = self._create_contract()
        self._create_rates()
        for key in self.given.get("tickets", []):
            self.ticket(key)
        entries = self.given.get("entries", [])
        for entry in sorted(entries, key=lambda each: each.get("logged_at", "")):
            self.log(entry, self.get_default_day(0))
        for cost in self.given.get("costs", []):
            self._create_charge(cost)

    # ----------------------------------------------------------- find or make

    def _make(self, model: str, key: str, vals: dict, **domain):
        """The record of ``key``, made on first use."""
        if (model, key) not in self._made:
            found = self.env[model].browse()
            if domain:
                terms = [(name, "=", value) for name, value in domain.items()]
                found = found.search(terms, limit=1)
            self._made[model, key] = found or self.env[model].create(vals)
        return self._made[model, key]

    def ticket(self, key: str):
        vals = {
            "name": key,
            "description": key,
            "partner_id": self.contract.partner_id.id,
            "company_id": self.company.id,
        }
        return self._make("helpdesk.ticket", key, vals)

    def employee(self, key: str):
        vals = {"name": key, "company_id": self.company.id}
        return self._make("hr.employee", key, vals)

    def work_type(self, key: str):
        product = self.env.ref("ticket_billing.product_remote")
        vals = {"name": key, "code": key, "product_id": product.id}
        work_type = self._make("ticket.billing.work.type", key, vals, code=key)
        if "factor" not in self._made:
            # No factor but the scenario's.
            self._made["factor"] = True
            work_type.search([]).factor = 1
        return work_type

    def category(self, key: str):
        vals = {"name": key, "company_id": self.company.id}
        return self._make("helpdesk.ticket.category", key, vals)

    def project(self, key: str):
        vals = {
            "name": key,
            "company_id": self.company.id,
            "allow_timesheets": True,
        }
        return self._make("project.project", key, vals)

    def ticket_vals(self, ticket_id: int, name: str, value) -> None:
        """Set a field of a ticket, once and for all."""
        known = self._ticket_vals.setdefault((ticket_id, name), value)
        if known != value:
            raise NotSupported(f"entries of one ticket with different {name}")
        self.env["helpdesk.ticket"].browse(ticket_id)[name] = value

    # ---------------------------------------------------------------- contract

    def _get_contract_key(self) -> str | None:
        """The one contract of the scenario."""
        logged = [s["entry"] for s in self.scenario["timeline"] if s["op"] == "log"]
        entries = [*self.given.get("entries", []), *logged]
        keys = {entry.get("contract") for entry in entries}
        if len(keys) > 1:
            raise NotSupported("several contracts of one customer")
        return keys.pop() if keys else None

    def _create_contract(self):
        currency = self._get_currency()
        policy_vals = apply(POLICY, self, self.given["policy"], "policy")
        policy = self.env["ticket.billing.policy"].create(
            {
                "name": "Scenario",
                "rounding_mode": "none",
                "increment_minutes": 1,
                **policy_vals,
            }
        )
        product = self.env.ref("ticket_billing.product_flat")
        for _code, _key, vals in self.contract_vals.get("flat_fee_ids", []):
            vals["product_id"] = product.id
        terms = self.given.get("contract") or {}
        self.contract_vals["surcharge_ids"] = self._prepare_windows()
        contract = self.case._create_contract(
            self.case._create_customer("Scenario customer"),
            price=None,
            policy_id=policy.id,
            currency_id=currency.id,
            tz=self.given["timezone"],
            date_start=terms.get("start", FIRST_DAY),
            **self.contract_vals,
        )
        if terms:
            vals = apply(ALLOTMENT, self, terms, "contract")
            vals["contract_id"] = contract.id
            self.allotment = self.env["ticket.billing.allotment"].create(vals)
        return contract

    def _get_currency(self):
        name = self.given["currency"]
        currency = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", name)])
        )
        currency.active = True
        if currency.decimal_places != self.given.get("currency_decimals", 2):
            raise NotSupported(f"given.currency_decimals of {name}")
        return currency

    def _prepare_windows(self) -> list:
        commands = []
        for window in self.given.get("surcharge_windows", []):
            vals = apply(WINDOW, self, window, "surcharge_windows[]")
            vals["whole_day"] = "from" not in window
            commands.append(Command.create(vals))
        return commands

    def _create_rates(self) -> None:
        rates = self.given.get("rates", [])
        foreign = self.contract.currency_id != self.company.currency_id
        if foreign and len(rates) > 1:
            raise NotSupported("rates[]: several in a foreign currency")
        for rate in rates:
            self.create_rate(rate, of_contract=foreign)

    def create_rate(self, rate: dict, of_contract: bool = False):
        """A rate of the contract where it names it, otherwise a standard rate."""
        vals = {"company_id": self.company.id, **apply(RATE, self, rate, "rates[]")}
        if of_contract:
            vals["contract_id"] = self.contract.id
        return self.env["ticket.billing.rate"].create(vals)

    def get_rate_scope(self, rate: dict, of_contract: bool) -> list:
        """Search terms for the rates that compete with ``rate``."""
        vals = apply(RATE, self, rate, "rates[]")
        contract = self.contract.id if of_contract else vals.get("contract_id", False)
        return [
            ("company_id", "=", self.company.id),
            ("contract_id", "=", contract),
            ("work_type_id", "=", vals.get("work_type_id", False)),
            ("employee_id", "=", vals.get("employee_id", False)),
        ]

    # -------------------------------------------------------------------- work

    def get_default_day(self, step: int) -> date:
        """Day of work without a date: the one before the next billing run."""
        for each in self.scenario["timeline"][step:]:
            if each["op"] == "bill_run":
                return date.fromisoformat(each["on"]) - timedelta(days=1)
        raise NotSupported("work without a date after the last bill_run")

    def log(self, entry: dict, default_day: date) -> None:
        """Record a time entry; without a date, of ``default_day``."""
        # The ticket comes first: other keys are fields of it.
        entry = {"ticket": entry["ticket"], **entry}
        if "start" in entry:
            self._check_seconds(entry)
        vals = apply(ENTRY, self, entry, "entries[]")
        vals.setdefault("employee_id", self.case.anna.id)
        if "start" not in entry:
            vals.setdefault("date", default_day)
        self.entries[entry["id"]] = self.env["account.analytic.line"].create(vals)

    def _check_seconds(self, entry: dict) -> None:
        """Seconds beside clock times are the same figure twice, or a break."""
        seconds = entry.pop("seconds", None)
        if seconds is None:
            return
        elapsed = _moment(entry["end"]) - _moment(entry["start"])
        if elapsed.total_seconds() != seconds:
            raise NotSupported("entries[].seconds other than from start to end")

    def _create_charge(self, cost: dict) -> None:
        cost = dict(cost)
        if "sales_price" in cost:
            cost.pop("unit_cost", None)
        vals = apply(COST, self, cost, "costs[]")
        product = self._make(
            "product.product", "material", {"name": "Material", "type": "consu"}
        )
        vals.update(product_id=product.id, date=self.get_default_day(0))
        self.charges[cost["id"]] = self.env["ticket.billing.charge"].create(vals)
