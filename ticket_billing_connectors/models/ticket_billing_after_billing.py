from odoo import api, models

from ..systems.records import fingerprint
from .ticket_billing_mapping_rule import get_digest

#: What the next run can bill or credit the difference of.
CORRECTABLE = {
    "raw_minutes", "billing_start", "billing_stop", "work_type_id", "billing_type",
    "name",
}  # fmt: skip


class TicketBillingAfterBilling(models.AbstractModel):
    """Ways out for what changed in the ticket system after it was billed."""

    _name = "ticket.billing.after.billing"
    _description = "Changes After Billing"
    _inherit = "ticket.billing.import"

    @api.model
    def _get_corrections(self, connector, rows) -> dict:
        """Return (time entry, values to correct, other changes) by held booking."""
        here = self._for(connector)
        entries = {row: row._get_record() for row in rows}
        known = here._look_around_entries(connector, list(entries.values()))
        found = {}
        for row, entry in entries.items():
            line = known.lines.get(entry.remote_id)
            if not line:
                continue
            if row.reason == "deleted_after_billing":
                found[row] = line, {"raw_minutes": 0}, {}
                continue
            if here._get_entry_reason(known, entry)[0]:
                continue
            values = here._prepare_entry_values(known, entry)
            news = here._get_differences(line, values)
            fitting = {name: news.pop(name) for name in CORRECTABLE & news.keys()}
            found[row] = line, fitting, news
        return found

    @api.model
    def _correct(self, connector, rows):
        """Take held changes over as corrections: what was billed stays, the next run
        bills or credits the difference. Returns the rows that this is no way for."""
        refused = rows.browse()
        corrections = self._get_corrections(connector, rows)
        for row in rows:
            line, values, others = corrections.get(row, (None, {}, {}))
            if not line or others:
                refused |= row
                continue
            deleted = row.reason == "deleted_after_billing"
            line._correct(
                values,
                self.env._("It was deleted in the ticket system.")
                if deleted
                else self.env._("It was changed in the ticket system."),
            )
            self._close_row(connector, row, deleted)
        return refused

    @api.model
    def _close_row(self, connector, row, deleted):
        links = self._find_links(connector, "time_entry", [row.remote_id])
        links = links.with_context(connector_import=True)
        if deleted:
            links.write({"removed": True, "res_id": False, "remote_version": False})
        else:
            entry = row._get_record()
            tickets = self._find_links(connector, "ticket", [entry.ticket_remote_id])
            ruled = connector.rule_ids._apply_to_entries([entry], tickets)
            digest = get_digest(ruled.get(entry.remote_id, {}))
            links.remote_version = fingerprint(entry) + digest
        self.env["ticket.billing.inbox"]._settle(
            connector, "time_entry", [row.remote_id]
        )
