from collections import defaultdict
from datetime import date
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import date_utils, format_date

from ..rating import Allotment, Balance, CarryOver, Item, balance
from ..tools.duration import format_minutes
from ..tools.number import format_number


class TicketBillingAllotment(models.Model):
    """Work included in a contract: per period, or once as a prepaid block."""

    _name = "ticket.billing.allotment"
    _description = "Allotment"
    _order = "sequence, id"

    name = fields.Char(
        required=True,
        translate=True,
        default=lambda self: self.env._("Included hours"),
    )
    sequence = fields.Integer(default=10)
    contract_id = fields.Many2one(
        "ticket.billing.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    unit = fields.Selection(
        [("minutes", "Hours"), ("amount", "Money"), ("tickets", "Tickets")],
        string="Counted in",
        required=True,
        default="minutes",
    )
    hours = fields.Float(help="Hours included in each period. Example: 5:00.")
    amount = fields.Monetary(
        help="Work of this value is included in each period. Example: 500.00."
    )
    ticket_quantity = fields.Integer(
        string="Number of tickets", help="Tickets included in each period. Example: 5."
    )
    count_on = fields.Selection(
        [("closed", "Closed"), ("opened", "Opened")],
        string="A ticket counts when",
        required=True,
        default="closed",
    )
    period = fields.Selection(
        [
            ("month", "Month"),
            ("quarter", "Quarter"),
            ("year", "Year"),
            ("block", "Once: prepaid block"),
        ],
        required=True,
        default="month",
        help="A prepaid block is bought once and used until it is empty or expires.",
    )
    date_start = fields.Date(
        string="From",
        help="First day it can be used. Empty: with the contract. A prepaid block is"
        " invoiced on this day.",
    )
    date_end = fields.Date(
        string="Until", help="Last day it can be used; what is left then lapses."
    )
    first_period = fields.Selection(
        [("full", "In full"), ("prorate_days", "Pro rata by days")],
        required=True,
        default="full",
        help="What a contract that starts within a period includes in it.",
    )
    carry_over = fields.Boolean(
        string="Carry over", help="What is left of a period can be used later."
    )
    carry_over_limit = fields.Float(
        string="Carry at most",
        help="Hours, money or tickets that can come over from earlier periods.",
    )
    carry_over_periods = fields.Integer(
        string="For periods", default=1, help="How many periods it stays usable."
    )
    work_type_ids = fields.Many2many(
        "ticket.billing.work.type", help="Leave empty to cover all work types."
    )
    basis = fields.Selection(
        [
            ("rounded", "Billable (rounded) minutes"),
            ("raw", "Worked minutes"),
            ("weighted", "Billable minutes with surcharge"),
            ("amount", "Value of the work"),
        ],
        required=True,
        default="rounded",
        help="What is taken from the allotment. With surcharge: an hour at night with"
        " 50 % takes 1:30.",
    )
    overage = fields.Selection(
        [("rate", "At the normal rate"), ("price", "At a price of its own")],
        string="Beyond it",
        required=True,
        compute="_compute_overage",
        store=True,
        readonly=False,
        precompute=True,
    )
    overage_price = fields.Float(
        digits=(16, 4),
        help="Price per hour beyond the allotment; per ticket where tickets are"
        " counted.",
    )
    overage_surcharges = fields.Boolean(
        default=True, help="Surcharge windows also apply to the overage price."
    )
    price = fields.Float(
        digits=(16, 2), help="Price of the prepaid block. 0: it is not invoiced."
    )
    product_id = fields.Many2one(
        "product.product",
        domain="[('type', '=', 'service')]",
        help="Product of the invoice line for a prepaid block.",
    )
    available_quantity = fields.Float(string="Available", compute="_compute_balance")
    used_quantity = fields.Float(string="Used", compute="_compute_balance")
    used_percent = fields.Integer(string="Used %", compute="_compute_balance")
    balance_text = fields.Char(string="Left now", compute="_compute_balance")
    warned_period = fields.Date(
        copy=False, help="First day of the period that was warned of."
    )
    warned_percent = fields.Integer(
        copy=False, help="Highest threshold of that period that was warned of."
    )
    warning_activity_id = fields.Many2one(
        "mail.activity", copy=False, index="btree_not_null"
    )
    ledger_html = fields.Html(string="Periods", compute="_compute_ledger_html")

    _quantity_positive = models.Constraint(
        "CHECK((unit = 'minutes' AND hours > 0) OR (unit = 'amount' AND amount > 0)"
        " OR (unit = 'tickets' AND ticket_quantity > 0))",
        "An allotment needs a quantity above 0.",
    )
    _overage_price_not_negative = models.Constraint(
        "CHECK(COALESCE(overage_price, 0) >= 0 AND COALESCE(price, 0) >= 0)",
        "Prices of an allotment cannot be negative.",
    )
    _block_dates = models.Constraint(
        "CHECK(period <> 'block' OR date_start IS NOT NULL)",
        "A prepaid block needs its first day.",
    )
    _dates = models.Constraint(
        "CHECK(date_end IS NULL OR date_start IS NULL OR date_end >= date_start)",
        "An allotment cannot end before it starts.",
    )
    _carry_over_limit_positive = models.Constraint(
        "CHECK(NOT carry_over OR (carry_over_limit > 0 AND carry_over_periods > 0))",
        "An allotment that carries over needs a limit and a number of periods.",
    )

    @api.depends("overage_price")
    def _compute_overage(self):
        for allotment in self:
            has_price = allotment.overage_price or allotment.overage == "price"
            allotment.overage = "price" if has_price else "rate"

    @api.constrains("period", "price", "product_id")
    def _check_block_product(self):
        for block in self.filtered(lambda a: a.period == "block" and a.price):
            if not block._get_block_product():
                raise ValidationError(
                    self.env._(
                        "Choose the product that prepaid block %(block)s is invoiced"
                        " with.",
                        block=block.name,
                    )
                )

    @api.depends("name", "unit", "hours", "amount", "ticket_quantity", "period")
    @api.depends_context("lang")
    def _compute_display_name(self):
        periods = dict(self._fields["period"]._description_selection(self.env))
        for allotment in self:
            values = {
                "name": allotment.name,
                "quantity": allotment._get_quantity_text(),
                "period": periods.get(allotment.period, ""),
            }
            if allotment.period == "block":
                text = self.env._("%(name)s: %(quantity)s, prepaid", **values)
            else:
                text = self.env._("%(name)s: %(quantity)s per %(period)s", **values)
            allotment.display_name = text

    def _get_quantity_text(self) -> str:
        self.ensure_one()
        if self.unit == "amount":
            return self.currency_id.format(self.amount)
        if self.unit == "tickets":
            return self.env._("%(count)s tickets", count=self.ticket_quantity)
        return self.env._("%(hours)s h", hours=format_number(self.env, self.hours))

    def _format_quantity(self, quantity) -> str:
        """A quantity of this allotment in words: hours, money or tickets."""
        self.ensure_one()
        if self.unit == "amount":
            return self.currency_id.format(float(quantity))
        if self.unit == "tickets":
            return format_number(self.env, quantity)
        return self.env._("%(time)s h", time=format_minutes(round(float(quantity))))

    @api.depends("hours", "amount", "ticket_quantity", "contract_id.item_ids.state")
    @api.depends_context("lang")
    def _compute_balance(self):
        used = self._get_used()
        for allotment in self:
            state = allotment._origin._get_balance(used[allotment._origin])
            left = state.available - state.used if state else 0
            allotment.available_quantity = float(state.available) if state else 0
            allotment.used_quantity = float(state.used) if state else 0
            allotment.used_percent = self._get_percent(state)
            allotment.balance_text = allotment._format_quantity(left)

    # ------------------------------------------------------------------ balance

    @api.depends("hours", "amount", "ticket_quantity", "contract_id.item_ids.state")
    @api.depends_context("lang")
    def _compute_ledger_html(self):
        used = self._get_used()
        for allotment in self:
            saved = allotment._origin
            rows = saved._get_ledger_rows(used[saved]) if saved else []
            allotment.ledger_html = self.env["ir.qweb"]._render(
                "ticket_billing.allotment_ledger", {"rows": rows}
            )

    def _get_ledger_rows(
        self, used: dict, today: date | None = None, show=None
    ) -> list[dict]:
        """State of the periods up to today, the latest first, in words.

        :param show: what puts a quantity into words, if not :meth:`_format_quantity`
        """
        self.ensure_one()
        today = today or fields.Date.context_today(self)
        show = show or self._format_quantity
        days = self._get_period_days(used, today)
        rows = []
        for day in sorted(days, reverse=True):
            state = self._get_balance(used, day)
            left = state.available - state.used
            figures = {
                "available": state.available,
                "used": state.used,
                "left": left,
                "carried": state.carried,
                "lapsed": state.lapsed,
            }
            if self._get_last_day(state.period) >= today:
                # What becomes of the rest is not settled yet.
                del figures["carried"], figures["lapsed"]
            row = {key: show(value) for key, value in figures.items()}
            row |= {"period": format_date(self.env, state.period), "day": state.period}
            rows.append(row)
        return rows

    def _get_last_day(self, first: date) -> date:
        """Last day of the period that begins on ``first``."""
        if self.period == "block":
            return self.date_end or date.max
        return date_utils.end_of(first, self.period)

    def _get_period_days(self, used: dict, today: date) -> set[date]:
        """First days of the periods to show: a year back, and all that were used."""
        start = self.date_start or self.contract_id.date_start
        if self.period == "block":
            return {start}
        length = relativedelta(
            months={"month": 1, "quarter": 3, "year": 12}[self.period]
        )
        last = min(today, self.date_end or today)
        day = max(start, last - relativedelta(years=1))
        first = date_utils.start_of(day, self.period)
        days = set(used)
        while first <= last:
            days.add(first)
            first += length
        return days

    def action_view_items(self):
        """Everything that was taken from the allotment."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_item_action"
        )
        action["domain"] = [("allotment_id", "=", self.id), ("live", "=", True)]
        action["context"] = {"group_by": ["allotment_period:month"]}
        return action

    def _get_used(self) -> dict:
        """What is taken, per allotment and first day of the period; one query.

        :return: ``{allotment: {first day: Decimal}}``
        """
        domain = [
            ("allotment_id", "in", self.ids),
            ("live", "=", True),
            ("settled", "=", True),
            ("state", "=", "covered"),
        ]
        # Agents see what is left, but not the items.
        groups = (
            self.env["ticket.billing.item"]
            .sudo()
            ._read_group(
                domain,
                ["allotment_id", "allotment_period:day"],
                ["allotment_used:sum"],
            )
        )
        used = defaultdict(dict)
        for allotment, period, taken in groups:
            used[allotment][period] = Decimal(str(taken))
        return used

    def _get_balance(self, used: dict, day: date | None = None) -> Balance | None:
        """State in the period of ``day`` (default: today); none where not saved.

        ``used`` is what :meth:`_get_used` says of this allotment.
        """
        if not self.id:
            return None
        decimals = self.currency_id.decimal_places
        on = day or fields.Date.context_today(self)
        return balance(self._get_allotment(), used, on, decimals)

    @api.model
    def _get_percent(self, state: Balance | None) -> int:
        """How much is used, in whole percent: 100 only when nothing is left."""
        return (
            int(100 * state.used / state.available) if state and state.available else 0
        )

    # ----------------------------------------------------------------- warnings

    def _get_usage(self) -> dict:
        """State in the current period, with the work that is not billed yet.

        Only of allotments that can be used today. Writes nothing.
        """
        today = fields.Date.context_today(self)
        current = self.filtered(lambda a: a._is_in_force(today))
        used = current._get_used()
        for item in current._rate_unsettled(today):
            allotment = self.browse(item.allotment)
            before = used[allotment].get(item.period, Decimal(0))
            used[allotment][item.period] = before + item.allotment_used
        return {each: each._get_balance(used[each], today) for each in current}

    def _rate_unsettled(self, today: date) -> list[Item]:
        """Items of the rating core that unbilled work would take from these."""
        contracts = self.contract_id.sudo()
        if not contracts:
            return []
        work = contracts.env["ticket.billing.collector"]._collect(contracts)
        ratings = contracts.env["ticket.billing.rater"]._rate(contracts, work, today)
        return [
            item
            for items in ratings.values()
            for item in items
            if item.state == "covered" and item.allotment in self.ids
        ]

    def _is_in_force(self, day: date) -> bool:
        self.ensure_one()
        contract = self.contract_id
        return (
            contract.state == "active"
            and contract._is_in_force(day)
            and (not self.date_start or self.date_start <= day)
            and (not self.date_end or day <= self.date_end)
        )

    def _get_reached(self, state: Balance | None) -> int:
        """Highest threshold in percent that is reached; 0: none."""
        self.ensure_one()
        first = self.contract_id.policy_id.allotment_warning_percent
        if not first:
            return 0
        percent = self._get_percent(state)
        return max((each for each in (first, 100) if each <= percent), default=0)

    def _get_warning_title(self, reached: int) -> str:
        self.ensure_one()
        if reached == 100:
            return self.env._("Allotment used up")
        return self.env._("Allotment used to %(percent)s %%", percent=reached)

    def _get_warning_note(self, period: date, reached: int) -> str:
        self.ensure_one()
        values = {
            "allotment": self.display_name,
            "contract": self.contract_id.display_name,
            "period": format_date(self.env, period),
            "percent": reached,
        }
        if reached == 100:
            return self.env._(
                "%(allotment)s of %(contract)s is used up in the period from"
                " %(period)s. What is done beyond it is billed: tell the customer.",
                **values,
            )
        return self.env._(
            "%(allotment)s of %(contract)s has reached %(percent)s %% in the period"
            " from %(period)s. Agree with the customer on what comes beyond it.",
            **values,
        )

    def _get_banner(self, state: Balance) -> str:
        """One sentence for the form of the contract."""
        self.ensure_one()
        return self.env._(
            "%(allotment)s: %(percent)s %% of %(available)s used in the period from"
            " %(period)s, with work that is not billed yet. %(left)s left.",
            allotment=self.name,
            percent=self._get_percent(state),
            available=self._format_quantity(state.available),
            period=format_date(self.env, state.period),
            left=self._format_quantity(state.available - state.used),
        )

    # --------------------------------------------------------------- translate

    def _get_quantity(self) -> Decimal:
        """Included quantity in the unit of the rating core."""
        self.ensure_one()
        if self.unit == "amount":
            return Decimal(str(self.amount))
        if self.unit == "tickets":
            return Decimal(self.ticket_quantity)
        return Decimal(round(self.hours * 60))

    def _get_carry_over(self) -> CarryOver | None:
        self.ensure_one()
        if not self.carry_over or self.period == "block":
            return None
        limit = Decimal(str(self.carry_over_limit))
        if self.unit == "minutes":
            limit = Decimal(round(self.carry_over_limit * 60))
        return CarryOver(limit, self.carry_over_periods)

    def _get_allotments(self) -> tuple[Allotment, ...]:
        """Allotments of the rating core, keyed by record id."""
        return tuple(allotment._get_allotment() for allotment in self)

    def _get_allotment(self) -> Allotment:
        self.ensure_one()
        has_price = self.overage == "price"
        return Allotment(
            key=self.id,
            quantity=self._get_quantity(),
            unit=self.unit,
            period=None if self.period == "block" else self.period,
            start=self.date_start or self.contract_id.date_start,
            expires=self.date_end or None,
            basis=self.basis,
            work_types=frozenset(self.work_type_ids.ids) or None,
            carry_over=self._get_carry_over(),
            first_period=self.first_period,
            overage_price=Decimal(str(self.overage_price)) if has_price else None,
            overage_surcharges=self.overage_surcharges,
        )

    def _get_count_field(self) -> str:
        """Field of a ticket that says when an allotment of tickets counts it."""
        self.ensure_one()
        return "closed_date" if self.count_on == "closed" else "create_date"

    def _get_block_product(self):
        self.ensure_one()
        return self.product_id or self.env.ref(
            "ticket_billing.product_block", raise_if_not_found=False
        )
