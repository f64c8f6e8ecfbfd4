from datetime import date

from odoo import fields, models


class ResCompany(models.Model):
    """How long documents are kept, and whether the journals are secured."""

    # pylint: disable=consider-merging-classes-inherited
    _inherit = "res.company"

    retention_voucher_years = fields.Integer(
        string="Keep invoices for (years)",
        default=8,
        required=True,
        help="From the end of the calendar year. Germany: 8 years for invoices and"
        " other vouchers. A change holds for new documents.",
    )
    retention_book_years = fields.Integer(
        string="Keep books for (years)",
        default=10,
        required=True,
        help="From the end of the calendar year. Germany: 10 years for books and the"
        " procedure documentation. A change holds for new documents.",
    )

    _retention_years = models.Constraint(
        "CHECK(retention_voucher_years BETWEEN 1 AND 99"
        " AND retention_book_years BETWEEN 1 AND 99)",
        "Documents are kept for 1 to 99 years.",
    )

    def _get_retention_until(self, day: date, is_book: bool) -> date:
        """Last day of the retention of what was made on ``day``."""
        self.ensure_one()
        years = self.retention_book_years if is_book else self.retention_voucher_years
        return date(day.year + years, 12, 31)

    def _get_sales_journals(self):
        """Sales journals whose entries have to be secured."""
        return self.env["account.journal"].search(
            [("company_id", "in", self.ids), ("type", "=", "sale")]
        )

    def _secure_sales_journals(self):
        """Hash every entry of the sales journals when it is posted."""
        self.env["ticket.billing.verification"]._check_approver()
        journals = self._get_sales_journals().sudo()
        journals.filtered(
            lambda j: not j.restrict_mode_hash_table
        ).restrict_mode_hash_table = True
