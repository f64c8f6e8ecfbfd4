from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.ticket_billing.tools.duration import format_minutes

# Minutes until the next try; the last one is repeated.
BACK_OFF = (5, 15, 60, 240)
MAX_ATTEMPTS = 6
#: A worker that was just sending is given this time to say how it ended.
GRACE = timedelta(minutes=1)


class TicketBillingWriteBack(models.Model):
    """What a ticket elsewhere is told about an invoice: an outbox.

    Rows are written in the transaction that posts, resets or cancels the document and
    sent later by :mod:`.ticket_billing_write_back_sender`. What is told follows from
    the document as it is then.
    """

    _name = "ticket.billing.write.back"
    _description = "Write-back to a Ticket System"
    _order = "id desc"
    _rec_name = "number"

    link_id = fields.Many2one(
        "ticket.billing.link",
        string="Remote ticket",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    connector_id = fields.Many2one(
        related="link_id.connector_id", store=True, index=True
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    ticket_number = fields.Char(related="link_id.remote_number", string="Ticket")
    ticket_url = fields.Char(related="link_id.remote_url")
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    number = fields.Char(required=True, readonly=True, help="Of the invoice.")
    is_credit = fields.Boolean(string="Credit note", readonly=True)
    corrected = fields.Char(
        string="Corrects", readonly=True, help="Invoices that the credit note corrects."
    )
    minutes = fields.Integer(string="Billed minutes", readonly=True)
    kind = fields.Selection(
        [("note", "Note"), ("field", "Field"), ("tag", "Tag")],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            ("pending", "Pending"),
            ("unknown", "Unknown whether written"),
            ("failed", "Failed"),
            ("done", "Done"),
        ],
        required=True,
        readonly=True,
        default="pending",
        help="Unknown: the worker or the connection was interrupted while it wrote. It"
        " is looked up in the ticket system before it is written again.",
    )
    told = fields.Selection(
        [("valid", "Valid"), ("withdrawn", "Withdrawn")],
        readonly=True,
        help="What the ticket was told about the document last.",
    )
    version = fields.Integer(default=1, readonly=True)
    text = fields.Text(readonly=True, help="What was written last.")
    attempts = fields.Integer(string="Failed attempts", readonly=True)
    started_on = fields.Datetime(string="Last try", readonly=True)
    next_try = fields.Datetime(readonly=True)
    done_on = fields.Datetime(string="Written on", readonly=True)
    asked = fields.Boolean(
        string="To be decided",
        readonly=True,
        help="The ticket system cannot tell whether the note is there.",
    )
    answer = fields.Text(readonly=True)

    _once = models.UniqueIndex(
        "(link_id, move_id, kind) WHERE move_id IS NOT NULL",
        "This ticket is told about this invoice already.",
    )
    _due_idx = models.Index("(connector_id) WHERE state IN ('pending', 'unknown')")

    @api.depends("number", "ticket_number")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.number}: {row.ticket_number or ''}".rstrip(": ")

    # Filling the outbox

    @api.model
    def _note_posted(self, moves):
        """Tell the tickets of these documents, as far as their connectors want it."""
        if not self._is_wanted():
            return
        known = {
            (row.move_id, row.link_id, row.kind): row
            for row in self.search([("move_id", "in", moves.ids)])
        }
        creations = []
        for move in moves:
            for link in self._find_links(move):
                row = known.get((move, link, link.connector_id.write_back))
                vals = self._prepare_row(move, link)
                if row:
                    row.write(vals)
                    row._follow()
                else:
                    creations.append(vals)
        self.create(creations)
        if creations or known:
            self._trigger()

    @api.model
    def _note_withdrawn(self, moves):
        """Take back what the tickets of these documents were told."""
        rows = self.search([("move_id", "in", moves.ids)])
        rows._follow()
        if rows:
            self._trigger()

    @api.model
    def _is_wanted(self) -> bool:
        """Whether any connector writes back at all."""
        return bool(
            self.env["ticket.billing.connector"].search_count(
                [("write_back", "!=", "none")], limit=1
            )
        )

    @api.model
    def _find_links(self, move):
        """Return the remote tickets on a document that are to be told."""
        return self.env["ticket.billing.link"].search(
            [
                ("res_model", "=", "helpdesk.ticket"),
                ("res_id", "in", move._get_billing_items().ticket_id.ids),
                ("state", "=", "mapped"),
                ("connector_id.write_back", "!=", "none"),
            ]
        )

    @api.model
    def _prepare_row(self, move, link) -> dict:
        items = move._get_billing_items().filtered(
            lambda item: item.ticket_id.id == link.res_id
        )
        credit = move.move_type == "out_refund"
        # Work that was corrected later is credited by items of its own.
        invoices = (items | items.entry_id.billing_item_ids).invoice_id.filtered(
            lambda m: m != move and m.move_type == "out_invoice"
        )
        return {
            "link_id": link.id,
            "move_id": move.id,
            "kind": link.connector_id.write_back,
            "number": move.name,
            "is_credit": credit,
            "corrected": ", ".join(invoices.mapped("name")) if credit else "",
            "minutes": sum(items.mapped("billable_minutes")),
        }

    def _follow(self):
        """Put up for writing what the state of the documents has changed."""
        for row in self:
            row.write({"version": row.version + 1, "attempts": 0, "next_try": False})
            if row.state in ("done", "failed"):
                row.state = "pending"

    @api.model
    def _trigger(self, at=None):
        cron = self.env.ref("ticket_billing_connectors.ir_cron_write_back")
        cron.sudo()._trigger(at=at)

    # What to tell

    def _is_valid(self) -> bool:
        """Whether the document stands."""
        return self.move_id.state == "posted"

    def _has_news(self) -> bool:
        """Whether the ticket has to be told anything (yet, or any more)."""
        now = "valid" if self._is_valid() else "withdrawn"
        return now != self.told and (self._is_valid() or bool(self.told))

    def _get_reference(self) -> str:
        """Return what tells this note from all others."""
        return f"[TB-{self.id}-{self.version}]"

    def _get_note(self) -> str:
        facts = {
            "number": self.number,
            "invoice": self.corrected,
            "time": format_minutes(self.minutes),
        }
        if self.is_credit and not self._is_valid():
            text = self.env._("Credit note %(number)s was withdrawn.", **facts)
        elif self.is_credit and self._is_in_part():
            text = self.env._(
                "Credited in part by %(number)s (invoice %(invoice)s).", **facts
            )
        elif self.is_credit:
            text = self.env._("Credited by %(number)s (invoice %(invoice)s).", **facts)
        elif self._is_valid():
            text = self.env._("Billed by invoice %(number)s: %(time)s h.", **facts)
        else:
            text = self.env._("Invoice %(number)s was withdrawn.", **facts)
        link = self._get_link() if self._is_valid() else ""
        return " ".join(filter(None, [text, link, self._get_reference()]))

    def _get_corrected(self) -> list[str]:
        """Return the numbers of the invoices that a credit note corrects."""
        return self.corrected.split(", ") if self.corrected else []

    def _is_in_part(self) -> bool:
        """Whether work of the ticket stays billed by what a credit note corrects."""
        standing = self._get_standing_invoices().mapped("name")
        return not set(standing).isdisjoint(self._get_corrected())

    def _get_link(self) -> str:
        """Return the address of the document for those who may see it."""
        base = self.move_id.get_base_url()
        return f"{base}/mail/view?model=account.move&res_id={self.move_id.id}"

    def _get_standing_invoices(self):
        """Return the invoices that bill work of the ticket now."""
        items = self.env["ticket.billing.item"].search(
            [("ticket_id", "=", self.link_id.res_id), ("state", "=", "billed")]
        )
        return items.invoice_id.filtered(
            lambda m: m.state == "posted" and m.move_type == "out_invoice"
        ).sorted("name")

    # Decisions

    def action_send_again(self):
        """Write what failed or is in doubt; never what is written already."""
        self._check_decider()
        rows = self.sudo().filtered(lambda row: row.state != "done")
        rows.write(
            {"state": "pending", "attempts": 0, "next_try": False, "asked": False}
        )
        self._trigger()
        rows.connector_id._update_activity()

    def action_confirm(self):
        """Decide that an interrupted note is on the ticket."""
        self._check_decider()
        rows = self.sudo().filtered(lambda row: row.state == "unknown")
        for row in rows:
            user = self.env.user.name
            # The note says how things were when it was written.
            meant = "withdrawn" if row.told == "valid" else "valid"
            row._finish(self.env._("Confirmed by %(user)s", user=user))
            row.told = meant
            if row._has_news():
                row.state = "pending"
        self._trigger()
        rows.connector_id._update_activity()

    def _check_decider(self):
        self.check_access("read")
        self.env["ticket.billing.rater"]._check_biller()

    def _finish(self, answer=False):
        """Note that the ticket was told how things are."""
        self.ensure_one()
        self.write(
            {
                "state": "done",
                "told": "valid" if self._is_valid() else "withdrawn",
                "done_on": fields.Datetime.now(),
                "next_try": False,
                "asked": False,
                "answer": answer,
            }
        )

    def _fail(self, answer, *, unknown=False, final=False):
        """Try later, or let a person see to it."""
        self.ensure_one()
        attempts = self.attempts + 1
        vals = {"attempts": attempts, "answer": answer, "next_try": False}
        if final or attempts >= MAX_ATTEMPTS:
            vals.update(
                {"state": "unknown", "asked": True} if unknown else {"state": "failed"}
            )
        else:
            minutes = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
            at = fields.Datetime.now() + timedelta(minutes=minutes)
            vals |= {"state": "unknown" if unknown else "pending", "next_try": at}
            self._trigger(at=at)
        self.write(vals)

    @api.model
    def _get_due_domain(self) -> Domain:
        now = fields.Datetime.now()
        interrupted = Domain("state", "=", "unknown") & Domain("asked", "=", False)
        return (
            Domain("connector_id.state", "=", "active")
            & Domain("connector_id.write_back", "!=", "none")
            & (Domain("next_try", "=", False) | Domain("next_try", "<=", now))
            & (
                Domain("state", "=", "pending")
                | (interrupted & Domain("started_on", "<=", now - GRACE))
            )
        )
