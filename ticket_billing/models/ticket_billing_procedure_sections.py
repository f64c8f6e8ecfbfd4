from odoo import api, models, release
from odoo.tools import format_date, html2plaintext

from ..tools.number import format_number

# Add-ons whose versions decide how billing works, besides the suite itself.
MODULES = ("account", "account_edi_ubl_cii", "hr_timesheet", "helpdesk_mgmt", "l10n_de")


class TicketBillingProcedure(models.Model):
    """What the procedure documentation says, from the configuration."""

    _inherit = "ticket.billing.procedure"

    @api.model
    def _get_procedure_sections(self, company) -> list[dict]:
        """Sections in printing order: key, title, text, columns and rows.

        The first column of a row names it: versions are compared by it. Rows hold
        nothing that changes by itself, like the time of the next run.
        """
        return [
            self._get_flow_section(),
            self._get_company_section(company),
            self._get_journal_section(company),
            self._get_number_section(company),
            self._get_tax_section(company),
            self._get_work_type_section(company),
            *self._get_policy_sections(company),
            self._get_contract_section(company),
            *self._get_role_sections(company),
            self._get_release_section(company),
            self._get_cron_section(),
            self._get_retention_section(company),
            self._get_software_section(),
        ]

    @api.model
    def _section(self, key, title, columns=(), rows=(), text="") -> dict:
        """A section as it is stored: nothing but texts."""
        return {
            "key": key,
            "title": title,
            "text": text,
            "columns": list(columns),
            "rows": [[str(cell or "") for cell in row] for row in rows],
        }

    # --------------------------------------------------------------- formatting

    @api.model
    def _format_setting(self, record, name: str) -> str:
        """The value of a field in words."""
        field, value = record._fields[name], record[name]
        if field.type == "boolean":
            return self.env._("yes") if value else self.env._("no")
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.relational:
            return ", ".join(value.sudo().mapped("display_name"))
        if field.type == "date":
            return format_date(self.env, value) if value else "–"
        if field.type == "html":
            return html2plaintext(value or "")
        if field.type in ("float", "monetary", "integer"):
            return format_number(self.env, value)
        return str(value or "")

    @api.model
    def _describe(self, record, names) -> list[list[str]]:
        """Label and value of fields, as rows."""
        return [
            [
                record._fields[name]._description_string(self.env),
                self._format_setting(record, name),
            ]
            for name in names
            if name in record._fields
        ]

    @api.model
    def _get_setting_columns(self) -> list[str]:
        return [self.env._("Setting"), self.env._("Value")]

    # ----------------------------------------------------------------- sections

    @api.model
    def _get_flow_section(self) -> dict:
        steps = [
            self.env._(
                "Capture: tickets, time entries, charges and visits are recorded. Their"
                " minutes are never changed by billing."
            ),
            self.env._(
                "Rating: contract and policy price the work. Each billing item keeps"
                " the steps that lead to its price."
            ),
            self.env._(
                "Billing: a run puts open items on draft invoices. Invoice and items"
                " are written together or not at all; a piece of work has at most one"
                " live item."
            ),
            self.env._(
                "Release: drafts are checked and posted. Posting gives the number,"
                " hashes the entry where the journal is secured, and seals the items."
            ),
            self.env._(
                "Delivery: PDF, e-invoice and service report are made once, kept with"
                " a fingerprint (SHA-256) and sent."
            ),
            self.env._(
                "Correction: a posted invoice is never changed. A credit note takes it"
                " back; released work is billed again by new items."
            ),
        ]
        rows = [[str(number), step] for number, step in enumerate(steps, 1)]
        columns = [self.env._("Step"), self.env._("What happens")]
        return self._section(
            "flow", self.env._("From ticket to invoice"), columns, rows
        )

    @api.model
    def _get_company_section(self, company) -> dict:
        names = (
            "name", "street", "zip", "city", "country_id", "vat", "l10n_de_stnr",
            "currency_id", "account_fiscal_country_id", "chart_template",
            "tax_calculation_rounding_method", "restrictive_audit_trail",
        )  # fmt: skip
        return self._section(
            "company",
            self.env._("Company"),
            self._get_setting_columns(),
            self._describe(company, names),
        )

    @api.model
    def _get_journal_section(self, company) -> dict:
        columns = [
            self.env._("Journal"),
            self.env._("Code"),
            self.env._("Secured by hash"),
            self.env._("Own numbers for credit notes"),
        ]
        rows = [
            [
                journal.name,
                journal.code,
                self._format_setting(journal, "restrict_mode_hash_table"),
                self._format_setting(journal, "refund_sequence"),
            ]
            for journal in company._get_sales_journals()
        ]
        return self._section("journals", self.env._("Sales journals"), columns, rows)

    @api.model
    def _get_number_section(self, company) -> dict:
        sequences = self.env["ir.sequence"].search(
            [
                ("code", "=like", "ticket.billing.%"),
                ("company_id", "in", (False, company.id)),
            ]
        )
        columns = [
            self.env._("Sequence"), self.env._("Prefix"), self.env._("Digits")
        ]  # fmt: skip
        rows = [[s.name, s.prefix, s.padding] for s in sequences]
        return self._section("numbers", self.env._("Number ranges"), columns, rows)

    @api.model
    def _get_tax_section(self, company) -> dict:
        taxes = self.env["account.tax"].search(
            [("company_id", "=", company.id), ("type_tax_use", "=", "sale")]
        )
        columns = [self.env._("Tax"), self.env._("Rate"), self.env._("On invoices")]
        rows = [
            [tax.name, format_number(self.env, tax.amount), tax.invoice_label]
            for tax in taxes
        ]
        return self._section("taxes", self.env._("Sales taxes"), columns, rows)

    @api.model
    def _get_work_type_section(self, company) -> dict:
        types = self.env["ticket.billing.work.type"].search(
            [("company_id", "in", (False, company.id))]
        )
        columns = [
            self.env._("Work type"), self.env._("Product"), self.env._("Taxes")
        ]  # fmt: skip
        rows = [
            [
                kind.name,
                kind.product_id.display_name,
                ", ".join(
                    kind.product_id.taxes_id.filtered(
                        lambda t: t.company_id == company
                    ).mapped("name")
                ),
            ]
            for kind in types
        ]
        return self._section("work_types", self.env._("Work types"), columns, rows)

    @api.model
    def _get_policy_sections(self, company) -> list[dict]:
        policies = self.env["ticket.billing.policy"].search(
            [("company_id", "in", (False, company.id))]
        )
        names = [n for n in policies._fields if n in policies._get_setting_names()]
        return [
            self._section(
                f"policy_{policy.id}",
                self.env._("Billing policy: %s", policy.name),
                self._get_setting_columns(),
                self._describe(policy, names),
            )
            for policy in policies
        ]

    @api.model
    def _get_contract_section(self, company) -> dict:
        contracts = self.env["ticket.billing.contract"].search(
            [("company_id", "=", company.id), ("state", "=", "active")]
        )
        columns = [
            self.env._("Policy"),
            self.env._("Active contracts"),
            self.env._("With an allotment"),
            self.env._("With a flat fee"),
            self.env._("With a recurring fee"),
            self.env._("With surcharges"),
        ]
        parts = ("allotment_ids", "flat_fee_ids", "fee_ids", "surcharge_ids")
        rows = [
            [
                policy.name,
                len(group),
                *(str(len(group.filtered(part))) for part in parts),
            ]
            for policy, group in contracts.grouped("policy_id").items()
        ]
        return self._section("contracts", self.env._("Contracts"), columns, rows)

    @api.model
    def _get_role_sections(self, company) -> list[dict]:
        groups = self._get_role_groups()
        columns = [self.env._("Role"), self.env._("Users")]
        users = [
            [
                group.name,
                ", ".join(
                    group.all_user_ids.filtered(
                        lambda u: u.active and company in u.company_ids
                    )
                    .sorted("login")
                    .mapped(lambda u: f"{u.name} ({u.login})")
                ),
            ]
            for group in groups
        ]
        rights = [
            [f"{access.model_id.name}: {group.name}", self._get_rights(access)]
            for group in groups
            for access in group.model_access.sorted(lambda a: a.model_id.name)
        ]
        return [
            self._section("roles", self.env._("Roles and users"), columns, users),
            self._section(
                "rights",
                self.env._("Rights of the roles"),
                [self.env._("Records"), self.env._("May")],
                rights,
            ),
        ]

    @api.model
    def _get_role_groups(self):
        data = self.env["ir.model.data"].search(
            [("model", "=", "res.groups"), ("module", "=like", "ticket_billing%")],
            order="module, id",
        )
        return self.env["res.groups"].browse(data.mapped("res_id"))

    @api.model
    def _get_rights(self, access) -> str:
        rights = {
            "perm_read": self.env._("read"),
            "perm_write": self.env._("change"),
            "perm_create": self.env._("create"),
            "perm_unlink": self.env._("delete"),
        }
        return ", ".join(text for name, text in rights.items() if access[name])

    @api.model
    def _get_release_section(self, company) -> dict:
        names = (
            "billing_four_eyes", "billing_bound_factor", "billing_bound_lines",
            "billing_bound_months",
        )  # fmt: skip
        return self._section(
            "release",
            self.env._("Release of invoices"),
            self._get_setting_columns(),
            self._describe(company, names),
        )

    @api.model
    def _get_cron_section(self) -> dict:
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.cron"), ("module", "=like", "ticket_billing%")],
            order="module, id",
        )
        crons = self.env["ir.cron"].with_context(active_test=False)
        columns = [
            self.env._("Scheduled action"), self.env._("Every"), self.env._("Active")
        ]  # fmt: skip
        rows = [
            [
                cron.name,
                f"{cron.interval_number} {self._format_setting(cron, 'interval_type')}",
                self._format_setting(cron, "active"),
            ]
            for cron in crons.browse(data.mapped("res_id")).exists()
        ]
        return self._section("crons", self.env._("Scheduled actions"), columns, rows)

    @api.model
    def _get_retention_section(self, company) -> dict:
        text = self.env._(
            "Sent documents are kept with a fingerprint and cannot be changed or"
            " deleted before their retention is over. Hashes of posted entries, seals"
            " of billed work and fingerprints of documents are verified every week."
        )
        return self._section(
            "retention",
            self.env._("Retention and verification"),
            self._get_setting_columns(),
            self._describe(
                company, ("retention_voucher_years", "retention_book_years")
            ),
            text,
        )

    @api.model
    def _get_software_section(self) -> dict:
        modules = self.env["ir.module.module"].search(
            [
                ("state", "=", "installed"),
                "|",
                ("name", "=like", "ticket_billing%"),
                ("name", "in", MODULES),
            ],
            order="name",
        )
        self.env.cr.execute("SHOW server_version")
        [database] = self.env.cr.fetchone()
        rows = [
            ["Odoo", release.version],
            ["PostgreSQL", database],
            *([module.name, module.installed_version] for module in modules),
        ]
        columns = [self.env._("Software"), self.env._("Version")]
        return self._section("software", self.env._("Software"), columns, rows)
