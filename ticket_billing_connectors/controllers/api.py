import logging

from psycopg2 import OperationalError
from werkzeug.exceptions import RequestEntityTooLarge

from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from ..intake.messages import BASE, JSON, MAX_BYTES, Incoming, Outgoing, Problem
from ..intake.openapi import describe

_logger = logging.getLogger(__name__)

OPEN = {
    "type": "http",
    "auth": "public",
    "csrf": False,
    "save_session": False,
}


class Api(Controller):
    """The ingestion API: who asks, how often, and what to answer."""

    @route(f"{BASE}/openapi.json", methods=["GET"], readonly=True, **OPEN)
    def openapi(self):
        return self._send(Outgoing.of(200, describe(request.httprequest.host_url)))

    @route(f"{BASE}/docs", methods=["GET"], readonly=True, **OPEN)
    def docs(self):
        values = {"api": describe(request.httprequest.host_url), "base": BASE}
        return request.render("ticket_billing_connectors.api_docs", values)

    @route(f"{BASE}/<path:collection>", max_content_length=MAX_BYTES, **OPEN)
    def call(self, collection, **_query):
        return self._call(collection, "")

    @route(
        f"{BASE}/<string:collection>/<string:key>", max_content_length=MAX_BYTES, **OPEN
    )
    def call_one(self, collection, key, **_query):
        return self._call(collection, key)

    def _call(self, collection, key):
        try:
            answer = self._answer(collection, key)
        except Problem as problem:
            answer = problem.answer()
        return self._send(answer)

    def _answer(self, collection, key_id) -> Outgoing:
        env = request.env(user=SUPERUSER_ID, context={"lang": "en_US"})
        header = request.httprequest.headers.get("Authorization", "")
        key = env["ticket.billing.api.key"]._authenticate(header)
        key._check_rate()
        incoming = self._read_request(collection, key_id)
        answer = self._serve(key, incoming)
        key._note_use()
        env["ticket.billing.api.call"].create(
            {
                "key_id": key.id,
                "method": incoming.method,
                "path": incoming.path[:500],
                "status": answer.status,
                "row_count": answer.rows,
            }
        )
        return answer

    def _serve(self, key, incoming) -> Outgoing:
        """Answer; whatever goes wrong undoes the work, but not the log of the call."""
        company = key.company_id
        api = key.env["ticket.billing.api"].with_context(
            allowed_company_ids=company.ids
        )
        try:
            with key.env.cr.savepoint():
                return api._serve(key.with_env(api.env), incoming)
        except Problem as problem:
            return problem.answer()
        except OperationalError:
            # Somebody else wrote the same: the request is repeated.
            raise
        except Exception:
            _logger.exception("API key %s", key.id)
            return Problem(
                500, "The server failed, and nothing was changed. Try again later."
            ).answer()

    def _read_request(self, collection, key) -> Incoming:
        sent = request.httprequest
        try:
            body = sent.get_data()
        except RequestEntityTooLarge:
            most = MAX_BYTES // 1024 // 1024
            raise Problem(
                413, f"The body is larger than {most} MB. Send fewer records at once."
            ) from None
        return Incoming(
            method=sent.method,
            collection=collection,
            key=key,
            query=sent.args.to_dict(),
            body=body,
            content_type=sent.mimetype or JSON,
            once=sent.headers.get("Idempotency-Key", ""),
        )

    def _send(self, answer: Outgoing):
        headers = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **answer.headers,
        }
        return request.make_response(
            answer.body, list(headers.items()), status=answer.status
        )
