from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """Delivery of the invoices of billing runs."""

    _inherit = "account.move"

    billing_delivery_state = fields.Selection(
        [
            ("pending", "Pending"),
            ("queued", "In the mail queue"),
            ("sent", "Sent"),
            ("failed", "Failed"),
        ],
        string="Delivery",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="Pending: will be sent by the scheduled action. Sent: the mail server"
        " took every mail. Failed: see the reason.",
    )
    billing_delivery_message = fields.Char(
        string="Delivery problem", copy=False, readonly=True
    )

    def _get_delivery_problem(self) -> str | None:
        """Why this invoice cannot be mailed."""
        self.ensure_one()
        if not self.partner_id.email:
            return self.env._(
                "%(customer)s has no e-mail address. Add one and send the invoice"
                " again.",
                customer=self.partner_id.display_name,
            )
        return None

    def _queue_billing(self) -> None:
        """Make the documents of pending invoices and put their mails into the queue.

        Never call it in the transaction that bills: it renders PDFs.
        """
        sendable = self.browse()
        for move in self:
            reason = move._get_delivery_problem()
            if reason:
                move._set_delivery_failed(reason)
            else:
                sendable |= move
        if sendable:
            sendable._generate_billing()

    def _generate_billing(self):
        try:
            with self.env.cr.savepoint():
                # Queued, not sent: the mail must not leave before the commit.
                self.env["account.move.send"].with_context(
                    mail_notify_force_send=False
                )._generate_and_send_invoices(
                    self, sending_methods=["email"], allow_raising=False
                )
        except UserError as error:
            if len(self) == 1:
                self._set_delivery_failed(str(error))
                return
            for move in self:
                move._generate_billing()
            return
        for move in self:
            if move.invoice_pdf_report_id:
                move.billing_delivery_state = "queued"
            elif move.billing_delivery_state != "failed":
                move._set_delivery_failed(
                    self.env._("The PDF could not be made: see the chatter.")
                )

    def _send_queued_billing(self) -> None:
        """Hand the queued mails to the mail server and read what became of them."""
        notifications = self._get_mail_notifications()
        waiting = notifications.mail_mail_id.filtered(lambda m: m.state == "outgoing")
        waiting.send()
        for move in self:
            move._read_delivery(move._get_mail_notifications())

    def _get_mail_notifications(self):
        """E-mails of the last invoice message of each move, one per recipient."""
        messages = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("attachment_ids", "!=", False),
                    ("notification_ids.notification_type", "=", "email"),
                ],
                order="id desc",
            )
        )
        last = messages.browse()
        for _res_id, group in messages.grouped("res_id").items():
            last |= group[:1]
        return last.notification_ids.filtered(lambda n: n.notification_type == "email")

    def _read_delivery(self, notifications):
        """Delivery state from the mails: sent only when every recipient has it."""
        self.ensure_one()
        failed = notifications.filtered(
            lambda n: n.notification_status in ("exception", "bounce", "canceled")
        )
        if failed or not notifications:
            labels = dict(
                notifications._fields["failure_type"]._description_selection(self.env)
            )
            self._set_delivery_failed(
                failed[:1].failure_reason
                or labels.get(failed[:1].failure_type)
                or self.env._("No mail was made: see the chatter.")
            )
        elif set(notifications.mapped("notification_status")) == {"sent"}:
            self.write(
                {"billing_delivery_state": "sent", "billing_delivery_message": False}
            )
            self.env["ticket.billing.run"]._clear_warning(self)

    def _set_delivery_failed(self, reason: str):
        self.ensure_one()
        self.billing_delivery_state = "failed"
        self.billing_delivery_message = reason
        self.env["ticket.billing.run"]._warn(self, reason, self.invoice_user_id)

    @api.model
    def _cron_deliver_billing(self, batch_size: int = 25):
        """Scheduled action: mail pending invoices, in batches that stay committed.

        A batch is committed before its mails leave: a crash can delay a mail, but
        never send it for an invoice that does not exist, nor twice.
        """
        # Reasons of failure are for the people of the company, not for OdooBot.
        self = self.with_context(lang=self.env.company.partner_id.lang)
        waiting = self.search(
            [
                ("billing_delivery_state", "in", ("pending", "queued")),
                ("state", "=", "posted"),
            ],
            order="id",
        )
        if not waiting:
            return
        problem = self.env["ir.mail_server"].sudo()._get_billing_problem()
        if problem:
            waiting.billing_delivery_message = problem
            return
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(waiting))
        for start in range(0, len(waiting), batch_size):
            batch = waiting[start : start + batch_size].try_lock_for_update()
            batch.filtered(
                lambda m: m.billing_delivery_state == "pending"
            )._queue_billing()
            cron._commit_progress()
            batch.filtered(
                lambda m: m.billing_delivery_state == "queued"
            )._send_queued_billing()
            if not cron._commit_progress(batch_size):
                break

    def action_deliver_billing(self):
        """Send again, or for the first time, in the background."""
        self.env["ticket.billing.rater"]._check_biller()
        self.filtered(lambda m: m.state == "posted").write(
            {"billing_delivery_state": "pending", "billing_delivery_message": False}
        )
        self.env.ref("ticket_billing.ir_cron_deliver")._trigger()
