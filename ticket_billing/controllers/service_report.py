from odoo import http
from odoo.http import content_disposition, request

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ServiceReportController(http.Controller):
    @http.route(
        "/ticket_billing/service_report/<int:move_id>",
        type="http",
        auth="user",
        readonly=True,
    )
    def download_service_report(self, move_id: int):
        """The service report of an invoice as a spreadsheet."""
        move = request.env["account.move"].search([("id", "=", move_id)])
        if not move or not move._is_ticket_document():
            raise request.not_found()
        content = request.env["ticket.billing.service.report"]._get_xlsx(move)
        filename = move._get_service_report_filename("xlsx")
        headers = [
            ("Content-Type", XLSX),
            ("Content-Disposition", content_disposition(filename)),
        ]
        return request.make_response(content, headers)
