from odoo import fields, models

FIELDS = [
    ("id", "ID"),
    ("ticket", "ID of the ticket"),
    ("title", "Title"),
    ("number", "Number"),
    ("description", "Description"),
    ("state", "State"),
    ("closed", "Closed"),
    ("closed_at", "Closed at"),
    ("created_at", "Opened at"),
    ("customer", "ID of the customer"),
    ("customer_name", "Name of the customer"),
    ("contact_name", "Who asked"),
    ("contact_email", "E-mail of who asked"),
    ("agent", "Agent"),
    ("agent_name", "Name of the agent"),
    ("agent_email", "E-mail of the agent"),
    ("queue", "Queue"),
    ("purchase_order", "Purchase order"),
    ("merged_into", "Merged into"),
    ("minutes", "Worked time"),
    ("start", "Start"),
    ("stop", "End"),
    ("date", "Date"),
    ("activity", "Activity"),
    ("text", "Text"),
    ("internal", "Internal"),
    ("product", "Product"),
    ("quantity", "Quantity"),
    ("kind", "Kind of charge"),
    ("pricing", "Pricing"),
    ("unit_price", "Unit price"),
    ("unit_cost", "Unit cost"),
    ("changed_at", "Changed at"),
]


class TicketBillingFileImportColumn(models.TransientModel):
    """A column of a file, and the field it holds."""

    _name = "ticket.billing.file.import.column"
    _description = "Column of an Imported File"
    _order = "position, id"
    _rec_name = "heading"

    import_id = fields.Many2one(
        "ticket.billing.file.import", required=True, index=True, ondelete="cascade"
    )
    position = fields.Integer(required=True)
    heading = fields.Char(readonly=True)
    example = fields.Char(readonly=True)
    field_name = fields.Selection(
        FIELDS, string="Field", help="Empty: the column is left out."
    )
