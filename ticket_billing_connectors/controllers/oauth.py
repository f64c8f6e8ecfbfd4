from werkzeug.exceptions import BadRequest

from odoo import http
from odoo.http import request

from ..models.ticket_billing_connector_oauth import CALLBACK

ACTION = "ticket_billing_connectors.ticket_billing_connector_action"
MAX_REASON = 100


class OAuthCallback(http.Controller):
    """Where a ticket system sends users back to who were asked to agree."""

    @http.route(CALLBACK, type="http", auth="user", methods=["GET"])
    def come_back(self, state="", code="", error="", **_more):
        claimed = request.env["ticket.billing.oauth.token"].sudo()._claim(state)
        if claimed is None:
            raise BadRequest(
                request.env._(
                    "This consent was not asked for, is too old or was used already."
                    " Press Connect again."
                )
            )
        connector_id, verifier = claimed
        connector = request.env["ticket.billing.connector"].browse(connector_id)
        if code and not error:
            connector._connect(code, verifier)
        else:
            connector._note_refusal((error or "?")[:MAX_REASON])
        return request.redirect(f"/odoo/action-{ACTION}/{connector_id}")
