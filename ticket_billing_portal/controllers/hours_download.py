from urllib.parse import urlencode

from odoo import http
from odoo.exceptions import UserError
from odoo.http import content_disposition, request

from odoo.addons.ticket_billing.controllers.service_report import XLSX

from .hours_search import PortalHoursSearch

# Entries of one document: what a worker makes in time.
LIMITS = {"xlsx": 20000, "pdf": 2000}
TYPES = {"xlsx": XLSX, "pdf": "application/pdf"}


class PortalHoursDownload(PortalHoursSearch):
    """The service report of what the page of hours shows."""

    @http.route(
        "/my/hours/download/<any(xlsx, pdf):form>",
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_hours_download(self, form: str, **kw):
        query = self._hours_get_query(**kw)
        domain = self._hours_get_query_domain(query)
        try:
            content = self._hours_make_document(form, domain)
        except UserError as error:
            return request.render(
                "ticket_billing_portal.portal_hours_refused",
                {
                    "message": str(error),
                    "query_string": urlencode(self._hours_get_url_args(query)),
                },
            )
        name = f"{request.env._('Service report')}.{form}".replace(" ", "_")
        return request.make_response(
            content,
            [
                ("Content-Type", TYPES[form]),
                ("Content-Disposition", content_disposition(name)),
            ],
        )

    def _hours_make_document(self, form: str, domain) -> bytes:
        items = request.env["ticket.billing.item"].sudo()
        entries = request.env["account.analytic.line"].sudo()
        count = entries.search_count([("billing_item_ids", "any", domain)])
        self._hours_check_size(count, LIMITS[form])
        found = items.search(domain)
        if form == "xlsx":
            report = request.env["ticket.billing.service.report"].sudo()
            return report._make_xlsx(report._group_items(found))
        content, _type = (
            request.env["ir.actions.report"]
            .sudo()
            ._render_qweb_pdf(
                "ticket_billing_portal.period_report_action",
                request.env.user.partner_id.ids,
                data={"items": found.ids},
            )
        )
        return content
