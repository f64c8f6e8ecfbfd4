import base64
import io
import json
import zipfile

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestPrivacy(TicketBillingCase):
    """People get their data, and are forgotten where the law allows it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = cls._create_user("officer", "ticket_billing.group_privacy")
        cls.user = cls._create_user("anna.huber", "ticket_billing.group_agent")
        cls.user.partner_id.write(
            {"name": "Anna Huber", "email": "anna@nordlicht.example"}
        )
        cls.anna.write({"user_id": cls.user.id, "private_phone": "0171 555"})
        cls.contact = cls.env["res.partner"].create(
            {
                "name": "Jonas Meier",
                "parent_id": cls.partner.id,
                "email": "jonas.meier@weber.example",
                "phone": "0711 77",
            }
        )
        cls.ticket.write(
            {
                "partner_id": cls.contact.id,
                "partner_name": "Jonas Meier",
                "partner_email": "jonas.meier@weber.example",
                "description": "<p>Jonas Meier cannot log in, says Anna Huber</p>",
            }
        )
        cls.entry = cls._log(60, name="Called Jonas Meier")
        cls.message = cls.ticket.message_post(
            body="Regards, Anna Huber", author_id=cls.user.partner_id.id
        )
        cls.move = cls._run().invoice_ids
        cls.move.action_post()

    def _wizard(self, person):
        kind = "employee" if person._name == "hr.employee" else "partner"
        return (
            self.env["ticket.billing.privacy"]
            .with_user(self.officer)
            .create({"kind": kind, f"{kind}_id": person.id})
        )

    def _export(self, person):
        wizard = self._wizard(person)
        wizard.action_export()
        content = base64.b64decode(wizard.export_file)
        archive = zipfile.ZipFile(io.BytesIO(content))
        return (
            json.loads(archive.read("data.json")),
            openpyxl.load_workbook(io.BytesIO(archive.read("data.xlsx"))),
        )

    def test_export_of_a_technician(self):
        data, book = self._export(self.anna)
        self.assertEqual(data["employee"][0]["name"], "Anna Huber")
        self.assertEqual(data["employee"][0]["private_phone"], "0171 555")
        self.assertEqual(data["user"][0]["login"], "anna.huber")
        (entry,) = data["time_entries"]
        self.assertEqual(
            (entry["name"], entry["raw_minutes"]), ("Called Jonas Meier", 60)
        )
        self.assertEqual(data["items"][0]["net"], 90)
        self.assertIn("Regards", " ".join(m["body"] for m in data["messages"]))
        self.assertEqual(data["tickets"][0]["number"], self.ticket.number)
        self.assertIn("Time entries", book.sheetnames)
        cells = [c.value for row in book["Time entries"].iter_rows() for c in row]
        self.assertIn("Called Jonas Meier", cells)
        self.assertIn(60, cells)

    def test_export_of_a_contact(self):
        data, _book = self._export(self.contact)
        self.assertEqual(data["contact"][0]["phone"], "0711 77")
        self.assertEqual(data["tickets"][0]["partner_email"], self.contact.email)
        self.assertFalse(data["employee"])

    def test_export_of_charges_visits_and_answers(self):
        self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "product_id": self.env.ref("ticket_billing.product_travel").id,
                "name": "Headset for Jonas Meier",
                "price_unit": 50,
                "date": "2026-11-03",
            }
        )
        self.env["ticket.billing.visit"].create(
            {"ticket_id": self.ticket.id, "date": "2026-11-04", "one_way_km": 12}
        )
        self.env["ticket.billing.approval"].sudo().create(
            {
                "document": "Draft", "company_id": self.company.id,
                "customer_id": self.partner.id, "kind": "questioned",
                "partner_id": self.contact.id, "user_id": self.env.uid,
                "date": "2026-11-05", "content_hash": "x", "content": "{}",
                "text": "Why two hours?",
            }
        )  # fmt: skip
        self.env["ticket.billing.question"].create(
            {
                "contract_id": self.contract.id, "partner_id": self.contact.id,
                "line_text": "Remote support", "text": "Who was that?",
            }
        )  # fmt: skip
        data, book = self._export(self.contact)
        self.assertEqual(data["charges"][0]["name"], "Headset for Jonas Meier")
        self.assertEqual(data["visits"][0]["one_way_km"], 12)
        self.assertEqual(data["answers"][0]["text"], "Why two hours?")
        self.assertEqual(data["questions"][0]["text"], "Who was that?")
        self.assertIn("Answers to drafts", book.sheetnames)
        # Of the one only: nothing of a colleague at the same customer.
        other = self.contact.copy({"name": "Eva Kern", "email": "eva@weber.example"})
        data, _book = self._export(other)
        for key in ("charges", "visits", "answers", "questions"):
            self.assertFalse(data[key], key)

    def test_preview(self):
        wizard = self._wizard(self.anna)
        self.assertIn("Time entries: 1", wizard.numbers)
        year = self.move.date.year + 8
        self.assertIn(f"Posted invoices: 1, until 12/31/{year}", wizard.retained)
        self.assertFalse(wizard.pseudonym)
        self.assertEqual(self.anna.name, "Anna Huber")

    def test_technician_is_forgotten(self):
        line = self.move.billing_item_ids.invoice_line_id
        before = line.name
        self.assertIn("Anna Huber", before)
        wizard = self._wizard(self.anna)
        action = wizard.action_pseudonymise()
        self.env.invalidate_all()
        label = wizard.pseudonym
        self.assertRegex(label, r"^Technician \d{4}$")
        self.assertEqual(self.anna.name, label)
        self.assertFalse(self.anna.private_phone)
        self.assertFalse(self.anna.active)
        self.assertFalse(self.user.active)
        self.assertEqual(self.user.login, label.lower().replace(" ", "-"))
        self.assertEqual(self.user.partner_id.name, label)
        self.assertFalse(self.user.partner_id.email)
        self.assertNotIn("Anna Huber", self.ticket.description)
        self.assertIn(label, self.ticket.description)
        self.assertIn("Jonas Meier", self.ticket.description)
        self.assertNotIn("Anna Huber", self.message.body)
        # The books stay.
        self.assertEqual(line.name, before)
        self.assertEqual(self.move.billing_item_ids.employee_id, self.anna)
        log = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(log.create_uid, self.officer)
        self.assertEqual(log.subject, label)
        self.assertIn("Posted invoices", log.retained)
        with self.assertRaises(UserError):
            log.sudo().retained = False
        self.assertFalse(
            self.env["ticket.billing.verification"]._verify(self.company).findings
        )

    def test_contact_is_forgotten(self):
        wizard = self._wizard(self.contact)
        wizard.action_pseudonymise()
        self.env.invalidate_all()
        label = wizard.pseudonym
        self.assertRegex(label, r"^Contact \d{4}$")
        self.assertEqual(self.contact.name, label)
        self.assertFalse(self.contact.phone)
        self.assertFalse(self.contact.active)
        self.assertEqual(self.ticket.partner_name, label)
        self.assertNotIn("jonas.meier", self.ticket.partner_email)
        self.assertEqual(self.entry.name, f"Called {label}")
        self.assertIn("Anna Huber", self.ticket.description)

    def test_customer_in_the_books_keeps_name_and_address(self):
        with self.assertRaises(UserError):
            self._wizard(self.partner).action_pseudonymise()
        self.contract.action_close()
        self.partner.phone = "0711 1"
        self._wizard(self.partner).action_pseudonymise()
        self.env.invalidate_all()
        self.assertEqual(self.partner.name, "Weber Maschinenbau GmbH")
        self.assertEqual(self.partner.city, "Stuttgart")
        self.assertFalse(self.partner.phone)
        self.assertFalse(self.partner.active)

    def test_nobody_locks_himself_out(self):
        employee = self._create_employee("Officer")
        employee.user_id = self.officer
        with self.assertRaises(UserError):
            self._wizard(employee).action_pseudonymise()

    def test_group(self):
        approver = self._create_user("boss", "ticket_billing.group_approver")
        wizard = self._wizard(self.anna)
        for call in ("action_export", "action_pseudonymise"):
            with self.assertRaises(AccessError):
                getattr(wizard.with_user(approver), call)()
