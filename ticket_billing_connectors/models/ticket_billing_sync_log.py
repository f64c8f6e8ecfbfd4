from datetime import timedelta

from odoo import api, fields, models

KEPT_DAYS = 90


class TicketBillingSyncLog(models.Model):
    """What one synchronisation did."""

    _name = "ticket.billing.sync.log"
    _description = "Synchronisation Log"
    _order = "started desc, id desc"
    _rec_name = "started"

    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    started = fields.Datetime(required=True, default=fields.Datetime.now)
    finished = fields.Datetime()
    state = fields.Selection(
        [
            ("running", "Running"),
            ("done", "Done"),
            ("partial", "To be continued"),
            ("failed", "Failed"),
        ],
        default="running",
        required=True,
    )
    cursor_before = fields.Char(
        help="Time of the last change known before, on the remote system's clock."
    )
    cursor_after = fields.Char(
        help="Where the next synchronisation begins: the last change that was kept."
    )
    ticket_new = fields.Integer(string="New tickets")
    ticket_changed = fields.Integer(string="Changed tickets")
    ticket_unchanged = fields.Integer(string="Unchanged tickets")
    ticket_held = fields.Integer(string="Held tickets")
    ticket_failed = fields.Integer(string="Failed tickets")
    entry_new = fields.Integer(string="New time entries")
    entry_changed = fields.Integer(string="Changed time entries")
    entry_unchanged = fields.Integer(string="Unchanged time entries")
    entry_held = fields.Integer(string="Held time entries")
    entry_failed = fields.Integer(string="Failed time entries")
    entry_removed = fields.Integer(string="Removed time entries")
    unchanged = fields.Integer(compute="_compute_totals")
    failed = fields.Integer(compute="_compute_totals")
    summary = fields.Char(compute="_compute_summary")
    error = fields.Text()
    notes = fields.Text(help="Oddities that do not stop a record from coming in.")

    @api.depends(
        "ticket_unchanged", "entry_unchanged", "ticket_failed", "entry_failed"
    )  # fmt: skip
    def _compute_totals(self):
        for log in self:
            log.unchanged = log.ticket_unchanged + log.entry_unchanged
            log.failed = log.ticket_failed + log.entry_failed

    @api.depends(
        "state", "ticket_new", "ticket_changed", "entry_new", "entry_changed",
        "entry_removed", "ticket_held", "entry_held",
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_summary(self):
        for log in self:
            log.summary = log.env._(
                "%(tickets)s tickets and %(entries)s time entries new, %(changed)s"
                " changed, %(removed)s removed, %(held)s held",
                tickets=log.ticket_new,
                entries=log.entry_new,
                changed=log.ticket_changed + log.entry_changed,
                removed=log.entry_removed,
                held=log.ticket_held + log.entry_held,
            )

    def _add(self, counts, notes=()):
        """Add the figures of one page; ``counts`` is keyed by field name."""
        self.ensure_one()
        vals = {name: self[name] + count for name, count in counts.items()}
        if notes:
            vals["notes"] = "\n".join(filter(None, [self.notes, *notes]))
        self.write(vals)

    @api.autovacuum
    def _gc_old_logs(self):
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.search([("started", "<", limit)], limit=1000).unlink()
