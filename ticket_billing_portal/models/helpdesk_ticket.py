from odoo import models


class HelpdeskTicket(models.Model):
    _inherit = "helpdesk.ticket"

    def message_unsubscribe(self, partner_ids=None):
        """Links in mails to a removed follower open the ticket no longer."""
        res = super().message_unsubscribe(partner_ids)
        removed = self.env["res.partner"].sudo().browse(partner_ids or [])
        if removed.filtered("partner_share"):
            # The next link gets a token of its own.
            self.sudo().write({"access_token": False})
        return res
