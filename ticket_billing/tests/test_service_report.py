import datetime
import io
from unittest.mock import patch

import openpyxl

from odoo import Command
from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import MailCommon

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestServiceReport(TicketBillingCase, MailCommon, HttpCase):
    """The appendix says what was done, and only what the customer may read."""

    def setUp(self):
        super().setUp()
        start = datetime.datetime(2026, 10, 12, 7, 0)
        self._log_times(
            start, start + datetime.timedelta(minutes=50), name="Router replaced"
        )
        self._log(20, day="2026-10-13", name="Checked the line")

    def _get_tickets(self, move=None):
        move = move or self._run().invoice_ids
        return self.env["ticket.billing.service.report"]._get_tickets(move)

    def _print(self, move) -> str:
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "ticket_billing.service_report", move.ids
        )
        return html.decode()

    def _read(self, content: bytes) -> list[list]:
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        return [[cell.value for cell in row] for row in sheet.iter_rows()]

    def test_rows(self):
        (ticket,) = self._get_tickets()
        self.assertIn(self.ticket.number, ticket.title)
        first, second = ticket.rows
        self.assertEqual(first.times, "09:00–09:50")
        self.assertEqual(first.worker, "Anna Huber")
        self.assertEqual(first.work_type, self.remote.name)
        self.assertEqual(first.text, "Router replaced")
        self.assertEqual((first.worked, first.billed, first.covered), (50, 60, 0))
        self.assertEqual((second.worked, second.billed, second.times), (20, 30, ""))
        self.assertEqual(ticket.total("billed"), 90)

    def test_covered_work_is_shown_though_it_is_not_on_the_invoice(self):
        self.contract.allotment_ids = [Command.create({"hours": 1.25})]
        move = self._run().invoice_ids
        (ticket,) = self._get_tickets(move)
        self.assertEqual([row.covered for row in ticket.rows], [60, 15])
        self.assertEqual([row.billed for row in ticket.rows], [0, 15])
        self.assertEqual([row.worked for row in ticket.rows], [50, 20])

    def test_surcharge_lines_do_not_count_minutes_again(self):
        self.policy.surcharge_display = "separate_line"
        self.contract.surcharge_ids = [
            Command.create(
                {"name": "Day", "percent": 50, "time_from": 0, "time_to": 24}
            )
        ]
        (ticket,) = self._get_tickets()
        self.assertEqual(ticket.total("worked"), 70)
        self.assertEqual(ticket.total("billed"), 90)

    def test_internal_work_never_appears(self):
        self._log(45, name="Secret", billing_type="internal")
        other = self._create_ticket("Internal only")
        self._log(45, name="Secret", ticket=other, billing_type="internal")
        move = self._run().invoice_ids
        html = self._print(move)
        self.assertNotIn("Secret", html)
        self.assertNotIn("Internal only", html)
        xlsx = self.env["ticket.billing.service.report"]._get_xlsx(move)
        self.assertNotIn("Secret", str(self._read(xlsx)))

    def test_worker_is_shown_if_the_policy_says_so(self):
        self.policy.show_worker = False
        move = self._run().invoice_ids
        self.assertNotIn("Anna Huber", self._print(move))
        heading = self._read(self.env["ticket.billing.service.report"]._get_xlsx(move))
        self.assertNotIn("Worker", heading[0])

    def test_charges_and_visits(self):
        self.policy.write({"travel_mode": "flat", "travel_price": 35})
        visit = self.env["ticket.billing.visit"].create(
            {
                "ticket_id": self.ticket.id,
                "date": "2026-10-12",
                "employee_ids": self.anna.ids,
                "one_way_km": 12.5,
                "service_partner_id": self.partner.id,
            }
        )
        self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "name": "Patch cable",
                "product_id": self.env.ref("ticket_billing.product_flat").id,
                "date": "2026-10-13",
                "quantity": 3,
                "price_unit": 5,
            }
        )
        (ticket,) = self._get_tickets()
        journey, cable = ticket.extras
        self.assertEqual(journey.text, f"{visit.name}, Stuttgart, 12.5 km one way")
        self.assertEqual(journey.worker, "Anna Huber")
        self.assertRegex(cable.text, r"^3 \w+ Patch cable$")
        self.assertEqual(ticket.total("worked"), 70)

    def test_credit_note_lists_what_it_takes_back(self):
        move = self._run().invoice_ids
        move.action_post()
        (ticket,) = self._get_tickets(move._reverse_moves())
        self.assertEqual(ticket.total("billed"), 90)

    def test_paper(self):
        html = self._print(self._run().invoice_ids)
        for text in ("Router replaced", "09:00–09:50", "0:50", "1:00", "1:30"):
            self.assertIn(text, html)

    def test_text_is_not_code(self):
        self._log(15, name="<script>alert(1)</script>")
        self.assertNotIn("<script>alert", self._print(self._run().invoice_ids))

    def test_spreadsheet_holds_no_formula(self):
        bad = ("=1+1", "+49 call", "-2", "@SUM(A1)", "\tx", "\rx", "ok")
        for number, name in enumerate(bad):
            self._log(15, day=f"2026-10-{14 + number}", name=name)
        self.ticket.name = "=HYPERLINK(0)"
        content = self.env["ticket.billing.service.report"]._get_xlsx(
            self._run().invoice_ids
        )
        rows = self._read(content)
        column = rows[0].index("Description")
        texts = [row[column] for row in rows[3:]]
        for text, original in zip(texts, bad, strict=True):
            self.assertEqual(text.strip("'")[-1], original[-1])
            self.assertNotIn(text[0], "=+-@\t\r")
        self.assertEqual(texts[-1], "ok")
        self.assertEqual(rows[1][rows[0].index("Worked (min)")], 50)
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        types = {cell.data_type for row in sheet.iter_rows() for cell in row}
        self.assertLessEqual(types, {"s", "n"})

    def _deliver(self, move):
        move.action_post()
        move.action_deliver_billing()
        cron = type(self.env["ir.cron"])
        with (
            self.mock_mail_gateway(),
            patch.object(cron, "_commit_progress", lambda *a, **k: 60.0),
        ):
            self.env["account.move"]._cron_deliver_billing()
        self.assertEqual(move.billing_delivery_state, "sent")
        return [name for name, _content, _type in self._mails[0]["attachments"]]

    def test_mailed_if_the_policy_says_so(self):
        self.policy.attach_service_report = True
        move = self._run().invoice_ids
        names = self._deliver(move)
        self.assertIn(move._get_service_report_filename("pdf"), names)
        self.assertTrue(move.service_report_id.raw)
        self.assertFalse(move._needs_service_report())

    def test_not_mailed_by_default(self):
        move = self._run().invoice_ids
        names = self._deliver(move)
        self.assertNotIn(move._get_service_report_filename("pdf"), names)
        self.assertFalse(move.service_report_id)

    def test_download(self):
        move = self._run().invoice_ids
        (item,) = [
            item
            for item in move.get_extra_print_items()
            if item["key"] == "ticket_service_report_xlsx"
        ]
        self._create_user("biller", "ticket_billing.group_biller")
        self.authenticate("biller", "biller")
        answer = self.url_open(item["url"])
        self.assertIn("spreadsheetml", answer.headers["Content-Type"])
        self.assertIn("Router replaced", str(self._read(answer.content)))
        self._create_user("outsider", "base.group_user")
        self.authenticate("outsider", "outsider")
        self.assertNotEqual(self.url_open(item["url"]).status_code, 200)
