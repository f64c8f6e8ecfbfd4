import hashlib
from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCommon

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestArchive(TicketBillingCase, MailCommon):
    """What was sent is kept as it was, and never made again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.attach_service_report = True
        cls.partner.write({"invoice_edi_format": "xrechnung", "ref": "WEBER"})
        cls.env["res.partner.bank"].create(
            {
                "acc_number": "DE89370400440532013000",
                "partner_id": cls.company.partner_id.id,
                "allow_out_payment": True,
            }
        )

    def setUp(self):
        super().setUp()
        self._log(60)
        self.move = self._run().invoice_ids
        self.move.action_post()

    def _send(self):
        """By Odoo's dialog, which sends again what was sent before."""
        wizard = self.env["account.move.send.wizard"].with_context(
            active_model="account.move", active_ids=self.move.ids
        )
        wizard.create({"sending_methods": ["email"]}).action_send_and_print()
        with (
            self.mock_mail_gateway(),
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 60.0
            ),
        ):
            self.env["account.move"]._cron_deliver_billing()
        return self.move.kept_document_ids

    def test_everything_sent_is_kept(self):
        documents = self._send()
        self.assertEqual(
            set(documents.mapped("kind")), {"invoice", "einvoice", "service_report"}
        )
        invoice = documents.filtered(lambda d: d.kind == "invoice")
        content = self.move.invoice_pdf_report_id.raw
        self.assertEqual(invoice.checksum, hashlib.sha256(content).hexdigest())
        self.assertEqual(invoice.size, len(content))
        self.assertIn("buchhaltung@weber.example", invoice.recipients)
        self.assertTrue(invoice.sent_on)
        self.assertEqual(
            invoice.retention_until, date(self.move.invoice_date.year + 8, 12, 31)
        )
        self.assertEqual(self.move.kept_document_count, 3)
        self.assertIn(("move_id", "=", self.move.id),
                      self.move.action_view_kept_documents()["domain"])  # fmt: skip

    def test_sent_again_it_is_the_same_file(self):
        before = {d.kind: (d.attachment_id, d.checksum) for d in self._send()}
        self.policy.show_worker = not self.policy.show_worker
        documents = self._send()
        after = {d.kind: (d.attachment_id, d.checksum) for d in documents}
        self.assertEqual(before, after)
        for document in documents:
            self.assertEqual(document.recipients.count("buchhaltung@"), 2)

    def test_printed_it_is_the_kept_file(self):
        self._send()
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        for name, file in (
            ("account.report_invoice_with_payments", self.move.invoice_pdf_report_id),
            ("ticket_billing.service_report", self.move.service_report_id),
        ):
            # No PDF: it would not come out of a renderer.
            self.env.cr.execute(
                "UPDATE ir_attachment SET store_fname = NULL, db_datas = %s"
                " WHERE id = %s",
                [b"as it was sent", file.id],
            )
            self.env.invalidate_all()
            streams = reports._render_qweb_pdf_prepare_streams(name, {}, self.move.ids)
            self.assertEqual(
                streams[self.move.id]["stream"].getvalue(), b"as it was sent"
            )

    def test_cannot_be_deleted_or_replaced(self):
        document = self._send().filtered(lambda d: d.kind == "service_report")
        file = document.attachment_id
        self.company.restrictive_audit_trail = True
        for change in (
            {"raw": b"other"}, {"datas": b"b3RoZXI="}, {"res_id": 1},
            {"store_fname": "x"}, {"mimetype": "text/plain"},
        ):  # fmt: skip
            with self.subTest(change), self.assertRaises(UserError):
                file.write(change)
        with self.assertRaises(UserError):
            file.unlink()
        with self.assertRaises(UserError):
            document.unlink()
        with self.assertRaises(UserError):
            document.sudo().checksum = "0" * 64
        with self.assertRaises(UserError):
            document.sudo().retention_until = "2026-01-01"
        with freeze_time(f"{document.retention_until} 12:00:00"):
            self.assertRaises(UserError, document.unlink)

    def test_may_go_when_the_retention_is_over(self):
        document = self._send().filtered(lambda d: d.kind == "einvoice")
        year = document.retention_until.year
        with freeze_time(f"{year + 1}-01-02 12:00:00"):
            document.unlink()
        self.assertFalse(document.exists())

    def test_retention_is_a_setting_of_the_company(self):
        self.company.retention_voucher_years = 10
        documents = self._send()
        self.assertEqual(
            set(documents.mapped("retention_until")),
            {date(self.move.invoice_date.year + 10, 12, 31)},
        )

    def test_corrected_invoice_gets_another_file(self):
        first = self._send()
        self.move.button_draft()
        self.env.invalidate_all()
        self.move.invoice_line_ids[0].name = "Other words"
        self.move.action_post()
        second = self._send() - first
        self.assertIn("invoice", second.mapped("kind"))
        self.assertEqual(first._get_findings(), [])

    def test_changed_file_is_found(self):
        documents = self._send()
        verification = self.env["ticket.billing.verification"]
        self.assertEqual(verification._verify(self.company).state, "sound")
        document = documents.filtered(lambda d: d.kind == "service_report")
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = NULL, db_datas = %s WHERE id = %s",
            [b"forged", document.attachment_id.id],
        )
        found = verification._verify(self.company)
        self.assertEqual(found.state, "broken")
        self.assertIn(document.file_name, found.findings)
        self.assertIn(self.move.name, found.findings)
        self.assertIn("was changed", found.findings)

    def test_groups(self):
        document = self._send()[0]
        agent = self._create_user("agent", "ticket_billing.group_agent")
        with self.assertRaises(AccessError):
            document.with_user(agent).read(["checksum"])
        for login in ("biller", "auditor"):
            user = self._create_user(login, f"ticket_billing.group_{login}")
            seen = document.with_user(user)
            self.assertEqual(seen.checksum, document.checksum)
            self.assertIn("/web/content/", seen.action_open_file()["url"])
            with self.assertRaises(AccessError):
                seen.unlink()
