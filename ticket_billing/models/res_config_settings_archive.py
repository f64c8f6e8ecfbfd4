from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    # pylint: disable=consider-merging-classes-inherited
    _inherit = "res.config.settings"

    retention_voucher_years = fields.Integer(
        related="company_id.retention_voucher_years", readonly=False
    )
    retention_book_years = fields.Integer(
        related="company_id.retention_book_years", readonly=False
    )
    billing_unsecured_journals = fields.Char(
        compute="_compute_billing_journals",
        string="Not secured",
    )
    billing_secured_journals = fields.Char(
        compute="_compute_billing_journals", string="Secured"
    )
    billing_hash_required = fields.Boolean(compute="_compute_billing_journals")
    billing_last_verification_id = fields.Many2one(
        "ticket.billing.verification",
        string="Last verification",
        compute="_compute_billing_last_verification_id",
    )

    @api.depends("company_id")
    def _compute_billing_journals(self):
        for settings in self:
            journals = settings.company_id._get_sales_journals()
            secured = journals.filtered("restrict_mode_hash_table")
            settings.billing_secured_journals = ", ".join(
                secured.mapped("display_name")
            )
            settings.billing_unsecured_journals = ", ".join(
                (journals - secured).mapped("display_name")
            )
            country = settings.company_id.account_fiscal_country_id
            settings.billing_hash_required = country.code == "DE"

    @api.depends("company_id")
    def _compute_billing_last_verification_id(self):
        for settings in self:
            settings.billing_last_verification_id = self.env[
                "ticket.billing.verification"
            ].search([("company_id", "=", settings.company_id.id)], limit=1)

    def action_secure_billing_journals(self):
        """Secure the sales journals of the company by hash."""
        self.company_id._secure_sales_journals()
        return {"type": "ir.actions.client", "tag": "reload"}

    def action_verify_billing(self):
        """Verify journals, ledger and documents of the company now."""
        self.ensure_one()
        verification = self.env["ticket.billing.verification"]
        return verification._verify(self.company_id).get_formview_action()
