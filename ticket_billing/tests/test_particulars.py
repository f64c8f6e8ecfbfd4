from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestParticulars(TicketBillingCase):
    """Sec. 14 (4) UStG: what is missing is named and holds the invoice."""

    def setUp(self):
        super().setUp()
        self._log(60)
        self.move = self._run().invoice_ids

    def _assert_held(self, *words):
        """Neither the run nor a person can post it; all words are named."""
        problem = self.move._post_billing()
        self.assertTrue(problem)
        for word in words:
            self.assertIn(word, problem)
        self.assertEqual(self.move.state, "draft")
        with self.assertRaises(UserError):
            self.move.action_post()

    def _assert_posted(self):
        self.assertIsNone(self.move._post_billing())
        self.assertEqual(self.move.state, "posted")

    def _set_tax_free(self, **vals):
        tax = self.env["account.tax"].create(
            {
                "name": "0 %",
                "amount": 0,
                "type_tax_use": "sale",
                "company_id": self.company.id,
                "country_id": self.germany.id,
                **vals,
            }
        )
        lines = self.move.invoice_line_ids
        lines.filtered("product_id").tax_ids = tax
        return tax

    def test_complete(self):
        self._assert_posted()

    def test_addresses(self):
        self.partner.street = False
        self.company.zip = False
        labels = self.partner.fields_get(["street", "zip"])
        self._assert_held(
            f"{self.partner.name}: {labels['street']['string']}",
            f"{self.company.name}: {labels['zip']['string']}",
        )

    def test_tax_number_of_the_supplier(self):
        self.company.vat = False
        self._assert_held(self.company.name)

    def test_date_of_the_service(self):
        self.move.write(
            {
                "delivery_date": False,
                "service_period_start": False,
                "service_period_end": False,
            }
        )
        self._assert_held("date or period of the service")

    def test_lines(self):
        line = self.move.invoice_line_ids.filtered("product_id")
        line.write({"name": " ", "quantity": 0, "tax_ids": False})
        self._assert_held(
            "line 1: kind of the service", "line 1: quantity", "line 1: tax rate"
        )
        self.move.invoice_line_ids.unlink()
        self._assert_held("there are no lines")

    def test_exemption_needs_its_reason(self):
        tax = self._set_tax_free()
        self._assert_held("Sec. 19 UStG")
        tax.invoice_legal_notes = "Kein Ausweis von Umsatzsteuer, § 19 UStG."
        self._assert_posted()

    def test_reverse_charge_needs_its_words_and_both_vat_ids(self):
        self.partner.country_id = self.env.ref("base.at")
        tax = self._set_tax_free(invoice_legal_notes="Innergemeinschaftlich")
        label = self.partner.fields_get(["vat"])["vat"]["string"]
        self._assert_held(
            "Steuerschuldnerschaft des Leistungsempfängers",
            f"{self.partner.name}: {label}",
        )
        tax.invoice_legal_notes = "Steuerschuldnerschaft des Leistungsempfängers"
        self.partner.vat = "ATU13585627"
        self._assert_posted()

    def test_domestic_reverse_charge(self):
        self.partner.vat = "DE136695976"
        tax = self._set_tax_free(
            ubl_cii_tax_category_code="AE", invoice_legal_notes="0 %"
        )
        self._assert_held("reverse charge")
        tax.invoice_legal_notes = "Reverse charge, Sec. 13b UStG"
        self._assert_posted()

    def test_credit_note_names_what_it_corrects(self):
        self._assert_posted()
        credit = self.move._reverse_moves()
        credit.reversed_entry_id = False
        credit.invoice_line_ids.credited_billing_item_ids = False
        self.move = credit
        credit.billing_run_id = self._run()
        self._assert_held("the invoice that this credit note corrects")
        credit.reversed_entry_id = self.env["account.move"].search(
            [("billing_run_id", "!=", False), ("move_type", "=", "out_invoice")],
            limit=1,
        )
        self._assert_posted()
