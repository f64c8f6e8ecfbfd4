from odoo import models
from odoo.tools.misc import formatLang

from ..tools.duration import format_minutes

PRICE_FIELDS = ("quantity", "price_unit", "discount", "product_uom_id")


class AccountMoveLine(models.Model):
    """Lines that bill work and are changed by hand."""

    # pylint: disable-next=consider-merging-classes-inherited
    _inherit = "account.move.line"

    def write(self, vals):
        names = vals.keys() & set(PRICE_FIELDS)
        # Accountants change lines of all drafts, and may not read the ledger.
        billed = names and self.sudo().filtered(
            lambda li: li.parent_state == "draft" and li.billing_item_ids
        )
        before = {line: line._get_price_values() for line in billed or ()}
        result = super().write(vals)
        changed = (
            self.sudo()
            .browse()
            .concat(
                *(line for line in before if line._get_price_values() != before[line])
            )
        )
        if changed:
            changed.move_id._note_changes_by_hand(changed)
        return result

    def _get_price_values(self) -> list:
        self.ensure_one()
        return [self[name] for name in PRICE_FIELDS]

    def _get_ledger_net(self) -> float:
        """What the billing items of the line add up to, as the document counts."""
        self.ensure_one()
        net = sum(self.billing_item_ids.mapped("net"))
        return -net if self.move_id.move_type == "out_refund" else net

    def _get_line_net(self) -> float:
        self.ensure_one()
        price = self.price_unit * (1 - self.discount / 100)
        return self.currency_id.round(self.quantity * price)

    def _differs_from_ledger(self) -> bool:
        self.ensure_one()
        items = self.billing_item_ids
        if not items:
            return False
        if self.currency_id.compare_amounts(
            self._get_line_net(), self._get_ledger_net()
        ):
            return True
        if not self._get_minutes_per_unit():
            return False
        return self._get_minutes() != abs(sum(items.mapped("billable_minutes")))

    def _compare_with_ledger(self) -> str:
        self.ensure_one()
        items = self.billing_item_ids
        if self._get_minutes_per_unit():
            minutes = abs(sum(items.mapped("billable_minutes")))
            quantities = [format_minutes(m) for m in (minutes, self._get_minutes())]
        else:
            quantities = [
                formatLang(self.env, quantity)
                for quantity in (sum(items.mapped("quantity")), self.quantity)
            ]
        nets = [
            self.currency_id.format(net)
            for net in (self._get_ledger_net(), self._get_line_net())
        ]
        return self.env._(
            "%(line)s: the billing items say %(worked)s for %(ledger)s, the line says"
            " %(quantity)s for %(net)s.",
            line=(self.name or "").partition("\n")[0],
            worked=quantities[0],
            ledger=nets[0],
            quantity=quantities[1],
            net=nets[1],
        )
