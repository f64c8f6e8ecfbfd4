from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rating import Conditions
from ..tools.week import draw_week
from .ticket_billing_surcharge import WEEKDAYS


class TicketBillingContract(models.Model):
    _name = "ticket.billing.contract"
    _description = "Service Contract"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "partner_id, date_start desc, id desc"
    _check_company_auto = True
    _rec_names_search = ["code", "name", "partner_id"]

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        string="Number", readonly=True, copy=False, default="/", index="trigram"
    )
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("closed", "Closed")],
        required=True,
        default="draft",
        tracking=True,
        copy=False,
        help="Only the work of active contracts is billed.",
    )
    billing_paused = fields.Boolean(
        string="Paused",
        readonly=True,
        copy=False,
        tracking=True,
        help="A billing run was undone: the scheduled action waits until somebody"
        " bills the contract by hand or resumes it.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        domain="[('parent_id', '=', False)]",
        help="All tickets of this customer and its contacts fall under the contract.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        tracking=True,
    )
    policy_id = fields.Many2one(
        "ticket.billing.policy",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        compute="_compute_policy_id",
        store=True,
        readonly=False,
        precompute=True,
        help="How minutes are rounded, when and how invoices are written.",
    )
    date_start = fields.Date(
        required=True, default=fields.Date.context_today, tracking=True
    )
    date_end = fields.Date(tracking=True, help="Last day of the contract.")
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        tracking=True,
        help="Is told when work of this contract cannot be billed.",
    )
    project_id = fields.Many2one(
        "project.project",
        check_company=True,
        domain="[('allow_timesheets', '=', True)]",
        help="Time entries on tickets are booked on this project. Empty: the project"
        " for tickets of the company.",
    )
    tz = fields.Selection(
        "_get_timezones",
        string="Time zone",
        required=True,
        default=lambda self: self.env.company.partner_id.tz or "Europe/Berlin",
        help="Surcharge windows and work dates are judged in this time zone.",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        check_company=True,
        help="Empty: the payment terms of the customer.",
    )
    purchase_order_ref = fields.Char(
        string="Purchase order",
        help="The customer's order number, printed on the invoices.",
    )
    cost_center_ref = fields.Char(
        string="Cost centre",
        help="The customer's own cost centre, printed on the invoices. A ticket can"
        " name another one.",
    )
    discount = fields.Float(
        digits=(6, 2), help="Discount of the customer, in percent.", tracking=True
    )
    discount_kind_ids = fields.Many2many(
        "ticket.billing.kind",
        "ticket_billing_contract_discount_kind_rel",
        string="Discount on",
        help="Leave empty to give the discount on everything.",
    )
    main = fields.Boolean(
        default=True,
        string="Main contract",
        help="Takes all tickets of the customer that no other contract takes. A"
        " customer has one main contract at a time, and others beside it.",
    )
    category_ids = fields.Many2many(
        "helpdesk.ticket.category",
        string="Takes tickets of",
        help="Tickets of these categories fall under this contract, not under the"
        " main one.",
    )
    emergency_percent = fields.Float(
        digits=(6, 2), help="Surcharge on work marked as emergency, in percent."
    )
    emergency_fee = fields.Float(
        digits=(16, 4), help="Once per ticket with emergency work."
    )
    note = fields.Html()

    rate_ids = fields.One2many("ticket.billing.rate", "contract_id", copy=True)
    surcharge_ids = fields.One2many(
        "ticket.billing.surcharge", "contract_id", copy=True
    )
    week_html = fields.Html(string="Week", compute="_compute_week_html")
    allotment_ids = fields.One2many(
        "ticket.billing.allotment", "contract_id", copy=True
    )
    flat_fee_ids = fields.One2many("ticket.billing.flat.fee", "contract_id", copy=True)
    fee_ids = fields.One2many("ticket.billing.fee", "contract_id", copy=True)
    ticket_ids = fields.One2many("helpdesk.ticket", "billing_contract_id")
    item_ids = fields.One2many("ticket.billing.item", "contract_id")
    ticket_count = fields.Integer(compute="_compute_ticket_count")
    item_count = fields.Integer(compute="_compute_item_figures")
    held_count = fields.Integer(compute="_compute_item_figures")
    open_amount = fields.Monetary(compute="_compute_item_figures")
    invoice_count = fields.Integer(compute="_compute_invoice_count")
    allotment_warning = fields.Text(
        compute="_compute_allotment_warning",
        compute_sudo=True,
        help="Allotments that are nearly or wholly used up.",
    )

    _dates = models.Constraint(
        "CHECK(date_end IS NULL OR date_end >= date_start)",
        "A contract cannot end before it starts.",
    )
    _discount_range = models.Constraint(
        "CHECK(COALESCE(discount, 0) BETWEEN 0 AND 100)",
        "The discount must be between 0 and 100 %.",
    )
    _emergency_not_negative = models.Constraint(
        "CHECK(COALESCE(emergency_percent, 0) >= 0"
        " AND COALESCE(emergency_fee, 0) >= 0)",
        "Emergency surcharge and fee cannot be negative.",
    )

    @api.depends("partner_id", "company_id")
    def _compute_policy_id(self):
        """The policy of the customer, else of the company, else the first one."""
        policies = self.env["ticket.billing.policy"]
        for contract in self:
            company = contract.company_id
            partner = contract.partner_id.sudo().with_company(company)
            contract.policy_id = (
                contract.policy_id
                or partner.ticket_billing_policy_id
                or company.ticket_billing_policy_id
                or policies.search([("company_id", "in", (False, company.id))], limit=1)
            )

    @api.model
    def _get_timezones(self):
        return self.env["res.partner"]._fields["tz"]._description_selection(self.env)

    @api.depends("code", "name")
    def _compute_display_name(self):
        for contract in self:
            contract.display_name = f"{contract.code} {contract.name}"

    @api.depends("ticket_ids")
    def _compute_ticket_count(self):
        counts = dict(
            self.env["helpdesk.ticket"]._read_group(
                [("billing_contract_id", "in", self.ids)],
                ["billing_contract_id"],
                ["__count"],
            )
        )
        for contract in self:
            contract.ticket_count = counts.get(contract, 0)

    @api.depends("item_ids.state", "item_ids.net")
    def _compute_item_figures(self):
        groups = self.env["ticket.billing.item"]._read_group(
            [("contract_id", "in", self.ids), ("state", "!=", "released")],
            ["contract_id", "state"],
            ["__count", "net:sum"],
        )
        figures = {(contract, state): (n, net) for contract, state, n, net in groups}
        for contract in self:
            contract.item_count = sum(n for (c, _), (n, _) in figures.items()
                                      if c == contract)  # fmt: skip
            contract.held_count = figures.get((contract, "held"), (0, 0))[0]
            contract.open_amount = figures.get((contract, "open"), (0, 0))[1]

    @api.depends("item_ids.invoice_line_id")
    def _compute_invoice_count(self):
        for contract in self:
            contract.invoice_count = len(contract._get_invoices())

    @api.depends(
        "surcharge_ids.name",
        "surcharge_ids.percent",
        "surcharge_ids.whole_day",
        "surcharge_ids.time_from",
        "surcharge_ids.time_to",
        "surcharge_ids.holidays",
        *(f"surcharge_ids.{day}" for day in WEEKDAYS),
        "policy_id.surcharge_combination",
    )
    @api.depends_context("lang")
    def _compute_week_html(self):
        for contract in self:
            windows = contract.surcharge_ids.filtered(
                lambda w: w._is_complete() and not w._is_over()
            )
            contract.week_html = (
                draw_week(windows, contract.policy_id) if windows else False
            )

    @api.depends("allotment_ids", "item_ids.state", "policy_id", "state")
    @api.depends_context("lang")
    def _compute_allotment_warning(self):
        usage = self.allotment_ids._origin._get_usage()
        for contract in self:
            contract.allotment_warning = "\n".join(
                allotment._get_banner(usage[allotment])
                for allotment in contract.allotment_ids._origin
                if allotment._get_reached(usage.get(allotment))
            )

    @api.constrains(
        "partner_id",
        "company_id",
        "date_start",
        "date_end",
        "state",
        "active",
        "main",
    )
    def _check_single_contract(self):
        """A customer has one active main contract per company on any day."""
        for contract in self.filtered(lambda c: c.state == "active" and c.main):
            others = self.search(
                [
                    ("id", "!=", contract.id),
                    ("partner_id", "=", contract.partner_id.id),
                    ("company_id", "=", contract.company_id.id),
                    ("state", "=", "active"),
                    ("main", "=", True),
                    "|",
                    ("date_end", "=", False),
                    ("date_end", ">=", contract.date_start),
                ]
            ).filtered(lambda c, end=contract.date_end: not end or c.date_start <= end)
            if others:
                raise ValidationError(
                    self.env._(
                        "%(customer)s has the active main contract %(contract)s for"
                        " the same time. Close it, set its last day, or let one of"
                        " them take only the tickets given to it.",
                        customer=contract.partner_id.display_name,
                        contract=others[0].display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("code", "/") == "/":
                company = vals.get("company_id") or self.env.company.id
                vals["code"] = (
                    self.env["ir.sequence"]
                    .with_company(company)
                    .next_by_code("ticket.billing.contract")
                    or "/"
                )
        return super().create(vals_list)

    @api.constrains("currency_id")
    def _check_currency(self):
        for contract in self:
            if not contract.currency_id.active:
                raise ValidationError(
                    self.env._(
                        "Contract %(contract)s needs an active currency:"
                        " %(currency)s is not.",
                        contract=contract.display_name,
                        currency=contract.currency_id.name,
                    )
                )

    def _get_conditions(self) -> Conditions:
        """Everything the rating core has to know about this contract."""
        self.ensure_one()
        return self._get_conditions_by_contract()[self.id]

    def _get_conditions_by_contract(self) -> dict[int, Conditions]:
        """Conditions per contract id; what contracts share is read once."""
        rates = self._get_standard_rates()
        factors = self._get_work_type_factors()
        holidays = self.env["ticket.billing.holiday"]._get_calendar()
        return {
            contract.id: Conditions(
                rates=rates[contract.company_id, contract.currency_id]
                + contract.rate_ids._get_rates(),
                work_type_factor=factors,
                holidays=holidays,
                **contract._prepare_conditions(),
            )
            for contract in self
        }

    def _prepare_conditions(self) -> dict:
        """Conditions of this contract alone, by the names of the rating core."""
        self.ensure_one()
        policy = self.policy_id
        decimals = self.currency_id.decimal_places
        return {
            "timezone": self.tz,
            "currency_decimals": decimals,
            "unit_price_decimals": max(policy.unit_price_decimals, decimals),
            "rounding": policy._get_rounding(),
            "windows": self.surcharge_ids._get_windows(),
            "combination": policy.surcharge_combination,
            "surcharge_display": policy.surcharge_display,
            "default_location": self._get_location(self._get_holiday_partner()),
            "allotments": self.allotment_ids._get_allotments(),
            "flat_fees": self.flat_fee_ids._get_flat_fees(),
            "discount_percent": Decimal(str(self.discount)),
            "discount_kinds": self.discount_kind_ids._get_codes(),
            "emergency_percent": Decimal(str(self.emergency_percent)),
            "emergency_flat_fee": Decimal(str(self.emergency_fee)),
            "line_grouping": policy.line_grouping,
            "lines_per_worker": policy.worker_lines == "separate",
            "show_covered_lines": policy.show_covered_lines,
            "warranty_display": policy.warranty_display,
            "minimum_per_ticket": Decimal(str(policy.minimum_per_ticket)),
            "cap_per_ticket": policy._get_cap(),
            "cap_scope": policy.cap_scope,
            "cap_kinds": policy.cap_kind_ids._get_codes(),
        }

    def _get_standard_rates(self) -> dict:
        """Standard rates of the rating core per company and currency."""
        rates = self.env["ticket.billing.rate"].search(
            [("contract_id", "=", False), ("company_id", "in", self.company_id.ids)]
        )
        grouped = rates.grouped(lambda rate: (rate.company_id, rate.currency_id))
        none = rates.browse()
        return {
            key: grouped.get(key, none)._get_rates()
            for key in {(c.company_id, c.currency_id) for c in self}
        }

    @api.model
    def _get_work_type_factors(self) -> dict[int, Decimal]:
        work_types = self.env["ticket.billing.work.type"].search([("factor", "!=", 1)])
        return {
            work_type.id: Decimal(str(work_type.factor)) for work_type in work_types
        }

    def _get_holiday_partner(self):
        """Whose public holidays count where the work has no location of its own."""
        self.ensure_one()
        if self.policy_id.holiday_basis == "company":
            return self.company_id.partner_id
        return self.partner_id

    @api.model
    def _get_location(self, partner) -> str | None:
        """Country, state and town whose holidays count, like DE-BY/Augsburg."""
        state = partner.state_id
        if not state:
            return None
        # Odoo's codes of some countries carry the country already.
        country = state.country_id.code
        location = f"{country}-{state.code.removeprefix(f'{country}-')}"
        return f"{location}/{partner.city.strip()}" if partner.city else location

    def _get_invoice_partner(self):
        """Invoice address of the customer."""
        self.ensure_one()
        address = self.partner_id.address_get(["invoice"])["invoice"]
        return self.partner_id.browse(address)

    def _is_in_force(self, day: date) -> bool:
        self.ensure_one()
        return self.date_start <= day and (not self.date_end or day <= self.date_end)

    def _find_for_category(self, category):
        """The contract of these that takes tickets of a category, else the main one."""
        special = self.filtered(lambda c: category and category in c.category_ids)
        return (special or self.filtered("main"))[:1]

    def _get_invoices(self):
        """Invoices and credit notes that bill or credit items of the contracts."""
        items = self.env["ticket.billing.item"].search(
            [("contract_id", "in", self.ids), ("invoice_line_id", "!=", False)]
        )
        return items.invoice_line_id.move_id | items.credit_line_ids.move_id

    def action_activate(self):
        self.write({"state": "active"})
        self._assign_tickets()

    def _assign_tickets(self):
        """Give tickets of the customers that have no contract yet this one."""
        for contract in self:
            tickets = (
                self.env["helpdesk.ticket"]
                .sudo()
                .search(
                    [
                        ("billing_contract_id", "=", False),
                        ("commercial_partner_id", "=", contract.partner_id.id),
                        ("company_id", "=", contract.company_id.id),
                    ]
                )
            )
            if not contract.main:
                tickets = tickets.filtered(
                    lambda t, taken=contract.category_ids: t.category_id in taken
                )
            tickets.billing_contract_id = contract

    def _trigger_billing(self, trigger: str):
        """Bill in the next minute what an event has made due."""
        if any(c.state == "active" and c.policy_id.trigger == trigger for c in self):
            self.env.ref("ticket_billing.ir_cron_bill").sudo()._trigger()

    def action_close(self):
        self.write({"state": "closed"})

    def action_resume(self):
        """Let the scheduled action bill these contracts again."""
        self.write({"billing_paused": False})
        self.env["ticket.billing.run"]._clear_warning(self)

    def action_reset_draft(self):
        self.write({"state": "draft"})

    def action_rate(self):
        """Rate all open work now, so that its value can be seen."""
        self.env["ticket.billing.rater"]._check_biller()
        self.env["ticket.billing.rater"]._rate_open(self)
        return self.action_view_items()

    def action_view_items(self):
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_item_action"
        )
        action["domain"] = [("contract_id", "in", self.ids)]
        action["context"] = {}
        return action

    def action_view_held(self):
        action = self.action_view_items()
        action["context"] = {"search_default_held": 1}
        return action

    def action_view_tickets(self):
        action = self.env["ir.actions.actions"]._for_xml_id(
            "helpdesk_mgmt.helpdesk_ticket_action"
        )
        action["domain"] = [("billing_contract_id", "in", self.ids)]
        return action

    def action_view_invoices(self):
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", self._get_invoices().ids)]
        action["context"] = {}
        return action
