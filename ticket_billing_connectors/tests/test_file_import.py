import base64
import io
import zipfile
from datetime import date, datetime

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.ticket_billing.tests.common import TicketBillingCase

from ..intake.checks import TEXTS
from ..intake.tables import TABLES
from ..wizards.ticket_billing_file_import_column import FIELDS

TICKETS = """Ticketnummer;Betreff;Kunde;Erstellt am
4711;Drucker für Müller;ACME;12.10.2026 08:00
4712;=HYPERLINK("http://x");ACME;
4713;Unbekannt;FREMD;
"""
TIMES = """Buchung;Ticket;Datum;Dauer;Mitarbeiter;Beschreibung
1;4711;12.10.2026;0:30;Anna Huber;Toner getauscht
2;4711;13.10.2026;45;Anna Huber;Geprüft
3;4711;14.10.2026;viel;Anna Huber;Falsch
4;4713;14.10.2026;15;Anna Huber;Wartet
"""


class FileImportCase(TicketBillingCase):
    def setUp(self):
        super().setUp()
        self.partner.ref = "ACME"
        self.source = self.env["ticket.billing.connector"].create(
            {"name": "Files", "system": "pushed", "date_from": "2026-01-01"}
        )
        self.source.action_activate()

    def _upload(self, content, kind="tickets", **values):
        content = content.encode() if isinstance(content, str) else content
        wizard = self.env["ticket.billing.file.import"].create(
            {
                "connector_id": self.source.id,
                "kind": kind,
                "file": base64.b64encode(content),
                "file_name": "file.csv",
                "time_zone": "Europe/Berlin",
                **values,
            }
        )
        wizard.action_read()
        return wizard

    def _import(self, content, kind="tickets", **values):
        wizard = self._upload(content, kind, **values)
        wizard.action_preview()
        wizard.action_import()
        return wizard

    def _get_linked(self, remote_type, model):
        links = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.source.id),
                ("remote_type", "=", remote_type),
                ("state", "=", "mapped"),
            ],
            order="remote_id",
        )
        return self.env[model].browse(links.mapped("res_id"))

    def _make_workbook(self, rows):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        output = io.BytesIO()
        book.save(output)
        return output.getvalue()


@tagged("post_install", "-at_install")
class TestFileImport(FileImportCase):
    def test_preview_says_it_and_nothing_stays(self):
        wizard = self._upload(TICKETS)
        fields = wizard.column_ids.mapped("field_name")
        self.assertEqual(fields, ["id", "title", "customer", "created_at"])
        before = self.env["ticket.billing.link"].search_count([])
        wizard.action_preview()
        self.assertEqual(wizard.line_ids.mapped("outcome"), ["new", "new", "held"])
        self.assertIn("FREMD", wizard.line_ids[2].message)
        self.assertEqual(wizard.line_ids.mapped("number"), [2, 3, 4])
        self.assertEqual(self.env["ticket.billing.link"].search_count([]), before)
        self.assertFalse(self.source.inbox_ids)
        self.assertEqual(wizard.state, "preview")

    def test_files_to_invoice(self):
        """What the preview says, the import does, once."""
        wizard = self._import(TICKETS)
        self.assertEqual(wizard.line_ids.mapped("outcome"), ["new", "new", "held"])
        tickets = self._get_linked("ticket", "helpdesk.ticket")
        # A formula is a text like others.
        self.assertEqual(
            tickets.mapped("name"), ["Drucker für Müller", '=HYPERLINK("http://x")']
        )
        wizard = self._import(TIMES, "time-entries")
        outcomes = wizard.line_ids.mapped("outcome")
        self.assertEqual(outcomes, ["held", "held", "wrong", "held"])
        self.assertIn("Dauer", wizard.line_ids[2].message)
        # An agent is mapped once, by a person.
        agent = self.env["ticket.billing.link"].search(
            [("connector_id", "=", self.source.id), ("remote_type", "=", "agent")]
        )
        agent.employee_id = self.anna
        lines = self._get_linked("time_entry", "account.analytic.line")
        self.assertEqual(lines.mapped("raw_minutes"), [30, 45])
        self.assertEqual(lines.mapped("date"), [date(2026, 10, 12), date(2026, 10, 13)])
        again = self._import(TIMES, "time-entries")
        outcomes = again.line_ids.mapped("outcome")
        self.assertEqual(outcomes, ["unchanged", "unchanged", "wrong", "held"])
        changed = TIMES.replace("13.10.2026;45", "13.10.2026;50")
        again = self._import(changed, "time-entries")
        self.assertEqual(again.line_ids[1].outcome, "changed")
        self._run()
        self.assertEqual(
            sum(lines.billing_item_ids.filtered("live").mapped("raw_minutes")), 80
        )
        log = self.source.log_ids[:1]
        self.assertEqual((log.entry_changed, log.entry_unchanged), (1, 1))

    def test_encodings_and_separators(self):
        for content in (
            TICKETS.encode("cp1252"),
            TICKETS.encode("utf-8-sig"),
            TICKETS.replace(";", "\t").encode(),
        ):
            wizard = self._upload(content)
            wizard.action_preview()
            self.assertEqual(wizard.line_ids[0].outcome, "new")
            self.assertIn("Müller", wizard.line_ids[0].content)

    def test_excel(self):
        self._import(TICKETS)
        self.env["product.product"].create({"name": "Toner", "default_code": "4300"})
        content = self._make_workbook(
            [
                ["ID", "Ticket", "Artikel", "Datum", "Menge", "Preis", "Bezeichnung"],
                ["c1", 4711, 4300, datetime(2026, 10, 12), 2, 59.9, "=1+1"],
                ["c2", 4711, 4300, "13.10.2026", "1,5", "1.234,50", None],
            ]
        )
        wizard = self._import(content, "charges")
        self.assertEqual(wizard.line_ids.mapped("outcome"), ["new", "new"])
        charges = self._get_linked("charge", "ticket.billing.charge")
        self.assertEqual(charges.mapped("quantity"), [2, 1.5])
        self.assertEqual(charges.mapped("price_unit"), [59.9, 1234.5])
        self.assertEqual(charges[0].name, "=1+1")
        self.assertEqual(charges[1].date, date(2026, 10, 13))

    def test_rows_without_ids(self):
        """The content is the id: the same file brings nothing new, and two equal
        rows are two bookings."""
        self._import(TICKETS)
        self.anna.work_email = "anna@nordlicht-it.example"
        rows = (
            "Ticket;Start;Dauer;Techniker;agent_email\n"
            "4711;12.10.2026 22:00;30;7;anna@nordlicht-it.example\n"
            "4711;12.10.2026 22:00;30;7;anna@nordlicht-it.example\n"
        )
        wizard = self._import(rows, "time-entries")
        self.assertEqual(wizard.line_ids.mapped("outcome"), ["new", "new"])
        wizard = self._import(rows, "time-entries")
        self.assertEqual(wizard.line_ids.mapped("outcome"), ["unchanged"] * 2)
        lines = self._get_linked("time_entry", "account.analytic.line")
        self.assertEqual(lines.mapped("raw_minutes"), [30, 30])
        self.assertEqual(lines[0].billing_start, datetime(2026, 10, 12, 20))

    def test_hours(self):
        wizard = self._upload(
            "id;ticket;date;minutes;agent\n1;4711;2026-10-12;1,5;7\n2;4711;2026-10-12;0,17;7",
            "time-entries",
            time_unit="hours",
        )
        wizard.action_preview()
        wizard.action_import()
        self.assertEqual(
            self.source.inbox_ids.sorted("remote_id").mapped("minutes"), [90, 10]
        )

    def test_same_id_twice(self):
        wizard = self._upload("id;title\n1;a\n1;b\n")
        wizard.action_preview()
        self.assertEqual(wizard.line_ids.mapped("outcome"), ["new", "wrong"])

    def test_columns_have_to_be_chosen(self):
        wizard = self._upload("a;b\n1;2\n")
        with self.assertRaises(UserError):
            wizard.action_preview()
        wizard.column_ids.field_name = "title"
        with self.assertRaises(UserError):
            wizard.action_preview()
        wizard.column_ids[1].field_name = "quantity"
        with self.assertRaises(UserError):
            wizard.action_preview()

    def test_files_that_are_refused(self):
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
        many = io.BytesIO()
        with zipfile.ZipFile(many, "w") as archive:
            for number in range(600):
                archive.writestr(f"{number}.xml", b"")
        entity = io.BytesIO()
        with zipfile.ZipFile(entity, "w") as archive:
            archive.writestr("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')
        for content in (
            b"",
            b"only;headings\n",
            b"a;b\0\n1;2",
            b"PK\x03\x04 broken",
            b"a\n" + b"x\n" * 6000,
            b"x" * (10 * 1024 * 1024 + 1),
            (";" * 200 + "\n1").encode(),
            bomb.getvalue(),
            many.getvalue(),
            entity.getvalue(),
        ):
            with self.assertRaises(UserError, msg=content[:20]):
                self._upload(content)

    def test_rights(self):
        user = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            self.env["ticket.billing.file.import"].with_user(user).create({})
        other = self.env["res.company"].create({"name": "Other"})
        self.source.company_id = other
        user = self._create_user(
            "manager", "ticket_billing_connectors.group_connector_manager"
        )
        wizard = self._upload(TICKETS)
        wizard.sudo().create_uid = user
        with self.assertRaises(AccessError):
            wizard.with_user(user).sudo(False).action_preview()

    def test_every_field_and_refusal_has_a_name(self):
        names = {name for name, _label in FIELDS}
        for kind in ("tickets", "time-entries", "charges"):
            self.assertLessEqual(TABLES[kind].by_name.keys(), names)
        refusals = self.env["ticket.billing.file.import"]._get_refusals({})
        self.assertEqual(refusals.keys(), TEXTS.keys())
