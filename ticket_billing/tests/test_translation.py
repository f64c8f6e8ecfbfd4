import polib

from odoo.tests import TransactionCase, tagged

from .common import TicketBillingCase
from .translation import find_broken, find_incomplete, find_missing, read_po

MODULE = "ticket_billing"


@tagged("post_install", "-at_install")
class TestTranslation(TransactionCase):
    def test_german_is_complete(self):
        self.assertEqual(find_incomplete(read_po(MODULE)), [])

    def test_german_has_the_same_placeholders(self):
        self.assertEqual(find_broken(read_po(MODULE)), [])

    def test_every_term_is_in_the_file(self):
        self.assertEqual(find_missing(self.env, MODULE, read_po(MODULE)), [])

    def test_checks_find_what_is_wrong(self):
        po = polib.POFile()
        po.append(polib.POEntry(msgid="Net", msgstr=""))
        po.append(polib.POEntry(msgid="%(percent)s %%", msgstr="%(prozent)s %"))
        self.assertEqual(find_incomplete(po), ["Net"])
        self.assertEqual(find_broken(po), ["%(percent)s %%"])
        self.assertIn("Billing Run", find_missing(self.env, MODULE, po))


class TestGerman(TicketBillingCase):
    """German words where people read them: screen, reasons and invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")
        modules = cls.env["ir.module.module"].search([("name", "=", MODULE)])
        modules._update_translations("de_DE")
        cls.partner.lang = "de_DE"

    def _get_german(self, record):
        return record.with_context(lang="de_DE")

    def test_labels(self):
        items = self._get_german(self.env["ticket.billing.item"])
        fields = items.fields_get(["state", "kind", "raw_minutes"])
        self.assertEqual(fields["raw_minutes"]["string"], "Geleistet")
        self.assertIn(("written_off", "Nicht berechnet"), fields["state"]["selection"])

    def test_price_is_explained_with_a_decimal_comma(self):
        self.contract.discount = 12.5
        self._log(16)
        item = self._run().item_ids
        self.assertIn("Discount: 12.5 %", item.explanation_text)
        german = self._get_german(item).explanation_text
        self.assertIn("16 geleistet, 30 abrechenbar (Aufrunden", german)
        self.assertIn("Rabatt: 12,5 %", german)

    def test_held_work_says_why_in_german(self):
        self.contract.rate_ids.unlink()
        self._log(30)
        run = self._get_german(self.env["ticket.billing.run"]).create(
            {"date": "2026-11-01", "company_id": self.company.id}
        )
        run.action_preview()
        item = self.contract.item_ids
        self.assertIn("fehlt ein Stundensatz", item.message)
        self.assertIn("12.10.2026", item.message)

    def test_invoice_is_in_the_language_of_the_customer(self):
        self._log(60)
        invoice = self._run().invoice_ids
        line = invoice.invoice_line_ids.filtered("product_id")
        self.assertTrue(line.name.startswith("Fernwartung · 12.10.2026"), line.name)
        invoice.action_post()
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", invoice.ids
        )
        self.assertIn("Leistungszeitraum:", html.decode())
        self.assertNotIn("Service period", html.decode())
