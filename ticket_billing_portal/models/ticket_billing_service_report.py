from odoo import api, models
from odoo.fields import Domain

from odoo.addons.ticket_billing.tools.duration import format_minutes


class TicketBillingServiceReport(models.AbstractModel):
    _inherit = "ticket.billing.service.report"

    @api.model
    def _prepare_any(self, items):
        """A row of work, or of what is charged beside it."""
        is_work = items[0]._is_work()
        return self._prepare_row(items) if is_work else self._prepare_extra(items)


class PeriodReport(models.AbstractModel):
    """The service report of a period, as the customer downloads it.

    Whoever asks for it gets what the portal shows to him, whatever he sends.
    """

    _name = "report.ticket_billing_portal.period_report"
    _description = "Service Report of a Period on Paper"

    @api.model
    def _get_report_values(self, docids, data=None) -> dict:
        partner = self.env.user.partner_id
        items = self.env["ticket.billing.item"].sudo()
        domain = items._get_portal_domain(partner)
        found = items.search(domain & Domain("id", "in", (data or {}).get("items", [])))
        report = self.env["ticket.billing.service.report"].sudo()
        return {
            "doc_ids": partner.ids,
            "doc_model": partner._name,
            "docs": partner.sudo(),
            "customer": partner.sudo().commercial_partner_id,
            "company": found.company_id[:1] or self.env.company,
            "days": found.mapped("work_date"),
            "parts": report._group_items(found),
            "get_columns": report._get_columns,
            "format_minutes": format_minutes,
        }
