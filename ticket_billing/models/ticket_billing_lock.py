from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class TicketBillingLock(models.AbstractModel):
    """Invoices of runs in locked periods: never moved in silence.

    Odoo itself would leave the date on the paper and book it on another day.
    """

    _name = "ticket.billing.lock"
    _description = "Invoices in Locked Periods"

    @api.model
    def _leave_locked_period(self, move, policy):
        """Date the invoice on the first open day, or refuse it, as the policy says."""
        locks = move._get_violated_lock_dates(
            move.invoice_date, move._affect_tax_report()
        )
        if not locks:
            return
        figures = {
            "date": format_date(self.env, move.invoice_date),
            "locks": self.env["res.company"]._format_lock_dates(locks),
        }
        if policy.locked_period != "next":
            raise UserError(
                self.env._(
                    "An invoice of %(date)s falls into a locked period (%(locks)s)."
                    " Choose a later invoice date, or let the billing policy date it on"
                    " the first open day.",
                    **figures,
                )
            )
        move.invoice_date = locks[-1][0] + timedelta(days=1)
        move._message_log(
            body=self.env._(
                "Dated on the first open day instead of %(date)s, which is locked"
                " (%(locks)s). The service period stays as it is.",
                **figures,
            )
        )
