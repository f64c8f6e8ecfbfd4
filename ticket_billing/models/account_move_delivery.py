from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .ticket_billing_delivery import STATES, TROUBLE


class AccountMove(models.Model):
    """Delivery of the invoices of billing runs."""

    # A file of its own: delivery is no part of the other things an invoice does.
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    billing_delivery_ids = fields.One2many(
        "ticket.billing.delivery", "move_id", copy=False
    )
    billing_delivery_state = fields.Selection(
        STATES,
        string="Delivery",
        compute="_compute_billing_delivery_state",
        store=True,
        copy=False,
        index="btree_not_null",
        help="That of the recipient for whom there is most to do.",
    )
    billing_delivery_message = fields.Text(
        string="Delivery problem",
        compute="_compute_billing_delivery_state",
        store=True,
        copy=False,
    )

    @api.depends(
        "billing_delivery_ids.state",
        "billing_delivery_ids.reason",
        "billing_delivery_ids.address",
    )
    def _compute_billing_delivery_state(self):
        for move in self:
            rows = move.billing_delivery_ids
            worst = rows._get_worst()
            move.billing_delivery_state = worst.state
            message = worst.reason
            if worst.state not in (*TROUBLE, "pending"):
                message = False
            elif message and len(rows) > 1 and worst.address:
                message = f"{worst.address}: {message}"
            move.billing_delivery_message = message

    # ------------------------------------------------------------------- start

    def _start_delivery(self):
        """Put posted invoices on their way: one delivery each, until mails are made."""
        moves = self.sudo().filtered(
            lambda m: m.state == "posted" and not m.billing_delivery_ids
        )
        moves.env["ticket.billing.delivery"].create(
            [move._prepare_delivery() for move in moves]
        )

    def _prepare_delivery(self) -> dict:
        self.ensure_one()
        by_post = self._goes_by_post()
        return {
            "move_id": self.id,
            "partner_id": self.partner_id.id,
            "channel": "post" if by_post else "email",
            "state": "to_print" if by_post else "pending",
            "address": False if by_post else self.partner_id.email,
        }

    def _goes_by_post(self) -> bool:
        """Whether the customer's sending method is Odoo's *Manual*."""
        self.ensure_one()
        send = self.env["account.move.send"]
        return "manual" in send._get_default_sending_methods(self)

    def _get_delivery_problem(self) -> str | None:
        """Why this invoice cannot be mailed."""
        self.ensure_one()
        if not self._goes_by_post() and not self.partner_id.email:
            return self.env._(
                "%(customer)s has no e-mail address. Add one and send the invoice"
                " again.",
                customer=self.partner_id.display_name,
            )
        return None

    # --------------------------------------------------------------- documents

    @api.model
    def _get_unprepared_domain(self) -> Domain:
        """Posted invoices whose documents or mails have to be made."""
        mail = Domain("state", "=", "pending") & Domain("message_id", "=", False)
        printed = Domain("billing_delivery_state", "=", "to_print") & Domain(
            "invoice_pdf_report_file", "=", False
        )
        return Domain("state", "=", "posted") & (
            Domain("billing_delivery_ids", "any", mail) | printed
        )

    def _lacks_documents(self) -> bool:
        self.ensure_one()
        return not self.invoice_pdf_report_id

    def _get_mailless(self):
        """Deliveries by e-mail whose mails have to be made."""
        return self.billing_delivery_ids.filtered(
            lambda row: (
                row.channel == "email" and row.state == "pending" and not row.message_id
            )
        )

    def _queue_billing(self) -> None:
        """Make the documents of pending invoices and put their mails into the queue.

        Never call it in the transaction that bills: it renders PDFs.
        """
        ready = self.browse()
        for move in self:
            reason = move._get_mailless() and move._get_delivery_problem()
            if reason:
                move._set_delivery_failed(reason)
            else:
                ready |= move
        mailed = ready.filtered(lambda m: m._get_mailless())
        for method, moves in (("email", mailed), ("manual", ready - mailed)):
            if moves:
                moves._generate_billing(method)

    def _generate_billing(self, method: str):
        try:
            with self.env.cr.savepoint():
                self.env["account.move.send"]._generate_and_send_invoices(
                    self, sending_methods=[method], allow_raising=False
                )
        except UserError as error:
            if len(self) == 1:
                self._set_delivery_failed(str(error))
                return
            for move in self:
                move._generate_billing(method)
            return
        for move in self:
            if not move.invoice_pdf_report_id:
                move._set_delivery_failed(
                    self.env._("The PDF could not be made: see the chatter.")
                )
            elif move._get_mailless():
                move._set_delivery_failed(
                    self.env._("No mail was made: see the chatter.")
                )

    def _take_over_mails(self):
        """A delivery for each mail of the last message, one per recipient."""
        self.ensure_one()
        move = self.sudo()
        deliveries = move.env["ticket.billing.delivery"]
        notifications = move._get_mail_notifications()
        deliveries._split_mails(notifications)
        waiting = move._get_mailless()
        for notification in notifications:
            values = deliveries._prepare_mail(move, notification)
            row = waiting.filtered(
                lambda r, n=notification: r.partner_id == n.res_partner_id
            )[:1]
            waiting -= row
            if row:
                row.write(values)
            else:
                deliveries.create(values)
        if notifications:
            waiting.unlink()
            move.env.ref("ticket_billing.ir_cron_deliver")._trigger()

    def _get_mail_notifications(self):
        """E-mails of the last invoice message, one per recipient."""
        self.ensure_one()
        message = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("attachment_ids", "!=", False),
                    ("notification_ids.notification_type", "=", "email"),
                ],
                order="id desc",
                limit=1,
            )
        )
        return message.notification_ids.filtered(
            lambda n: n.notification_type == "email"
        )

    def _get_printed_documents(self) -> list[bytes]:
        """PDFs that go into the envelopes, in order; each was made once and kept."""
        documents = []
        for move in self:
            documents.append(move.invoice_pdf_report_id.raw)
            if move.service_report_id:
                documents.append(move.service_report_id.raw)
        return documents

    # ------------------------------------------------------------------- state

    def _set_delivery_failed(self, reason: str):
        """Nothing of this invoice could be made ready for the way."""
        self.ensure_one()
        rows = self.sudo().billing_delivery_ids.filtered(
            lambda row: row.state == "to_print"
        )
        (rows | self.sudo()._get_mailless())._set_state("failed", reason)
        self._update_delivery_warning()

    def _update_delivery_warning(self):
        """One activity per invoice that has not arrived, until that is solved."""
        runs = self.env["ticket.billing.run"]
        for move in self:
            if move.billing_delivery_state in TROUBLE:
                runs._warn(move, move.billing_delivery_message, move.invoice_user_id)
            elif move.billing_delivery_state not in ("pending", "queued", "sending"):
                runs._clear_warning(move)

    def _cancel_delivery(self):
        """Nothing that has not left goes out any more."""
        rows = self.sudo().billing_delivery_ids.filtered(lambda row: row._is_open())
        rows._withdraw_mails()
        rows.unlink()

    def button_draft(self):
        result = super().button_draft()
        self.sudo().billing_delivery_ids._withdraw_mails()
        return result

    # --------------------------------------------------------------- scheduled

    @api.model
    def _cron_deliver_billing(self, batch_size: int = 25):
        """Scheduled action: make documents and mails, then hand the mails over.

        Documents and mails are committed before anything leaves: a crash can delay
        a mail, but never send it for an invoice that does not exist, nor twice.
        """
        # Reasons of failure are for the people of the company, not for OdooBot.
        self = self.with_context(lang=self.env.company.partner_id.lang)
        cron = self.env["ir.cron"]
        deliveries = self.env["ticket.billing.delivery"]
        deliveries._find_interrupted()
        waiting = self.search(self._get_unprepared_domain(), order="id")
        due = waiting._get_mailless() | deliveries.search(deliveries._get_due_domain())
        problem = due and self.env["ir.mail_server"].sudo()._get_billing_problem()
        if problem:
            due._set_state("pending", problem)
            waiting = waiting.filtered(lambda m: not m._get_mailless())
        cron._commit_progress(remaining=len(waiting) + len(due))
        if not waiting._queue_batches(batch_size):
            return
        if problem or self.env["ticket.billing.mailer"]._send_due():
            cron._commit_progress(remaining=0)

    def _queue_batches(self, batch_size: int) -> bool:
        """Commit batch by batch; whether there was time for all."""
        for start in range(0, len(self), batch_size):
            batch = self[start : start + batch_size].try_lock_for_update()
            batch.filtered_domain(self._get_unprepared_domain())._queue_billing()
            if not self.env["ir.cron"]._commit_progress(len(batch)):
                return False
        return True

    # ----------------------------------------------------------------- actions

    def action_deliver_billing(self):
        """Put invoices on their way, and try again what failed or came back.

        Who has the invoice does not get it twice, and what is in doubt is decided
        per recipient.
        """
        self.env["ticket.billing.rater"]._check_biller()
        self._start_delivery()
        rows = self.billing_delivery_ids.filtered(lambda row: row.state != "unknown")
        rows.action_send_again()

    def action_print_billing(self):
        """One PDF of the invoices that go by post."""
        self.env["ticket.billing.rater"]._check_biller()
        self.filtered(lambda m: m._goes_by_post())._start_delivery()
        rows = self.billing_delivery_ids
        return rows.filtered(lambda row: row.state == "to_print").action_print()
