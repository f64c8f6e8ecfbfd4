from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

#: Field of the ledger that names a record, and the states that count most first.
SOURCES = {"ticket": "ticket_id", "time_entry": "entry_id", "charge": "charge_id"}
RANKING = ("held", "open", "billed", "covered", "written_off")


class TicketBillingIntakeState(models.AbstractModel):
    """Tells a sender what became of its records, up to the invoice."""

    _name = "ticket.billing.intake.state"
    _description = "State of Sent Records"

    @api.model
    def _list_ids(self, connector, table, after, limit) -> list[str]:
        """Return up to ``limit`` ids behind ``after``: what came in or waits."""
        links = self.env["ticket.billing.link"]
        inbox = self.env["ticket.billing.inbox"]
        links.flush_model()
        inbox.flush_model()
        parts = SQL(
            'connector_id = %s AND remote_type = %s AND remote_id COLLATE "C" > %s',
            connector.id,
            table.remote_type,
            after,
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT remote_id FROM (SELECT remote_id FROM %s WHERE %s UNION"
                " SELECT remote_id FROM %s WHERE %s AND state != 'done') AS ids"
                ' ORDER BY remote_id COLLATE "C" LIMIT %s',
                SQL.identifier(links._table),
                parts,
                SQL.identifier(inbox._table),
                parts,
                limit,
            )
        )
        return [remote_id for [remote_id] in rows]

    @api.model
    def _get_states(self, connector, table, remote_ids) -> list[dict]:
        """Return the states of records by the sender's ids, unknown ones left out."""
        importer = self.env["ticket.billing.import"]
        found = importer._find_links(connector, table.remote_type, remote_ids)
        links = {link.remote_id: link for link in found}
        waiting = self.env["ticket.billing.intake"]._get_inbox(
            connector, table, [{"id": remote_id} for remote_id in remote_ids]
        )
        bills = self._get_billing(table, links.values())
        return [
            self._get_state(table, key, links.get(key), waiting.get(key), bills)
            for key in remote_ids
            if key in links or key in waiting
        ]

    @api.model
    def _get_state(self, table, key, link, waiting, bills) -> dict:
        state = {"id": key, "state": link.state if link else "unmapped"}
        if table.remote_type != "customer":
            state["state"] = "accepted" if state["state"] == "mapped" else "removed"
        if waiting:
            state["state"] = "held" if waiting.state == "held" else "dismissed"
            state |= {"reason": waiting.reason, "message": waiting.message}
        if table.remote_type in SOURCES and link and link.state == "mapped":
            state["billing"] = bills[link.res_id]
        return state

    @api.model
    def _get_billing(self, table, links) -> dict[int, dict]:
        """Return where the records behind ``links`` stand in billing, by their ids."""
        source = SOURCES.get(table.remote_type)
        if not source:
            return {}
        ids = [link.res_id for link in links if link.state == "mapped"]
        items = self.env["ticket.billing.item"].search(
            [(source, "in", ids), ("live", "=", True)]
        )
        by_source = defaultdict(items.browse)
        for item in items:
            by_source[item[source].id] |= item
        return {key: self._summarise(by_source[key]) for key in ids}

    @api.model
    def _summarise(self, items) -> dict:
        """Return the state that counts most, with what there is to say about it."""
        states = set(items.mapped("state"))
        state = next((name for name in RANKING if name in states), "open")
        billing = {"state": state}
        shown = items.filtered(lambda item: item.state == state and item.reason)[:1]
        if shown:
            billing["reason"] = shown.reason
            if shown.message:
                billing["message"] = shown.message
        posted = items.invoice_id.filtered(lambda move: move.state == "posted")
        billing["invoices"] = sorted(posted.mapped("name"))
        return billing
