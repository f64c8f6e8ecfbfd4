from odoo import api, models
from odoo.tools import SQL


class TicketBillingFee(models.Model):
    """Recurring fees that were billed stay as they are."""

    _name = "ticket.billing.fee"
    _inherit = ["ticket.billing.fee", "ticket.billing.price.mixin"]

    _price_first_day = "date_start"
    _price_last_day = "date_end"

    @api.model
    def _get_price_fields(self) -> set[str]:
        return {
            "product_id", "quantity", "price_unit", "period", "advance",
            "contract_id",
        }  # fmt: skip

    def _get_used_condition(self) -> SQL:
        self.ensure_one()
        return SQL("item.fee_id = %s", self.id)
