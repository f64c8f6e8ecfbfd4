from odoo import fields, models


class TicketBillingPreviewLine(models.TransientModel):
    """One record that would come in, or one mapping it needs."""

    _name = "ticket.billing.preview.line"
    _description = "Line of a Preview"
    _order = "id"

    preview_id = fields.Many2one(
        "ticket.billing.preview", required=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [
            ("ticket", "Ticket"),
            ("time_entry", "Time entry"),
            ("customer", "Customer"),
            ("agent", "Agent"),
            ("activity", "Activity"),
        ],
        required=True,
    )
    verdict = fields.Selection(
        [
            ("new", "New"),
            ("changed", "Changed"),
            ("unchanged", "Unchanged"),
            ("held", "Held"),
            ("mapped", "Mapped"),
            ("unmapped", "To decide"),
        ],
        required=True,
    )
    remote_name = fields.Char(string="In the ticket system")
    target_name = fields.Char(string="Here")
    title = fields.Char()
    date = fields.Date()
    minutes = fields.Integer()
    agent_name = fields.Char(string="Agent")
    work_type_name = fields.Char(string="Work type")
    contract_name = fields.Char(string="Service contract")
    message = fields.Char(string="Remark")
