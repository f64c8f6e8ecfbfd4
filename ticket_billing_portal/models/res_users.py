from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _get_billing_portal_partners(self):
        """What this user sees in the portal, see the method of contacts."""
        user = self.sudo().filtered("active")
        return user.partner_id._get_billing_portal_partners()
