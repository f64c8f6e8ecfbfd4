from odoo import models

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import FloatFmt

LINES = ("cac:InvoiceLine", "cac:CreditNoteLine")
COST_CENTER = "cbc:AccountingCost"


def _add_cost_center(line_template: dict) -> dict:
    """Where the schema has it: before the period."""
    rows = list(line_template.items())
    place = list(line_template).index("cac:InvoicePeriod")
    return dict([*rows[:place], (COST_CENTER, {}), *rows[place:]])


class AccountEdiXmlUblBis3(models.AbstractModel):
    """What XRechnung and Peppol invoices say about billed tickets."""

    _inherit = "account.edi.xml.ubl_bis3"

    def _get_document_template(self, vals):
        # Odoo's order of the nodes of a line lacks the cost centre.
        template = super()._get_document_template(vals)
        return {
            name: _add_cost_center(node) if name in LINES else node
            for name, node in template.items()
        }

    def _add_invoice_header_nodes(self, document_node, vals):
        result = super()._add_invoice_header_nodes(document_node, vals)
        invoice = vals["invoice"]
        if not invoice._is_ticket_document():
            return result
        order = invoice._get_order_reference()
        contracts = invoice._get_contract_reference()
        document_node.update(
            {
                COST_CENTER: {"_text": invoice._get_cost_center()},
                "cac:OrderReference": {"cbc:ID": {"_text": order}} if order else None,
                "cac:ContractDocumentReference": (
                    {"cbc:ID": {"_text": contracts}} if contracts else None
                ),
                "cac:InvoicePeriod": self._get_ticket_period_node(
                    (invoice.service_period_start, invoice.service_period_end)
                ),
            }
        )
        if vals["document_type"] == "credit_note":
            document_node["cac:BillingReference"] = [
                {
                    "cac:InvoiceDocumentReference": {
                        "cbc:ID": {"_text": corrected.name},
                        "cbc:IssueDate": {"_text": corrected.invoice_date},
                    }
                }
                for corrected in invoice._get_corrected_invoices()
            ]
        return result

    def _get_party_node(self, vals):
        # A tax scheme without a number breaks UBL-SR-53.
        party_node = super()._get_party_node(vals)
        party_node["cac:PartyTaxScheme"] = [
            node
            for node in party_node["cac:PartyTaxScheme"]
            if node["cbc:CompanyID"]["_text"]
        ]
        return party_node

    def _add_invoice_line_period_nodes(self, line_node, vals):
        result = super()._add_invoice_line_period_nodes(line_node, vals)
        line = vals["base_line"]["record"]
        line_node[COST_CENTER] = {"_text": line._get_cost_center()}
        period = line._get_service_period()
        if period:
            line_node["cac:InvoicePeriod"] = self._get_ticket_period_node(period)
        return result

    def _add_invoice_line_item_nodes(self, line_node, vals):
        result = super()._add_invoice_line_item_nodes(line_node, vals)
        number = vals["base_line"]["record"]._get_ticket_number()
        if number:
            line_node["cac:DocumentReference"] = {
                "cbc:ID": {"_text": number},
                "cbc:DocumentTypeCode": {"_text": "130"},  # invoicing data sheet
            }
        return result

    def _add_invoice_line_price_nodes(self, line_node, vals):
        result = super()._add_invoice_line_price_nodes(line_node, vals)
        exact = vals["base_line"]["record"]._get_price_per_base()
        if exact:
            price, base = exact
            node = line_node["cac:Price"]
            node["cbc:PriceAmount"]["_text"] = FloatFmt(price, min_dp=2, max_dp=6)
            unit = self._get_uom_unece_code(vals["base_line"]["product_uom_id"])
            node["cbc:BaseQuantity"] = {"_text": base, "unitCode": unit}
        return result

    def _get_ticket_period_node(self, period) -> dict | None:
        first, last = period
        if not (first and last):
            return None
        return {"cbc:StartDate": {"_text": first}, "cbc:EndDate": {"_text": last}}
