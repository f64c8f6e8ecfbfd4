import re

from odoo import api, models
from odoo.tools import html2plaintext

REVERSE_CHARGE = re.compile(
    r"steuerschuldnerschaft|reverse[ -]charge|autoliquidation|inversione contabile",
    re.IGNORECASE,
)


class TicketBillingParticulars(models.AbstractModel):
    """What an invoice has to name: Sec. 14 (4) and 14a UStG.

    https://www.gesetze-im-internet.de/ustg_1980/__14.html
    The number is given by posting, and the date at the latest then.
    """

    _name = "ticket.billing.particulars"
    _description = "Particulars of an Invoice"

    @api.model
    def _get_missing(self, move) -> list[str]:
        """Names of the particulars that are missing, in the reader's language."""
        return (
            self._get_missing_of_parties(move)
            + self._get_missing_of_service(move)
            + self._get_missing_of_lines(move)
            + self._get_missing_of_taxes(move)
            + self._get_missing_of_correction(move)
        )

    @api.model
    def _get_missing_of_parties(self, move) -> list[str]:
        """Full name and address of both, and a tax number of the supplier."""
        missing = []
        fields = ["street", "zip", "city", "country_id"]
        for partner in (move.company_id.partner_id, move.partner_id):
            labels = partner.fields_get(["name", *fields])
            empty = [name for name in fields if not partner[name]]
            if not (partner.name or partner.commercial_partner_id.name):
                empty.append("name")
            missing += [
                f"{partner.display_name}: {labels[name]['string']}" for name in empty
            ]
        if not move.company_id._get_tax_numbers():
            label = move.company_id.partner_id.fields_get(["vat"])["vat"]["string"]
            missing.append(f"{move.company_id.name}: {label}")
        return missing

    @api.model
    def _get_missing_of_service(self, move) -> list[str]:
        if move.delivery_date or (
            move.service_period_start and move.service_period_end
        ):
            return []
        return [self.env._("date or period of the service")]

    @api.model
    def _get_missing_of_lines(self, move) -> list[str]:
        """Quantity, kind and scope of the service, and its tax rate."""
        lines = move.invoice_line_ids.filtered(lambda li: li.display_type == "product")
        if not lines:
            return [self.env._("what was delivered: there are no lines")]
        missing = []
        for number, line in enumerate(lines, start=1):
            if not (line.name or "").strip():
                missing.append(self.env._("line %s: kind of the service", number))
            if not line.quantity:
                missing.append(self.env._("line %s: quantity", number))
            if not line.tax_ids:
                missing.append(
                    self.env._("line %s: tax rate or reason of exemption", number)
                )
        return missing

    @api.model
    def _get_missing_of_taxes(self, move) -> list[str]:
        """Why no tax is charged, in the words the law wants."""
        taxes = move.invoice_line_ids.tax_ids.flatten_taxes_hierarchy()
        if not taxes.filtered(lambda tax: not tax.amount):
            return []
        text = self._get_printed_notes(move)
        if not self._is_reverse_charge(move, taxes):
            if text.strip():
                return []
            return [
                self.env._(
                    "reason why no tax is charged (for a small business Sec. 19 UStG):"
                    " as legal note of the tax or note of the fiscal position"
                )
            ]
        missing = []
        if not REVERSE_CHARGE.search(text):
            missing.append(
                self.env._(
                    "the words “Steuerschuldnerschaft des Leistungsempfängers” (reverse"
                    " charge): as legal note of the tax or note of the fiscal position"
                )
            )
        if not move.commercial_partner_id.vat:
            label = move.partner_id.fields_get(["vat"])["vat"]["string"]
            missing.append(f"{move.commercial_partner_id.display_name}: {label}")
        return missing

    @api.model
    def _is_reverse_charge(self, move, taxes) -> bool:
        """Whether the customer owes the tax: Sec. 13b, or a business in the EU."""
        if "AE" in taxes.mapped("ubl_cii_tax_category_code"):
            return True
        union = self.env.ref("base.europe").country_ids
        countries = move.company_id.country_id | move.partner_id.country_id
        return len(countries) == 2 and countries <= union

    @api.model
    def _get_printed_notes(self, move) -> str:
        """The notes below the lines of the printed invoice."""
        move = move.with_context(lang=move.partner_id.lang)
        notes = (
            move.fiscal_position_id.note,
            move.taxes_legal_notes,
            move.narration,
        )
        return " ".join(html2plaintext(note) for note in notes if note)

    @api.model
    def _get_missing_of_correction(self, move) -> list[str]:
        if move.move_type != "out_refund" or move._get_corrected_invoices():
            return []
        return [self.env._("the invoice that this credit note corrects")]
