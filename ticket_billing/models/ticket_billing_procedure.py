from odoo import api, fields, models
from odoo.tools import format_date

REPORT = "ticket_billing.report_procedure"


class TicketBillingProcedure(models.Model):
    """One version of the procedure documentation of a company, as it was made."""

    _name = "ticket.billing.procedure"
    _description = "Procedure Documentation"
    _order = "company_id, version desc"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        index=True,
    )
    version = fields.Integer(required=True, readonly=True)
    content = fields.Json(readonly=True, help="The sections of the documentation.")
    changes = fields.Text(
        readonly=True, help="What is different from the version before."
    )
    document_id = fields.Many2one("ticket.billing.document", readonly=True)

    _version_uniq = models.UniqueIndex(
        "(company_id, version)", "This version is there already."
    )

    @api.depends("company_id", "version")
    def _compute_display_name(self):
        for record in self:
            record.display_name = self.env._(
                "Procedure documentation %(company)s, version %(version)s",
                company=record.company_id.name,
                version=record.version,
            )

    # -------------------------------------------------------------------- make

    @api.model
    def action_make(self):
        """Make a new version for the current company and open it."""
        return self._make(self.env.company).get_formview_action()

    @api.model
    def _make(self, company):
        """Write down how billing is set up now, and keep it as a document."""
        self.env["ticket.billing.verification"]._check_approver()
        maker = self.sudo().with_company(company)
        maker = maker.with_context(lang=company.partner_id.lang or self.env.lang)
        last = maker.search([("company_id", "=", company.id)], limit=1)
        content = maker._get_procedure_sections(company)
        version = maker.create(
            {
                "company_id": company.id,
                "version": last.version + 1,
                "content": content,
                "changes": maker._compare(last.content, content) if last else False,
            }
        )
        version.document_id = version._print()
        return version.sudo(False)

    def _print(self):
        """Print this version and keep the file."""
        self.ensure_one()
        report = self.env["ir.actions.report"]
        content, kind = report._render_qweb_pdf(REPORT, self.ids)
        attachment = self.env["ir.attachment"].create(
            {
                "name": f"{self.display_name}.{kind}".replace("/", "_"),
                "raw": content,
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        today = fields.Date.context_today(self)
        return self.env["ticket.billing.document"]._keep(
            attachment, "procedure", self.company_id, today
        )

    def action_open_file(self):
        """Download the documentation."""
        self.ensure_one()
        return self.document_id.action_open_file()

    # ------------------------------------------------------------------ compare

    @api.model
    def _compare(self, before: list[dict], after: list[dict]) -> str:
        """What is new, gone or different, a line each; empty: nothing."""
        old = {section["key"]: section for section in before}
        new = {section["key"]: section for section in after}
        lines = []
        for key in [*old, *(key for key in new if key not in old)]:
            title = (new.get(key) or old[key])["title"]
            rows_before = self._get_rows(old.get(key))
            rows_after = self._get_rows(new.get(key))
            for name in [
                *rows_before,
                *(n for n in rows_after if n not in rows_before),
            ]:
                was, now = rows_before.get(name), rows_after.get(name)
                if was != now:
                    lines.append(f"{title}, {name}: {was or '–'} → {now or '–'}")
        return "\n".join(lines)

    @api.model
    def _get_rows(self, section: dict | None) -> dict[str, str]:
        """The rows of a section by what stands in their first column."""
        rows = section["rows"] if section else []
        return {row[0]: " | ".join(row[1:]) or "✓" for row in rows}

    def _get_history(self):
        """This version and the earlier ones, the newest first."""
        self.ensure_one()
        return self.search(
            [("company_id", "=", self.company_id.id), ("version", "<=", self.version)]
        )

    def _get_date(self) -> str:
        self.ensure_one()
        lang = self.company_id.partner_id.lang or self.env.lang
        return format_date(self.env, self.create_date, lang_code=lang)
