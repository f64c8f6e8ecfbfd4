from odoo import api, models
from odoo.tools import SQL


class TicketBillingAllotment(models.Model):
    """Allotments that were used stay as they are."""

    _name = "ticket.billing.allotment"
    _inherit = ["ticket.billing.allotment", "ticket.billing.price.mixin"]

    _price_first_day = "date_start"
    _price_last_day = "date_end"

    @api.model
    def _get_price_fields(self) -> set[str]:
        return {
            "unit", "hours", "amount", "ticket_quantity", "count_on",
            "period", "first_period", "carry_over", "carry_over_limit",
            "carry_over_periods", "work_type_ids", "basis", "overage",
            "overage_price", "overage_surcharges", "price", "contract_id",
        }  # fmt: skip

    def _get_used_condition(self) -> SQL:
        self.ensure_one()
        return SQL("item.allotment_id = %s", self.id)
