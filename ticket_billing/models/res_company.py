from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    ticket_billing_project_id = fields.Many2one(
        "project.project",
        string="Project for tickets",
        domain="[('allow_timesheets', '=', True), ('company_id', 'in', (False, id))]",
        help="Time entries on tickets are booked on this project unless the contract"
        " names another one.",
    )
    ticket_billing_product_id = fields.Many2one(
        "product.product",
        string="Product for other services",
        domain="[('type', '=', 'service')]",
        help="Product of invoice lines that belong to no work type, for example a"
        " rounding line.",
    )

    ticket_billing_policy_id = fields.Many2one(
        "ticket.billing.policy",
        string="Billing policy of new contracts",
        domain="[('company_id', 'in', (False, id))]",
        help="Empty: the first of the list. A customer can have another one.",
    )

    billing_hold_until = fields.Date(
        string="Hold work up to",
        help="Ticket Billing was removed and installed again: work up to this day may"
        " have been billed before and is held. Empty: nothing is held for that.",
    )

    billing_four_eyes = fields.Boolean(
        string="Four-eyes principle",
        help="Whoever prepared a billing run cannot release it; an approver has to.",
    )
    billing_bound_factor = fields.Float(
        string="Times the usual invoice",
        default=3.0,
        digits=(6, 2),
        help="An invoice above this many times the customer's median of six months"
        " waits for release. Example: 3. 0: no limit.",
    )
    billing_bound_lines = fields.Integer(
        string="Lines of an invoice",
        default=200,
        help="An invoice with more lines waits for release. 0: no limit.",
    )
    billing_bound_months = fields.Integer(
        string="Age of the work in months",
        default=3,
        help="An invoice with older work waits for release. 0: no limit.",
    )

    billing_mails_per_batch = fields.Integer(
        string="Mails per batch",
        help="At most so many invoices are mailed at once; the rest follows with the"
        " next run of the scheduled action. Example: 50. 0: no limit.",
    )
    billing_mails_per_hour = fields.Integer(
        string="Mails per hour",
        help="At most so many invoices are mailed within an hour. Example: 200. 0: no"
        " limit.",
    )

    _billing_bounds = models.Constraint(
        "CHECK(COALESCE(billing_bound_factor, 0) >= 0"
        " AND COALESCE(billing_bound_lines, 0) >= 0"
        " AND COALESCE(billing_bound_months, 0) >= 0)",
        "Safety bounds cannot be negative.",
    )

    _billing_mail_limits = models.Constraint(
        "CHECK(COALESCE(billing_mails_per_batch, 0) >= 0"
        " AND COALESCE(billing_mails_per_hour, 0) >= 0)",
        "Limits of the mail server cannot be negative.",
    )

    def _get_ticket_project(self):
        """The company's project for tickets, made on first use."""
        self.ensure_one()
        company = self.sudo()
        if not company.ticket_billing_project_id:
            company.ticket_billing_project_id = (
                company.env["project.project"]
                .with_company(company)
                .create(company._prepare_ticket_project())
            )
        return company.ticket_billing_project_id

    def _prepare_ticket_project(self) -> dict:
        self.ensure_one()
        return {
            "name": self.env._("Service tickets"),
            "company_id": self.id,
            "allow_timesheets": True,
            "privacy_visibility": "employees",
        }

    def _get_ticket_product(self):
        """Product of invoice lines without a work type."""
        self.ensure_one()
        return self.ticket_billing_product_id or self.env.ref(
            "ticket_billing.product_remote"
        )

    def _get_tax_numbers(self) -> list[str]:
        """Tax numbers an invoice can name: VAT id, or the German tax number."""
        self.ensure_one()
        # The field of l10n_de is there when German accounting is installed.
        names = [name for name in ("vat", "l10n_de_stnr") if name in self._fields]
        return [self[name] for name in names if self[name]]
