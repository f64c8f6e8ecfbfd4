from odoo.tests import tagged

from .test_delivery import DeliveryCase

DSN = """\
Return-Path: <>
From: MAILER-DAEMON@mx.provider.example (Mail Delivery System)
To: {to}
Subject: {subject}
Date: Tue, 3 Nov 2026 09:12:44 +0100
Message-Id: <20261103081244.{number}@mx.provider.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="B7C1"

--B7C1
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.provider.example.
I'm sorry to have to inform you of what became of your message.

--B7C1
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.provider.example
X-Postfix-Queue-ID: 4C8F11A2B3
Arrival-Date: Tue, 3 Nov 2026 09:12:40 +0100 (CET)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.weber.example
Diagnostic-Code: smtp; {diagnosis}

--B7C1
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <bounce@nordlicht-it.example>
From: "Nordlicht IT-Service GmbH" <office@nordlicht-it.example>
To: {recipient}
Subject: Invoice
Message-Id: {message_id}

--B7C1--
"""


@tagged("post_install", "-at_install")
class TestDeliveryBounce(DeliveryCase):
    """A mail that comes back is not called sent any longer."""

    def setUp(self):
        super().setUp()
        self.contact = self._add_recipient()
        self.move.action_deliver_billing()
        self._deliver_with(lambda to: None)
        rows = self.move.billing_delivery_ids
        self.row = rows.filtered(lambda r: r.partner_id == self.partner)
        self.other = rows - self.row
        self.assertEqual(self.move.billing_delivery_state, "sent")

    def _receive(self, action="failed", message_id=None):
        """A delivery status notification comes in through the mail gateway."""
        notification = DSN.format(
            to="bounce@nordlicht-it.example",
            subject="Undelivered Mail Returned to Sender",
            number=self.row.id,
            recipient="buchhaltung@weber.example",
            action=action,
            status="5.2.1",
            diagnosis="550 5.2.1 The mailbox is disabled",
            message_id=message_id or self.row.message_id,
        )
        self.env["mail.thread"].message_process("account.move", notification)

    def test_bounced(self):
        self._receive()
        self.assertEqual(self.row.state, "bounced")
        self.assertIn("The mailbox is disabled", self.row.reason)
        self.assertEqual(self.other.state, "sent")
        self.assertEqual(self.move.billing_delivery_state, "bounced")
        self.assertIn("The mailbox is disabled", self.move.activity_ids.note)
        # Odoo's own view of it.
        notifications = self.row.mail_id.mail_message_id.notification_ids
        bounced = notifications.filtered(lambda n: n.notification_status == "bounce")
        self.assertEqual(bounced.res_partner_id, self.partner)

    def test_sent_again_to_the_new_address(self):
        self._receive()
        self.partner.email = "rechnung@weber.example"
        self.move.action_deliver_billing()
        taken = self._deliver_with(lambda to: None)
        self.assertEqual(taken, ["rechnung@weber.example"])
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertFalse(self.move.activity_ids)

    def test_report_twice_is_one_activity(self):
        self._receive()
        self._receive()
        self.assertEqual(len(self.move.activity_ids), 1)

    def test_late_is_not_bounced(self):
        self._receive(action="delayed")
        self.assertEqual(self.row.state, "sent")
        self.assertFalse(self.move.activity_ids)

    def test_report_without_our_id(self):
        """Some servers put another Message-Id: the recipient tells the row."""
        self._receive(message_id=self.row.mail_id.mail_message_id.message_id)
        self.assertEqual(self.row.state, "bounced")
        self.assertEqual(self.other.state, "sent")

    def test_foreign_report(self):
        self._receive(message_id="<stranger@example.com>")
        self.assertEqual(self.move.billing_delivery_state, "sent")
