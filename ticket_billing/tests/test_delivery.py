from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCommon

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestDelivery(TicketBillingCase, MailCommon):
    """Posted invoices leave once, and a failure is never called sent."""

    def setUp(self):
        super().setUp()
        self._log(60)
        self.move = self._run().invoice_ids
        self.move.action_post()
        self.move.action_deliver_billing()

    def _deliver(self):
        """The scheduled action, without its commits."""
        cron = type(self.env["ir.cron"])
        with patch.object(cron, "_commit_progress", lambda *a, **k: 60.0):
            self.env["account.move"]._cron_deliver_billing()

    def test_sent_once_with_documents(self):
        with self.mock_mail_gateway():
            self._deliver()
            self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertTrue(self.move.invoice_pdf_report_id)
        to = [mail["email_to"] for mail in self._mails]
        self.assertEqual(len(to), 1)
        self.assertIn("buchhaltung@weber.example", to[0][0])

    def test_queued_mail_is_not_called_sent(self):
        self.move._queue_billing()
        self.assertEqual(self.move.billing_delivery_state, "queued")
        notification = self.move._get_mail_notifications()
        self.assertEqual(notification.mail_mail_id.state, "outgoing")
        # A crash after the mail has left: the next call only looks.
        with self.mock_mail_gateway():
            notification.mail_mail_id.send()
            self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertEqual(len(self._mails), 1)

    def test_refused_mail_is_failed(self):
        self.move._queue_billing()
        notification = self.move._get_mail_notifications()
        with patch.object(
            type(self.env["ir.mail_server"]),
            "_connect__",
            side_effect=UserError("Recipient refused"),
        ):
            self.move._send_queued_billing()
        self.assertEqual(notification.notification_status, "exception")
        self.assertEqual(self.move.billing_delivery_state, "failed")
        self.assertTrue(self.move.activity_ids)
        # Sent again by hand, it leaves and the warning goes.
        self.move.action_deliver_billing()
        with self.mock_mail_gateway():
            self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertFalse(self.move.activity_ids)

    def test_customer_without_address_is_named(self):
        self.partner.email = False
        self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "failed")
        self.assertIn(self.partner.name, self.move.billing_delivery_message)
        self.assertTrue(self.move.activity_ids)

    def test_unreachable_server_keeps_it_pending(self):
        servers = type(self.env["ir.mail_server"])
        reason = "Connection refused"

        def refuse(*args, **kwargs):
            raise UserError(reason)

        with (
            patch.object(servers, "_disable_send", classmethod(lambda cls: False)),
            patch.object(servers, "_connect__", refuse),
        ):
            self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "pending")
        self.assertIn(reason, self.move.billing_delivery_message)

    def test_only_posted_invoices_are_sent(self):
        self.move.billing_delivery_state = False
        self.move.button_draft()
        self.move.action_deliver_billing()
        self.assertFalse(self.move.billing_delivery_state)
