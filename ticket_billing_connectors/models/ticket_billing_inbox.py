from odoo import api, fields, models

from ..intake.records import RemoteCharge
from ..systems.records import (
    RemoteTicket,
    RemoteTimeEntry,
    fingerprint,
    from_json,
    to_json,
)

KINDS = {
    "ticket": RemoteTicket,
    "time_entry": RemoteTimeEntry,
    "charge": RemoteCharge,
}
REMOTE_TYPES = {kind: name for name, kind in KINDS.items()}


class TicketBillingInbox(models.Model):
    """A remote record that waits, with the reason and the way out."""

    _name = "ticket.billing.inbox"
    _description = "Held Remote Record"
    _inherit = "ticket.billing.connector.part"
    _order = "create_date desc, id desc"

    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    remote_type = fields.Selection(
        [("ticket", "Ticket"), ("time_entry", "Time entry")],
        required=True,
        readonly=True,
    )
    remote_id = fields.Char(string="Remote ID", required=True, readonly=True)
    parent_remote_id = fields.Char(readonly=True)
    number = fields.Char(
        string="Ticket", readonly=True, help="Number in the ticket system."
    )
    payload = fields.Json(readonly=True, help="The record as it was read.")
    payload_text = fields.Text(compute="_compute_payload_text", string="Content")
    minutes = fields.Integer(readonly=True)
    state = fields.Selection(
        [("held", "Waits"), ("done", "Done"), ("ignored", "Dismissed")],
        default="held",
        required=True,
        readonly=True,
    )
    reason = fields.Selection(
        [
            ("unknown_customer", "Unknown customer"),
            ("ambiguous_customer", "Several customers fit"),
            ("archived_customer", "Archived customer"),
            ("no_customer", "No customer"),
            ("unknown_agent", "Unknown agent"),
            ("ambiguous_agent", "Several employees fit"),
            ("archived_agent", "Archived employee"),
            ("unknown_activity", "Unknown activity"),
            ("ambiguous_activity", "Several work types fit"),
            ("archived_activity", "Archived work type"),
            ("ticket_held", "Its ticket waits"),
            ("invalid_minutes", "Invalid minutes"),
            ("invalid_record", "Invalid record"),
            ("changed_after_billing", "Changed after billing"),
            ("deleted_after_billing", "Deleted after billing"),
            ("refused", "Cannot be stored"),
        ],
        required=True,
        readonly=True,
    )
    detail = fields.Text(readonly=True)
    waiting_link_id = fields.Many2one(
        "ticket.billing.link",
        string="Waits for",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="What has to be mapped before this record can come in.",
    )
    message = fields.Text(string="What to do", compute="_compute_message")

    _remote_uniq = models.Constraint(
        "UNIQUE(connector_id, remote_type, remote_id)", "This record waits already."
    )
    _held_idx = models.Index("(connector_id, parent_remote_id) WHERE state = 'held'")

    @api.depends("number", "remote_id")
    def _compute_display_name(self):
        for record in self:
            record.display_name = record.number or record.remote_id

    @api.depends("payload")
    def _compute_payload_text(self):
        for record in self:
            items = sorted((record.payload or {}).items())
            record.payload_text = "\n".join(
                f"{name}: {value}"
                for name, value in items
                if value not in (None, "") and name != "fingerprint"
            )

    @api.depends("reason", "payload", "detail", "number", "waiting_link_id")
    @api.depends_context("lang")
    def _compute_message(self):
        for record in self:
            what, way_out = record._get_finding(), record._get_way_out()
            record.message = f"{record._get_subject()}: {what} {way_out}"

    def _get_subject(self):
        if self.remote_type == "ticket":
            return self.env._("Ticket %(number)s", number=self.number or self.remote_id)
        number = self.number or self.parent_remote_id
        if (self.payload or {}).get("minutes") is None:
            units = (self.payload or {}).get("raw_value")
            return self.env._(
                "“%(units)s” time units on ticket %(number)s",
                units=units,
                number=number,
            )
        return self.env._(
            "%(minutes)s minutes on ticket %(number)s",
            minutes=self.minutes,
            number=number,
        )

    def _get_finding(self):
        link = self.waiting_link_id
        name = link.display_name if link else ""
        texts = {
            "unknown_customer": self.env._(
                "nobody here is the customer %(name)s.", name=name
            ),
            "ambiguous_customer": self.env._(
                "several contacts fit %(name)s.", name=name
            ),
            "archived_customer": self.env._(
                "customer %(name)s is archived.", name=name
            ),
            "no_customer": self.env._("it names no customer."),
            "unknown_agent": self.env._(
                "nobody here is the agent %(name)s.", name=name
            ),
            "ambiguous_agent": self.env._(
                "several employees fit agent %(name)s.", name=name
            ),
            "archived_agent": self.env._(
                "the employee of %(name)s is archived.", name=name
            ),
            "unknown_activity": self.env._(
                "no work type fits activity %(name)s.", name=name
            ),
            "ambiguous_activity": self.env._(
                "several work types fit %(name)s.", name=name
            ),
            "archived_activity": self.env._(
                "the work type of %(name)s is archived.", name=name
            ),
            "ticket_held": self.env._("its ticket waits too."),
            "invalid_minutes": self.env._(
                "a booking has 0 to 1440 minutes and ends after it starts."
            ),
            "invalid_record": self.env._("title or date make no sense."),
            "changed_after_billing": self.env._("it was changed after it was billed."),
            "deleted_after_billing": self.env._("it was deleted after it was billed."),
            "refused": self.env._("it cannot be stored."),
        }
        return " ".join(filter(None, [texts.get(self.reason), self.detail]))

    def _get_way_out(self):
        reason = self.reason
        if reason == "ticket_held":
            return self.env._("It follows by itself.")
        if reason.startswith("archived"):
            return self.env._(
                "Bring the record back or map another one, then try again."
            )
        if self.waiting_link_id:
            return self.env._("Choose the right one in the mapping.")
        if reason in ("changed_after_billing", "deleted_after_billing"):
            return self._get_way_out_after_billing()
        if reason == "invalid_minutes" and self.minutes < 0:
            return self.env._(
                "Shorten the time entry it corrects by hand, then dismiss it."
            )
        if reason == "refused":
            return self.env._("Mend the cause, then try again.")
        return self.env._("Correct it in the ticket system, or dismiss it.")

    def _get_way_out_after_billing(self):
        if self.remote_type == "time_entry":
            return self.env._(
                "Take it over: the next run bills or credits the difference. Or credit"
                " the invoice and try again, or dismiss the change."
            )
        return self.env._(
            "Credit the invoice with its work released and try again, or dismiss the"
            " change."
        )

    def action_retry(self):
        """Try again; what still cannot come in keeps waiting, maybe otherwise."""
        self.check_access("write")
        self.sudo()._retry()

    def action_dismiss(self):
        """Leave the records out, until they change in the ticket system."""
        self.filtered(lambda r: r.state == "held").state = "ignored"
        self.connector_id._update_activity()

    def action_open_mapping(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing_connectors.ticket_billing_link_action"
        )
        action["domain"] = [("id", "=", self.waiting_link_id.id)]
        action["context"] = {}
        return action

    def _retry(self):
        """Import the held records among ``self`` from their stored content."""
        for connector, held in (
            self.filtered(lambda r: r.state == "held").grouped("connector_id").items()
        ):
            importer = self.env["ticket.billing.import"].sudo()
            importer._retry(connector.sudo(), held.sudo())
            connector.sudo()._update_activity()

    @api.model
    def _hold(self, connector, findings):
        """Keep records that cannot come in; return how many wait now.

        ``findings`` are dicts: record, reason and maybe link, detail.
        A dismissed record waits again only with other content or reason.
        """
        found = {
            (row.remote_type, row.remote_id): row
            for row in self.search(
                [
                    ("connector_id", "=", connector.id),
                    ("remote_id", "in", [f["record"].remote_id for f in findings]),
                ]
            )
        }
        creations, news = [], self.browse()
        for finding in findings:
            vals = self._prepare_held(connector, **finding)
            row = found.get((vals["remote_type"], vals["remote_id"]))
            if not row:
                creations.append(vals)
            elif not row._is_same(vals):
                row.write(vals)
                news |= row
        (news | self.create(creations))._warn_after_billing()
        return len(findings)

    @api.model
    def _prepare_held(self, connector, record, reason, link=None, detail=""):
        remote_type = REMOTE_TYPES[type(record)]
        is_ticket = remote_type == "ticket"
        return {
            "connector_id": connector.id,
            "remote_type": remote_type,
            "remote_id": record.remote_id,
            "parent_remote_id": False if is_ticket else record.ticket_remote_id,
            "number": record.number if is_ticket else record.ticket_number,
            "payload": to_json(record) | {"fingerprint": fingerprint(record)},
            "minutes": getattr(record, "minutes", 0) or 0,
            "state": "held",
            "reason": reason,
            "detail": detail or False,
            "waiting_link_id": link.id if link else False,
        }

    def _is_same(self, vals):
        """Say whether the row holds ``vals`` already, or they were dismissed."""
        same = (self.payload or {}).get("fingerprint") == vals["payload"]["fingerprint"]
        if self.state == "ignored":
            return same and self.reason == vals["reason"]
        return (
            same
            and self.state == "held"
            and self.reason == vals["reason"]
            and (self.detail or False) == vals["detail"]
            and self.waiting_link_id.id == vals["waiting_link_id"]
        )

    def _get_record(self):
        """Return the remote record that waits."""
        self.ensure_one()
        return from_json(KINDS[self.remote_type], self.payload)

    @api.model
    def _settle(self, connector, remote_type, remote_ids):
        """Mark as done what came in, or is gone, after all."""
        self.search(
            [
                ("connector_id", "=", connector.id),
                ("remote_type", "=", remote_type),
                ("remote_id", "in", list(remote_ids)),
                ("state", "!=", "done"),
            ]
        ).write({"state": "done", "waiting_link_id": False})
