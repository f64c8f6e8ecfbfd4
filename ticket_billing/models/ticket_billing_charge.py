import datetime
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rating import marked_up
from ..rating.money import half_up


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
    pricing = fields.Selection(
        [
            ("price", "Sales price"),
            ("markup", "Cost plus markup"),
            ("cost", "At cost"),
        ],
        required=True,
        default="price",
        help="Cost plus markup: the billing policy of the contract says the markup.",
    )
    price_unit = fields.Float(
        string="Unit price",
        digits="Product Price",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        help="Sales price per unit in the currency of the contract.",
    )
    unit_cost = fields.Float(
        digits="Product Price",
        compute="_compute_unit_cost",
        store=True,
        readonly=False,
        precompute=True,
        groups="ticket_billing.group_agent,ticket_billing.group_auditor",
        help="What one piece cost us.",
    )
    cost_currency_id = fields.Many2one(
        "res.currency",
        string="Currency of the cost",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Costs in another currency are converted at the rate of the day that"
        " the billing policy names.",
    )
    purchase_order_ref = fields.Char(
        string="Purchase order", help="Empty: the purchase order of the ticket."
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
    billing_locked = fields.Boolean(
        compute="_compute_billing_locked",
        store=True,  # so that billing and a change of the charge exclude each other
        help="Settled by an invoice or a billing run.",
    )
    billing_exclusion_ids = fields.One2many("ticket.billing.exclusion", "charge_id")

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

    @api.depends("product_id")
    def _compute_unit_cost(self):
        for charge in self:
            charge.unit_cost = charge.unit_cost or charge.product_id.standard_price

    @api.depends("billing_item_ids.settled")
    def _compute_billing_locked(self):
        for charge in self:
            charge.billing_locked = any(charge.billing_item_ids.mapped("settled"))

    def _get_unit_price(self, invoice_date: datetime.date, contract) -> Decimal | None:
        """Sales price of one piece in the currency and on the terms of ``contract``.

        None where the cost is in a currency without an exchange rate.
        """
        self.ensure_one()
        if self.pricing == "price":
            return Decimal(str(self.price_unit))
        policy = contract.policy_id
        by_invoice = policy.cost_rate_date == "invoice_date"
        day = invoice_date if by_invoice else self.date
        cost = self._get_converted_cost(day, contract.currency_id)
        if cost is None:
            return None
        percent = policy.material_markup if self.pricing == "markup" else 0
        decimals = contract.currency_id.decimal_places
        return marked_up(cost, Decimal(str(percent)), decimals)

    def _get_purchase_order(self) -> str:
        """The customer's order number for this charge."""
        self.ensure_one()
        return self.purchase_order_ref or self.ticket_id._get_charge_order()

    def _get_converted_cost(self, day: datetime.date, target) -> Decimal | None:
        currency = self.cost_currency_id
        cost = Decimal(str(self.unit_cost))
        if currency == target:
            return cost
        company = self.company_id
        rates = []
        for each in (currency, target):
            rate = each._get_known_rate(company, day)
            if rate is None:
                return None
            rates.append(rate)
        # Rates are floats in Odoo: what is beyond 8 decimals is noise.
        return half_up(cost * rates[1] / rates[0], 8)

    def write(self, vals):
        if not self._get_locked_fields().isdisjoint(vals):
            self._check_unlocked()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self._check_unlocked()

    @api.model
    def _get_locked_fields(self) -> set[str]:
        return {
            "ticket_id", "date", "quantity", "price_unit", "billing_type", "kind",
            "pricing", "unit_cost", "cost_currency_id",
        }  # fmt: skip

    def _check_unlocked(self):
        locked = self.filtered("billing_locked")
        if locked:
            raise UserError(
                self.env._(
                    "%(charge)s of ticket %(ticket)s is billed already. Credit the"
                    " invoice first, then bill it again.",
                    charge=locked[0].name,
                    ticket=locked[0].ticket_id.number,
                )
            )
