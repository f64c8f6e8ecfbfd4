import io
from typing import NamedTuple

import xlsxwriter

from odoo import api, models
from odoo.tools import format_date, format_datetime

from ..tools.duration import format_minutes
from ..tools.number import format_number
from ..tools.printable import printable
from ..tools.spreadsheet import as_text

# Widths of the columns of the spreadsheet, in characters.
WIDTHS = {
    "date": 12,
    "times": 13,
    "worker": 20,
    "work_type": 22,
    "text": 60,
    "worked": 14,
    "billed": 14,
    "covered": 14,
}


class ReportRow(NamedTuple):
    """One piece of work, a charge or a visit, ready to be printed."""

    date: str
    times: str
    worker: str
    work_type: str
    text: str
    worked: int = 0
    billed: int = 0
    covered: int = 0

    def show(self, column: str) -> str:
        """Minutes of a column as printed; none for what is not work."""
        if not (self.worked or self.billed or self.covered):
            return ""
        minutes = getattr(self, column)
        return format_minutes(minutes) if minutes else "–"


class ReportTicket(NamedTuple):
    """The work on one ticket, and what else was charged or driven for it."""

    title: str
    rows: tuple[ReportRow, ...]
    extras: tuple[ReportRow, ...]

    def total(self, column: str) -> int:
        """Sum of the minutes of a column."""
        return sum(getattr(row, column) for row in self.rows)

    def show(self, column: str) -> str:
        """Sum of the minutes of a column as printed."""
        return format_minutes(self.total(column))


class TicketBillingServiceReport(models.AbstractModel):
    """What was done for an invoice: its appendix, on paper and as a spreadsheet.

    It shows what the customer pays for and what the contract covers. Internal work is
    neither, so it is never there.
    """

    _name = "ticket.billing.service.report"
    _description = "Service Report"

    # -------------------------------------------------------------------- data

    @api.model
    def _get_tickets(self, move) -> list[ReportTicket]:
        """Tickets of the invoice in printing order, in the customer's language."""
        report = self.sudo().with_context(lang=move.partner_id.lang or self.env.lang)
        return report._group_items(report._get_items(move.with_env(report.env)))

    @api.model
    def _group_items(self, items) -> list[ReportTicket]:
        """Items by ticket, in printing order."""
        groups = items.grouped(
            lambda item: (item.ticket_id.number or "", item.ticket_id)
        )
        return [
            self._prepare_ticket(groups[key])
            for key in sorted(groups, key=lambda key: (key[0], key[1].id))
        ]

    @api.model
    def _get_items(self, move):
        """What the invoice bills, and what its run covered beside."""
        items = move._get_billing_items()
        tickets, contracts = items.ticket_id, items.contract_id
        covered = self.env["ticket.billing.item"].search(
            [
                ("run_id", "=", move.billing_run_id.id),
                ("contract_id", "in", contracts.ids),
                ("state", "=", "covered"),
                ("invoice_line_id", "=", False),
            ]
        )
        if move.billing_run_id:
            items |= covered.filtered(
                lambda item: (
                    item.ticket_id in tickets
                    or item.contract_id.policy_id.invoice_grouping == "customer"
                )
            )
        return items.filtered(lambda item: not item._is_internal())

    @api.model
    def _prepare_ticket(self, items) -> ReportTicket:
        ticket, contract = items.ticket_id, items.contract_id[:1]
        if ticket:
            title = self.env._(
                "Ticket %(number)s – %(title)s", number=ticket.number, title=ticket.name
            )
        else:
            title = self.env._(
                "Contract %(number)s – %(title)s",
                number=contract.code,
                title=contract.name,
            )
        work = items.filtered(lambda item: item._is_work())
        return ReportTicket(
            printable(title), self._get_rows(work), self._get_extras(items - work)
        )

    @api.model
    def _get_rows(self, items) -> tuple[ReportRow, ...]:
        """A row per time entry; minutes without an entry come last."""
        groups = items.grouped(lambda item: item.entry_id or item)
        rows = [(self._get_row_key(group), group) for group in groups.values()]
        rows.sort(key=lambda pair: pair[0])
        return tuple(self._prepare_row(group) for _key, group in rows)

    @api.model
    def _get_row_key(self, items) -> tuple:
        first = items.sorted(lambda item: (item.work_date, item.segment, item.id))[0]
        begin = first.entry_id.billing_start
        return not first.entry_id, first.work_date, str(begin or "~"), first.id

    @api.model
    def _prepare_row(self, items) -> ReportRow:
        """Minutes of one time entry, whatever parts it was priced in."""
        first, entry = items[0], items.entry_id
        priced = items.filtered(lambda item: item.kind != "surcharge")
        covered = priced.filtered(lambda item: item.state == "covered")
        worker = ""
        if first.contract_id.policy_id.show_worker:
            worker = ", ".join(items.employee_id.mapped("name"))
        return ReportRow(
            date=format_date(self.env, min(items.mapped("work_date"))),
            times=self._get_times(entry, first.contract_id.tz),
            worker=worker,
            work_type=first.work_type_id.name or first._get_kind_label(),
            text=printable(entry.name if entry.name != "/" else ""),
            worked=sum(priced.mapped("raw_minutes")),
            billed=sum((priced - covered).mapped("billable_minutes")),
            covered=sum(covered.mapped("billable_minutes")),
        )

    @api.model
    def _get_times(self, entry, tz) -> str:
        if not (entry.billing_start and entry.billing_stop):
            return ""
        start, stop = (
            format_datetime(self.env, value, tz=tz, dt_format="HH:mm")
            for value in (entry.billing_start, entry.billing_stop)
        )
        return f"{start}–{stop}"

    @api.model
    def _get_extras(self, items) -> tuple[ReportRow, ...]:
        """Material, expenses, journeys and fees."""
        groups = items.grouped(lambda item: item.visit_id or item)
        rows = sorted(
            groups.values(), key=lambda group: (group[0].work_date, group[0].id)
        )
        return tuple(self._prepare_extra(group) for group in rows)

    @api.model
    def _prepare_extra(self, items) -> ReportRow:
        item = items[0]
        visit, worker = item.visit_id, ""
        if visit:
            text = self._get_visit_text(visit)
            if item.contract_id.policy_id.show_worker:
                worker = ", ".join(visit.employee_ids.mapped("name"))
        else:
            text = item.charge_id.name or item.fee_id.name or item._get_kind_label()
            quantity = format_number(self.env, round(item.quantity, 2))
            unit = item.charge_id.product_id.uom_id.name
            text = f"{quantity} {unit} {text}" if unit else text
        return ReportRow(
            date=format_date(self.env, item.work_date),
            times="",
            worker=worker,
            work_type=item._get_kind_label(),
            text=printable(text),
        )

    @api.model
    def _get_visit_text(self, visit) -> str:
        parts = [visit.name]
        if visit.service_partner_id.city:
            parts.append(visit.service_partner_id.city)
        if visit.one_way_km:
            distance = format_number(self.env, visit.one_way_km)
            parts.append(self.env._("%s km one way", distance))
        if visit.vehicles > 1:
            parts.append(self.env._("%s vehicles", visit.vehicles))
        return ", ".join(parts)

    # -------------------------------------------------------------- spreadsheet

    @api.model
    def _get_columns(self, tickets) -> list[tuple[str, str, int]]:
        """Field, heading and width of the columns; none that would stay empty."""
        headings = {
            "date": self.env._("Date"),
            "times": self.env._("From–to"),
            "worker": self.env._("Worker"),
            "work_type": self.env._("Work"),
            "text": self.env._("Description"),
            "worked": self.env._("Worked (min)"),
            "billed": self.env._("Billed (min)"),
            "covered": self.env._("Covered (min)"),
        }
        rows = [row for ticket in tickets for row in (*ticket.rows, *ticket.extras)]
        return [
            (name, heading, WIDTHS[name])
            for name, heading in headings.items()
            if name not in ("times", "worker", "covered")
            or any(getattr(row, name) for row in rows)
        ]

    @api.model
    def _get_xlsx(self, move) -> bytes:
        """The report as a spreadsheet, a row per piece of work, minutes as numbers."""
        report = self.with_context(lang=move.partner_id.lang or self.env.lang)
        return report._make_xlsx(report._get_tickets(move))

    @api.model
    def _make_xlsx(self, tickets) -> bytes:
        columns = [
            ("ticket", self.env._("Ticket"), 40),
            *self._get_columns(tickets),
        ]
        output = io.BytesIO()
        # Nothing that people typed becomes a formula or a link.
        options = {"strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(output, options) as book:
            sheet = book.add_worksheet(self.env._("Service report"))
            bold = book.add_format({"bold": True, "bottom": 1})
            wrap = book.add_format({"text_wrap": True, "valign": "top"})
            for number, (_name, heading, width) in enumerate(columns):
                sheet.set_column(number, number, width, wrap)
                sheet.write_string(0, number, heading, bold)
            sheet.freeze_panes(1, 0)
            self._write_rows(sheet, tickets, [name for name, _text, _width in columns])
        return output.getvalue()

    @api.model
    def _write_rows(self, sheet, tickets, names: list[str]):
        line = 0
        for ticket in tickets:
            for row in (*ticket.rows, *ticket.extras):
                line += 1
                values = {"ticket": ticket.title, **row._asdict()}
                for column, name in enumerate(names):
                    value = values[name]
                    if isinstance(value, int):
                        sheet.write_number(line, column, value)
                    else:
                        sheet.write_string(line, column, as_text(value))


class ServiceReport(models.AbstractModel):
    _name = "report.ticket_billing.service_report"
    _description = "Service Report on Paper"

    @api.model
    def _get_report_values(self, docids, data=None) -> dict:
        report = self.env["ticket.billing.service.report"]
        docs = self.env["account.move"].browse(docids)
        return {
            "doc_ids": docids,
            "doc_model": docs._name,
            "docs": docs,
            "tickets": {move: report._get_tickets(move) for move in docs},
            "get_columns": report._get_columns,
            "format_minutes": format_minutes,
        }
