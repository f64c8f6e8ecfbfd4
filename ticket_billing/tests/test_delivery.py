import smtplib
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCommon

from .common import TicketBillingCase

MAIL_LOG = "odoo.addons.mail.models.mail_mail"


class DeliveryCase(TicketBillingCase, MailCommon):
    """One posted invoice that is to be delivered."""

    def setUp(self):
        super().setUp()
        self._log(60)
        self.move = self._run().invoice_ids
        self.move.action_post()

    def _deliver(self):
        """The scheduled action, without its commits."""
        cron = type(self.env["ir.cron"])
        with patch.object(cron, "_commit_progress", lambda *a, **k: 60.0):
            self.env["account.move"]._cron_deliver_billing()

    def _deliver_with(self, answer):
        """Deliver to a mail server that gives ``answer(recipient)``.

        :return: the recipients whose mail it took
        """
        taken = []

        def send_message(session, message, smtp_from, smtp_to_list):
            error = answer(smtp_to_list[0])
            if error:
                raise error
            taken.extend(smtp_to_list)

        with self.mock_mail_gateway(), mute_logger(MAIL_LOG):
            session = type(self.testing_smtp_session)
            with patch.object(session, "send_message", send_message):
                self._deliver()
        return taken

    def _add_recipient(self, email="einkauf@weber.example"):
        """A second person who gets the invoices of the customer."""
        contact = self.env["res.partner"].create(
            {"name": "Petra Weber", "parent_id": self.partner.id, "email": email}
        )
        self.move.message_subscribe(contact.ids)
        return contact


@tagged("post_install", "-at_install")
class TestDelivery(DeliveryCase):
    """Posted invoices leave once, and a failure is never called sent."""

    def setUp(self):
        super().setUp()
        self.move.action_deliver_billing()
        self.row = self.move.billing_delivery_ids

    def test_sent_once_with_documents(self):
        with self.mock_mail_gateway():
            self._deliver()
            self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertTrue(self.row.sent_on)
        self.assertTrue(self.move.invoice_pdf_report_id)
        to = [mail["email_to"] for mail in self._mails]
        self.assertEqual(len(to), 1)
        self.assertIn("buchhaltung@weber.example", to[0][0])

    def test_mail_carries_the_id_of_its_row(self):
        with self.mock_mail_gateway():
            self._deliver()
        sent = self._mails[0]
        self.assertEqual(sent["message_id"], self.row.message_id)
        # The answer of a customer finds the invoice by the message in the chatter.
        message = self.row.mail_id.mail_message_id
        self.assertNotEqual(message.message_id, self.row.message_id)
        self.assertIn(message.message_id, sent["references"])

    def test_double_click_sends_once(self):
        self.move.action_deliver_billing()
        self.assertEqual(len(self.move.billing_delivery_ids), 1)
        with self.mock_mail_gateway():
            self._deliver()
            self.move.action_deliver_billing()
            self._deliver()
        self.assertEqual(len(self._mails), 1)

    def test_nobody_else_sends_the_mail(self):
        """Neither Odoo's queue nor its button: they know nothing of the state."""
        self.move._queue_billing()
        self.assertEqual(self.row.state, "queued")
        mail = self.row.mail_id
        with self.mock_mail_gateway():
            mail.send()
            mail.process_email_queue()
            mail.process_email_queue(mail.ids)
            self.assertFalse(self._mails)
            self._deliver()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(self.row.state, "sent")

    def test_interrupted_mail_is_not_sent_again(self):
        self.move._queue_billing()
        self.row._set_state("sending", started_on=fields.Datetime.now())
        with self.mock_mail_gateway():
            self._deliver()
            self.assertEqual(self.row.state, "sending", "it may be at work")
            with freeze_time(fields.Datetime.now() + timedelta(minutes=2)):
                self._deliver()
                self.assertEqual(self.row.state, "unknown")
                # The invoice's button leaves the decision to a person.
                self.move.action_deliver_billing()
                self._deliver()
            self.assertFalse(self._mails)
            self.assertIn("Ask", self.move.activity_ids.note)
            self.row.action_send_again()
            known = self.row.message_id
            self._deliver()
        self.assertEqual(self._mails[0]["message_id"], known)
        self.assertEqual(self.row.state, "sent")
        self.assertFalse(self.move.activity_ids)

    def test_interrupted_mail_was_sent(self):
        self.row._set_state("unknown", started_on=fields.Datetime.now())
        self.row.action_confirm_sent()
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertIn(self.env.user.name, self.row.reason)
        self.row.action_send_again()
        self.assertEqual(self.row.state, "sent")

    def test_refused_for_good(self):
        refusal = smtplib.SMTPRecipientsRefused(
            {"buchhaltung@weber.example": (550, b"5.1.1 User unknown")}
        )
        self.assertFalse(self._deliver_with(lambda to: refusal))
        self.assertEqual(self.row.state, "failed")
        self.assertIn("User unknown", self.move.billing_delivery_message)
        self.assertEqual(self.row.mail_id.state, "exception")
        self.assertTrue(self.move.activity_ids)
        # Nobody tries again unasked.
        self.assertFalse(self._deliver_with(lambda to: None))
        self.partner.email = "rechnung@weber.example"
        self.move.action_deliver_billing()
        self.assertEqual(
            self._deliver_with(lambda to: None), ["rechnung@weber.example"]
        )
        self.assertEqual(self.row.state, "sent")
        self.assertFalse(self.move.billing_delivery_message)
        self.assertFalse(self.move.activity_ids)

    def test_refused_for_now(self):
        """Greylisted: tried again by itself, with growing intervals."""
        refusal = smtplib.SMTPResponseException(451, b"4.7.1 Greylisted")
        start = fields.Datetime.now()
        with freeze_time(start):
            self._deliver_with(lambda to: refusal)
            self.assertEqual(self.row.state, "pending")
            self.assertEqual(self.row.next_try, start + timedelta(minutes=5))
            self.assertFalse(self._deliver_with(lambda to: None))
        with freeze_time(start + timedelta(minutes=6)):
            self._deliver_with(lambda to: refusal)
            self.assertEqual(self.row.next_try, start + timedelta(minutes=21))
        with freeze_time(start + timedelta(minutes=22)):
            self.assertEqual(len(self._deliver_with(lambda to: None)), 1)
        self.assertEqual(self.row.state, "sent")

    def test_refused_for_days(self):
        refusal = smtplib.SMTPResponseException(450, b"4.2.1 Mailbox busy")
        now = fields.Datetime.now()
        for _attempt in range(30):
            with freeze_time(now):
                self._deliver_with(lambda to: refusal)
            now += timedelta(hours=5)
        self.assertEqual(self.row.state, "failed")
        self.assertTrue(self.move.activity_ids)

    def test_state_per_recipient(self):
        contact = self._add_recipient()
        refusal = smtplib.SMTPRecipientsRefused(
            {contact.email: (550, b"5.1.1 User unknown")}
        )
        taken = self._deliver_with(lambda to: to == contact.email and refusal)
        self.assertEqual(taken, ["buchhaltung@weber.example"])
        rows = self.move.billing_delivery_ids
        states = {row.partner_id: row.state for row in rows}
        self.assertEqual(states, {self.partner: "sent", contact: "failed"})
        self.assertEqual(self.move.billing_delivery_state, "failed")
        self.assertIn(contact.email, self.move.billing_delivery_message)
        self.assertEqual(len(set(rows.mapped("message_id"))), 2)
        self.assertEqual(len(rows.mail_id.mail_message_id), 1)
        # Again: only for who does not have it.
        self.move.action_deliver_billing()
        self.assertEqual(self._deliver_with(lambda to: None), [contact.email])
        self.assertEqual(self.move.billing_delivery_state, "sent")

    def test_limits_of_the_company(self):
        self._add_recipient()
        self._add_recipient("archiv@weber.example")
        self.company.billing_mails_per_batch = 2
        start = fields.Datetime.now()
        with freeze_time(start):
            self.assertEqual(len(self._deliver_with(lambda to: None)), 2)
        self.company.billing_mails_per_hour = 2
        with freeze_time(start + timedelta(minutes=50)):
            self.assertFalse(self._deliver_with(lambda to: None))
        with freeze_time(start + timedelta(minutes=61)):
            self.assertEqual(len(self._deliver_with(lambda to: None)), 1)
        self.assertEqual(self.move.billing_delivery_state, "sent")

    def test_sent_by_hand(self):
        """Odoo's own dialog goes the same way."""
        self.move.billing_delivery_ids.unlink()
        wizard = (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=self.move.ids)
            .create({})
        )
        with self.mock_mail_gateway():
            wizard.action_send_and_print()
            self.assertEqual(self.move.billing_delivery_state, "queued")
            self._deliver()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(self.move.billing_delivery_state, "sent")

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

    def test_draft_is_not_sent(self):
        self.move._queue_billing()
        mail = self.row.mail_id
        self.move.button_draft()
        self.assertEqual(mail.state, "cancel")
        with self.mock_mail_gateway():
            self._deliver()
            self.assertFalse(self._mails)
            # Posted again, it goes with its new documents.
            self.move.action_post()
            self._deliver()
        self.assertEqual(len(self._mails), 1)
        self.assertEqual(self.move.billing_delivery_state, "sent")

    def test_only_posted_invoices_are_sent(self):
        self.row.unlink()
        self.move.button_draft()
        self.move.action_deliver_billing()
        self.assertFalse(self.move.billing_delivery_state)

    def test_only_billers_decide(self):
        self.row._set_state("unknown")
        agent = self._create_user("delivery.agent", "ticket_billing.group_agent")
        row = self.row.with_user(agent)
        for act in (row.action_send_again, row.action_confirm_sent, row.action_print):
            with self.assertRaises(AccessError):
                act()
        biller = self._create_user("delivery.biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            self.row.with_user(biller).write({"state": "sent"})
        self.row.with_user(biller).action_confirm_sent()
        self.assertEqual(self.row.state, "sent")
