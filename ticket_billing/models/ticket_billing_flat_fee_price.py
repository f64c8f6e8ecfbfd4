from odoo import api, models


class TicketBillingFlatFee(models.Model):
    """Changes are noted in the contract; what was billed keeps its price."""

    _name = "ticket.billing.flat.fee"
    _inherit = ["ticket.billing.flat.fee", "ticket.billing.price.mixin"]

    @api.model
    def _get_price_fields(self) -> set[str]:
        return {"category_id", "product_id", "price", "limited", "included_minutes"}
