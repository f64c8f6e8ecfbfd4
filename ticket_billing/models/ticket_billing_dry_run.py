import io

import xlsxwriter

from odoo import api, fields, models
from odoo.tools import is_html_empty

from ..tools.duration import format_minutes
from ..tools.number import format_number
from ..tools.read_only import read_only
from ..tools.spreadsheet import as_text
from .ticket_billing_forecast import Forecast


class TicketBillingDryRun(models.AbstractModel):
    """Shows what billing would do, read in a transaction that cannot write."""

    _name = "ticket.billing.dry.run"
    _description = "Dry Run"

    dry_run_html = fields.Html(
        string="Dry run", compute="_compute_dry_run_html", sanitize=False
    )

    def _get_dry_run(self) -> tuple:
        """The run, which need not be stored, and the scopes per contract."""
        raise NotImplementedError

    @api.model
    def _get_dry_run_view(self) -> str:
        raise NotImplementedError

    def _forecast(self) -> Forecast:
        """What would be done. Call it in the environment of :func:`read_only`."""
        self.ensure_one()
        self.env["ticket.billing.rater"]._check_biller()
        self.check_access("read")
        run, scopes = self.sudo()._get_dry_run()
        company = run.company_id
        forecast = self.env["ticket.billing.forecast"].sudo().with_company(company)
        return forecast._get(run.with_env(forecast.env), scopes)

    @api.depends_context("lang", "uid", "allowed_company_ids")
    def _compute_dry_run_html(self):
        for record in self:
            record.dry_run_html = record._origin and record._origin._render_dry_run()

    def _render_dry_run(self):
        """The dry run as a page of the back end."""
        self.ensure_one()
        with read_only(self.env) as env:
            record = env[self._name].browse(self.id)
            forecast = record._forecast()
            return env["ir.qweb"]._render(
                "ticket_billing.dry_run",
                {
                    "forecast": forecast,
                    "customers": forecast.by_customer(),
                    "company": env.company,
                    "url": f"/ticket_billing/dry_run/{self._name}/{self.id}",
                    "format_minutes": format_minutes,
                    "format_number": lambda value: format_number(env, value),
                },
            )

    def action_dry_run(self):
        """Open the page of the dry run."""
        self.ensure_one()
        self.env["ticket.billing.rater"]._check_biller()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry Run"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(self.env.ref(self._get_dry_run_view()).id, "form")],
        }

    def action_dry_run_xlsx(self):
        """Download the dry run as a spreadsheet."""
        self.ensure_one()
        self.env["ticket.billing.rater"]._check_biller()
        return {
            "type": "ir.actions.act_url",
            "url": f"/ticket_billing/dry_run/{self._name}/{self.id}.xlsx",
            "target": "download",
        }

    # -------------------------------------------------------------- spreadsheet

    def _get_dry_run_xlsx(self) -> bytes:
        """The dry run as a spreadsheet: a row per line, and what is held."""
        self.ensure_one()
        output = io.BytesIO()
        # Nothing that people typed becomes a formula or a link.
        options = {"strings_to_formulas": False, "strings_to_urls": False}
        with (
            read_only(self.env) as env,
            xlsxwriter.Workbook(output, options) as book,
        ):
            record = env[self._name].browse(self.id)
            forecast = record._forecast()
            record._write_sheet(
                book,
                env._("Invoices"),
                record._get_line_headings(),
                record._get_line_rows(forecast),
            )
            record._write_sheet(
                book,
                env._("Held"),
                record._get_held_headings(),
                record._get_held_rows(forecast),
            )
        return output.getvalue()

    @api.model
    def _get_line_headings(self) -> list[tuple[str, int]]:
        """Heading and width of the columns of lines."""
        return [
            (self.env._("Invoice"), 8),
            (self.env._("Customer"), 30),
            (self.env._("Group"), 30),
            (self.env._("Text"), 60),
            (self.env._("Quantity"), 10),
            (self.env._("Unit"), 10),
            (self.env._("Price"), 12),
            (self.env._("Discount %"), 10),
            (self.env._("Net"), 12),
            (self.env._("Gross"), 12),
            (self.env._("Currency"), 9),
        ]

    @api.model
    def _get_line_rows(self, forecast: Forecast) -> list[tuple]:
        """A row per invoice line; what is owed to the customer is negative."""
        return [
            (
                number,
                invoice.move.partner_id.display_name,
                invoice.group,
                line.name,
                line.quantity,
                line.product_uom_id.name or "",
                line.price_unit,
                line.discount,
                line.price_subtotal * (-1 if invoice.draft.is_credit else 1),
                line.price_total * (-1 if invoice.draft.is_credit else 1),
                line.currency_id.name,
            )
            for number, invoice in enumerate(forecast.invoices, start=1)
            for line in invoice.lines
        ]

    @api.model
    def _get_held_headings(self) -> list[tuple[str, int]]:
        return [
            (self.env._("Customer"), 30),
            (self.env._("Ticket"), 20),
            (self.env._("Date"), 12),
            (self.env._("Worked (min)"), 14),
            (self.env._("Reason"), 30),
            (self.env._("What to do"), 80),
        ]

    @api.model
    def _get_held_rows(self, forecast: Forecast) -> list[tuple]:
        return [
            (
                work.customer.display_name or "",
                work.ticket.number or "",
                work.day.isoformat() if work.day else "",
                work.minutes,
                work.reason,
                work.message or "",
            )
            for work in forecast.held
        ]

    @api.model
    def _write_sheet(self, book, name: str, headings: list, rows: list):
        sheet = book.add_worksheet(name)
        bold = book.add_format({"bold": True, "bottom": 1})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        for column, (heading, width) in enumerate(headings):
            sheet.set_column(column, column, width, wrap)
            sheet.write_string(0, column, heading, bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, as_text(value))
                else:
                    sheet.write_number(number, column, value)

    # ------------------------------------------------------------------ invoice

    def _render_future_invoice(self, number: int):
        """What will stand on one of the invoices; none if there are fewer."""
        self.ensure_one()
        with read_only(self.env) as env:
            record = env[self._name].browse(self.id)
            invoices = record._forecast().invoices
            if not 0 <= number < len(invoices):
                return None
            move = invoices[number].move
            self._set_sections(move)
            lang = move.partner_id.lang or env.lang
            return (
                env["ir.actions.report"]
                .with_context(lang=lang)
                ._render_template(
                    "ticket_billing.future_invoice",
                    {
                        "o": move.with_context(lang=lang),
                        "lang": lang,
                        "template": move._get_name_invoice_report(),
                        "report_type": "html",
                        "is_html_empty": is_html_empty,
                    },
                )
            )

    @api.model
    def _set_sections(self, move):
        """Odoo looks for the section of a line among stored lines only."""
        section = move.invoice_line_ids.browse()
        for line in move.invoice_line_ids:
            is_section = line.display_type == "line_section"
            line.parent_id = False if is_section else section
            if is_section:
                section = line
