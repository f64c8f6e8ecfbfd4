from collections import Counter

from odoo import api, models

from .ticket_billing_import_base import AFTER_BILLING
from .ticket_billing_link import MODELS


class TicketBillingImport(models.AbstractModel):
    """Brings remote records in: each once, unchanged ones without a write.

    All methods work on batches; queries do not grow with the number of records
    as long as nothing is written.
    """

    _name = "ticket.billing.import"
    _description = "Import of Remote Records"
    _inherit = ["ticket.billing.ticket.import", "ticket.billing.entry.import"]

    @api.model
    def _import(
        self, connector, tickets, entries, agents=(), *, whole=True, gone=()
    ) -> Counter:
        """Import one page; return counts by field name of the sync log.

        If ``whole``, ``entries`` holds all bookings of each of ``tickets``; ``gone``
        are ids of bookings that were deleted.
        """
        counts = Counter()
        self = self._for(connector)
        self._learn_agents(connector, agents)
        self._import_tickets(connector, tickets, entries, counts)
        self._import_entries(connector, entries, counts)
        self._remove_gone(connector, tickets if whole else [], entries, counts)
        self._remove_deleted(connector, gone, counts)
        self._release_mapped(connector)
        self._release_credited(connector)
        return counts

    @api.model
    def _retry(self, connector, held):
        """Import held records again, and the entries of tickets that come in."""
        self = self._for(connector)
        tickets = [row._get_record() for row in held if row.remote_type == "ticket"]
        rows = held.filtered(lambda row: row.remote_type == "time_entry")
        rows |= rows.search(
            [
                ("connector_id", "=", connector.id),
                ("state", "=", "held"),
                ("remote_type", "=", "time_entry"),
                ("parent_remote_id", "in", [ticket.remote_id for ticket in tickets]),
            ]
        )
        gone = rows.filtered(lambda row: row.reason == "deleted_after_billing")
        entries = [row._get_record() for row in rows - gone]
        self._import_tickets(connector, tickets, entries, Counter())
        self._import_entries(connector, entries, Counter())
        links = self._find_links(connector, "time_entry", gone.mapped("remote_id"))
        self._remove_links(connector, links, Counter())

    @api.model
    def _release_mapped(self, connector):
        """Take up what waited for a link that a rule has mapped just now."""
        waiting = self.env["ticket.billing.inbox"].search(
            [
                ("connector_id", "=", connector.id),
                ("state", "=", "held"),
                ("waiting_link_id.state", "=", "mapped"),
                ("reason", "not like", "archived"),
            ]
        )
        if waiting:
            self._retry(connector, waiting)

    @api.model
    def _release_credited(self, connector):
        """Take up changes of what is not billed any more, since it was credited."""
        held = self.env["ticket.billing.inbox"].search(
            [
                ("connector_id", "=", connector.id),
                ("state", "=", "held"),
                ("reason", "in", AFTER_BILLING),
            ]
        )
        free = held.browse()
        for remote_type, rows in held.grouped("remote_type").items():
            links = self._find_links(connector, remote_type, rows.mapped("remote_id"))
            targets = self._find_targets(MODELS[remote_type], links)
            free |= rows.filtered(
                lambda row, found=targets: (
                    row.remote_id not in found
                    or not row._is_kept_by(found[row.remote_id])
                )
            )
        if free:
            self._retry(connector, free)
