import io

from pypdf import PdfReader, PdfWriter

from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_delivery import DeliveryCase


def make_pdf(pages: int) -> bytes:
    writer = PdfWriter()
    for _page in range(pages):
        writer.add_blank_page(width=595, height=842)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


@tagged("post_install", "-at_install")
class TestDeliveryPost(DeliveryCase):
    """Invoices by post: to print, printed together, with who and when."""

    def setUp(self):
        super().setUp()
        self.partner.invoice_sending_method = "manual"

    def _attach(self, move, pages, field="invoice_pdf_report_file"):
        self.env["ir.attachment"].create(
            {
                "name": f"{field}.pdf",
                "raw": make_pdf(pages),
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": field,
            }
        )
        move.invalidate_recordset()

    def _get_content(self, action):
        attachment_id = int(action["url"].split("/")[-1].split("?")[0])
        return self.env["ir.attachment"].browse(attachment_id).raw

    def test_nothing_is_mailed(self):
        self.move.action_deliver_billing()
        with self.mock_mail_gateway():
            self._deliver()
        self.assertFalse(self._mails)
        self.assertEqual(self.move.billing_delivery_state, "to_print")
        self.assertEqual(self.move.billing_run_id.to_print_count, 1)
        # The document is there before somebody wants to print it.
        self.assertTrue(self.move.invoice_pdf_report_id)

    def test_printed_as_one(self):
        other = self._create_customer(
            "Seidel KG", invoice_sending_method="manual", email=False
        )
        self._create_contract(other)
        self._log(30, ticket=self._create_ticket("Printer", partner=other))
        moves = self.move | self._run().invoice_ids
        moves.filtered(lambda m: m.state == "draft").action_post()
        self.assertEqual(len(moves), 2)
        self._attach(self.move, 2)
        self._attach(self.move, 3, "service_report_file")
        self._attach(moves - self.move, 1)
        documents = moves.invoice_pdf_report_id
        action = moves.action_print_billing()
        self.assertEqual(len(PdfReader(io.BytesIO(self._get_content(action))).pages), 6)
        rows = moves.billing_delivery_ids
        self.assertEqual(set(rows.mapped("state")), {"printed"})
        self.assertEqual(rows.printed_by_id, self.env.user)
        self.assertTrue(all(rows.mapped("printed_on")))
        # Again: the same documents, when asked for by name.
        with self.assertRaises(UserError):
            moves.billing_run_id[:1].action_print()
        first = rows[0].printed_on
        self.assertTrue(self._get_content(rows.action_print()))
        self.assertEqual(moves.invoice_pdf_report_id, documents)
        self.assertEqual(rows[0].printed_on, first)

    def test_printed_before_the_document_was_made(self):
        run = self.move.billing_run_id.with_context(force_report_rendering=True)
        run.action_send()
        self.assertFalse(self.move.invoice_pdf_report_id)
        action = run.action_print()
        self.assertEqual(action["type"], "ir.actions.act_url")
        self.assertTrue(self.move.invoice_pdf_report_id)
        self.assertEqual(self.move.billing_delivery_state, "printed")

    def test_mailed_invoices_are_not_printed(self):
        self.partner.invoice_sending_method = "email"
        self.move.action_deliver_billing()
        with self.assertRaises(UserError):
            self.move.action_print_billing()
        self.assertEqual(self.move.billing_delivery_state, "pending")
