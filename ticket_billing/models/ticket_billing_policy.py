from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import date_utils

from ..rating import Rounding


class TicketBillingPolicy(models.Model):
    _name = "ticket.billing.policy"
    _description = "Billing Policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Leave empty to share this policy between companies."
    )

    # When
    trigger = fields.Selection(
        [
            ("period", "Collective, once per period"),
            ("ticket_closed", "Each ticket when it is closed"),
            ("manual", "By hand"),
        ],
        required=True,
        default="period",
        tracking=True,
        help="When the scheduled action bills the work of a contract.",
    )
    period = fields.Selection(
        [("week", "Week"), ("month", "Month"), ("quarter", "Quarter")],
        required=True,
        default="month",
        help="Work of a period is billed on the first day of the next one.",
    )

    # Minutes
    rounding_mode = fields.Selection(
        [
            ("none", "Exact minutes"),
            ("up", "Up"),
            ("nearest", "To the nearest"),
            ("down", "Down"),
        ],
        required=True,
        default="up",
        tracking=True,
    )
    increment_minutes = fields.Integer(
        default=15,
        tracking=True,
        help="Billing increment. Example: with 15 minutes, 16 minutes rounded up are"
        " billed as 30.",
    )
    rounding_scope = fields.Selection(
        [
            ("entry", "Each time entry"),
            ("ticket", "Each ticket"),
            ("invoice", "Each invoice"),
        ],
        required=True,
        default="entry",
        help="What is added up before minutes are rounded.",
    )
    first_block_minutes = fields.Integer(
        help="Minutes billed for the first block. Example: first 30 minutes at once,"
        " then per increment."
    )
    minimum_minutes = fields.Integer(
        help="Smallest number of minutes billed per rounding scope."
    )

    # Surcharges
    surcharge_combination = fields.Selection(
        [
            ("highest", "The highest applies"),
            ("additive", "Percentages add up"),
            ("multiplicative", "Percentages multiply"),
        ],
        required=True,
        default="highest",
        help="What happens where two surcharge windows overlap, for example night"
        " and Sunday.",
    )

    # Invoice
    invoice_grouping = fields.Selection(
        [
            ("customer", "One invoice per customer"),
            ("project", "One invoice per project"),
            ("ticket", "One invoice per ticket"),
            ("purchase_order", "One invoice per purchase order"),
        ],
        required=True,
        default="customer",
    )
    line_grouping = fields.Selection(
        [
            ("entry", "One line per time entry"),
            ("ticket", "One line per ticket and price"),
        ],
        required=True,
        default="entry",
        help="Amounts are rounded once per invoice line, so this choice can change"
        " a total by cents.",
    )
    show_worker = fields.Boolean(
        default=True, help="Print who did the work on the invoice lines."
    )
    show_covered_lines = fields.Boolean(
        help="Also print the work covered by an allotment, at 0.00."
    )

    # Release and delivery
    release = fields.Selection(
        [
            ("draft", "Leave drafts for checking"),
            ("post", "Post automatically"),
            ("send", "Post and send automatically"),
        ],
        string="Release of invoices",
        required=True,
        default="draft",
        tracking=True,
        help="What the billing run does with the invoices it has made.",
    )

    contract_ids = fields.One2many("ticket.billing.contract", "policy_id")
    contract_count = fields.Integer(compute="_compute_contract_count")

    _increment_positive = models.Constraint(
        "CHECK(increment_minutes > 0)", "The billing increment must be at least 1."
    )
    _minutes_positive = models.Constraint(
        "CHECK(COALESCE(first_block_minutes, 0) >= 0"
        " AND COALESCE(minimum_minutes, 0) >= 0)",
        "First block and minimum cannot be negative.",
    )

    @api.depends("contract_ids")
    def _compute_contract_count(self):
        for policy in self:
            policy.contract_count = len(policy.contract_ids)

    @api.constrains("rounding_scope", "invoice_grouping")
    def _check_rounding_scope(self):
        for policy in self:
            if (
                policy.rounding_scope == "invoice"
                and policy.invoice_grouping != "customer"
            ):
                raise ValidationError(
                    self.env._(
                        "Policy %(policy)s rounds per invoice: choose one invoice per"
                        " customer, or round per ticket.",
                        policy=policy.name,
                    )
                )

    def _get_rounding(self) -> Rounding:
        """Rounding of the rating core."""
        self.ensure_one()
        return Rounding(
            increment=self.increment_minutes,
            mode=self.rounding_mode,
            scope=self.rounding_scope,
            first_block=self.first_block_minutes,
            minimum=self.minimum_minutes,
        )

    def _get_work_before(self, today: date) -> date:
        """First day whose work a scheduled run of ``today`` leaves alone."""
        self.ensure_one()
        if self.trigger == "period":
            return date_utils.start_of(today, self.period)
        return today + relativedelta(days=1)

    def action_view_contracts(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ticket.billing.contract",
            "view_mode": "list,form",
            "domain": [("policy_id", "=", self.id)],
            "context": {"default_policy_id": self.id},
            "name": self.env._("Contracts"),
        }
