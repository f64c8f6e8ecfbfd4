from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PortalCase


@tagged("post_install", "-at_install")
class TestPortalNotices(PortalCase):
    """Customers are told of allotments and months: once each, in their language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.notices = cls.env["ticket.billing.notice"]
        cls.contract.allotment_ids = [Command.create({"hours": 4})]
        cls.policy.notify_allotment = True

    def _tell(self, day):
        with (
            freeze_time(f"{day} 09:00:00"),
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 60.0
            ),
        ):
            self.notices._cron_tell()

    def _get_mails(self):
        return self.env["mail.mail"].search([("model", "=", "ticket.billing.notice")])

    def test_allotment_is_told_once_at_each_threshold(self):
        self._log(180, "2026-10-05")
        self._tell("2026-10-06")
        self.assertFalse(self._get_mails(), "75 %")
        self._log(15, "2026-10-07")
        self._tell("2026-10-08")
        self._tell("2026-10-08")
        mail = self._get_mails()
        self.assertEqual(mail.recipient_ids, self.contact)
        self.assertIn("80", mail.subject)
        self.assertIn("0:45 h", mail.body_html)
        self._log(60, "2026-10-09")
        self._tell("2026-10-10")
        self._tell("2026-10-11")
        self.assertEqual(self.notices.search([]).mapped("percent"), [100, 80])
        self.assertIn("used up", self._get_mails()[0].body_html)
        self._tell("2026-11-01")  # another period, nothing used
        self.assertEqual(len(self._get_mails()), 2)

    def test_no_notice_without_the_option(self):
        self.policy.notify_allotment = False
        self._log(240, "2026-10-05")
        self._tell("2026-10-06")
        self.assertFalse(self.notices.search([]))

    def test_contact_opts_out(self):
        second = self.env["res.partner"].create(
            {
                "name": "Ruth Weber",
                "parent_id": self.partner.id,
                "email": "ruth@weber.example",
                "billing_portal_role": "approver",
            }
        )
        self._create_portal_user("ruth", second)
        self.contact.billing_no_notices = True
        self._log(240, "2026-10-05")
        self._tell("2026-10-06")
        self.assertEqual(self._get_mails().recipient_ids, second)

    def test_without_billing_contacts_the_customer_is_told(self):
        self.contact.billing_portal_role = False
        self._log(240, "2026-10-05")
        self._tell("2026-10-06")
        self.assertEqual(self._get_mails().recipient_ids, self.partner)

    def test_statement_of_the_month(self):
        self.policy.write({"statement_day": 5, "notify_allotment": False})
        self._log(300, "2026-10-05")
        self._log(60, "2026-10-06", billing_type="internal")
        invoice = self._bill()
        self._log(600, "2026-10-07")  # not released
        for day in ("2026-11-04", "2026-11-05", "2026-11-06", "2026-11-30"):
            self._tell(day)
            self.assertEqual(len(self._get_mails()), int(day > "2026-11-04"), day)
        mail = self._get_mails()
        self.assertIn("October 2026", mail.subject)
        for words in ("5:00", "4:00", "1:00", invoice.name):
            self.assertIn(words, mail.body_html)
        self.assertNotIn("15:00", mail.body_html)
        self.assertNotIn("6:00", mail.body_html)

    def test_statement_in_german(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.contact.lang = "de_DE"
        self.policy.write({"statement_day": 5, "notify_allotment": False})
        self._log(300, "2026-10-05")
        self._bill()
        self._tell("2026-11-05")
        self.assertIn("Oktober 2026", self._get_mails().subject)

    def test_no_statement_of_nothing(self):
        self.policy.statement_day = 5
        self._tell("2026-11-05")
        self.assertFalse(self._get_mails())

    def test_same_notice_twice_is_refused_by_the_database(self):
        values = {
            "company_id": self.company.id,
            "customer_id": self.partner.id,
            "kind": "statement",
            "period": "2026-10-01",
        }
        self.notices.create(values)
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as caught:
            self.notices.create(values)
        self.assertIn("unique", str(caught.exception).lower())

    def test_notices_are_read_by_billers_only(self):
        for user in (self.user, self._create_user("ag", "ticket_billing.group_agent")):
            with self.assertRaises(AccessError):
                self.notices.with_user(user).search([])
