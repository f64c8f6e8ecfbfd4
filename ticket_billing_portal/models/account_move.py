from odoo import api, models
from odoo.fields import Domain


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _get_portal_waiting(self, partner):
        """Drafts that wait for the answer of this contact, with all rights."""
        items = self.env["ticket.billing.item"]
        domain = items._get_portal_customer_domain(partner, "partner_id") & Domain(
            [
                ("state", "=", "draft"),
                ("billing_approval_asked_on", "!=", False),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        return (
            self.sudo()
            .search(domain)
            .filtered(lambda move: move._get_billing_approval_state() == "waiting")
        )
