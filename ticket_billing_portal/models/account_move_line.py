from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _get_portal_line(self) -> dict:
        """The line of a draft and the work behind it, in the reader's language."""
        self.ensure_one()
        report = self.env["ticket.billing.service.report"]
        items = self.billing_item_ids.filtered(lambda item: not item._is_internal())
        return {
            "line": self,
            "is_product": self.display_type == "product",
            "can_ask": self.display_type == "product" and bool(items),
            "tickets": report._group_items(items),
        }
