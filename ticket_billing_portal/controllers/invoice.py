from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import content_disposition, request

from odoo.addons.account.controllers.portal import PortalAccount
from odoo.addons.ticket_billing.controllers.service_report import XLSX


class PortalInvoiceTickets(PortalAccount):
    """Adds tickets and documents to the page of an invoice."""

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        values["billing_tickets"] = self._invoice_get_tickets(invoice)
        values["billing_documents"] = self._invoice_get_documents(
            invoice, access_token or ""
        )
        return values

    @http.route(
        [
            "/my/invoices/<int:invoice_id>/documents/<int:document_id>",
            "/my/invoices/<int:invoice_id>/documents/service_report.xlsx",
        ],
        type="http",
        auth="public",
        website=True,
    )
    def portal_invoice_document(
        self, invoice_id, document_id=None, access_token=None, **kw
    ):
        """A file that was sent with the invoice, or its service report as a table."""
        try:
            invoice = self._document_check_access(
                "account.move", invoice_id, access_token
            )
        except (AccessError, MissingError) as error:
            raise NotFound() from error
        if document_id is None:
            return self._invoice_make_spreadsheet(invoice)
        document = self._invoice_get_kept(invoice).filtered(
            lambda each: each.id == document_id
        )
        if not document:
            raise NotFound()
        stream = request.env["ir.binary"]._get_stream_from(
            document.attachment_id, filename=document.file_name
        )
        return stream.get_response(as_attachment=True)

    def _invoice_make_spreadsheet(self, invoice):
        if invoice.state != "posted" or not invoice._is_ticket_document():
            raise NotFound()
        content = request.env["ticket.billing.service.report"]._get_xlsx(invoice)
        name = invoice._get_service_report_filename("xlsx")
        return request.make_response(
            content,
            [
                ("Content-Type", XLSX),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(name)),
            ],
        )

    def _invoice_get_kept(self, invoice):
        """The last file of each kind that was kept of a posted invoice."""
        documents = request.env["ticket.billing.document"].sudo()
        if invoice.state != "posted":
            return documents
        found = documents.search([("move_id", "=", invoice.id)], order="id")
        return documents.union(*(group[-1] for group in found.grouped("kind").values()))

    def _invoice_get_documents(self, invoice, access_token: str) -> list[dict]:
        """Names and addresses of the files of an invoice."""
        url = f"/my/invoices/{invoice.id}/documents"
        token = f"?access_token={access_token}" if access_token else ""
        kinds = request.env["ticket.billing.document"]._fields["kind"]
        names = dict(kinds._description_selection(request.env))
        rows = [
            {"name": names[kept.kind], "url": f"{url}/{kept.id}{token}"}
            for kept in self._invoice_get_kept(invoice)
        ]
        if invoice.state == "posted" and invoice._is_ticket_document():
            name = request.env._("Service report (spreadsheet)")
            rows.append({"name": name, "url": f"{url}/service_report.xlsx{token}"})
        return rows

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
