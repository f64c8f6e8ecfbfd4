from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models


class TicketBillingPurchaseOrder(models.Model):
    """A customer's order that work is billed on, up to its limit."""

    _name = "ticket.billing.purchase.order"
    _description = "Purchase Order of a Customer"
    _inherit = ["mail.thread"]
    _order = "partner_id, name"
    _check_company_auto = True

    name = fields.Char(string="Number", required=True, tracking=True, index="trigram")
    active = fields.Boolean(default=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        domain="[('parent_id', '=', False)]",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    limit = fields.Monetary(tracking=True, help="Net amount of the order. 0: no limit.")
    used_before = fields.Monetary(
        help="What was used of it before it was kept here.", tracking=True
    )
    used = fields.Monetary(compute="_compute_used")
    left = fields.Monetary(compute="_compute_used")

    _number_uniq = models.UniqueIndex(
        "(company_id, partner_id, name)",
        "This customer has a purchase order of this number already.",
    )

    @api.depends("used_before", "limit")
    def _compute_used(self):
        billed = self._get_billed()
        for order in self:
            order.used = order.used_before + float(
                billed[order.partner_id, order.company_id, order.name]
            )
            order.left = order.limit - order.used if order.limit else 0

    def _get_billed(self) -> dict:
        """Net of billed items per customer, company and order number."""
        billed = defaultdict(Decimal)
        for partner, company, number, net in (
            self.env["ticket.billing.item"]
            .sudo()
            ._read_group(
                [
                    ("partner_id", "in", self.partner_id.ids),
                    ("purchase_order_ref", "in", self.mapped("name")),
                    ("state", "=", "billed"),
                ],
                ["partner_id", "company_id", "purchase_order_ref"],
                ["net:sum"],
            )
        ):
            billed[partner, company, number] += Decimal(str(net))
        return billed

    @api.model
    def _get_rest(self, contracts) -> dict:
        """What is left per customer, company and number, of orders with a limit."""
        orders = self.sudo().search(
            [
                ("partner_id", "in", contracts.partner_id.ids),
                ("company_id", "in", contracts.company_id.ids),
                ("limit", ">", 0),
            ]
        )
        billed = orders._get_billed() if orders else {}
        return {
            (order.partner_id, order.company_id, order.name): Decimal(str(order.limit))
            - Decimal(str(order.used_before))
            - billed[order.partner_id, order.company_id, order.name]
            for order in orders
        }
