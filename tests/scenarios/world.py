"""The records of a scenario, made from what is given."""

from datetime import date, datetime, timedelta

from mapping import (
    ALLOTMENT,
    BLOCK,
    BLOCKS,
    COST,
    COVER,
    ENTRY,
    GIVEN,
    ORDER,
    POLICY,
    RATE,
    VISIT,
    WINDOW,
    moment,
)
from rows import NotSupported, apply

from odoo import Command

FIRST_DAY = "2020-01-01"
QUOTAS = ("quota_minutes", "retainer_amount", "included_tickets")
FX_DATES = {"invoice_date": "invoice_date", "cost_date": "charge_date"}


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
        self.allotments: dict[str, object] = {}
        self.contract_vals: dict = {}
        self._made: dict = {}
        self._ticket_vals: dict = {}
        apply(GIVEN, self, self.given, "given")
        self.customer = case._create_customer("Scenario customer")
        self.contracts = self._create_contracts()
        self.contract = next(iter(self.contracts.values()))
        self._create_allotments()
        self._create_fx()
        for rate in self.given.get("rates", []):
            self.create_rate(rate)
        for order in self.given.get("purchase_orders", []):
            self._create_order(order)
        self._close_tickets(self.given.get("tickets", []))
        for visit in self.given.get("visits", []):
            self._create_visit(visit)
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
            "partner_id": self.customer.id,
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

    def site(self, key: str):
        """An address of the customer, where the scenario says it is."""
        location = self.given.get("service_locations", {})[key]
        region, _slash, city = location.partition("/")
        country, _dash, code = region.partition("-")
        state = self.env["res.country.state"].search(
            [
                ("code", "in", (code, f"{country}-{code}")),
                ("country_id.code", "=", country),
            ],
            limit=1,
        )
        assert state, location
        vals = {
            "name": key,
            "parent_id": self.customer.id,
            "type": "delivery",
            "state_id": state.id,
            "country_id": state.country_id.id,
            "city": city,
        }
        return self._make("res.partner", key, vals)

    def visit(self, key: str, ticket_id: int, day=None):
        vals = {
            "name": key,
            "ticket_id": ticket_id,
            "date": day or self.get_default_day(0),
        }
        return self._make("ticket.billing.visit", key, vals)

    def currency(self, name: str):
        currency = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", name)])
        )
        currency.active = True
        return currency

    def ticket_vals(self, ticket_id: int, name: str, value) -> None:
        """Set a field of a ticket, once and for all."""
        known = self._ticket_vals.setdefault((ticket_id, name), value)
        if known != value:
            raise NotSupported(f"entries of one ticket with different {name}")
        self.env["helpdesk.ticket"].browse(ticket_id)[name] = value

    # --------------------------------------------------------------- contracts

    def contract_of(self, key: str | None):
        """The contract of a key; ``None`` is the main one of the customer."""
        return self.contracts[key]

    def _get_contract_keys(self) -> list[str | None]:
        """Contracts that entries and rates name; the main one comes first."""
        logged = [s["entry"] for s in self.scenario["timeline"] if s["op"] == "log"]
        entries = [*self.given.get("entries", []), *logged]
        keys = dict.fromkeys(entry.get("contract") for entry in entries)
        rates = self.given.get("rates", [])
        keys |= dict.fromkeys(r["contract"] for r in rates if r.get("contract"))
        return sorted(keys, key=lambda key: key is not None) or [None]

    def _create_contracts(self) -> dict:
        policy = self._create_policy()
        contracts = {}
        for key in self._get_contract_keys():
            contracts[key] = self.case._create_contract(
                self.customer,
                price=None,
                name=key or "Support",
                main=not contracts,
                policy_id=policy.id,
                currency_id=self._get_currency().id,
                tz=self.given["timezone"],
                date_start=self._get_start(),
                surcharge_ids=self._prepare_windows(),
                **self.contract_vals,
            )
        return contracts

    def _get_start(self) -> str:
        return (self.given.get("contract") or {}).get("start", FIRST_DAY)

    def _create_policy(self):
        vals = apply(POLICY, self, self.given["policy"], "policy")
        product = self.env.ref("ticket_billing.product_flat")
        for _code, _key, fee in self.contract_vals.get("flat_fee_ids", []):
            fee["product_id"] = product.id
        fx_date = self.given.get("fx_date", "invoice_date")
        if fx_date not in FX_DATES:
            raise NotSupported(f"given.fx_date = {fx_date}")
        return self.env["ticket.billing.policy"].create(
            {
                "name": "Scenario",
                "rounding_mode": "none",
                "increment_minutes": 1,
                "cost_rate_date": FX_DATES[fx_date],
                **vals,
            }
        )

    def _get_currency(self):
        name = self.given["currency"]
        currency = self.currency(name)
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

    def _create_allotments(self) -> None:
        terms = dict(self.given.get("contract") or {})
        blocks = terms.get("prepaid_blocks", [])
        apply(BLOCKS, self, {k: terms.pop(k) for k in BLOCKS if k in terms}, "contract")
        if any(key in terms for key in QUOTAS):
            vals = apply(ALLOTMENT, self, self._sort_terms(terms), "contract")
            self._create_allotment("", vals)
        common = {key: terms[key] for key in COVER if key in terms}
        for block in blocks:
            vals = apply(BLOCK, self, {**common, **block}, "contract.prepaid_blocks[]")
            self._create_allotment(block["id"], {**vals, "period": "block"})

    def _sort_terms(self, terms: dict) -> dict:
        """The quota first: other keys depend on its unit."""
        quotas = {key: terms[key] for key in QUOTAS if key in terms}
        return {**quotas, **terms}

    def _create_allotment(self, key: str, vals: dict) -> None:
        vals["contract_id"] = self.contract.id
        self.allotments[key] = self.env["ticket.billing.allotment"].create(vals)

    def create_rate(self, rate: dict):
        """A rate of the contract where it names it, otherwise a standard rate."""
        vals = {
            "company_id": self.company.id,
            "currency_id": self.contract.currency_id.id,
            **apply(RATE, self, rate, "rates[]"),
        }
        return self.env["ticket.billing.rate"].create(vals)

    def get_rate_scope(self, rate: dict) -> list:
        """Search terms for the rates that compete with ``rate``."""
        vals = apply(RATE, self, rate, "rates[]")
        scope = ("contract_id", "work_type_id", "employee_id", "ticket_id")
        return [
            ("company_id", "=", self.company.id),
            *((name, "=", vals.get(name, False)) for name in scope),
        ]

    def _create_fx(self) -> None:
        """Exchange rates, as units of the other currency per unit of the company's."""
        self._create_booking_rate()
        for each in self.given.get("fx", []):
            source, target = self.currency(each["from"]), self.currency(each["to"])
            factor = float(each["rate"])
            if target == self.company.currency_id:
                currency, units = source, 1 / factor
            elif source == self.company.currency_id:
                currency, units = target, factor
            else:
                raise NotSupported("given.fx[] without the company's currency")
            self.env["res.currency.rate"].create(
                {
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "name": each["date"],
                    "rate": units,
                }
            )

    def _create_booking_rate(self) -> None:
        """Invoices in another currency cannot be booked without any rate.

        It is older than all work, so that costs are not converted with it.
        """
        currency = self._get_currency()
        if currency != self.company.currency_id:
            self.env["res.currency.rate"].create(
                {
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "name": "2000-01-01",
                    "rate": 1.0,
                }
            )

    def _create_order(self, order: dict) -> None:
        vals = apply(ORDER, self, order, "purchase_orders[]")
        self.env["ticket.billing.purchase.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": self.contract.currency_id.id,
                **vals,
            }
        )

    # -------------------------------------------------------------------- work

    def get_default_day(self, step: int) -> date:
        """Day of work without a date: the one before the next billing run."""
        for each in self.scenario["timeline"][step:]:
            if each["op"] == "bill_run":
                return date.fromisoformat(each["on"]) - timedelta(days=1)
        raise NotSupported("work without a date after the last bill_run")

    def log(self, entry: dict, default_day: date) -> None:
        """Record a time entry; without a date, of ``default_day``."""
        # The ticket comes first: other keys are fields of it. So does the day.
        first = {key: entry[key] for key in ("ticket", "date") if key in entry}
        entry = {**first, **entry}
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
        elapsed = moment(entry["end"]) - moment(entry["start"])
        if elapsed.total_seconds() != seconds:
            raise NotSupported("entries[].seconds other than from start to end")

    def _close_tickets(self, keys: list[str]) -> None:
        """Tickets that were closed one after the other on the default day."""
        if not keys:
            return
        day = datetime.combine(self.get_default_day(0), datetime.min.time())
        for number, key in enumerate(keys):
            ticket = self.ticket(key)
            self.case._close(ticket)
            ticket.closed_date = day + timedelta(hours=8, minutes=number)

    def _create_visit(self, visit: dict) -> None:
        vals = apply(VISIT, self, visit, "visits[]")
        record = self.visit(visit["id"], vals["ticket_id"])
        record.write({key: vals[key] for key in ("vehicles", "one_way_km")
                      if key in vals})  # fmt: skip

    def _create_charge(self, cost: dict) -> None:
        vals = apply(COST, self, cost, "costs[]")
        product = self._make(
            "product.product", "material", {"name": "Material", "type": "consu"}
        )
        vals.setdefault("cost_currency_id", self.contract.currency_id.id)
        vals.update(
            product_id=product.id,
            date=self.get_default_day(0),
            pricing="price" if "sales_price" in cost else "markup",
        )
        self.charges[cost["id"]] = self.env["ticket.billing.charge"].create(vals)
