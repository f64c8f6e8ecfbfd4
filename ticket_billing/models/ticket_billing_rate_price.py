from odoo import api, models
from odoo.tools import SQL


class TicketBillingRate(models.Model):
    """Rates that were used stay as they are."""

    _name = "ticket.billing.rate"
    _inherit = ["ticket.billing.rate", "ticket.billing.price.mixin"]

    _price_first_day = "valid_from"
    _price_last_day = "valid_to"
    _price_value = "value"

    @api.model
    def _get_price_fields(self) -> set[str]:
        return {
            "value", "kind", "work_type_id", "employee_id", "ticket_id",
            "contract_id", "currency_id",
        }  # fmt: skip

    def _get_used_condition(self) -> SQL:
        self.ensure_one()
        return SQL(
            "(%s OR %s)",
            self._is_explained_by(code="rate", key=self.id),
            self._is_explained_by(code="rate", base_key=self.id),
        )
