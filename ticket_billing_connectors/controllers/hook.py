import json
import math

from odoo import http
from odoo.http import request

from ..systems.hook_event import read_event
from ..transport.signatures import Unproven

MAX_BYTES = 1024 * 1024


class HookController(http.Controller):
    """Takes the webhooks of ticket systems. Nothing in a request is understood, nor
    said about it, before its sender is proven."""

    # Odoo reads no more than `max_content_length` and answers 413.
    @http.route(
        "/ticket_billing/hook/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=MAX_BYTES,
    )
    def receive(self, token, **_fields):
        connector = request.env["ticket.billing.connector"].sudo()._find_hook(token)
        wait = connector._admit_hook()
        if wait:
            return self._answer(429, [("Retry-After", str(math.ceil(wait)))])
        if request.httprequest.mimetype != "application/json":
            return self._answer(400)
        body = request.httprequest.get_data()
        headers = {name.lower(): text for name, text in request.httprequest.headers}
        try:
            connector._check_hook(headers, body)
        except Unproven:
            return self._answer(401 if connector else 404)
        return self._answer(self._take(connector, headers, body))

    def _take(self, connector, headers, body) -> int:
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return 400
        event = read_event(connector._get_webhook(), headers, told)
        request.env["ticket.billing.hook.event"].sudo()._receive(connector, event, told)
        return 200

    def _answer(self, status, headers=()):
        return request.make_response("", headers=list(headers), status=status)
