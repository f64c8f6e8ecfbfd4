from odoo import models
from odoo.tools import float_compare

# The PDF says in its metadata that it holds this profile.
EN16931 = "urn:cen.eu:en16931:2017"


class AccountEdiXmlCii(models.AbstractModel):
    """What ZUGFeRD / Factur-X invoices say about billed tickets."""

    _inherit = "account.edi.xml.cii"

    def _export_invoice_vals(self, invoice):
        vals = super()._export_invoice_vals(invoice)
        if not invoice._is_ticket_document():
            return vals
        vals.update(
            document_context_id=EN16931,
            purchase_order_reference=invoice._get_order_reference(),
            contract_reference=invoice._get_contract_reference(),
            cost_center=invoice._get_cost_center(),
            billing_start=invoice.service_period_start,
            billing_end=invoice.service_period_end,
            corrected_invoices=(
                invoice._get_corrected_invoices()
                if invoice.move_type == "out_refund"
                else ()
            ),
        )
        for line_vals in vals["invoice_line_vals_list"]:
            line_vals.update(self._get_ticket_line_vals(line_vals["line"]))
        return vals

    def _get_ticket_line_vals(self, line) -> dict:
        """Period, ticket and exact price of one line, for the template."""
        first, last = line._get_service_period() or (None, None)
        vals = {
            "billing_start": first,
            "billing_end": last,
            "ticket_number": line._get_ticket_number(),
            "cost_center": line._get_cost_center(),
        }
        if exact := line._get_price_per_base():
            price, base = exact
            net = price * (100 - line.discount) / 100
            vals.update(
                price_base=base,
                gross_price_total_unit=price,
                price_subtotal_unit=net,
                price_discount_unit=price - net,
                price_decimals=self._get_price_decimals(price, net),
            )
        return vals

    def _get_price_decimals(self, *prices) -> int:
        """Two, unless the prices have more."""
        whole = all(not float_compare(price, round(price, 2), 6) for price in prices)
        return 2 if whole else 6
