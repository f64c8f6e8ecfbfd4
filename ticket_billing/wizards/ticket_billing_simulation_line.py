from odoo import api, fields, models
from odoo.tools import format_date

from ..models.ticket_billing_item import KINDS
from ..tools.duration import format_minutes
from ..tools.explanation import explain


class TicketBillingSimulationLine(models.TransientModel):
    """One kind of work on one ticket: by the compared contract, and as billed."""

    _name = "ticket.billing.simulation.line"
    _description = "What If: Line of a Comparison"
    _order = "ticket_id, kind, id"

    simulation_id = fields.Many2one(
        "ticket.billing.simulation", required=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="simulation_id.currency_id")
    ticket_id = fields.Many2one(
        "helpdesk.ticket", help="Empty for what belongs to the contract as a whole."
    )
    kind = fields.Selection(KINDS, required=True)
    minutes_simulated = fields.Integer(
        string="Minutes, what if", help="Billable minutes by the compared contract."
    )
    minutes_billed = fields.Integer(
        string="Minutes, billed",
        help="Billable minutes that were billed, or covered by the contract.",
    )
    net_simulated = fields.Monetary(string="Net, what if")
    net_billed = fields.Monetary(string="Net, billed")
    difference = fields.Monetary(compute="_compute_difference")
    held_reasons = fields.Char()
    held_text = fields.Char(string="Held because", compute="_compute_held_text")
    explanation = fields.Json()
    explanation_text = fields.Text(
        string="Why this price", compute="_compute_explanation_text"
    )

    @api.depends("net_simulated", "net_billed")
    def _compute_difference(self):
        for line in self:
            line.difference = line.net_simulated - line.net_billed

    @api.depends("held_reasons")
    @api.depends_context("lang")
    def _compute_held_text(self):
        item = self.env["ticket.billing.item"]
        names = dict(item._fields["reason"]._description_selection(self.env))
        for line in self:
            reasons = (line.held_reasons or "").split(",")
            line.held_text = ", ".join(names[reason] for reason in reasons if reason)

    @api.depends("explanation")
    @api.depends_context("lang")
    def _compute_explanation_text(self):
        for line in self:
            parts = [line._explain(part) for part in line.explanation or []]
            line.explanation_text = "\n\n".join(parts)

    def _explain(self, part: dict) -> str:
        """One priced part of the work: when, who, how much, and why."""
        self.ensure_one()
        employee = self.env["hr.employee"].sudo().browse(part["employee"] or [])
        title = [
            format_date(self.env, part["day"]),
            employee.name,
            part["minutes"] and f"{format_minutes(part['minutes'])} h",
            self.currency_id.format(float(part["net"])),
        ]
        return "\n".join(
            [", ".join(filter(None, title)), *explain(self, part["steps"])]
        )
