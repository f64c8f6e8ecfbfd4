from odoo import models
from odoo.exceptions import UserError


# pylint: disable=consider-merging-classes-inherited
class AccountMove(models.Model):
    """Odoo's own buttons on credited invoices: no work is billed twice by them."""

    _inherit = "account.move"

    def _is_ticket_document(self) -> bool:
        return super()._is_ticket_document() or bool(self._get_billing_items())

    def _get_rebilled_items(self):
        """Credited items that these documents bill again.

        They are on the draft in place of a credited invoice, and on the reversal of
        a credit note.
        """
        items = self.env["ticket.billing.item"]
        for move in self:
            credited = move.invoice_line_ids.credited_billing_item_ids
            items |= credited.filtered(
                lambda i, kind=move.move_type: i.invoice_id.move_type == kind
            )
        return items

    def _get_billing_runs(self):
        """Runs whose work these documents bill."""
        items = self.sudo().billing_item_ids | self.sudo()._get_rebilled_items()
        return self.billing_run_id | items.run_id

    def _get_service_values(self) -> dict:
        """Delivery date and service period, for what is made of this document."""
        self.ensure_one()
        names = (
            "delivery_date", "service_period_start", "service_period_end",
            "cost_center_ref",
        )  # fmt: skip
        return {name: self[name] for name in names}

    def _get_posting_problem(self) -> str | None:
        items = self._get_rebilled_items().filtered(lambda i: i._is_rebilled_twice())
        items |= self.billing_item_ids.filtered(
            lambda i: i.state == "released" and not i.credit_line_ids
        )
        if items:
            return self.env._(
                "%(invoice)s would bill work that is billed elsewhere, or that the next"
                " billing run bills: for example %(item)s. Delete this draft.",
                invoice=self.display_name,
                item=items[0].display_name,
            )
        return super()._get_posting_problem()

    def button_cancel(self):
        items = self.billing_item_ids
        res = super().button_cancel()
        items._reopen_corrections()
        return res

    def button_draft(self):
        for move in self.filtered(lambda m: m.state == "posted"):
            credited = move.invoice_line_ids.credited_billing_item_ids
            taken_back = credited - move._get_rebilled_items()
            released = taken_back.filtered(lambda i: i._is_released())
            if released:
                raise UserError(
                    self.env._(
                        "%(credit)s has to stay: the work that it takes back was"
                        " released to be billed again, for example %(item)s.",
                        credit=move.name,
                        item=released[0].display_name,
                    )
                )
        return super().button_draft()
