from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _get_portal_line(self) -> dict:
        """The line of a draft and the work behind it, in the reader's language."""
        self.ensure_one()
        report = self.env["ticket.billing.service.report"]
        items = self.billing_item_ids.filtered(lambda item: not item._is_internal())
        groups = items.grouped(lambda item: (item.ticket_id, item.ticket_id.number))
        return {
            "line": self,
            "is_product": self.display_type == "product",
            "can_ask": self.display_type == "product" and bool(items),
            "tickets": [
                report._prepare_ticket(groups[key])
                for key in sorted(groups, key=lambda key: (key[1] or "", key[0].id))
            ],
        }
