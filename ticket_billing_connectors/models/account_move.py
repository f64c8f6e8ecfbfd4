from odoo import api, fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    write_back_ids = fields.One2many(
        "ticket.billing.write.back", "move_id", readonly=True
    )
    write_back_count = fields.Integer(
        string="Tickets told", compute="_compute_write_back_count"
    )

    @api.depends("write_back_ids")
    def _compute_write_back_count(self):
        for move in self:
            move.write_back_count = len(move.sudo().write_back_ids)

    def _post(self, soft=True):
        posted = super()._post(soft)
        self.env["ticket.billing.write.back"].sudo()._note_posted(posted.sudo())
        return posted

    def button_draft(self):
        posted = self.filtered(lambda move: move.state == "posted")
        res = super().button_draft()
        self.env["ticket.billing.write.back"].sudo()._note_withdrawn(posted)
        return res

    def button_cancel(self):
        posted = self.filtered(lambda move: move.state == "posted")
        res = super().button_cancel()
        self.env["ticket.billing.write.back"].sudo()._note_withdrawn(posted)
        return res

    def action_view_write_backs(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing_connectors.ticket_billing_write_back_action"
        )
        return dict(action, domain=[("move_id", "=", self.id)], context={})
