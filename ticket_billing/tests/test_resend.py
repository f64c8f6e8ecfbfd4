from odoo.exceptions import AccessError, UserError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools.misc import file_path

from .test_delivery import DeliveryCase

SCRIPT = "ticket_billing/migrations/19.0.1.1.0/post-deliveries.py"


@tagged("post_install", "-at_install")
class TestSendCorrected(DeliveryCase):
    """A corrected invoice goes out once, when a person says so."""

    def setUp(self):
        super().setUp()
        self.move.action_deliver_billing()

    def _send(self):
        """Deliver; the number of mails that left."""
        return len(self._deliver_with(lambda recipient: None))

    def _correct(self):
        self.move.button_draft()
        self.env.invalidate_all()
        self.move.action_post()

    def test_once_and_only_when_said(self):
        self.assertEqual(self._send(), 1)
        first = self.move.invoice_pdf_report_id
        self._correct()
        self.assertTrue(self.move.billing_resend_due)
        self.move.action_deliver_billing()
        self.move.billing_run_id.action_send()
        self.assertEqual(self._send(), 0)
        self.move.action_send_corrected()
        self.assertEqual(self._send(), 1)
        self.assertNotEqual(self.move.invoice_pdf_report_id, first)
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertFalse(self.move.billing_resend_due)
        with self.assertRaises(UserError):
            self.move.action_send_corrected()
        self.assertEqual(self._send(), 0)
        # Each correction is said for itself.
        self._correct()
        self.move.action_send_corrected()
        self.assertEqual(self._send(), 1)

    def test_never_sent_goes_out_by_itself(self):
        self._correct()
        self.assertFalse(self.move.billing_resend_due)
        with self.assertRaises(UserError):
            self.move.action_send_corrected()
        self.assertEqual(self._send(), 1)

    def test_draft_is_not_sent(self):
        self._send()
        self.move.button_draft()
        with self.assertRaises(UserError):
            self.move.action_send_corrected()

    def test_only_billers(self):
        self._send()
        self._correct()
        agent = self._create_user("agent", "ticket_billing.group_agent")
        with self.assertRaises(AccessError):
            self.move.with_user(agent).action_send_corrected()


@tagged("post_install", "-at_install")
class TestDeliveriesOfAnUpgrade(DeliveryCase):
    """Invoices that were on their way before there were deliveries."""

    def _upgrade(self, state, message=None):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET billing_delivery_state = %s,"
            " billing_delivery_message = %s WHERE id = %s",
            [state, message, self.move.id],
        )
        self.env.invalidate_all()
        script = load_script(file_path(SCRIPT), "post-deliveries")
        script.migrate(self.env.cr, "19.0.1.0.0")
        script.migrate(self.env.cr, "19.0.1.0.0")
        return self.move.billing_delivery_ids

    def test_pending_is_sent(self):
        self.assertEqual(len(self._upgrade("pending")), 1)
        self.assertEqual(len(self._deliver_with(lambda recipient: None)), 1)
        self.assertEqual(self.move.billing_delivery_state, "sent")

    def test_queued_is_decided_by_a_person(self):
        self.assertEqual(self._upgrade("queued").state, "unknown")
        self.assertFalse(self._deliver_with(lambda recipient: None))

    def test_failed_keeps_its_reason(self):
        row = self._upgrade("failed", "No such mailbox")
        self.assertEqual((row.state, row.reason), ("failed", "No such mailbox"))
        self.assertEqual(self.move.billing_delivery_message, "No such mailbox")

    def test_sent_is_not_sent_again(self):
        self.assertEqual(self._upgrade("sent").state, "sent")
        self.move.action_deliver_billing()
        self.assertFalse(self._deliver_with(lambda recipient: None))
        self.assertEqual(self.move.billing_delivery_state, "sent")
