from odoo import fields, models


class TicketBillingKind(models.Model):
    """A kind of invoice line, to choose some of them in a policy or contract."""

    _name = "ticket.billing.kind"
    _description = "Kind of Billing Item"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)

    _code_uniq = models.UniqueIndex("(code)", "This kind exists already.")

    def _get_codes(self) -> frozenset[str] | None:
        """Codes of the chosen kinds; ``None`` where all count."""
        return frozenset(self.mapped("code")) or None
