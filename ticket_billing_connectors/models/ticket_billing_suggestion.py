import datetime
from datetime import UTC
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..systems.status_time import DayBooking, Span, without
from .ticket_billing_ticket_import import naive_utc

#: What people may change of a suggestion before they confirm it.
EDITABLE = {"start", "stop", "employee_id", "work_type_id", "name"}


class TicketBillingSuggestion(models.Model):
    """Working time that changes of state suggest: billed only when confirmed."""

    _name = "ticket.billing.suggestion"
    _description = "Suggested Time"
    _inherit = "ticket.billing.connector.part"
    _order = "start desc, id desc"
    _check_company_auto = True

    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    ticket_id = fields.Many2one(
        "helpdesk.ticket",
        required=True,
        ondelete="cascade",
        readonly=True,
        index=True,
        check_company=True,
    )
    commercial_partner_id = fields.Many2one(
        related="ticket_id.commercial_partner_id", string="Customer", store=True
    )
    agent_key = fields.Char(string="Remote agent", readonly=True)
    employee_id = fields.Many2one(
        "hr.employee", string="Technician", check_company=True
    )
    work_type_id = fields.Many2one("ticket.billing.work.type", check_company=True)
    name = fields.Char(
        string="Text", help="Printed on the service record. Empty: the ticket's title."
    )
    origin_start = fields.Datetime(required=True, readonly=True)
    origin_stop = fields.Datetime(required=True, readonly=True)
    start = fields.Datetime(required=True)
    stop = fields.Datetime(string="End", required=True)
    minutes = fields.Integer(compute="_compute_minutes", store=True, aggregator="sum")
    edited = fields.Boolean(readonly=True, help="Changed by hand.")
    state = fields.Selection(
        [
            ("open", "To confirm"),
            ("confirmed", "Confirmed"),
            ("dismissed", "Dismissed"),
        ],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    entry_ids = fields.One2many(
        "account.analytic.line", "suggestion_id", string="Time entries", readonly=True
    )

    _times = models.Constraint(
        "CHECK(stop > start)", "A time ends after it has started."
    )
    _origin_uniq = models.UniqueIndex(
        "(ticket_id, agent_key, origin_start)", "This time is suggested already."
    )

    @api.depends("start", "stop")
    def _compute_minutes(self):
        for suggestion in self:
            suggestion.minutes = suggestion._get_span().minutes

    @api.depends("ticket_id", "start")
    def _compute_display_name(self):
        for suggestion in self:
            ticket = suggestion.ticket_id.sudo()
            suggestion.display_name = f"{ticket.number} {suggestion.start or ''}"

    def _get_span(self) -> Span:
        if not (self.start and self.stop):
            now = fields.Datetime.now()
            return Span(None, now, now)
        return Span(self.employee_id.id, _aware(self.start), _aware(self.stop))

    def write(self, vals):
        if EDITABLE & vals.keys():
            if self.filtered(lambda s: s.state != "open"):
                raise UserError(
                    self.env._("Only times that wait to be confirmed can be changed.")
                )
            vals = {**vals, "edited": True}
        return super().write(vals)

    # Decisions

    def action_confirm(self):
        """Make time entries of what nobody has booked meanwhile."""
        self.check_access("write")
        self.lock_for_update(allow_referencing=True)
        waiting = self.filtered(lambda s: s.state == "open")
        nameless = waiting.filtered(lambda s: not s.employee_id)
        if nameless:
            raise UserError(
                self.env._(
                    "Choose a technician for the time on ticket %(ticket)s first.",
                    ticket=nameless[0].ticket_id.sudo().number,
                )
            )
        for suggestion in waiting.sudo().sorted("start"):
            suggestion._confirm()

    def action_dismiss(self):
        """Leave the times out; they are not suggested again."""
        self.filtered(lambda s: s.state == "open").state = "dismissed"

    def action_reopen(self):
        self.filtered(lambda s: s.state == "dismissed").state = "open"

    def _confirm(self):
        lines = self._find_entries(self.ticket_id).get(self.ticket_id)
        if lines:
            self._check_day_bookings(lines)
        booked = self._get_booked(lines) if lines else []
        rest = without([self._get_span()], booked)
        entries = self.env["account.analytic.line"].with_company(self.company_id)
        entries.create([self._prepare_entry(span) for span in rest if span.minutes])
        self.state = "confirmed"

    def _check_day_bookings(self, lines):
        """Leave it to a person what a booking without clock time means for this one.

        Whoever edits the suggestion after the booking has seen to it.
        """
        day = _aware(self.start).astimezone(zone_of(self.ticket_id)).date()
        late = lines.filtered(
            lambda line: (
                not line.billing_start
                and line.employee_id == self.employee_id
                and line.date == day
                and line.create_date > self.write_date
            )
        )
        if late:
            raise UserError(
                self.env._(
                    "Time without a clock was booked on ticket %(ticket)s meanwhile."
                    " Change the suggested time, or dismiss it.",
                    ticket=self.ticket_id.number,
                )
            )

    def _prepare_entry(self, span: Span) -> dict:
        return {
            "ticket_id": self.ticket_id.id,
            "employee_id": self.employee_id.id,
            "work_type_id": self.work_type_id.id,
            "name": self.name or self.ticket_id.name,
            "billing_start": naive_utc(span.start),
            "billing_stop": naive_utc(span.stop),
            "raw_minutes": span.minutes,
            "suggestion_id": self.id,
        }

    # What is booked

    @api.model
    def _find_entries(self, tickets):
        """Return the time entries of tickets, by ticket."""
        lines = self.env["account.analytic.line"].search(
            [("ticket_id", "in", tickets.ids)]
        )
        return lines.grouped("ticket_id")

    @api.model
    def _get_booked(self, lines) -> list[Span]:
        """Return what is booked by the clock."""
        return [
            Span(
                line.employee_id.id,
                _aware(line.billing_start),
                _aware(line.billing_stop),
            )
            for line in lines.filtered("billing_start")
        ]

    @api.model
    def _get_day_bookings(self, lines) -> list[DayBooking]:
        """Return what is booked for a day."""
        return [
            DayBooking(line.employee_id.id, line.date, line.raw_minutes)
            for line in lines.filtered(lambda line: not line.billing_start)
        ]

    def _replace_open(self, ticket, connector, spans, agents):
        """Make the open suggestions of ``ticket`` those of ``spans``.

        ``self`` are those that nobody has touched, ``agents`` tells remote keys of
        who the spans are of.
        """
        wanted = {
            (agents[span.who], naive_utc(span.start), naive_utc(span.stop)): span
            for span in spans
        }
        present = {(s.agent_key, s.start, s.stop): s for s in self}
        self.browse(
            [s.id for place, s in present.items() if place not in wanted]
        ).unlink()
        return self.create(
            [
                self._prepare_suggestion(ticket, connector, place, span.who)
                for place, span in wanted.items()
                if place not in present
            ]
        )

    @api.model
    def _prepare_suggestion(self, ticket, connector, place, who) -> dict:
        agent_key, start, stop = place
        return {
            "connector_id": connector.id,
            "ticket_id": ticket.id,
            "agent_key": agent_key,
            "employee_id": who if isinstance(who, int) else False,
            "work_type_id": connector.work_type_id.id,
            "origin_start": start,
            "origin_stop": stop,
            "start": start,
            "stop": stop,
        }

    def _get_taken(self, who_of) -> list[Span]:
        """Return the time that was decided on, or changed by hand."""
        return [
            Span(who_of(s.agent_key), _aware(s.origin_start), _aware(s.origin_stop))
            for s in self
        ]


def _aware(value: datetime.datetime) -> datetime.datetime:
    return value.replace(tzinfo=UTC)


def zone_of(ticket) -> ZoneInfo:
    return ZoneInfo(ticket._get_billing_tz())
