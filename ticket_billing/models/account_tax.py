from odoo import api, models


class AccountTax(models.Model):
    _inherit = "account.tax"

    @api.model
    def _add_tax_details_in_base_line(self, base_line, company, rounding_method=None):
        """Lines of billed work count with their rounded net, as they are printed.

        Odoo adds up unrounded line amounts: the total of an invoice can then miss
        the sum of its lines by cents, and its e-invoice moves such a cent to a line
        that no longer multiplies out. The net of an invoice is the sum of its line
        nets (EN 16931, BR-CO-10); taxes stay rounded as the company wants it.
        """
        if not self._is_billed_line(base_line) or self._has_fixed_tax(base_line):
            return super()._add_tax_details_in_base_line(
                base_line, company, rounding_method
            )
        given = {key: base_line[key] for key in ("price_unit", "quantity", "discount")}
        amount = given["price_unit"] * given["quantity"]
        amount *= 1 - given["discount"] / 100
        amount = base_line["currency_id"].round(amount)
        base_line.update(price_unit=amount, quantity=1.0, discount=0.0)
        result = super()._add_tax_details_in_base_line(
            base_line, company, rounding_method
        )
        base_line.update(given)
        return result

    @api.model
    def _is_billed_line(self, base_line) -> bool:
        """Whether this is a product line of a document that bills tickets."""
        record = base_line["record"]
        return base_line.get("is_billed") or (
            isinstance(record, models.BaseModel)
            and record._name == "account.move.line"
            and record.display_type == "product"
            and record.move_id._is_ticket_document()
        )

    @api.model
    def _has_fixed_tax(self, base_line) -> bool:
        """Amounts per piece depend on the quantity, which must stay then."""
        types = {tax.amount_type for tax in base_line["tax_ids"]}
        if "group" in types:
            taxes = base_line["tax_ids"].flatten_taxes_hierarchy()
            types = set(taxes.mapped("amount_type"))
        return not types.isdisjoint(("fixed", "code"))
