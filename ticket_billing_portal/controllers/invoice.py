from odoo.http import request

from odoo.addons.account.controllers.portal import PortalAccount


class PortalInvoiceTickets(PortalAccount):
    """Adds the tickets that an invoice bills to its page."""

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        values["billing_tickets"] = self._invoice_get_tickets(invoice)
        return values

    def _invoice_get_tickets(self, invoice) -> list[dict]:
        """Tickets of a posted invoice, with a link where the user may follow it."""
        if invoice.state != "posted":
            return []
        tickets = invoice.sudo()._get_billing_items().ticket_id.sorted("number")
        model = request.env["helpdesk.ticket"]
        readable = set()
        if tickets and model.has_access("read"):
            readable = set(model.search([("id", "in", tickets.ids)]).ids)
        return [
            {
                "number": ticket.number,
                "name": ticket.name,
                "url": f"/my/ticket/{ticket.id}" if ticket.id in readable else None,
            }
            for ticket in tickets
        ]
