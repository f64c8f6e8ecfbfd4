from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import html2plaintext
from odoo.tools.mail import generate_tracking_message_id
from odoo.tools.pdf import merge_pdf

STATES = [
    ("pending", "Pending"),
    ("queued", "In the mail queue"),
    ("sending", "Being sent"),
    ("unknown", "Unknown whether sent"),
    ("sent", "Sent"),
    ("bounced", "Bounced"),
    ("failed", "Failed"),
    ("to_print", "To print"),
    ("printed", "Printed"),
]
TROUBLE = ("failed", "bounced", "unknown")
WORST_FIRST = (
    *TROUBLE,
    "pending",
    "sending",
    "queued",
    "to_print",
    "sent",
    "printed",
)
# Minutes until the next try; the last one is repeated.
BACK_OFF = (5, 15, 60, 240)
MAX_ATTEMPTS = 30
# A worker locks what it sends right after it has marked it.
GRACE = timedelta(minutes=1)


class TicketBillingDelivery(models.Model):
    """An invoice on its way to one recipient."""

    _name = "ticket.billing.delivery"
    _description = "Delivery of an Invoice"
    _order = "move_id desc, id"

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="move_id.company_id", store=True, index=True)
    billing_run_id = fields.Many2one(
        related="move_id.billing_run_id", store=True, index="btree_not_null"
    )
    channel = fields.Selection(
        [("email", "E-mail"), ("post", "Post")],
        required=True,
        readonly=True,
        default="email",
    )
    partner_id = fields.Many2one("res.partner", string="Recipient", readonly=True)
    address = fields.Char(readonly=True, help="Where it was sent to.")
    state = fields.Selection(
        STATES,
        required=True,
        readonly=True,
        index=True,
        default="pending",
        help="Sent: the mail server took it. Unknown: the worker was interrupted while"
        " it handed the mail over; somebody has to decide.",
    )
    reason = fields.Text(readonly=True)
    mail_id = fields.Many2one("mail.mail", readonly=True, index="btree_not_null")
    message_id = fields.Char(
        string="Message-Id",
        readonly=True,
        help="Stays the same when the mail is sent again, so that mail servers and"
        " bounces can tell it.",
    )
    attempts = fields.Integer(readonly=True)
    started_on = fields.Datetime(string="Last try", readonly=True)
    next_try = fields.Datetime(readonly=True)
    sent_on = fields.Datetime(readonly=True)
    printed_on = fields.Datetime(readonly=True)
    printed_by_id = fields.Many2one("res.users", string="Printed by", readonly=True)

    _message_id_uniq = models.UniqueIndex(
        "(message_id) WHERE message_id IS NOT NULL",
        "Every delivery has a Message-Id of its own.",
    )

    @api.depends("move_id", "partner_id", "address")
    def _compute_display_name(self):
        for row in self:
            recipient = row.partner_id.display_name or row.address or ""
            row.display_name = f"{row.move_id.display_name}: {recipient}"

    # ------------------------------------------------------------------- state

    def _set_state(self, state: str, reason: str | bool = False, **values):
        self.write({"state": state, "reason": reason, **values})

    def _get_worst(self):
        """The delivery that most needs somebody's attention."""
        return self.sorted(lambda row: WORST_FIRST.index(row.state))[:1]

    def _is_open(self) -> bool:
        """Whether nothing has left yet and nothing is in doubt."""
        self.ensure_one()
        return self.state in ("pending", "queued", "to_print")

    def _withdraw_mails(self):
        """Mails that have not left are not sent: their documents are outdated."""
        rows = self.filtered(lambda row: row.state in ("pending", "queued"))
        rows.mail_id.cancel()
        rows.write({"state": "pending", "mail_id": False, "message_id": False})

    def _postpone(self, reason: str):
        """The mail server takes this one later: try with growing intervals."""
        self.ensure_one()
        attempts = self.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            self._set_state("failed", reason, attempts=attempts, next_try=False)
            return
        minutes = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
        at = fields.Datetime.now() + timedelta(minutes=minutes)
        self._set_state("pending", reason, attempts=attempts, next_try=at)
        self.env.ref("ticket_billing.ir_cron_deliver")._trigger(at=at)

    @api.model
    def _get_due_domain(self) -> Domain:
        """Mails to hand over now."""
        return (
            Domain("state", "in", ("pending", "queued"))
            & Domain("mail_id", "!=", False)
            & Domain("move_id.state", "=", "posted")
            & (
                Domain("next_try", "=", False)
                | Domain("next_try", "<=", fields.Datetime.now())
            )
        )

    def _lock(self):
        """The deliveries that nobody else works on, locked with their invoices.

        The invoice shows the state of its deliveries: with it locked, nothing can
        keep what the mail server said from being written down.
        """
        moves = self.move_id.try_lock_for_update(allow_referencing=True)
        mine = self.filtered(lambda row: row.move_id in moves)
        return mine.try_lock_for_update(allow_referencing=True)

    @api.model
    def _find_interrupted(self):
        """Put up for decision what a worker that died was just sending.

        Whether the mail server has taken it nobody knows: it is not sent again.
        """
        rows = self.search(
            [
                ("state", "=", "sending"),
                ("started_on", "<=", fields.Datetime.now() - GRACE),
            ]
        )
        rows = rows._lock()
        if not rows:
            return
        rows._set_state(
            "unknown",
            self.env._(
                "Sending was interrupted: the customer may have the mail or not. Ask,"
                " or look for its Message-Id in the log of the mail server, then"
                " choose: it was sent, or send it again."
            ),
        )
        rows.move_id._update_delivery_warning()

    # ------------------------------------------------------------------- mails

    @api.model
    def _split_mails(self, notifications):
        """Give each recipient a mail of its own, that is kept."""
        for mail, group in notifications.grouped("mail_mail_id").items():
            for notification in group[1:]:
                notification.mail_mail_id = mail.copy(
                    {
                        "mail_message_id": mail.mail_message_id.id,
                        "headers": mail.headers,
                        **self._prepare_recipient(notification),
                    }
                )
            mail.write(self._prepare_recipient(group[0]))
        notifications.mail_mail_id.auto_delete = False

    @api.model
    def _prepare_recipient(self, notification) -> dict:
        return {
            "recipient_ids": [fields.Command.set(notification.res_partner_id.ids)],
            "email_to": notification.mail_email_address,
            "email_cc": False,
        }

    @api.model
    def _prepare_mail(self, move, notification) -> dict:
        """Values of the delivery of one mail."""
        partner = notification.res_partner_id
        return {
            "move_id": move.id,
            "partner_id": partner.id,
            "address": partner.email or notification.mail_email_address,
            "mail_id": notification.mail_mail_id.id,
            "message_id": generate_tracking_message_id(f"{move.id}-{move._name}"),
            "state": "queued",
            "reason": False,
        }

    def _receive_bounce(self, reason: str):
        """What was called sent has come back."""
        rows = self.filtered(lambda row: row.state not in ("failed", "bounced"))
        rows._set_state("bounced", html2plaintext(reason).strip())
        rows.move_id._update_delivery_warning()

    # ----------------------------------------------------------------- actions

    def action_send_again(self):
        """Send what failed, came back or is in doubt; never what was sent."""
        self.env["ticket.billing.rater"]._check_biller()
        self.check_access("read")
        rows = self.sudo().filtered(
            lambda row: (
                row.state in (*TROUBLE, "pending") and row.move_id.state == "posted"
            )
        )
        rows.write({"reason": False, "next_try": False, "attempts": 0})
        for row in rows:
            row.state = "to_print" if row.channel == "post" else "pending"
        self.env.ref("ticket_billing.ir_cron_deliver").sudo()._trigger()

    def action_confirm_sent(self):
        """Decide that an interrupted mail did leave."""
        self.env["ticket.billing.rater"]._check_biller()
        self.check_access("read")
        rows = self.sudo().filtered(lambda row: row.state == "unknown")
        for row in rows:
            reason = self.env._("Confirmed by %(user)s", user=self.env.user.name)
            row._set_state("sent", reason, sent_on=row.started_on)
        rows.move_id._update_delivery_warning()

    def action_print(self):
        """One PDF of all documents that go by post; they count as printed."""
        self.env["ticket.billing.rater"]._check_biller()
        self.check_access("read")
        rows = self.sudo().filtered(
            lambda row: (
                row.state in ("to_print", "printed") and row.move_id.state == "posted"
            )
        )
        rows.move_id.filtered(lambda m: m._lacks_documents())._queue_billing()
        rows = rows.filtered(lambda row: row.move_id.invoice_pdf_report_id)
        if not rows:
            raise UserError(self.env._("There is nothing to print."))
        rows = rows.sorted(lambda row: (row.move_id.name, row.id))
        content = merge_pdf(rows.move_id._get_printed_documents())
        rows.filtered(lambda row: row.state == "to_print")._set_state(
            "printed", printed_on=fields.Datetime.now(), printed_by_id=self.env.uid
        )
        return rows[0]._download(content, len(rows))

    def _download(self, content: bytes, count: int) -> dict:
        name = self.env._(
            "Invoices to print %(date)s (%(count)s).pdf",
            date=fields.Date.context_today(self),
            count=count,
        )
        attachment = self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }
