import base64
from datetime import timedelta

from odoo import api, fields, models

from ..intake.messages import Incoming, Outgoing, Problem

KEPT = timedelta(hours=24)


class TicketBillingApiAnswer(models.Model):
    """An answer that is given again when the same request comes once more.

    It is written in the transaction of the work it answers: both are there, or none.
    """

    _name = "ticket.billing.api.answer"
    _description = "Answer of the API"
    _rec_name = "once"

    key_id = fields.Many2one(
        "ticket.billing.api.key", required=True, ondelete="cascade"
    )
    once = fields.Char(required=True)
    fingerprint = fields.Char(required=True)
    status = fields.Integer(required=True)
    body = fields.Binary(attachment=False)
    headers = fields.Json()
    row_count = fields.Integer()

    _once_uniq = models.UniqueIndex("(key_id, once)", "This answer is kept already.")

    @api.model
    def _find(self, key, incoming: Incoming) -> Outgoing | None:
        """Return the answer to the same request, if it came within a day.

        :raises Problem: another request had the same Idempotency-Key
        """
        found = self.search([("key_id", "=", key.id), ("once", "=", incoming.once)])
        if found and found.create_date < fields.Datetime.now() - KEPT:
            found.unlink()
        if not found.exists():
            return None
        if found.fingerprint != incoming.fingerprint:
            raise Problem(
                409,
                "Another request had this Idempotency-Key. Take a new one for each"
                " request, and the same only to repeat it.",
            )
        body = base64.b64decode(found.body or b"")
        return Outgoing(found.status, body, found.headers, found.row_count)

    @api.model
    def _keep(self, key, incoming: Incoming, answer: Outgoing):
        self.create(
            {
                "key_id": key.id,
                "once": incoming.once,
                "fingerprint": incoming.fingerprint,
                "status": answer.status,
                "body": base64.b64encode(answer.body),
                "headers": answer.headers,
                "row_count": answer.rows,
            }
        )

    @api.autovacuum
    def _gc_old_answers(self):
        limit = fields.Datetime.now() - KEPT
        self.search([("create_date", "<", limit)], limit=10_000).unlink()
