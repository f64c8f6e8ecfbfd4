from odoo.fields import Domain
from odoo.http import request

from odoo.addons.helpdesk_mgmt.controllers.myaccount import CustomerPortalHelpdesk

from .tools import format_minutes


class PortalTicketTime(CustomerPortalHelpdesk):
    """Adds the released time to the page of a ticket."""

    def _ticket_get_page_view_values(self, ticket, access_token, **kwargs):
        values = super()._ticket_get_page_view_values(ticket, access_token, **kwargs)
        values.update(self._ticket_get_time_values(ticket))
        return values

    def _ticket_get_time_values(self, ticket) -> dict:
        """Rows and totals for contacts of the customer, nothing for others.

        Neither a link with a token nor following a ticket is enough.
        """
        items = request.env["ticket.billing.item"].sudo()
        domain = items._get_portal_domain(request.env.user.partner_id)
        domain &= Domain("ticket_id", "=", ticket.id)
        entries = (
            request.env["account.analytic.line"]
            .sudo()
            .search([("billing_item_ids", "any", domain)], order="date desc, id desc")
        )
        return {
            "rows": entries._get_portal_rows(domain),
            "totals": items._get_portal_figures(domain).get(None),
            "format_minutes": format_minutes,
        }
