from odoo import api, fields, models
from odoo.tools import float_compare, float_round
from odoo.tools.misc import formatLang

from ..tools.duration import format_minutes
from ..tools.printable import printable

PRICE_DECIMALS = 6
# What Odoo writes again to the lines of new invoices.
REPEATED = {"partner_id", "name", "tax_base_amount", "balance", "amount_currency"}


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    billing_item_ids = fields.One2many(
        "ticket.billing.item",
        "invoice_line_id",
        string="Billing items",
        help="The work that this line bills.",
    )
    credited_billing_item_ids = fields.Many2many(
        "ticket.billing.item",
        "ticket_billing_item_credit_line_rel",
        "line_id",
        "item_id",
        string="Credited billing items",
        copy=False,
    )

    cost_center_ref = fields.Char(
        string="Cost centre",
        help="The customer's own cost centre for the work on this line.",
    )
    billing_hours = fields.Char(
        string="Hours",
        compute="_compute_billing_hours",
        compute_sudo=True,
        help="Billed hours and minutes, whatever the unit of the line.",
    )

    @api.depends(
        "quantity", "product_uom_id", "billing_item_ids", "credited_billing_item_ids"
    )
    def _compute_billing_hours(self):
        for line in self:
            line.billing_hours = line._get_printed_hours()

    def write(self, vals):
        # Odoo gives the lines of each new invoice their customer and their taxes once
        # more, and then looks for what that changes.
        if vals.keys() <= REPEATED and self.move_id.billing_run_id:
            if all(line._has_values(vals) for line in self):
                return True
        return super().write(vals)

    def _has_values(self, vals: dict) -> bool:
        """Whether these values, as they would be stored, are there already."""
        self.ensure_one()
        return all(
            self._fields[name].convert_to_cache(value, self)
            == self._fields[name].convert_to_cache(self[name], self)
            for name, value in vals.items()
        )

    def _copy_data_extend_business_fields(self, values):
        # A credit note knows the work it takes back, its own reversal (or the draft
        # in place of the invoice) what it bills again.
        res = super()._copy_data_extend_business_fields(values)
        items = self._get_billing_items()
        if items:
            values["credited_billing_item_ids"] = [(6, 0, items.ids)]
        return res

    def unlink(self):
        items = self.sudo().billing_item_ids
        res = super().unlink()
        items._reopen_corrections()
        return res

    def _get_credits(self) -> list:
        """Lines that take the work of this line back (1), or bill it again (-1).

        Credit notes count when they are posted; what bills again counts at once, as
        every invoice does.
        """
        self.ensure_one()
        credits = []
        for line in self.billing_item_ids.credit_line_ids.sorted("id"):
            if line._bills_again(self):
                if line.parent_state != "cancel":
                    credits.append((line, -1))
            elif line.parent_state == "posted":
                credits.append((line, 1))
        return credits

    def _bills_again(self, billed) -> bool:
        """Whether this line bills what was credited of the line ``billed``."""
        return self.move_id.move_type == billed.move_id.move_type

    def _is_credited(self) -> bool:
        """Whether what was credited is worth all of this line."""
        self.ensure_one()
        credits = self._get_credits()
        total = sum(sign * credit.price_subtotal for credit, sign in credits)
        if self.currency_id.is_zero(self.price_subtotal):
            return sum(sign for _credit, sign in credits) > 0
        rest = self.price_subtotal - total
        return self.currency_id.is_zero(rest) or rest * self.price_subtotal < 0

    def _get_credited_minutes(self) -> dict:
        """Minutes that are credited per item of this line.

        What was added to the line by hand is taken back first, then the latest work
        of what the credit note names.
        """
        self.ensure_one()
        items = self.billing_item_ids.sorted(lambda i: (i.work_date, i.id))
        worked = {item: abs(item.billable_minutes) for item in items}
        by_hand = max(self._get_minutes() - sum(worked.values()), 0)
        credited = dict.fromkeys(items, 0)
        for credit, sign in self._get_credits():
            if not credit._takes_minutes_of(self):
                continue
            minutes = credit._get_minutes()
            named = items & credit.credited_billing_item_ids
            if sign > 0:
                if named == items:
                    taken = min(by_hand, minutes)
                    by_hand -= taken
                    minutes -= taken
                for item in reversed(named):
                    taken = min(worked[item] - credited[item], minutes)
                    credited[item] += taken
                    minutes -= taken
            else:
                for item in named:
                    given = min(credited[item], minutes)
                    credited[item] -= given
                    minutes -= given
                by_hand += minutes
        return {
            item: minutes if item.billable_minutes > 0 else -minutes
            for item, minutes in credited.items()
        }

    def _get_minutes(self) -> int:
        """Minutes on this line, whichever way they count."""
        return abs(round(self.quantity * self._get_minutes_per_unit()))

    def _takes_minutes_of(self, line) -> bool:
        """Whether this line is about minutes of ``line``.

        A credit at another price takes back money, but no minutes. An invoice in
        place of the credited one bills its minutes at whatever price.
        """
        is_replacement = self._bills_again(line) and not self.move_id.reversed_entry_id
        return is_replacement or self._has_price_of(line)

    def _has_price_of(self, line) -> bool:
        """Whether the hour costs the same on both lines."""
        per_unit = self._get_minutes_per_unit() or 1
        price = line.price_unit / (line._get_minutes_per_unit() or 1)
        return not float_compare(self.price_unit / per_unit, price, 6)

    def _get_minutes_per_unit(self) -> int:
        """Minutes of one unit of a line that bills work, else 0."""
        self.ensure_one()
        if not (self.billing_item_ids or self.credited_billing_item_ids):
            return 0
        if self.product_uom_id == self.env.ref("uom.product_uom_minute"):
            return 1
        if self.product_uom_id == self.env.ref("uom.product_uom_hour"):
            return 60
        return 0

    # --------------------------------------------------------------- e-invoice

    def _get_billing_items(self):
        """Items that these lines bill or take back."""
        return self.billing_item_ids | self.credited_billing_item_ids

    def _get_service_period(self):
        """First and last day of the work on this line; none for other lines."""
        self.ensure_one()
        items = self._get_billing_items()
        if not items:
            return None
        days = items.mapped("work_date")
        days += [i.fee_id._get_last_day(i.work_date) for i in items if i.fee_id]
        return min(days), max(days)

    def _get_ticket_number(self) -> str | None:
        """Number of the one ticket whose work this line bills."""
        self.ensure_one()
        ticket = self._get_billing_items().ticket_id
        return ticket.number if len(ticket) == 1 else None

    def _get_cost_center(self) -> str | None:
        """The customer's cost centre, where the lines have different ones."""
        self.ensure_one()
        if not self.cost_center_ref or self.move_id._has_one_cost_center():
            return None
        return self.cost_center_ref

    def _get_price_per_base(self) -> tuple[float, int] | None:
        """Exact price, and the number of units it is for.

        A price per minute has fractions of a cent: the price of 60 minutes has not.
        """
        self.ensure_one()
        if not self._get_billing_items() or any(self.tax_ids.mapped("price_include")):
            return None
        base = 60 if self._get_minutes_per_unit() == 1 else 1
        return float_round(abs(self.price_unit) * base, PRICE_DECIMALS), base

    # ------------------------------------------------------------------- print

    def _get_printed_name(self) -> str:
        """Text as printed: without the characters that would be empty boxes."""
        return printable(self.name)

    def _get_printed_hours(self) -> str | None:
        """Hours and minutes as printed, for example 0:20; none for other lines."""
        per_unit = self._get_minutes_per_unit()
        return format_minutes(round(self.quantity * per_unit)) if per_unit else None

    def _get_printed_price(self) -> str:
        """Price per hour as printed, whatever the unit of the line."""
        price = self.price_unit * 60 / self._get_minutes_per_unit()
        return formatLang(self.env, price, currency_obj=self.currency_id)

    def action_view_billing_items(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_item_action"
        )
        action["domain"] = [("id", "in", self._get_billing_items().ids)]
        action["context"] = {}
        return action
