from odoo import api, models
from odoo.tools import SQL


class TicketBillingFlatFee(models.Model):
    """Flat fees that were billed stay as they are."""

    _name = "ticket.billing.flat.fee"
    _inherit = ["ticket.billing.flat.fee", "ticket.billing.price.mixin"]

    _price_first_day = "valid_from"
    _price_last_day = "valid_to"
    _price_value = "price"

    @api.model
    def _get_price_fields(self) -> set[str]:
        return {
            "category_id", "product_id", "price", "limited", "included_minutes",
            "contract_id",
        }  # fmt: skip

    def _get_used_condition(self) -> SQL:
        self.ensure_one()
        return self._is_explained_by(code="flat_fee", key=self.id)
