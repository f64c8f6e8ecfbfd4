from odoo import api, fields, models
from odoo.exceptions import UserError


class TicketBillingCharge(models.Model):
    _name = "ticket.billing.charge"
    _description = "Charge"
    _order = "date desc, id desc"

    name = fields.Char(
        string="Description",
        compute="_compute_name",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    ticket_id = fields.Many2one(
        "helpdesk.ticket", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="ticket_id.company_id", store=True)
    contract_id = fields.Many2one(
        related="ticket_id.billing_contract_id", store=True, index=True
    )
    kind = fields.Selection(
        [("material", "Material"), ("travel", "Travel"), ("expense", "Expense")],
        required=True,
        default="material",
    )
    product_id = fields.Many2one("product.product", required=True)
    date = fields.Date(required=True, default=fields.Date.context_today)
    quantity = fields.Float(digits="Product Unit", default=1.0, required=True)
    price_unit = fields.Float(
        string="Unit price",
        digits="Product Price",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        help="Sales price per unit in the currency of the contract.",
    )
    billing_type = fields.Selection(
        [
            ("billable", "Billable"),
            ("internal", "Internal"),
            ("warranty", "Warranty"),
            ("goodwill", "Goodwill"),
        ],
        required=True,
        default="billable",
    )
    billing_item_ids = fields.One2many("ticket.billing.item", "charge_id")

    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "The quantity of a charge must be above 0."
    )

    @api.depends("product_id")
    def _compute_name(self):
        for charge in self:
            charge.name = charge.name or charge.product_id.display_name

    @api.depends("product_id")
    def _compute_price_unit(self):
        for charge in self:
            charge.price_unit = charge.price_unit or charge.product_id.lst_price

    def write(self, vals):
        if not self._get_locked_fields().isdisjoint(vals):
            self._check_unlocked()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self._check_unlocked()

    @api.model
    def _get_locked_fields(self) -> set[str]:
        return {"ticket_id", "date", "quantity", "price_unit", "billing_type", "kind"}

    def _check_unlocked(self):
        locked = self.billing_item_ids.filtered("settled").charge_id
        if locked:
            raise UserError(
                self.env._(
                    "%(charge)s of ticket %(ticket)s is billed already. Credit the"
                    " invoice first, then bill it again.",
                    charge=locked[0].name,
                    ticket=locked[0].ticket_id.number,
                )
            )
