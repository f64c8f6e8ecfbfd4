from odoo import api, fields, models

from ..tools.duration import format_minutes
from .ticket_billing_certificate import STATES, Balance


class ReportTicketBillingCertificate(models.AbstractModel):
    """Values of the printed certificate."""

    _name = "report.ticket_billing.report_certificate"
    _description = "Certificate of a Billing Run (Report)"

    @api.model
    def _get_report_values(self, docids, data=None):
        runs = self.env["ticket.billing.run"].browse(docids)
        runs.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": runs._name,
            "docs": runs,
            "format_minutes": format_minutes,
            "now": fields.Datetime.now(),
            "states": STATES,
            "get_account": self._get_account,
        }

    @api.model
    def _get_account(self, run) -> dict:
        """Everything one certificate says about ``run``."""
        certificate = self.env["ticket.billing.certificate"]
        balances = certificate._get_balances(run)
        total = Balance()
        for balance in balances.values():
            total.add(balance)
        return {
            "balances": balances,
            "total": total,
            "documents": certificate._get_documents(run),
            "held": certificate._get_held_items(run),
        }
