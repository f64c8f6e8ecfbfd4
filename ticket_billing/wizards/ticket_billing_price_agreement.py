from odoo import api, fields, models


class TicketBillingPriceAgreement(models.TransientModel):
    """Agrees another price for work that is billed, and shows what that concerns."""

    _name = "ticket.billing.price.agreement"
    _description = "Price Agreed Backwards"

    res_model = fields.Selection(
        [
            ("ticket.billing.rate", "Rate"),
            ("ticket.billing.surcharge", "Surcharge"),
            ("ticket.billing.flat.fee", "Flat fee"),
        ],
        string="Kind",
        required=True,
        readonly=True,
    )
    res_id = fields.Many2oneReference(
        model_field="res_model", required=True, readonly=True
    )
    price_name = fields.Char(string="Price", compute="_compute_price")
    value_before = fields.Float(
        string="So far", digits=(16, 4), compute="_compute_price"
    )
    value = fields.Float(string="Agreed", digits=(16, 4), required=True)
    date_from = fields.Date(
        string="From",
        help="First day of work at the new price. Empty: for all work at this price.",
    )
    reason = fields.Char(required=True, help="Noted in the contract.")
    entry_count = fields.Integer(
        string="Billed time entries",
        compute="_compute_entry_count",
        help="The next run bills or credits their difference.",
    )

    @api.depends("res_model", "res_id")
    def _compute_price(self):
        for wizard in self:
            price = wizard._get_price()
            wizard.price_name = price.display_name
            wizard.value_before = price[price._price_value]

    @api.depends("res_model", "res_id", "date_from")
    def _compute_entry_count(self):
        for wizard in self:
            entries = wizard._get_price()._get_billed_entries(wizard.date_from)
            wizard.entry_count = len(entries)

    def _get_price(self):
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id)

    def action_agree(self):
        self.env["ticket.billing.rate"]._check_may_agree_backwards()
        self.ensure_one()
        self._get_price()._agree_backwards(self.value, self.date_from, self.reason)
        return {"type": "ir.actions.act_window_close"}
