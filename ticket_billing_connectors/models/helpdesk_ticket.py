from odoo import fields, models


class HelpdeskTicket(models.Model):
    _inherit = "helpdesk.ticket"

    connector_name = fields.Char(
        string="Comes from",
        compute="_compute_remote_ticket",
        compute_sudo=True,
        help="The ticket system this ticket was read from.",
    )
    remote_number = fields.Char(compute="_compute_remote_ticket", compute_sudo=True)
    remote_url = fields.Char(
        string="Remote ticket", compute="_compute_remote_ticket", compute_sudo=True
    )

    def _compute_remote_ticket(self):
        links = self.env["ticket.billing.link"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        by_ticket = {link.res_id: link for link in links}
        none = self.env["ticket.billing.link"]
        for ticket in self:
            link = by_ticket.get(ticket.id, none)
            ticket.connector_name = link.connector_id.name
            ticket.remote_number = link.remote_number
            ticket.remote_url = link.remote_url

    def unlink(self):
        """Forget the links too, so that a later change upstream is a new ticket."""
        self.env["ticket.billing.link"].sudo().search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        ).unlink()
        return super().unlink()
