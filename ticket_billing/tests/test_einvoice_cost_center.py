from odoo.tests import tagged

from .test_einvoice import EInvoiceCase

UBL = ("AccountingCost",)
CII = ("ReceivableSpecifiedTradeAccountingAccount", "ID")
HEADERS = {"Invoice", "CreditNote", "ApplicableHeaderTradeSettlement"}


@tagged("post_install", "-at_install")
class TestEInvoiceCostCenter(EInvoiceCase):
    """The customer's cost centre stands where his accounting reads it."""

    def setUp(self):
        super().setUp()
        self.contract.cost_center_ref = "4711"
        self._log(60)

    def _bill_two(self, center):
        """An invoice with lines of two tickets."""
        ticket = self._create_ticket("Laptop", cost_center_ref=center)
        self._log(30, ticket=ticket)
        return self._post(self._run().invoice_ids)

    def _get_centers(self, move):
        """(whether it is of the whole document, cost centre) in both formats."""
        for builder, path in (
            ("account.edi.xml.ubl_de", UBL),
            ("account.edi.xml.cii", CII),
        ):
            root = self._export(move, builder)
            found = root.xpath("//" + "/".join(f"*[local-name()='{n}']" for n in path))
            places = [next(n.iterancestors()) if path == UBL else n.getparent()
                      .getparent() for n in found]  # fmt: skip
            yield [
                (place.tag.rpartition("}")[2] in HEADERS, node.text)
                for place, node in zip(places, found, strict=True)
            ]

    def test_one_for_all(self):
        move = self._bill_two("4711")
        for centers in self._get_centers(move):
            self.assertEqual(centers, [(True, "4711")])

    def test_one_per_line(self):
        move = self._bill_two("4712")
        for centers in self._get_centers(move):
            self.assertEqual(sorted(centers), [(False, "4711"), (False, "4712")])

    def test_later_changes_do_not_matter(self):
        move = self._bill_two("4712")
        self.contract.cost_center_ref = "9999"
        for centers in self._get_centers(move):
            self.assertEqual(sorted(centers), [(False, "4711"), (False, "4712")])

    def test_credit_note_has_those_of_its_invoice(self):
        for center, expected in (
            ("4711", [(True, "4711")]),
            ("4712", [(False, "4711"), (False, "4712")]),
        ):
            credit = self._bill_two(center)._reverse_moves()
            credit.invoice_date = "2026-11-02"
            credit.action_post()
            for centers in self._get_centers(credit):
                self.assertEqual(sorted(centers), expected)
            self._log(60, day="2026-10-20")

    def test_none(self):
        self.contract.cost_center_ref = False
        for centers in self._get_centers(self._post(self._run().invoice_ids)):
            self.assertEqual(centers, [])
