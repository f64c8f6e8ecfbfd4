from odoo import fields, http
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.account.controllers.portal import PortalAccount

from ..models.ticket_billing_notice import UNPAID
from .hours import PortalHours

# Rows of each list; the pages behind have them all.
ROWS = 5


class PortalServices(PortalHours, PortalAccount):
    """At a glance: tickets, hours of the month, allotments, what waits, what is due."""

    @http.route("/my/services", type="http", auth="user", website=True)
    def portal_my_services(self, **kw):
        values = self._prepare_portal_layout_values()
        month = self._hours_get_searchbar_filters()["month"]
        values.update(
            {
                "page_name": "services",
                "today": fields.Date.context_today(request.env.user),
                **self._hours_get_totals(self._hours_get_domain() & month["domain"]),
                **self._services_get_tickets(),
                **self._services_get_invoices(),
                **self._services_get_drafts(),
            }
        )
        return request.render("ticket_billing_portal.portal_my_services", values)

    def _services_get_tickets(self) -> dict:
        tickets = request.env["helpdesk.ticket"]
        if not tickets.has_access("read"):
            return {"ticket_total": 0, "tickets": tickets}
        domain = Domain("closed", "=", False)
        return {
            "ticket_total": tickets.search_count(domain),
            "tickets": tickets.search(
                domain, order="last_stage_update desc, id desc", limit=ROWS
            ),
        }

    def _services_get_invoices(self) -> dict:
        """Invoices to pay, the first one due on top, and what they come to."""
        invoices = request.env["account.move"]
        if not invoices.has_access("read"):
            return {"invoice_total": 0, "invoices": invoices, "amounts": []}
        domain = self._get_invoices_domain("out") & Domain(
            [("payment_state", "in", UNPAID), ("move_type", "=", "out_invoice")]
        )
        amounts = invoices._read_group(domain, ["currency_id"], ["amount_residual:sum"])
        return {
            "invoice_total": invoices.search_count(domain),
            "invoices": invoices.search(
                domain, order="invoice_date_due, id", limit=ROWS
            ),
            "amounts": [currency.format(amount) for currency, amount in amounts],
        }

    def _services_get_drafts(self) -> dict:
        """Drafts that wait for an approval."""
        moves = request.env["account.move"]._get_portal_waiting(
            request.env.user.partner_id
        )
        return {"draft_total": len(moves), "drafts": moves[:ROWS]}
