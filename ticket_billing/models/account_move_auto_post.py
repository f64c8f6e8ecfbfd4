from odoo import api, fields, models
from odoo.fields import Domain


# pylint: disable=consider-merging-classes-inherited
class AccountMove(models.Model):
    """Odoo's automatic posting leaves alone what a person has to release."""

    _inherit = "account.move"

    @api.model
    def _autopost_draft_entries(self, batch_size=100):
        waiting = self.search(
            Domain("state", "=", "draft")
            & Domain("auto_post", "!=", "no")
            & Domain("date", "<=", fields.Date.context_today(self))
        )
        waiting.filtered(lambda m: m._needs_release())._stop_auto_post()
        return super()._autopost_draft_entries(batch_size)

    def _needs_release(self) -> bool:
        """Whether a person has to look at this draft before it is posted."""
        self.ensure_one()
        runs = self._get_billing_runs()
        return bool(
            self.billing_park_reason or any(runs.company_id.mapped("billing_four_eyes"))
        )

    def _stop_auto_post(self):
        for move in self:
            move.auto_post = "no"
            message = self.env._(
                "This invoice was to be posted automatically, but has to be released"
                " by a person first. %(reason)s",
                reason=move.billing_park_reason or "",
            )
            self.env["ticket.billing.run"]._warn(move, message, move.invoice_user_id)
