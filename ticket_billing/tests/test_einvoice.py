import datetime
from unittest.mock import patch

from lxml import etree

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCommon

from ..einvoice import check_invoices, checks
from .common import TicketBillingCase

NO_RULES = "odoo.addons.ticket_billing.einvoice.checks.has_rules"


class EInvoiceCase(TicketBillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        bank = cls.env["res.partner.bank"].create(
            {
                "acc_number": "DE89370400440532013000",
                "partner_id": cls.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        cls.company.partner_id.bank_ids = bank
        cls.partner.write({"invoice_edi_format": "xrechnung", "ref": "WEBER"})

    def _post(self, moves):
        moves.action_post()
        return moves

    def _export(self, move, builder="account.edi.xml.ubl_de"):
        """XML of the invoice, after schemas and rules had nothing to say."""
        xml, errors = self.env[builder]._export_invoice(move)
        self.assertFalse(errors)
        (report,) = check_invoices([xml])
        self.assertTrue(report.complete)
        self.assertEqual(report.findings, ())
        return etree.fromstring(xml)

    def _get_texts(self, root, *path):
        return root.xpath(
            "//" + "/".join(f"*[local-name()='{n}']" for n in path) + "/text()"
        )


@tagged("post_install", "-at_install")
class TestEInvoice(EInvoiceCase):
    """The XML passes the official rules and says what was billed."""

    def setUp(self):
        super().setUp()
        self.policy.increment_minutes = 1
        self.ticket.purchase_order_ref = "PO-77"
        self._log(75, day="2026-10-05")
        self._log(40, day="2026-10-13", work_type_id=self.onsite.id)
        self.contract.rate_ids.value = 98

    def test_xrechnung(self):
        root = self._export(self._post(self._run().invoice_ids))
        self.assertEqual(self._get_texts(root, "OrderReference", "ID"), ["PO-77"])
        self.assertEqual(
            self._get_texts(root, "ContractDocumentReference", "ID"),
            [self.contract.code],
        )
        dates = self._get_texts(root, "InvoicePeriod", "StartDate")
        self.assertEqual(dates, ["2026-10-05", "2026-10-05", "2026-10-13"])
        dates = self._get_texts(root, "InvoicePeriod", "EndDate")
        self.assertEqual(dates, ["2026-10-13", "2026-10-05", "2026-10-13"])
        self.assertEqual(
            self._get_texts(root, "InvoiceLine", "DocumentReference", "ID"),
            [self.ticket.number] * 2,
        )
        self.assertEqual(self._get_texts(root, "PriceAmount"), ["98.00", "98.00"])
        self.assertEqual(self._get_texts(root, "BaseQuantity"), ["1", "60"])
        units = root.xpath("//*[local-name()='InvoicedQuantity']/@unitCode")
        self.assertEqual(units, ["HUR", "MIN"])
        self.assertEqual(
            self._get_texts(root, "InvoiceLine", "LineExtensionAmount"),
            ["122.50", "65.33"],
        )

    def test_zugferd(self):
        root = self._export(self._post(self._run().invoice_ids), "account.edi.xml.cii")
        self.assertEqual(
            self._get_texts(root, "GuidelineSpecifiedDocumentContextParameter", "ID"),
            ["urn:cen.eu:en16931:2017"],
        )
        order = ("BuyerOrderReferencedDocument", "IssuerAssignedID")
        self.assertEqual(self._get_texts(root, *order), ["PO-77"])
        first = ("BillingSpecifiedPeriod", "StartDateTime", "DateTimeString")
        self.assertEqual(
            self._get_texts(root, *first), ["20261005", "20261013", "20261005"]
        )
        price = ("NetPriceProductTradePrice", "ChargeAmount")
        self.assertEqual(self._get_texts(root, *price), ["98.00", "98.00"])
        base = ("NetPriceProductTradePrice", "BasisQuantity")
        self.assertEqual(self._get_texts(root, *base), ["1", "60"])
        ticket = ("AdditionalReferencedDocument", "IssuerAssignedID")
        self.assertEqual(self._get_texts(root, *ticket), [self.ticket.number] * 2)

    def test_price_is_the_agreed_one_not_amount_by_quantity(self):
        """0.75 h at 52.50 are 39.38; 39.38 / 0.75 would be 52.51."""
        self.contract.rate_ids.value = 52.5
        self.policy.increment_minutes = 15
        self.ticket.name = "Scanner"
        root = self._export(self._post(self._run().invoice_ids), "account.edi.xml.cii")
        price = ("NetPriceProductTradePrice", "ChargeAmount")
        self.assertEqual(self._get_texts(root, *price), ["52.50", "52.50"])

    def test_no_order_is_not_the_number_of_the_invoice(self):
        self.ticket.purchase_order_ref = False
        move = self._post(self._run().invoice_ids)
        root = self._export(move)
        self.assertFalse(self._get_texts(root, "OrderReference", "ID"))
        root = self._export(move, "account.edi.xml.cii")
        order = ("BuyerOrderReferencedDocument", "IssuerAssignedID")
        self.assertFalse(self._get_texts(root, *order))

    def test_credit_note_names_its_invoice(self):
        move = self._post(self._run().invoice_ids)
        credit = self._post(move._reverse_moves([{"invoice_date": "2026-11-05"}]))
        self.assertEqual(credit.service_period_start, datetime.date(2026, 10, 5))
        root = self._export(credit)
        self.assertEqual(
            self._get_texts(root, "BillingReference", "InvoiceDocumentReference", "ID"),
            [move.name],
        )
        self.assertEqual(self._get_texts(root, "OrderReference", "ID"), ["PO-77"])
        root = self._export(credit, "account.edi.xml.cii")
        reference = ("InvoiceReferencedDocument", "IssuerAssignedID")
        self.assertEqual(self._get_texts(root, *reference), [move.name])

    def test_discounts_allotments_and_surcharges_pass(self):
        self.policy.write(
            {"warranty_display": "discount_line", "show_covered_lines": True}
        )
        self.contract.allotment_ids = [Command.create({"hours": 0.5})]
        self.contract.surcharge_ids = [
            Command.create(
                {"name": "Night", "percent": 50, "time_from": 22, "time_to": 6}
            )
        ]
        self._log(20, day="2026-10-14", billing_type="warranty")
        night = datetime.datetime(2026, 10, 15, 20, 0)
        self._log_times(night, night + datetime.timedelta(minutes=47))
        move = self._post(self._run().invoice_ids)
        self.assertIn(100.0, move.invoice_line_ids.mapped("discount"))
        self.assertIn(0.0, move.invoice_line_ids.mapped("price_unit"))
        self._export(move)
        self._export(move, "account.edi.xml.cii")


@tagged("post_install", "-at_install")
class TestEInvoiceCheck(EInvoiceCase, MailCommon):
    """Nothing leaves that breaks an official rule."""

    def setUp(self):
        super().setUp()
        self._log(60)
        self.move = self._post(self._run().invoice_ids)
        self.move.action_deliver_billing()

    def _deliver(self):
        cron = type(self.env["ir.cron"])
        with (
            self.mock_mail_gateway(),
            patch.object(cron, "_commit_progress", lambda *a, **k: 60.0),
        ):
            self.env["account.move"]._cron_deliver_billing()

    def _break(self):
        """Every XML names a unit that is in no code list."""
        builder = self.registry["account.edi.common"]
        return patch.object(builder, "_get_uom_unece_code", lambda *a: "HOURS")

    def test_broken_rule_holds_the_invoice(self):
        with self._break():
            self._deliver()
        self.assertFalse(self._mails)
        self.assertEqual(self.move.billing_delivery_state, "failed")
        self.assertIn("BR-CL-23", self.move.billing_delivery_message)
        self.assertIn("InvoiceLine[1]/", self.move.billing_delivery_message)
        self.assertIn("BR-CL-23", self.move.message_ids[0].body)
        self.assertTrue(self.move.activity_ids)
        self.assertFalse(self.move.invoice_pdf_report_id)
        # Put right, it leaves.
        self.move.action_deliver_billing()
        self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "sent")

    def test_broken_rule_stops_sending_by_hand(self):
        with self._break(), self.assertRaisesRegex(UserError, "BR-CL-23"):
            self.env["account.move.send"]._generate_and_send_invoices(
                self.move, sending_methods=["email"]
            )

    def test_one_broken_invoice_stops_no_other(self):
        self._log(60, ticket=self._create_ticket("Other", self._create_other()))
        other = self._post(self._run().invoice_ids)
        other.action_deliver_billing()
        self.company.phone = False  # XRechnung asks for it, ZUGFeRD as EN 16931 not
        self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "failed")
        self.assertEqual(other.billing_delivery_state, "sent")

    def _create_other(self):
        other = self._create_customer("Ostwind KG")
        other.invoice_edi_format = False
        self._create_contract(other)
        return other

    def test_warnings_are_noted(self):
        finding = checks.Finding("BR-DE-TMP", False, "Might be clearer.")
        with patch.object(checks, "_check_rules", lambda jobs: [[finding]] * len(jobs)):
            self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "sent")
        notes = " ".join(self.move.message_ids.mapped("body"))
        self.assertIn("[BR-DE-TMP] Might be clearer.", notes)

    def test_without_saxon_the_schema_is_checked_and_it_says_so(self):
        with patch(NO_RULES, lambda: False):
            self._deliver()
        self.assertEqual(self.move.billing_delivery_state, "sent")
        self.assertIn("saxonche", " ".join(self.move.message_ids.mapped("body")))

    def test_schema_is_checked(self):
        xml = self.env["account.edi.xml.ubl_de"]._export_invoice(self.move)[0]
        (report,) = check_invoices([xml.replace(b"IssueDate>", b"IssueDay>")])
        self.assertEqual(report.fatal[0].rule, "XSD")

    def test_failing_saxon_is_a_finding(self):
        xml = self.env["account.edi.xml.ubl_de"]._export_invoice(self.move)[0]
        with (
            patch.object(checks, "SAXON", "/nowhere.py"),
            self.assertLogs(checks.__name__, "ERROR"),
        ):
            (report,) = check_invoices([xml])
        self.assertEqual([f.rule for f in report.fatal], ["Saxon"])

    def test_no_document_type_and_no_entity(self):
        evil = (
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
            b"<Invoice>&x;</Invoice>"
        )
        with self.assertRaises(ValueError):
            check_invoices([evil])
