import json
from datetime import date

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date


class TicketBillingPriceMixin(models.AbstractModel):
    """A price of a contract: what was invoiced with it stays, changes are noted."""

    _name = "ticket.billing.price.mixin"
    _description = "Price of a Contract"

    # Fields with the first and the last day of the price; empty: it has none.
    _price_first_day = ""
    _price_last_day = ""
    # Field with the price, where approvers can agree another one backwards.
    _price_value = ""

    # ------------------------------------------------------------------- hooks

    @api.model
    def _get_price_fields(self) -> set[str]:
        """Fields that decide what work costs."""
        return set()

    def _get_used_condition(self) -> SQL:
        """Which billing items were priced with this record."""
        self.ensure_one()
        return SQL("FALSE")

    def _is_explained_by(self, **figures) -> SQL:
        """Condition: one step of the explanation has these figures."""
        return SQL("item.explanation @> %s::jsonb", json.dumps([figures]))

    # ------------------------------------------------------------------ freeze

    @api.model_create_multi
    def create(self, vals_list):
        prices = super().create(vals_list)
        for price in prices:
            price._note_price(self.env._("Price added: %s", price.display_name))
        return prices

    def write(self, vals):
        changes = {price: price._get_price_changes(vals) for price in self}
        for price, changed in changes.items():
            price._check_price_unused(vals, changed)
        before = {
            price: price._format_price_fields(changed)
            for price, changed in changes.items()
        }
        result = super().write(vals)
        for price, changed in changes.items():
            after = price._format_price_fields(changed)
            rows = [
                f"{label}: {before[price][label]} → {after[label]}" for label in after
            ]
            if rows:
                price._note_price(
                    self.env._("Price changed: %s", price.display_name), rows
                )
        return result

    def unlink(self):
        for price in self:
            if price._get_last_used():
                price._refuse_price_change()
        for price in self:
            price._note_price(self.env._("Price removed: %s", price.display_name))
        return super().unlink()

    def _get_price_changes(self, vals) -> list[str]:
        """Price fields that get another value."""
        self.ensure_one()
        days = {self._price_first_day, self._price_last_day} - {""}
        names = (self._get_price_fields() | days).intersection(vals)
        return sorted(
            name for name in names if self._convert_price(name, vals[name])
            != self._convert_price(name, self._fields[name].convert_to_write(
                self[name], self))
        )  # fmt: skip

    def _convert_price(self, name: str, value):
        """Value of a field in a form that can be compared."""
        field = self._fields[name]
        if field.type == "float":
            return round(value or 0.0, 6)
        return field.convert_to_cache(value, self) or False

    def _check_price_unused(self, vals, changed: list[str]):
        if not changed:
            return
        last = self._get_last_used()
        if not last:
            return
        if set(changed) == {self._price_last_day}:
            until = fields.Date.to_date(vals[self._price_last_day])
            if not until or until >= last:
                return
        self._refuse_price_change(last)

    def _refuse_price_change(self, last: date | None = None):
        """Refuse it, unless an approver agrees a price backwards.

        Invoices and their items stay as they are; corrections and released work are
        priced anew. The chatter of the contract tells what was changed.
        """
        if self.env.context.get("billing_price_correction") and (
            self.env.su or self.env.user.has_group("ticket_billing.group_approver")
        ):
            return
        last = last or self._get_last_used()
        raise UserError(
            self.env._(
                "%(price)s was used for invoiced work up to %(day)s and cannot be"
                " changed for the past. Enter a last day of %(day)s or later and add"
                " the new price from the day after.",
                price=self.display_name,
                day=format_date(self.env, last),
            )
        )

    def _get_last_used(self) -> date | None:
        """Last day of work that was invoiced with this price."""
        self.ensure_one()
        if not self._origin:
            return None
        [(day,)] = self._query_used(SQL("MAX(item.work_date)"))
        return day

    def _query_used(self, selected: SQL) -> list[tuple]:
        """What the final billing items say that were priced with this record."""
        self.env["ticket.billing.item"].flush_model()
        self.env["account.move"].flush_model(["state"])
        query = SQL(
            "SELECT %s FROM ticket_billing_item item"
            " LEFT JOIN account_move move ON move.id = item.invoice_id"
            " WHERE item.settled AND item.live AND item.company_id = %s"
            " AND (move.id IS NULL OR move.state = 'posted') AND %s",
            selected,
            self.company_id.id,
            self._get_used_condition(),
        )
        return self.env.execute_query(query)

    # ------------------------------------------------------------------- track

    def _note_price(self, title: str, rows: list[str] | None = None):
        """Note a change of prices in the chatter of the contract."""
        self.ensure_one()
        contract = self.contract_id
        if contract and contract.state != "draft":
            body = Markup("<br/>").join([title, *(rows or [])])
            contract.sudo()._message_log(body=body)

    def _format_price_fields(self, names) -> dict[str, str]:
        """Values of fields in words, by their label."""
        self.ensure_one()
        return {
            self._fields[name]._description_string(self.env): self.env[
                "ticket.billing.procedure"
            ]._format_setting(self, name)
            for name in names
        }
