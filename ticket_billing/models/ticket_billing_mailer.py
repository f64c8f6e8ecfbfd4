import logging
import smtplib
from datetime import timedelta
from functools import partial

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.smtp import DataWatch, Verdict, judge

_logger = logging.getLogger(__name__)


class TicketBillingMailer(models.AbstractModel):
    """Hands the mails of deliveries to the mail server, each at most once.

    A delivery is marked as *being sent* and committed before the mail server sees
    anything of it; what the server says is committed before the next one. A worker
    that dies in between leaves the mark, and nobody sends the mail again unasked.
    """

    _name = "ticket.billing.mailer"
    _description = "Sending of Invoices"

    @api.model
    def _send_due(self) -> bool:
        """Send what is due, within the limits; whether there was time for all."""
        deliveries = self.env["ticket.billing.delivery"]
        due = deliveries.search(deliveries._get_due_domain(), order="id")
        for company, rows in due.grouped("company_id").items():
            mailer = self.with_company(company)
            if not mailer._send(rows[: mailer._get_allowance()]):
                return False
        return True

    @api.model
    def _get_allowance(self) -> int | None:
        """How many mails of the company may be sent now; None: any number."""
        company = self.env.company
        limits = []
        if company.billing_mails_per_batch:
            limits.append(company.billing_mails_per_batch)
        if company.billing_mails_per_hour:
            hour = timedelta(hours=1)
            recent = self.env["ticket.billing.delivery"].search(
                [
                    ("company_id", "=", company.id),
                    ("started_on", ">", fields.Datetime.now() - hour),
                ],
                order="started_on",
            )
            limits.append(max(0, company.billing_mails_per_hour - len(recent)))
            if recent:
                self.env.ref("ticket_billing.ir_cron_deliver")._trigger(
                    at=recent[0].started_on + hour
                )
        return min(limits, default=None)

    @api.model
    def _send(self, rows) -> bool:
        by_mail = {row.mail_id.id: row.id for row in rows}
        for *settings, mail_ids in rows.mail_id._split_by_mail_configuration():
            ids = sorted(by_mail[mail_id] for mail_id in mail_ids)
            if not self._send_over_connection(rows.browse(ids), *settings):
                return False
        return True

    @api.model
    def _send_over_connection(
        self, rows, server_id: int, alias_domain_id: int, smtp_from: str
    ) -> bool:
        """Send mails over one connection until the server takes no more."""
        servers = self.env["ir.mail_server"]
        try:
            session = servers._connect__(mail_server_id=server_id, smtp_from=smtp_from)
        except (UserError, OSError) as error:
            self._leave_waiting(rows, Verdict("later", str(error)))
            return True
        hand_over = partial(
            self._hand_over,
            watch=DataWatch(session),
            smtp_session=session,
            alias_domain_id=alias_domain_id,
            mail_server=servers.browse(server_id),
        )
        try:
            for position, row in enumerate(rows, 1):
                verdict = self._send_one(row, hand_over)
                if verdict.stop:
                    self._leave_waiting(rows[position:], verdict, row.next_try)
                    break
                if not self.env["ir.cron"]._commit_progress(1):
                    return False
        finally:
            self._close(session)
        return True

    @api.model
    def _close(self, session):
        try:
            if session:
                session.quit()
        except (smtplib.SMTPException, OSError):
            _logger.info("The mail server had closed the connection already.")

    @api.model
    def _send_one(self, row, hand_over) -> Verdict:
        """Mark, commit, hand over, write down, commit."""
        cron = self.env["ir.cron"]
        skipped = Verdict("skipped")
        try:
            if not self._claim(row):
                return skipped
            cron._commit_progress()
            if not row._lock() or row.state != "sending":
                return skipped
        except psycopg2.errors.SerializationFailure:
            # Another worker was quicker.
            self.env.cr.rollback()
            return skipped
        verdict = hand_over(row)
        self._write_down(row, verdict)
        cron._commit_progress()
        row.move_id._update_delivery_warning()
        cron._commit_progress()
        return verdict

    @api.model
    def _claim(self, row) -> bool:
        due = self.env["ticket.billing.delivery"]._get_due_domain()
        if not row._lock() or not row.filtered_domain(due):
            return False
        row._set_state(
            "sending",
            started_on=fields.Datetime.now(),
            address=row.partner_id.email or row.address,
        )
        row.mail_id.mark_outgoing()
        return True

    @api.model
    def _hand_over(self, row, watch, **connection) -> Verdict:
        watch.begun = False
        mail = row.mail_id
        try:
            with self.env.cr.savepoint():
                mail._send(raise_exception=True, **connection)
        except psycopg2.Error:
            raise
        except Exception as error:
            return judge(error, watch.begun)
        if mail.state == "sent":
            return Verdict("sent")
        if mail.state == "outgoing":
            # Odoo sends no mails at all, for example while it is tested.
            return Verdict("later", stop=True)
        kinds = dict(mail._fields["failure_type"]._description_selection(self.env))
        return Verdict("failed", kinds.get(mail.failure_type) or mail.failure_reason)

    @api.model
    def _write_down(self, row, verdict: Verdict):
        """The state of a delivery after its mail was handed over."""
        reply = verdict.reply
        if verdict.outcome == "sent":
            row._set_state("sent", sent_on=fields.Datetime.now(), next_try=False)
        elif verdict.outcome == "later":
            row._postpone(self._get_waiting_reason(reply))
        elif verdict.outcome == "unknown":
            row._set_state(
                "unknown",
                self.env._(
                    "The connection broke while the mail was handed over (%(error)s):"
                    " the customer may have it or not. Ask, or look for its Message-Id"
                    " in the log of the mail server, then choose: it was sent, or send"
                    " it again.",
                    error=reply,
                ),
            )
        else:
            row._set_state(
                "failed",
                self.env._(
                    "The mail to %(address)s could not be sent: %(reply)s",
                    address=row.address,
                    reply=reply,
                ),
            )
            mail = row.mail_id
            mail.write({"state": "exception", "failure_reason": row.reason})
            mail._postprocess_sent_message(
                success_pids=[],
                success_emails=[],
                failure_reason=row.reason,
                failure_type="unknown",
            )

    @api.model
    def _get_waiting_reason(self, reply: str) -> str:
        return self.env._(
            "The mail server takes no more for now (%(reply)s). It is tried again by"
            " itself.",
            reply=reply,
        )

    @api.model
    def _leave_waiting(self, rows, verdict: Verdict, next_try=False):
        """Mails that were not tried keep waiting, for as long as the server asks."""
        rows = rows._lock().filtered(lambda row: row.state in ("pending", "queued"))
        rows._set_state(
            "pending", self._get_waiting_reason(verdict.reply), next_try=next_try
        )
        self.env["ir.cron"]._commit_progress()
