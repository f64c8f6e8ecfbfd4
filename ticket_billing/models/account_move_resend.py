from odoo import fields, models
from odoo.exceptions import UserError

# What the customer has, or may have.
LEFT = ("sent", "printed", "unknown")


class AccountMove(models.Model):
    """Invoices that were sent, reset to draft and posted again."""

    # A file of its own: all other delivery knows one document per invoice.
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    billing_resend_due = fields.Boolean(
        string="Corrected after sending",
        readonly=True,
        copy=False,
        help="The customer has an earlier version: send the corrected one by its"
        " button.",
    )

    def button_draft(self):
        left = self.filtered(
            lambda m: (
                m.state == "posted"
                and any(row.state in LEFT for row in m.sudo().billing_delivery_ids)
            )
        )
        result = super().button_draft()
        left.billing_resend_due = True
        return result

    def action_send_corrected(self):
        """Put the corrected invoices on their way, once."""
        self.env["ticket.billing.rater"]._check_biller()
        self.check_access("write")
        moves = self.sudo().try_lock_for_update()
        moves.invalidate_recordset(["billing_resend_due"])
        due = moves.filtered(lambda m: m.billing_resend_due and m.state == "posted")
        if not due:
            raise UserError(self.env._("There is no corrected invoice to be sent."))
        due.billing_resend_due = False
        self.env["ticket.billing.delivery"].sudo().create(
            [move._prepare_delivery() for move in due]
        )
        for move in due:
            move._message_log(
                body=self.env._("The corrected invoice is sent to the customer.")
            )
        self.env.ref("ticket_billing.ir_cron_deliver").sudo()._trigger()

    # ----------------------------------------------------------------- upgrade

    def _adopt_deliveries(self):
        """Deliveries for invoices whose state is from before there were any.

        Of what was in the mail queue nobody knows whether it left: a person decides.
        """
        moves = self.search(
            [
                ("state", "=", "posted"),
                ("billing_delivery_state", "!=", False),
                ("billing_delivery_ids", "=", False),
            ]
        )
        values = [{**m._prepare_delivery(), **m._get_adopted_state()} for m in moves]
        return self.env["ticket.billing.delivery"].create(values)

    def _get_adopted_state(self) -> dict:
        self.ensure_one()
        if self.billing_delivery_state == "failed":
            return {"state": "failed", "reason": self.billing_delivery_message}
        if self.billing_delivery_state == "queued":
            reason = self.env._(
                "It was in the mail queue during an upgrade: look whether it was sent."
            )
            return {"state": "unknown", "reason": reason}
        # What was sent is not sent again.
        return {"state": "sent"} if self.billing_delivery_state == "sent" else {}
