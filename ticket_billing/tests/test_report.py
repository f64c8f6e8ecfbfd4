from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestReport(TicketBillingCase):
    """What is printed on paper."""

    def _print(self, invoice) -> str:
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", invoice.ids
        )
        return html.decode()

    def test_signs_without_a_glyph_are_not_printed(self):
        self.ticket.name = (
            "Drucker \N{PRINTER}\N{VARIATION SELECTOR-16} druckt nicht \ufffd"
        )
        self._log(60, name="Ärger mit Größe ½ behoben \N{THUMBS UP SIGN}")
        invoice = self._run().invoice_ids
        html = self._print(invoice)
        self.assertIn("Drucker  druckt nicht", html)
        self.assertIn("Ärger mit Größe ½ behoben", html)
        for sign in "\N{PRINTER}\N{VARIATION SELECTOR-16}\ufffd\N{THUMBS UP SIGN}":
            self.assertNotIn(sign, html)
        self.assertIn("\N{PRINTER}", invoice.invoice_line_ids[0].name)

    def test_hours_are_shown_whatever_the_unit(self):
        self.policy.increment_minutes = 1
        self._log(20)
        self._log(75, day="2026-10-13")
        lines = self._run().invoice_ids.invoice_line_ids.filtered("product_id")
        self.assertEqual(lines.mapped("quantity"), [20, 1.25])
        self.assertEqual(lines.mapped("billing_hours"), ["0:20", "1:15"])
