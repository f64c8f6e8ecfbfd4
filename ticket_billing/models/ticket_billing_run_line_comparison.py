from collections import defaultdict

from odoo import api, fields, models


class TicketBillingRunLine(models.Model):
    """Each customer of a run beside what he got before."""

    # A file of its own: the figures come from other invoices, not from the run.
    # pylint: disable-next=consider-merging-classes-inherited
    _inherit = "ticket.billing.run.line"

    company_currency_id = fields.Many2one(related="company_id.currency_id")
    last_net = fields.Monetary(
        string="Last billing",
        compute="_compute_comparison",
        compute_sudo=True,
        currency_field="company_currency_id",
        help="Net of the customer's last billing day before this run.",
    )
    last_date = fields.Date(
        string="Last billed on", compute="_compute_comparison", compute_sudo=True
    )
    average_net = fields.Monetary(
        string="6-month average",
        compute="_compute_comparison",
        compute_sudo=True,
        currency_field="company_currency_id",
        help="Net per billing day of the six months before this run.",
    )
    deviation = fields.Float(
        compute="_compute_comparison",
        compute_sudo=True,
        help="Difference of all that the customer gets in this run to his average.",
    )
    deviation_striking = fields.Boolean(
        compute="_compute_comparison",
        compute_sudo=True,
        help="The difference is greater than the policy says, or than 50 %.",
    )

    @api.depends("net", "run_id.date", "company_id", "contract_id.policy_id")
    def _compute_comparison(self):
        for run, lines in self.grouped("run_id").items():
            comparisons = lines._get_comparisons(run)
            for line in lines:
                found = comparisons[line.partner_id]
                line.last_net = found.last or 0.0
                line.last_date = found.last_date
                line.average_net = found.average or 0.0
                line.deviation = (found.percent or 0.0) / 100
                line.deviation_striking = found.is_striking

    def _get_comparisons(self, run) -> dict:
        """Comparison per customer of these lines, with all that he gets in the run."""
        nets, limits = defaultdict(float), {}
        company = run.company_id
        customers = self.partner_id
        for line in run.line_ids.filtered(lambda li: li.partner_id in customers):
            customer = line.partner_id
            nets[customer] += line.currency_id._convert(
                line.net, company.currency_id, company, run.date
            )
            limits[customer] = line.contract_id.policy_id.park_deviation_percent
        return self.env["ticket.billing.comparison"]._get(
            nets, limits, company, run.date, run.ids
        )
