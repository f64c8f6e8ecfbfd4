from odoo import http
from odoo.http import content_disposition, request

from .service_report import XLSX

MODELS = ("ticket.billing.run", "ticket.billing.policy")


class DryRunController(http.Controller):
    """The pages of a dry run; they only read."""

    def _get_record(self, model: str, record_id: int):
        record = model in MODELS and request.env[model].search([("id", "=", record_id)])
        is_biller = request.env.user.has_group("ticket_billing.group_biller")
        if not record or not is_biller:
            raise request.not_found()
        return record

    @http.route(
        "/ticket_billing/dry_run/<string:model>/<int:record_id>.xlsx",
        type="http",
        auth="user",
        readonly=True,
    )
    def download_dry_run(self, model: str, record_id: int):
        """The dry run of a run or policy as a spreadsheet."""
        record = self._get_record(model, record_id)
        name = f"{record.env._('Dry run')} {record.name}.xlsx".replace("/", "_")
        headers = [
            ("Content-Type", XLSX),
            ("Content-Disposition", content_disposition(name)),
        ]
        return request.make_response(record._get_dry_run_xlsx(), headers)

    @http.route(
        "/ticket_billing/dry_run/<string:model>/<int:record_id>/<int:number>",
        type="http",
        auth="user",
        readonly=True,
    )
    def show_future_invoice(self, model: str, record_id: int, number: int):
        """What will stand on one of the future invoices."""
        page = self._get_record(model, record_id)._render_future_invoice(number)
        if page is None:
            raise request.not_found()
        return request.make_response(page)
