from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from odoo.addons.web.controllers.report import ReportController


class PortalReport(ReportController):
    """Customers are not told whether a document of somebody else exists."""

    @http.route()
    def report_routes(self, reportname, docids=None, converter=None, **data):
        try:
            return super().report_routes(reportname, docids, converter, **data)
        except AccessError as error:
            if request.env.user._is_internal():
                raise
            raise NotFound() from error
