from odoo.fields import Domain
from odoo.http import request

from odoo.addons.helpdesk_mgmt.controllers.myaccount import CustomerPortalHelpdesk
from odoo.addons.ticket_billing.tools.duration import format_minutes

# Entries on the page of a ticket; the page of hours has them all.
ROWS = 80


class PortalTicketTime(CustomerPortalHelpdesk):
    """Adds the released time, what was charged and the invoices to a ticket."""

    def _ticket_get_page_view_values(self, ticket, access_token, **kwargs):
        values = super()._ticket_get_page_view_values(ticket, access_token, **kwargs)
        values.update(self._ticket_get_time_values(ticket))
        return values

    def _ticket_get_time_values(self, ticket) -> dict:
        """Rows and totals for contacts of the customer, nothing for others.

        Neither a link with a token nor following a ticket is enough.
        """
        items = request.env["ticket.billing.item"].sudo()
        partner = request.env.user.partner_id
        on_ticket = Domain("ticket_id", "=", ticket.id)
        domain = items._get_portal_domain(partner) & on_ticket
        extra_domain = items._get_portal_extra_domain(partner) & on_ticket
        extras = items.search(extra_domain, order="work_date desc, id desc", limit=ROWS)
        every_item = items._get_portal_figures(domain | extra_domain).get(None, {})
        entries = request.env["account.analytic.line"].sudo()
        entry_domain = [("billing_item_ids", "any", domain)]
        found = entries.search(entry_domain, order="date desc, id desc", limit=ROWS)
        return {
            "rows": found._get_portal_rows(domain),
            "row_total": entries.search_count(entry_domain),
            "totals": items._get_portal_figures(domain).get(None),
            "extras": extras._get_portal_extras(),
            "ticket_price": every_item.get("price"),
            "billing_invoices": self._ticket_get_invoices(domain | extra_domain),
            "format_minutes": format_minutes,
        }

    def _ticket_get_invoices(self, domain: Domain):
        """Posted invoices of the ticket that the user may open, the latest first."""
        items = request.env["ticket.billing.item"].sudo()
        groups = items._read_group(domain, ["invoice_id"])
        moves = request.env["account.move"]
        if not moves.has_access("read"):
            return moves
        ids = [move.id for (move,) in groups if move.state == "posted"]
        return moves.search([("id", "in", ids)], order="invoice_date desc, id desc")
