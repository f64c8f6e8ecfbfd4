from odoo import models


class TicketBillingRun(models.Model):
    """What a run settles without an invoice is sealed when it is finished."""

    _inherit = "ticket.billing.run"  # pylint: disable=consider-merging-classes-inherited

    def _finish(self):
        result = super()._finish()
        for run in self.sudo():
            items = run._get_items_without_invoice()
            if run.state in ("partly", "done") and items:
                self.env["ticket.billing.seal"]._seal(items, run)
        return result

    def _get_items_without_invoice(self):
        """Settled items of this run that are on no invoice."""
        self.ensure_one()
        return self.sudo().item_ids.filtered(
            lambda item: item.settled and not item.invoice_line_id
        )
