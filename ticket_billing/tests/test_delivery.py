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

    def test_sent_with_documents(self):
        with self.mock_mail_gateway():
            self.move._deliver_billing()
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertTrue(self.move.invoice_pdf_report_id)
        self.assertEqual(len(self._new_mails), 1)

    def test_customer_without_address_is_named(self):
        self.partner.email = False
        self.move._deliver_billing()
        self.assertEqual(self.move.billing_delivery_state, "failed")
        self.assertIn(self.partner.name, self.move.billing_delivery_message)
        self.assertTrue(self.move.activity_ids)

    def test_unreachable_server_keeps_it_pending(self):
        servers = type(self.env["ir.mail_server"])

        def refuse(*args, **kwargs):
            raise UserError("Connection refused")

        with (
            patch.object(servers, "_disable_send", classmethod(lambda cls: False)),
            patch.object(servers, "_connect__", refuse),
        ):
            self.move._deliver_billing()
        self.assertEqual(self.move.billing_delivery_state, "pending")
        self.assertIn("Connection refused", self.move.billing_delivery_message)

    def test_only_posted_invoices_are_sent(self):
        self.move.billing_delivery_state = False
        self.move.button_draft()
        self.move.action_deliver_billing()
        self.assertFalse(self.move.billing_delivery_state)
