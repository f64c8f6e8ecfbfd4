import dataclasses
from datetime import UTC
from typing import NamedTuple

from odoo import api, models
from odoo.tools import plaintext2html

from ..systems.records import fingerprint, ticket_problem
from .ticket_billing_import_base import Batch
from .ticket_billing_mapping_rule import get_digest, prepare_rules
from .ticket_billing_match import Match

#: No mails to customers and no followers for tickets that come from elsewhere.
QUIET = {
    "tracking_disable": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
}


class Surroundings(NamedTuple):
    """What is known about the tickets of one page, by remote id or key."""

    links: dict
    records: dict
    customers: dict
    contacts: dict
    booked: set
    stages: dict
    ruled: dict


class TicketBillingTicketImport(models.AbstractModel):
    _name = "ticket.billing.ticket.import"
    _description = "Import of Remote Tickets"
    _inherit = "ticket.billing.match"

    @api.model
    def _import_tickets(self, connector, tickets, entries, counts, ruled=None):
        """Bring ``tickets`` in; ``entries`` are the bookings that come with them.

        ``ruled``: what rules set, by remote id, if they need not be asked.
        """
        batch = Batch("ticket", "ticket", counts)
        links = self._find_links(connector, "ticket", [t.remote_id for t in tickets])
        customers = self._match_customers(connector, tickets)
        known = Surroundings(
            links={link.remote_id: link for link in links},
            records=self._find_targets("helpdesk.ticket", links),
            customers=customers,
            contacts=self._match_contacts(connector, tickets, customers),
            booked={entry.ticket_remote_id for entry in entries},
            stages={
                closed: self._find_stage(connector.team_id, closed)
                for closed in (False, True)
            },
            ruled=connector.rule_ids._apply_to_tickets(tickets)
            if ruled is None
            else ruled,
        )
        for ticket in tickets:
            self._import_ticket(connector, batch, known, ticket)
        model = self.env["helpdesk.ticket"].with_context(**QUIET)
        self._create_new(connector, model, batch)

    @api.model
    def _import_ticket(self, connector, batch, known, ticket):
        link = known.links.get(ticket.remote_id)
        record = known.records.get(ticket.remote_id)
        # The time of the change says nothing that is kept here.
        ruled = known.ruled.get(ticket.remote_id, {})
        version = fingerprint(dataclasses.replace(ticket, changed=None))
        version += get_digest(ruled)
        if record and link.remote_version == version:
            batch.settle(ticket, "unchanged")
            return
        match = known.customers.get(self._get_customer_key(ticket), Match())
        reason = self._get_ticket_reason(ticket, match, record, known.booked)
        if reason:
            waits_for = match.link if reason == match.reason else None
            batch.hold(ticket, reason, link=waits_for)
            return
        partner = known.contacts.get(ticket.remote_id) or match.record
        values = self._prepare_ticket_values(connector, ticket, partner)
        values |= self._prepare_ruled_contract(ruled, match.record)
        facts = self._prepare_ticket_link(ticket, version)
        facts |= {
            "customer_link_id": match.link.id if match.link else False,
            "entry_rules": ruled or False,
            **prepare_rules(ruled),
        }
        if record:
            self._update_ticket(record, ticket, values)
            link.write(facts)
            batch.settle(ticket, "changed")
        else:
            stage = known.stages[ticket.closed]
            values |= self._prepare_new_ticket_values(connector, ticket, stage)
            batch.new.append((ticket, values, link, facts))

    @api.model
    def _get_ticket_reason(self, ticket, match, record, booked) -> str:
        """Return why ``ticket`` cannot come in, '' if it can.

        A ticket without any customer comes in as long as there is nothing to bill.
        """
        problem = ticket_problem(ticket) or match.reason
        if problem or not record:
            unbillable = not match.record and ticket.remote_id in booked
            return problem or ("no_customer" if unbillable else "")
        billed_to = record.commercial_partner_id
        if match.record and billed_to not in (match.record, match.record.browse()):
            return "changed_after_billing" if record._is_billing_settled() else ""
        return ""

    @api.model
    def _prepare_ticket_values(self, connector, ticket, partner) -> dict:
        """Return what follows the remote ticket, when new and later."""
        values = {
            "name": ticket.title,
            "description": plaintext2html(ticket.description or ticket.title),
        }
        if partner:
            values["partner_id"] = partner.id
        if ticket.contact_name or ticket.contact_email:
            values["partner_name"] = ticket.contact_name
            values["partner_email"] = ticket.contact_email
        if ticket.purchase_order:
            values["purchase_order_ref"] = ticket.purchase_order
        return values

    @api.model
    def _prepare_ruled_contract(self, ruled, customer) -> dict:
        """Return the contract a rule chooses, if it is the customer's."""
        contract = self.env["ticket.billing.contract"].browse(
            ruled.get("contract_id", [])
        )
        fits = customer and contract.exists().partner_id == customer
        return {"billing_contract_id": contract.id} if fits else {}

    @api.model
    def _prepare_new_ticket_values(self, connector, ticket, stage) -> dict:
        """Return what only a new ticket gets; afterwards it is edited here."""
        closed_at = ticket.closed_at if ticket.closed else None
        return {
            "number": ticket.number or "/",
            "company_id": connector.company_id.id,
            "team_id": connector.team_id.id,
            "user_id": False,
            "stage_id": stage.id,
            "closed_date": naive_utc(closed_at),
        }

    @api.model
    def _prepare_ticket_link(self, ticket, version) -> dict:
        return {
            "remote_number": ticket.number,
            "remote_name": ticket.title,
            "remote_url": ticket.url,
            "remote_version": version,
        }

    @api.model
    def _find_stage(self, team, closed):
        """Return the first stage of ``team`` for closed or for open tickets."""
        stages = team._get_applicable_stages()
        return stages.filtered(lambda s: s.closed == closed)[:1] or stages[:1]

    @api.model
    def _update_ticket(self, record, ticket, values):
        """Write what differs. The stage moves only when closed or reopened, so
        that finer stages used here stay."""
        record = record.with_context(**QUIET)
        news = self._get_differences(record, values)
        if record.closed != ticket.closed:
            news["stage_id"] = self._find_stage(record.team_id, ticket.closed).id
        if news:
            record.write(news)
        # On its own: helpdesk_mgmt sets the present time when a stage is written.
        if ticket.closed and record.closed_date != naive_utc(ticket.closed_at):
            record.closed_date = naive_utc(ticket.closed_at)


def naive_utc(value):
    """Return an aware time as Odoo stores it, False for None."""
    return value.astimezone(UTC).replace(tzinfo=None, microsecond=0) if value else False
