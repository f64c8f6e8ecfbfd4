from datetime import timedelta

from odoo import api, fields, models

KEPT_DAYS = 30


class TicketBillingApiCall(models.Model):
    """One call of the API: what for and how it ended, without its content."""

    _name = "ticket.billing.api.call"
    _description = "API Call"
    _order = "id desc"
    _rec_name = "path"

    key_id = fields.Many2one(
        "ticket.billing.api.key", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="key_id.company_id", store=True)
    called = fields.Datetime(
        string="Time", default=fields.Datetime.now, readonly=True, required=True
    )
    method = fields.Char(readonly=True)
    path = fields.Char(readonly=True)
    status = fields.Integer(readonly=True, aggregator=None)
    row_count = fields.Integer(string="Records", readonly=True)

    _rate_idx = models.Index("(key_id, called)")

    @api.autovacuum
    def _gc_old_calls(self):
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.search([("called", "<", limit)], limit=10_000).unlink()
