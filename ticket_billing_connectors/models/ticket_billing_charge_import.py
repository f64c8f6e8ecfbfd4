import datetime
from collections import Counter

from odoo import api, models

from ..intake.records import RemoteCharge
from ..systems.records import EARLIEST, fingerprint
from .ticket_billing_import_base import Batch


class TicketBillingChargeImport(models.AbstractModel):
    _name = "ticket.billing.charge.import"
    _description = "Import of Remote Charges"
    _inherit = "ticket.billing.match"

    @api.model
    def _import_charges(self, connector, charges, counts):
        """Bring charges in; their tickets were imported before."""
        batch = Batch("charge", "charge", counts)
        links = self._find_links(connector, "charge", [c.remote_id for c in charges])
        ticket_ids = {charge.ticket_remote_id for charge in charges}
        tickets = self._find_targets(
            "helpdesk.ticket", self._find_links(connector, "ticket", ticket_ids)
        )
        products = self._match_products(connector, {c.product_key for c in charges})
        records = self._find_targets("ticket.billing.charge", links)
        by_id = {link.remote_id: link for link in links}
        for charge in charges:
            reason, waits_for = self._get_charge_reason(charge, tickets, products)
            record, link = records.get(charge.remote_id), by_id.get(charge.remote_id)
            version = fingerprint(charge)
            if record and link.remote_version == version:
                batch.settle(charge, "unchanged")
            elif reason:
                batch.hold(charge, reason, link=waits_for)
            else:
                product = products[charge.product_key].record
                values = self._prepare_charge_values(
                    charge, tickets[charge.ticket_remote_id], product
                )
                facts = {
                    "parent_remote_id": charge.ticket_remote_id,
                    "remote_version": version,
                }
                self._store_charge(batch, charge, record, values, link, facts)
        self._create_new(connector, self.env["ticket.billing.charge"], batch)

    @api.model
    def _store_charge(self, batch, charge, record, values, link, facts):
        if not record:
            batch.new.append((charge, values, link, facts))
        elif self._update_charge(record, values):
            link.write(facts)
            batch.settle(charge, "changed")
        else:
            batch.hold(charge, "changed_after_billing")

    @api.model
    def _get_charge_reason(self, charge, tickets, products):
        """Return (reason code, link waited for); '' if the charge can come in."""
        day = datetime.date.fromisoformat(charge.day)
        latest = datetime.date.today() + datetime.timedelta(days=1)
        if not EARLIEST.date() <= day <= latest:
            return "invalid_record", None
        if charge.ticket_remote_id not in tickets:
            return "ticket_held", None
        match = products[charge.product_key]
        return match.reason, match.link

    @api.model
    def _prepare_charge_values(self, charge, ticket, product) -> dict:
        values = {
            "ticket_id": ticket.id,
            "product_id": product.id,
            "kind": charge.kind,
            "date": datetime.date.fromisoformat(charge.day),
            "quantity": float(charge.quantity),
            "pricing": charge.pricing,
            "name": charge.text or product.display_name,
            "purchase_order_ref": charge.purchase_order,
        }
        if charge.unit_price:
            values["price_unit"] = float(charge.unit_price)
        if charge.unit_cost:
            values["unit_cost"] = float(charge.unit_cost)
            values["cost_currency_id"] = ticket.company_id.currency_id.id
        return values

    @api.model
    def _update_charge(self, record, values) -> bool:
        """Write what differs; False when billing has frozen the charge."""
        news = self._get_differences(record, values)
        if record.billing_locked:
            return not news
        if news:
            record.write(news)
        return True

    @api.model
    def _remove_charges(self, connector, remote_ids):
        """Remove charges that were withdrawn; hold billed ones."""
        batch = Batch("charge", "charge", Counter())
        links = self._find_links(connector, "charge", remote_ids)
        records = self._find_targets("ticket.billing.charge", links)
        for remote_id, record in records.items():
            gone = self._prepare_gone_charge(remote_id, record)
            if self._unlink_charge(record):
                # The link stays as a tombstone.
                link = links.filtered(lambda li, key=remote_id: li.remote_id == key)
                link.write({"removed": True, "res_id": False, "remote_version": False})
                batch.settle(gone, "removed")
            else:
                batch.hold(gone, "deleted_after_billing")
        batch.settled += [key for key in remote_ids if key not in records]
        self._close(connector, batch)

    @api.model
    def _unlink_charge(self, record) -> bool:
        """Delete a charge; False when billing keeps it."""
        proposals = record.billing_item_ids.filtered(
            lambda item: item.live and not item.settled
        )
        # What was on an invoice is kept, also when it was credited.
        if record.billing_locked or record.billing_item_ids - proposals:
            return False
        proposals.unlink()
        record.unlink()
        return True

    @api.model
    def _prepare_gone_charge(self, remote_id, record):
        """Describe a withdrawn charge by what is known here."""
        return RemoteCharge(
            remote_id=remote_id,
            ticket_remote_id="",
            product_key=record.product_id.display_name,
            day=record.date.isoformat(),
            quantity=f"{record.quantity:.2f}",
            ticket_number=record.ticket_id.number,
        )

    @api.model
    def _match_products(self, connector, keys) -> dict:
        """Return a Match by product key."""
        keys = {key for key in keys if key}
        links = self._ensure_links(
            connector, "product", {key: {"remote_name": key} for key in keys}
        )
        self._map_links(links, self._get_product_rules(links))
        return self._get_matches(links, "product")

    @api.model
    def _get_product_rules(self, links):
        keys = links.mapped("remote_id")
        products = self.env["product.product"].search(
            [
                ("company_id", "in", [False, *links.company_id.ids]),
                "|",
                "|",
                ("default_code", "in", keys),
                ("barcode", "in", keys),
                ("name", "in", keys),
            ]
        )

        def fitting(field):
            return lambda keys: {
                key: products.filtered(lambda p, k=key: p[field] == k) for key in keys
            }

        return [
            ("code", fitting("default_code")),
            ("barcode", fitting("barcode")),
            ("name", fitting("name")),
        ]


# pylint: disable=consider-merging-classes-inherited
class TicketBillingImport(models.AbstractModel):
    """Held charges are tried again like held time entries."""

    _name = "ticket.billing.import"
    _inherit = ["ticket.billing.import", "ticket.billing.charge.import"]

    @api.model
    def _retry(self, connector, held):
        """Import held records again, and the charges of tickets that come in."""
        charges = held.filtered(lambda row: row.remote_type == "charge")
        others = held - charges
        result = super()._retry(connector, others)
        charges |= held.search(
            [
                ("connector_id", "=", connector.id),
                ("state", "=", "held"),
                ("remote_type", "=", "charge"),
                ("parent_remote_id", "in", others.mapped("remote_id")),
            ]
        )
        self = self._for(connector)
        gone = charges.filtered(lambda row: row.reason == "deleted_after_billing")
        records = [row._get_record() for row in charges - gone]
        if records:
            self._import_charges(connector, records, Counter())
        if gone:
            self._remove_charges(connector, gone.mapped("remote_id"))
        return result
