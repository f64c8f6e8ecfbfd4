import dataclasses
from contextlib import closing

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.ticket_billing_link import TARGET_FIELDS
from ..systems.preview import preview_pages
from ..systems.records import Page
from ..systems.registry import SYSTEMS
from ..transport.errors import ConnectorError

#: More than this many tickets are not looked through: it is a sample.
MAX_TICKETS = 200


class TakenBack(Exception):
    """The trial import is over: nothing of it stays."""


class TicketBillingPreview(models.TransientModel):
    """Shows what a connector would bring before it is switched on.

    The import itself is tried and taken back, so what is shown is what will be.
    """

    _name = "ticket.billing.preview"
    _description = "Preview of a Connector"
    _rec_name = "connector_id"

    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, readonly=True, ondelete="cascade"
    )
    state = fields.Selection(related="connector_id.state")
    date_from = fields.Date(
        string="From",
        required=True,
        help="Tickets changed since this day come in with all their bookings.",
    )
    limit = fields.Integer(
        string="Tickets at most", default=30, help="How many tickets are looked at."
    )
    line_ids = fields.One2many("ticket.billing.preview.line", "preview_id")
    ticket_ids = fields.One2many(
        "ticket.billing.preview.line", "preview_id", domain=[("kind", "=", "ticket")]
    )
    entry_ids = fields.One2many(
        "ticket.billing.preview.line",
        "preview_id",
        domain=[("kind", "=", "time_entry")],
    )
    mapping_ids = fields.One2many(
        "ticket.billing.preview.line",
        "preview_id",
        domain=[("kind", "in", ("customer", "agent", "activity"))],
    )
    held_ids = fields.One2many(
        "ticket.billing.preview.line", "preview_id", domain=[("verdict", "=", "held")]
    )
    ticket_count = fields.Integer(string="Tickets", compute="_compute_counts")
    entry_count = fields.Integer(string="Time entries", compute="_compute_counts")
    minutes = fields.Integer(compute="_compute_counts")
    held_count = fields.Integer(string="Held", compute="_compute_counts")
    unmapped_count = fields.Integer(string="To decide", compute="_compute_counts")
    notes = fields.Text(readonly=True)

    _limit_sane = models.Constraint(
        f'CHECK("limit" BETWEEN 1 AND {MAX_TICKETS})',
        f"A preview has 1 to {MAX_TICKETS} tickets.",
    )

    @api.depends("line_ids.kind", "line_ids.verdict", "line_ids.minutes")
    def _compute_counts(self):
        for preview in self:
            lines = preview.line_ids
            entries = lines.filtered(lambda line: line.kind == "time_entry")
            preview.ticket_count = len(lines.filtered(lambda li: li.kind == "ticket"))
            preview.entry_count = len(entries)
            preview.minutes = sum(entries.mapped("minutes"))
            preview.held_count = len(lines.filtered(lambda li: li.verdict == "held"))
            unmapped = lines.filtered(lambda line: line.verdict == "unmapped")
            preview.unmapped_count = len(unmapped)

    def action_refresh(self):
        """Read again and show what would come."""
        self.ensure_one()
        self.connector_id.check_access("write")
        page = self._read()
        lines = self.sudo()._try_out(page)
        self.line_ids.unlink()
        self.write(
            {
                "line_ids": [(0, 0, line) for line in lines],
                "notes": "\n".join(page.notes),
            }
        )
        return self._show()

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview of %s", self.connector_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_switch_on(self):
        """Begin to import from the chosen day on."""
        self.ensure_one()
        connector = self.connector_id
        connector.check_access("write")
        connector.date_from = self.date_from
        connector.action_activate()
        cron = self.env.ref("ticket_billing_connectors.ir_cron_synchronise")
        cron.sudo()._trigger()
        return {
            "type": "ir.actions.act_window",
            "res_model": connector._name,
            "res_id": connector.id,
            "view_mode": "form",
            "target": "main",
        }

    # Reading

    def _read(self) -> Page:
        """Return what the first pages bring, with so many tickets at most."""
        whole = Page([], [], [], "", False)
        try:
            with closing(self._open()) as client:
                for page in preview_pages(client, client.first_cursor(self.date_from)):
                    whole.tickets += page.tickets
                    whole.entries += page.entries
                    whole.agents += page.agents
                    whole.notes += page.notes
                    whole.raw |= page.raw
        except ConnectorError as error:
            raise UserError(self.connector_id._describe(error)) from None
        by_id = {ticket.remote_id: ticket for ticket in whole.tickets}
        whole.tickets = list(by_id.values())[: self.limit]
        shown = {ticket.remote_id for ticket in whole.tickets}
        whole.entries = [e for e in whole.entries if e.ticket_remote_id in shown]
        return whole

    def _open(self):
        connector = self.connector_id.sudo()
        connection = dataclasses.replace(
            connector._get_connection(), since=self.date_from
        )
        settings = connector._get_settings() | {"page_size": self.limit}
        return SYSTEMS[connector.system].open(connection, settings)

    # Trying out

    def _try_out(self, page) -> list[dict]:
        """Import, look at the outcome, and take everything back."""
        connector = self.connector_id
        tickets, entries = page.tickets, page.entries
        before = self._get_versions(tickets, entries)
        lines = []
        try:
            with self.env.cr.savepoint():
                # Rules may ask for fields that are found there only.
                self.env["ticket.billing.payload"]._keep(connector, page.raw)
                self.env["ticket.billing.import"]._import(
                    connector, tickets, entries, page.agents, whole=False
                )
                lines += self._describe_tickets(tickets, before)
                lines += self._describe_entries(entries, before)
                lines += self._describe_mappings(tickets, entries)
                raise TakenBack
        except TakenBack:
            return lines

    def _get_versions(self, tickets, entries) -> dict:
        """Return the version of what came in before, by type and remote id."""
        found = {"ticket": tickets, "time_entry": entries}
        return {
            (kind, link.remote_id): link.remote_version
            for kind, remotes in found.items()
            for link in self._find("ticket.billing.link", kind, remotes).values()
            if link.state == "mapped"
        }

    def _find(self, model, remote_type, remotes) -> dict:
        """Return the rows of ``model`` for remote records, by remote id."""
        rows = self.env[model].search(
            [
                ("connector_id", "=", self.connector_id.id),
                ("remote_type", "=", remote_type),
                ("remote_id", "in", [remote.remote_id for remote in remotes]),
            ]
        )
        return {row.remote_id: row for row in rows}

    def _find_outcome(self, remote_type, remotes, before):
        """Yield (remote record, link or None, verdict, message)."""
        links = self._find("ticket.billing.link", remote_type, remotes)
        inbox = self._find("ticket.billing.inbox", remote_type, remotes)
        for remote in remotes:
            link = links.get(remote.remote_id)
            row = inbox.get(remote.remote_id)
            known = before.get((remote_type, remote.remote_id))
            if row and row.state == "held":
                yield remote, link, "held", f"{row._get_finding()} {row._get_way_out()}"
            elif known is None:
                yield remote, link, "new", ""
            else:
                changed = link and link.remote_version != known
                yield remote, link, "changed" if changed else "unchanged", ""

    def _describe_tickets(self, tickets, before):
        none = self.env["helpdesk.ticket"]
        for remote, link, verdict, message in self._find_outcome(
            "ticket", tickets, before
        ):
            record = link._get_target() if link else none
            contract = record.billing_contract_id
            if record and not contract and not message:
                message = self.env._("There is no service contract for this customer.")
            yield {
                "kind": "ticket",
                "verdict": verdict,
                "remote_name": remote.number,
                "title": remote.title,
                "target_name": record.partner_id.display_name,
                "contract_name": contract.display_name,
                "message": message,
            }

    def _describe_entries(self, entries, before):
        none = self.env["account.analytic.line"]
        for remote, link, verdict, message in self._find_outcome(
            "time_entry", entries, before
        ):
            record = link._get_target() if link else none
            when = remote.start or remote.booked_at
            yield {
                "kind": "time_entry",
                "verdict": verdict,
                "remote_name": remote.ticket_number or remote.ticket_remote_id,
                "title": record.name or remote.text,
                "date": record.date or (when and when.date()),
                "minutes": remote.minutes or 0,
                "agent_name": record.employee_id.name,
                "work_type_name": record.work_type_id.name,
                "message": message,
            }

    def _describe_mappings(self, tickets, entries):
        match = self.env["ticket.billing.match"]
        wanted = {
            "customer": {match._get_customer_key(ticket) for ticket in tickets},
            "agent": {entry.agent_key for entry in entries},
            "activity": {entry.activity for entry in entries},
        }
        for kind, keys in wanted.items():
            links = match._find_links(self.connector_id, kind, keys - {""})
            for link in links.sorted(lambda link: link.state, reverse=True):
                yield {
                    "kind": kind,
                    "verdict": link.state,
                    "remote_name": link.display_name,
                    "target_name": link[TARGET_FIELDS[kind]].display_name,
                    "message": link._get_mapping_remark(),
                }
