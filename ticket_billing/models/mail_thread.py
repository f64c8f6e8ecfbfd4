from odoo import api, models

UNDELIVERED = "failed"


class MailThread(models.AbstractModel):
    """Bounces of invoices reach their deliveries."""

    _inherit = "mail.thread"

    def _get_bounced_message_data(self, message, message_dict):
        bounced, references = super()._get_bounced_message_data(message, message_dict)
        if not bounced:
            rows = self._find_billing_deliveries(references)
            bounced = rows.mail_id.mail_message_id[:1]
        return bounced, references

    @api.model
    def _find_billing_deliveries(self, references):
        return (
            self.env["ticket.billing.delivery"]
            .sudo()
            .search([("message_id", "in", references or [])])
        )

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        result = super()._routing_handle_bounce(email_message, message_dict)
        action, diagnosis = self._get_delivery_status(email_message)
        # Servers also report what is merely late, or has arrived.
        if action in ("", UNDELIVERED):
            rows = self._get_bounced_deliveries(message_dict)
            rows._receive_bounce(diagnosis or message_dict.get("body") or "")
        return result

    @api.model
    def _get_bounced_deliveries(self, message_dict):
        """By the Message-Id of the mail that came back, else by its recipient."""
        rows = self._find_billing_deliveries(message_dict["bounced_msg_ids"])
        message = message_dict["bounced_message"]
        if rows or not message:
            return rows
        recipients = [
            ("partner_id", "in", message_dict["bounced_partner"].ids),
            ("address", "=ilike", message_dict["bounced_email"] or ""),
        ]
        return rows.search(
            ["&", ("mail_id.mail_message_id", "=", message.id), "|", *recipients]
        )

    @api.model
    def _get_delivery_status(self, email_message) -> tuple[str, str]:
        """Action and diagnosis of a delivery status notification (RFC 3464)."""
        for part in email_message.walk():
            if part.get_content_type() != "message/delivery-status":
                continue
            for fields in part.get_payload()[1:]:
                action = (fields["Action"] or "").strip().lower()
                texts = [fields["Status"], fields["Diagnostic-Code"]]
                return action, " ".join(str(text) for text in texts if text)
        return "", ""
