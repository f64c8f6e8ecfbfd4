from odoo import fields, models


class TicketBillingFileImportLine(models.TransientModel):
    """What becomes of a row of a file."""

    _name = "ticket.billing.file.import.line"
    _description = "Row of an Imported File"
    _order = "number"
    _rec_name = "number"

    import_id = fields.Many2one(
        "ticket.billing.file.import", required=True, index=True, ondelete="cascade"
    )
    number = fields.Integer(string="Row", readonly=True)
    remote_id = fields.Char(string="ID", readonly=True)
    content = fields.Char(readonly=True)
    outcome = fields.Selection(
        [
            ("new", "New"),
            ("changed", "Changed"),
            ("unchanged", "Unchanged"),
            ("outdated", "Older than what is there"),
            ("held", "Waits"),
            ("dismissed", "Dismissed before"),
            ("wrong", "Wrong"),
        ],
        readonly=True,
    )
    message = fields.Char(readonly=True)
