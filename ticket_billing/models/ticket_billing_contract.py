from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rating import Conditions, PublicHolidays


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
        default=lambda self: self._default_policy_id(),
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
    discount = fields.Float(
        digits=(6, 2), help="Discount on work, in percent.", tracking=True
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
    allotment_ids = fields.One2many(
        "ticket.billing.allotment", "contract_id", copy=True
    )
    flat_fee_ids = fields.One2many("ticket.billing.flat.fee", "contract_id", copy=True)
    ticket_ids = fields.One2many("helpdesk.ticket", "billing_contract_id")
    item_ids = fields.One2many("ticket.billing.item", "contract_id")
    ticket_count = fields.Integer(compute="_compute_ticket_count")
    item_count = fields.Integer(compute="_compute_item_figures")
    held_count = fields.Integer(compute="_compute_item_figures")
    open_amount = fields.Monetary(compute="_compute_item_figures")
    invoice_count = fields.Integer(compute="_compute_invoice_count")

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

    @api.model
    def _default_policy_id(self):
        return self.env["ticket.billing.policy"].search(
            [("company_id", "in", (False, self.env.company.id))], limit=1
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

    @api.constrains(
        "partner_id", "company_id", "date_start", "date_end", "state", "active"
    )
    def _check_single_contract(self):
        """A customer has one active contract per company on any day."""
        for contract in self.filtered(lambda c: c.state == "active"):
            others = self.search(
                [
                    ("id", "!=", contract.id),
                    ("partner_id", "=", contract.partner_id.id),
                    ("company_id", "=", contract.company_id.id),
                    ("state", "=", "active"),
                    "|",
                    ("date_end", "=", False),
                    ("date_end", ">=", contract.date_start),
                ]
            ).filtered(lambda c, end=contract.date_end: not end or c.date_start <= end)
            if others:
                raise ValidationError(
                    self.env._(
                        "%(customer)s has the active contract %(contract)s for the"
                        " same time. Close it or set its last day first.",
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

    def _get_conditions(self) -> Conditions:
        """Everything the rating core has to know about this contract."""
        self.ensure_one()
        policy = self.policy_id
        standard_rates = self.env["ticket.billing.rate"].search(
            [("contract_id", "=", False), ("company_id", "=", self.company_id.id)]
        )
        # Standard rates are in the currency of the company.
        if self.currency_id != self.company_id.currency_id:
            standard_rates = standard_rates.browse()
        work_types = self.env["ticket.billing.work.type"].search([("factor", "!=", 1)])
        return Conditions(
            timezone=self.tz,
            currency_decimals=self.currency_id.decimal_places,
            unit_price_decimals=max(2, self.currency_id.decimal_places),
            rounding=policy._get_rounding(),
            rates=standard_rates._get_rates() + self.rate_ids._get_rates(),
            windows=self.surcharge_ids._get_windows(),
            combination=policy.surcharge_combination,
            holidays=PublicHolidays(),
            default_location=self._get_location(),
            allotments=self.allotment_ids._get_allotments(),
            flat_fees=self.flat_fee_ids._get_flat_fees(),
            work_type_factor={
                work_type.id: Decimal(str(work_type.factor)) for work_type in work_types
            },
            discount_percent=Decimal(str(self.discount)),
            emergency_percent=Decimal(str(self.emergency_percent)),
            emergency_flat_fee=Decimal(str(self.emergency_fee)),
            line_grouping=policy.line_grouping,
            show_covered_lines=policy.show_covered_lines,
        )

    def _get_location(self) -> str | None:
        """Country and state whose public holidays count, for example DE-BY."""
        self.ensure_one()
        state = self.partner_id.state_id
        if not state:
            return None
        # Odoo's codes of some countries carry the country already.
        country = state.country_id.code
        return f"{country}-{state.code.removeprefix(f'{country}-')}"

    def _get_invoice_partner(self):
        """Invoice address of the customer."""
        self.ensure_one()
        address = self.partner_id.address_get(["invoice"])["invoice"]
        return self.partner_id.browse(address)

    def _is_in_force(self, day: date) -> bool:
        self.ensure_one()
        return self.date_start <= day and (not self.date_end or day <= self.date_end)

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
            self.env["helpdesk.ticket"].sudo().search(
                [
                    ("billing_contract_id", "=", False),
                    ("commercial_partner_id", "=", contract.partner_id.id),
                    ("company_id", "=", contract.company_id.id),
                ]
            ).billing_contract_id = contract

    def action_close(self):
        self.write({"state": "closed"})

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
