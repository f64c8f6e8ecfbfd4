from odoo import api, fields, models

from .ticket_billing_delivery import TROUBLE


class TicketBillingRun(models.Model):
    """Delivery of the invoices of a run."""

    _inherit = "ticket.billing.run"

    to_print_count = fields.Integer(compute="_compute_delivery_figures")
    undelivered_count = fields.Integer(compute="_compute_delivery_figures")

    @api.depends("invoice_ids.billing_delivery_ids.state")
    def _compute_delivery_figures(self):
        for run in self:
            states = run.invoice_ids.billing_delivery_ids.mapped("state")
            run.to_print_count = states.count("to_print")
            run.undelivered_count = sum(map(states.count, TROUBLE))

    def action_print(self):
        """Print what goes by post, as one PDF."""
        return self.invoice_ids.action_print_billing()

    def action_view_undelivered(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_delivery_action"
        )
        action["domain"] = [
            ("billing_run_id", "=", self.id),
            ("state", "in", TROUBLE),
        ]
        action["context"] = {}
        return action
