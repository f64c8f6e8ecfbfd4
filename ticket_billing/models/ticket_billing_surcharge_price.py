from odoo import api, models
from odoo.tools import SQL


class TicketBillingSurcharge(models.Model):
    """Surcharges that were used stay as they are."""

    _name = "ticket.billing.surcharge"
    _inherit = ["ticket.billing.surcharge", "ticket.billing.price.mixin"]

    _price_first_day = "valid_from"
    _price_last_day = "valid_to"
    _price_value = "percent"

    @api.model
    def _get_price_fields(self) -> set[str]:
        return {
            "percent", "whole_day", "time_from", "time_to", "monday",
            "tuesday", "wednesday", "thursday", "friday", "saturday",
            "sunday", "holidays", "contract_id",
        }  # fmt: skip

    def _get_used_condition(self) -> SQL:
        self.ensure_one()
        return SQL(
            "item.contract_id = %s AND EXISTS (SELECT 1 FROM"
            " jsonb_array_elements(item.explanation) step"
            " WHERE step->>'code' = 'window'"
            " AND %s = ANY(string_to_array(step->>'keys', ', ')))",
            self.contract_id.id,
            str(self.id),
        )
