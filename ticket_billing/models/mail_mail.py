from odoo import fields, models


class MailMail(models.Model):
    """Mails of deliveries are sent by ``ticket.billing.mailer`` alone."""

    _inherit = "mail.mail"

    billing_delivery_ids = fields.One2many("ticket.billing.delivery", "mail_id")

    def process_email_queue(self, email_ids=(), batch_size=1000):
        filters = [
            *self.env.context.get("filters", []),
            ("billing_delivery_ids", "=", False),
        ]
        mails = self.with_context(filters=filters)
        return super(MailMail, mails).process_email_queue(email_ids, batch_size)

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        # Whoever presses Send or Retry on such a mail: once is enough.
        own = self.filtered("billing_delivery_ids")
        if own:
            self.env.ref("ticket_billing.ir_cron_deliver").sudo()._trigger()
        return super(MailMail, self - own).send(
            auto_commit=auto_commit,
            raise_exception=raise_exception,
            post_send_callback=post_send_callback,
        )

    def write(self, vals):
        # The message in the chatter keeps its own Message-Id: answers refer to it.
        if "message_id" in vals and self.billing_delivery_ids:
            vals = {name: vals[name] for name in vals if name != "message_id"}
        return super().write(vals)

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        mails = super()._prepare_outgoing_list(
            mail_server=mail_server, doc_to_followers=doc_to_followers
        )
        if self.billing_delivery_ids:
            for mail in mails:
                mail["message_id"] = self.billing_delivery_ids.message_id
        return mails
