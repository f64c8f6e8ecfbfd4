from odoo import api, fields, models
from odoo.exceptions import UserError


class TicketBillingCorrection(models.TransientModel):
    """Corrects a time entry that is billed: the next run settles the difference."""

    _name = "ticket.billing.correction"
    _description = "Correct a Billed Time Entry"

    entry_id = fields.Many2one(
        "account.analytic.line", string="Time entry", required=True, readonly=True
    )
    invoice_ids = fields.Many2many(
        "account.move", string="Billed on", compute="_compute_invoice_ids"
    )
    minutes_before = fields.Integer(
        related="entry_id.raw_minutes", string="Minutes so far"
    )
    raw_minutes = fields.Integer(
        string="Minutes",
        compute="_compute_values",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    work_type_id = fields.Many2one(
        "ticket.billing.work.type",
        compute="_compute_values",
        precompute=True,
        store=True,
        readonly=False,
    )
    billing_type = fields.Selection(
        [
            ("billable", "Billable"),
            ("internal", "Internal"),
            ("warranty", "Warranty"),
            ("goodwill", "Goodwill"),
        ],
        compute="_compute_values",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    reason = fields.Char(required=True, help="Noted on the ticket.")

    @api.depends("entry_id")
    def _compute_values(self):
        for wizard in self:
            entry = wizard.entry_id
            wizard.raw_minutes = entry.raw_minutes
            wizard.work_type_id = entry.work_type_id
            wizard.billing_type = entry.billing_type

    @api.depends("entry_id")
    def _compute_invoice_ids(self):
        for wizard in self:
            items = wizard.entry_id.sudo().billing_item_ids.filtered("live")
            wizard.invoice_ids = items.invoice_id

    def action_correct(self):
        """Write the new figures; nothing that was invoiced changes."""
        self.ensure_one()
        self.env["ticket.billing.rater"]._check_biller()
        vals = {
            name: self[name]
            for name in ("raw_minutes", "billing_type")
            if self[name] != self.entry_id[name]
        }
        if self.work_type_id != self.entry_id.work_type_id:
            vals["work_type_id"] = self.work_type_id.id
        if self.raw_minutes < 0:
            raise UserError(self.env._("Minutes cannot be negative."))
        if vals:
            self.entry_id._correct(vals, self.reason)
        return {"type": "ir.actions.act_window_close"}
