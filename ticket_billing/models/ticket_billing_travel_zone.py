from odoo import api, fields, models

from ..tools.number import format_number


class TicketBillingTravelZone(models.Model):
    _name = "ticket.billing.travel.zone"
    _description = "Travel Zone"
    _order = "policy_id, up_to_km"

    policy_id = fields.Many2one(
        "ticket.billing.policy", required=True, index=True, ondelete="cascade"
    )
    up_to_km = fields.Float(
        string="Up to km",
        digits=(9, 2),
        required=True,
        help="One way; the limit belongs to the zone.",
    )
    price = fields.Float(digits=(16, 4), required=True, help="Per visit and vehicle.")

    _limit_uniq = models.UniqueIndex(
        "(policy_id, up_to_km)", "A policy has two travel zones of the same limit."
    )
    _positive = models.Constraint(
        "CHECK(up_to_km > 0 AND price >= 0)",
        "A travel zone needs a limit above 0 km and a price.",
    )

    @api.depends("up_to_km")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for zone in self:
            zone.display_name = self.env._(
                "up to %(distance)s km",
                distance=format_number(self.env, zone.up_to_km),
            )
