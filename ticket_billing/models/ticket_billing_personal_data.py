import io
import json
import zipfile
from datetime import date
from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import html2plaintext

from ..tools.spreadsheet import make_workbook


class Source(NamedTuple):
    """Records that hold data of a person, and the fields that do."""

    key: str
    title: str
    records: Any
    names: tuple[str, ...]


class Retained(NamedTuple):
    """What has to stay, why, and until when."""

    title: str
    count: int
    reason: str
    until: date | None


class TicketBillingPersonalData(models.AbstractModel):
    """Where the data of a person is: a technician or a contact of a customer."""

    _name = "ticket.billing.personal.data"
    _description = "Personal Data"

    # ------------------------------------------------------------------ person

    @api.model
    def _get_people(self, subject) -> tuple:
        """Employees, contacts and users that are this person."""
        subject = subject.sudo().with_context(active_test=False)
        if subject._name == "hr.employee":
            employees, users = subject, subject.user_id
            partners = users.partner_id | subject.work_contact_id
        else:
            partners, users = subject, subject.user_ids
            employees = users.employee_ids
        return employees, partners, users

    @api.model
    def _get_sources(self, subject) -> list[Source]:
        """All records with data of the person, by kind."""
        employees, partners, users = self._get_people(subject)
        tickets = self._search(
            "helpdesk.ticket",
            Domain("partner_id", "in", partners.ids)
            | Domain("user_id", "in", users.ids)
            | Domain("time_entry_ids.employee_id", "in", employees.ids),
        )
        invoices = self._search(
            "account.move",
            Domain("move_type", "in", ("out_invoice", "out_refund"))
            & (
                Domain("partner_id", "in", partners.ids)
                | Domain("partner_shipping_id", "in", partners.ids)
                | Domain("billing_item_ids.employee_id", "in", employees.ids)
            ),
        )
        emails = [email for email in partners.mapped("email") if email]
        sent_to = Domain.OR(Domain("recipients", "ilike", email) for email in emails)
        return [
            Source(
                "contact", self.env._("Contact"), partners,
                ("name", "email", "phone", "street", "street2", "zip", "city",
                 "country_id", "function", "vat", "lang", "tz", "comment"),
            ),
            Source(
                "employee", self.env._("Employee"), employees,
                ("name", "work_email", "work_phone", "mobile_phone", "job_title",
                 "private_email", "private_phone", "private_street", "private_zip",
                 "private_city", "birthday", "barcode"),
            ),
            Source(
                "user", self.env._("Login"), users,
                ("name", "login", "active", "share", "lang", "tz", "login_date"),
            ),
            Source(
                "tickets", self.env._("Tickets"), tickets,
                ("number", "name", "description", "partner_name", "partner_email",
                 "create_date", "closed_date"),
            ),
            Source(
                "time_entries", self.env._("Time entries"),
                self._search(
                    "account.analytic.line",
                    Domain("ticket_id", "!=", False)
                    & Domain("employee_id", "in", employees.ids),
                ),
                ("date", "ticket_id", "name", "raw_minutes", "billing_start",
                 "billing_stop", "work_type_id"),
            ),
            Source(
                "visits", self.env._("Visits"),
                self._search(
                    "ticket.billing.visit",
                    Domain("employee_ids", "in", employees.ids)
                    | Domain("service_partner_id", "in", partners.ids)
                    | Domain("ticket_id.partner_id", "in", partners.ids),
                ),
                ("name", "date", "ticket_id", "one_way_km", "vehicles"),
            ),
            Source(
                "items", self.env._("Billing items"),
                self._search(
                    "ticket.billing.item",
                    Domain("employee_id", "in", employees.ids)
                    | Domain("partner_id", "in", partners.ids),
                ),
                ("work_date", "ticket_id", "kind", "raw_minutes", "billable_minutes",
                 "net", "state", "invoice_id"),
            ),
            Source(
                "messages", self.env._("Messages"),
                self._search("mail.message", Domain("author_id", "in", partners.ids)),
                ("date", "model", "record_name", "subject", "body", "email_from"),
            ),
            Source(
                "invoices", self.env._("Invoices"), invoices,
                ("name", "invoice_date", "partner_id", "amount_total", "state"),
            ),
            Source(
                "documents", self.env._("Kept documents"),
                self._search(
                    "ticket.billing.document",
                    Domain("move_id", "in", invoices.ids) | sent_to,
                ),
                ("file_name", "kind", "made_on", "sent_on", "recipients", "checksum",
                 "retention_until"),
            ),
        ]  # fmt: skip

    @api.model
    def _search(self, model: str, domain):
        return self.env[model].sudo().with_context(active_test=False).search(domain)

    # ------------------------------------------------------------------ export

    @api.model
    def _export(self, subject) -> bytes:
        """All data of the person as a ZIP: JSON for machines, XLSX for people."""
        sources = self._get_sources(subject)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            data = {
                source.key: [
                    {name: self._get_value(record, name) for name in names}
                    for record in source.records
                ]
                for source in sources
                if (names := self._get_names(source))
            }
            text = json.dumps(data, ensure_ascii=False, indent=2, default=str)
            archive.writestr("data.json", text)
            sheets = [self._get_sheet(source) for source in sources]
            archive.writestr("data.xlsx", make_workbook(sheets))
        return content.getvalue()

    @api.model
    def _get_names(self, source: Source) -> list[str]:
        return [name for name in source.names if name in source.records._fields]

    @api.model
    def _get_value(self, record, name: str):
        """A value as JSON knows it; relations by their name."""
        field, value = record._fields[name], record[name]
        if field.relational:
            return ", ".join(value.mapped("display_name"))
        if field.type == "html":
            return html2plaintext(value or "")
        if value is False and field.type != "boolean":
            return None
        return value

    @api.model
    def _get_sheet(self, source: Source) -> tuple[str, list[str], list[list]]:
        names = self._get_names(source)
        model = source.records
        headings = [model._fields[n]._description_string(self.env) for n in names]
        rows = [
            [self._get_cell(self._get_value(record, name)) for name in names]
            for record in model
        ]
        return source.title, headings, rows

    @api.model
    def _get_cell(self, value):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "" if value is None else str(value)
        return value

    # ------------------------------------------------------------------ retain

    @api.model
    def _get_retained(self, subject) -> list[Retained]:
        """What stays after pseudonymisation: reason and date."""
        sources = {s.key: s.records for s in self._get_sources(subject)}
        today = fields.Date.context_today(self)
        documents = sources["documents"].filtered(lambda d: d.retention_until >= today)
        books = self._get_books(sources["invoices"])
        items = sources["items"].filtered("settled")
        last = max(books.values(), default=None)
        found = [
            Retained(
                self.env._("Kept documents"),
                len(documents),
                self.env._("Sent documents are vouchers: they stay as they are."),
                max(documents.mapped("retention_until"), default=None),
            ),
            Retained(
                self.env._("Posted invoices"),
                len(books),
                self.env._(
                    "Entries of the books, with name and address of the customer and"
                    " the texts of their lines."
                ),
                last,
            ),
            Retained(
                self.env._("Settled billing items"),
                len(items),
                self.env._("Proof of what was billed, under the pseudonym."),
                last,
            ),
        ]
        return [row for row in found if row.count]

    @api.model
    def _get_books(self, moves) -> dict:
        """Posted moves whose retention is not over, with its last day."""
        today = fields.Date.context_today(self)
        until = {
            move: move.company_id._get_retention_until(move.date, False)
            for move in moves
            if move.state == "posted"
        }
        return {move: day for move, day in until.items() if day >= today}
