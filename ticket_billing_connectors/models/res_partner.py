from odoo import api, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        """A customer that was made for a mapping is what it maps to."""
        link_id = self.env.context.get("map_link_id")
        # Not for the contacts of the customer, which are created within.
        self = self.with_context(map_link_id=False)
        partners = super().create(vals_list)
        if link_id and len(partners) == 1:
            self.env["ticket.billing.link"].browse(link_id).res_id = partners.id
        return partners
