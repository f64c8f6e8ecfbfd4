from collections import Counter
from datetime import UTC

from odoo import api, models
from odoo.tools import html2plaintext

from ..systems.records import RemoteTicket, RemoteTimeEntry
from ..systems.time_formats import noon
from .ticket_billing_ticket_import import QUIET

#: Field of the links of tickets and time entries that names the mapping they follow.
FOLLOWERS = {
    "customer": "customer_link_id",
    "agent": "agent_link_id",
    "activity": "activity_link_id",
}


def aware(value):
    return value.replace(tzinfo=UTC) if value else None


class TicketBillingRemap(models.AbstractModel):
    """Moves what came in when the mapping it came by is changed or taken back.

    What is here is imported once more, by the new mapping: so what is not billed
    moves, and billed work is held for a decision like any change from outside.
    """

    _name = "ticket.billing.remap"
    _description = "Following of Changed Mappings"
    _inherit = "ticket.billing.import"

    @api.model
    def _follow(self, links):
        """Let what came in by ``links`` follow them."""
        groups = links.grouped(lambda link: (link.connector_id, link.remote_type))
        for (connector, remote_type), same in groups.items():
            followers = self._get_followers(same, remote_type)
            if followers:
                here = self._for(connector)
                here._move(connector, remote_type, followers.with_env(here.env))
                connector._update_activity()

    @api.model
    def _get_followers(self, links, remote_type):
        field = FOLLOWERS.get(remote_type)
        if not field:
            return links.browse()
        return links.search([(field, "in", links.ids), ("state", "=", "mapped")])

    @api.model
    def _move(self, connector, remote_type, followers):
        records = {link: link._get_target() for link in followers}
        followers = followers.filtered(lambda link: records[link])
        if remote_type == "customer":
            self._move_tickets(connector, followers, records)
        else:
            self._move_entries(connector, followers, records)

    @api.model
    def _move_tickets(self, connector, links, records):
        for link in links.filtered(lambda li: li.customer_link_id.state != "mapped"):
            ticket = records[link]
            if not ticket._is_billing_settled():
                ticket.with_context(**QUIET).partner_id = False
        moved = links.filtered(lambda li: li.customer_link_id.state == "mapped")
        tickets = [self._describe_ticket(link, records[link]) for link in moved]
        # Who the customer is changes nothing that rules are about.
        ruled = {link.remote_id: link.entry_rules for link in moved if link.entry_rules}
        moved.remote_version = False
        self._import_tickets(connector, tickets, [], Counter(), ruled)

    @api.model
    def _move_entries(self, connector, links, records):
        entries = [self._describe_entry(link, records[link]) for link in links]
        for link in links:
            line = records[link]
            decided = {link.agent_link_id.state, link.activity_link_id.state}
            if "unmapped" in decided and self._unlink_line(line):
                link.res_id = False
        links.remote_version = False
        self._import_entries(connector, entries, Counter())

    @api.model
    def _describe_ticket(self, link, ticket) -> RemoteTicket:
        """Return a ticket as the remote system told it, by what is known here."""
        return RemoteTicket(
            remote_id=link.remote_id,
            number=link.remote_number or "",
            title=ticket.name,
            description=html2plaintext(ticket.description or ""),
            closed=ticket.closed,
            closed_at=aware(ticket.closed_date),
            customer_key=link.customer_link_id.remote_id,
            customer_name=link.customer_link_id.remote_name or "",
            contact_name=ticket.partner_name or "",
            contact_email=ticket.partner_email or "",
            url=link.remote_url or "",
            purchase_order=ticket.purchase_order_ref or "",
        )

    @api.model
    def _describe_entry(self, link, line) -> RemoteTimeEntry:
        """Return a booking as the remote system told it, by what is known here."""
        start = aware(line.billing_start)
        return RemoteTimeEntry(
            remote_id=link.remote_id,
            ticket_remote_id=link.parent_remote_id or "",
            minutes=line.raw_minutes,
            raw_value=str(line.raw_minutes),
            ticket_number=link.remote_number or "",
            booked_at=start or noon(line.date),
            start=start,
            stop=aware(line.billing_stop),
            agent_key=link.agent_link_id.remote_id or "",
            activity=link.activity_link_id.remote_id or "",
            text=line.name or "",
        )
