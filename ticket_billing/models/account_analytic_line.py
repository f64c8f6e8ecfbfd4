from datetime import UTC
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_round, format_date

from ..tools.duration import format_minutes


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    ticket_id = fields.Many2one(
        "helpdesk.ticket",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        help="The ticket this time was spent on.",
    )
    billing_contract_id = fields.Many2one(
        related="ticket_id.billing_contract_id",
        store=True,
        index="btree_not_null",
        string="Service contract",
    )
    work_type_id = fields.Many2one(
        "ticket.billing.work.type",
        check_company=True,
        help="Kind of work: decides rate and product of the invoice line.",
    )
    billing_start = fields.Datetime(
        string="Start",
        help="Clock time the work began; surcharges for night or weekend need it.",
    )
    billing_stop = fields.Datetime(string="End")
    raw_minutes = fields.Integer(
        string="Minutes",
        compute="_compute_raw_minutes",
        store=True,
        help="Whole minutes as recorded. Billing never changes them.",
    )
    billing_type = fields.Selection(
        [
            ("billable", "Billable"),
            ("internal", "Internal"),
            ("warranty", "Warranty"),
            ("goodwill", "Goodwill"),
        ],
        default="billable",
        help="Internal work is never billed; warranty and goodwill are free of"
        " charge for the customer.",
    )
    billing_emergency = fields.Boolean(string="Emergency")
    visit_id = fields.Many2one(
        "ticket.billing.visit",
        index="btree_not_null",
        check_company=True,
        domain="[('ticket_id', '=', ticket_id)]",
        help="The visit this work was done on.",
    )
    service_partner_id = fields.Many2one(
        "res.partner",
        string="Service location",
        help="Where the work was done. Empty: the location of visit or ticket.",
    )
    purchase_order_ref = fields.Char(
        string="Purchase order", help="Empty: the purchase order of the ticket."
    )
    billing_outdated = fields.Boolean(
        string="Corrected after billing",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Changed after it was billed: the next run bills or credits the"
        " difference.",
    )
    deleted_upstream = fields.Boolean(
        string="Deleted in the ticket system",
        readonly=True,
        copy=False,
        help="Deleted there after it was billed here: decide whether to credit it.",
    )
    billing_rate = fields.Float(
        string="Own rate",
        digits=(16, 4),
        groups="ticket_billing.group_biller",
        help="Price per hour for this entry alone. 0: the rate of the contract.",
    )
    billing_item_ids = fields.One2many("ticket.billing.item", "entry_id")
    billing_exclusion_ids = fields.One2many("ticket.billing.exclusion", "entry_id")
    billing_locked = fields.Boolean(
        compute="_compute_billing_locked",
        store=True,  # so that billing and a change of the entry exclude each other
        help="Settled by an invoice or a billing run: time and ticket are frozen.",
    )
    billing_state = fields.Char(
        string="Billing", compute="_compute_billing_state", compute_sudo=True
    )

    _billing_times = models.Constraint(
        "CHECK((billing_start IS NULL) = (billing_stop IS NULL)"
        " AND (billing_stop IS NULL OR billing_stop >= billing_start))",
        "A time entry needs both start and end, and cannot end before it starts.",
    )

    @api.depends("ticket_id", "date", "raw_minutes")
    @api.depends_context("lang")
    def _compute_display_name(self):
        on_tickets = self.filtered("ticket_id")
        for line in on_tickets:
            day = format_date(self.env, line.date)
            duration = format_minutes(line.raw_minutes)
            line.display_name = f"{line.ticket_id.sudo().number} {day} ({duration})"
        return super(AccountAnalyticLine, self - on_tickets)._compute_display_name()

    @api.depends("unit_amount")
    def _compute_raw_minutes(self):
        for line in self:
            line.raw_minutes = int(
                float_round(line.unit_amount * 60, precision_digits=0)
            )

    @api.depends("ticket_id.commercial_partner_id")
    def _compute_partner_id(self):
        result = super()._compute_partner_id()
        for line in self.filtered("ticket_id"):
            partner = line.ticket_id.commercial_partner_id
            line.partner_id = partner or line.partner_id
        return result

    @api.depends("billing_item_ids.settled", "billing_item_ids.live")
    def _compute_billing_locked(self):
        for line in self:
            line.billing_locked = any(
                item.settled and item.live for item in line.sudo().billing_item_ids
            )

    @api.depends("billing_item_ids.state", "billing_item_ids.reason")
    @api.depends_context("lang")
    def _compute_billing_state(self):
        item = self.env["ticket.billing.item"]
        states = dict(item._fields["state"]._description_selection(self.env))
        reasons = dict(item._fields["reason"]._description_selection(self.env))
        for line in self:
            parts = []
            for item in line.billing_item_ids.filtered("live"):
                text = states[item.state]
                if item.state == "billed" and item.invoice_id.name:
                    text = f"{text} ({item.invoice_id.name})"
                elif item.reason:
                    text = f"{text} ({reasons[item.reason]})"
                if text not in parts:
                    parts.append(text)
            line.billing_state = ", ".join(parts)

    @api.onchange("billing_start", "billing_stop")
    def _onchange_billing_times(self):
        if self.billing_start and self.billing_stop:
            elapsed = self.billing_stop - self.billing_start
            self.unit_amount = elapsed.total_seconds() / 3600

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("ticket_id"):
                self._prepare_time_entry(vals)
        return super().create(vals_list)

    @api.model
    def _prepare_time_entry(self, vals: dict):
        """Fill what a time entry on a ticket needs to be a timesheet."""
        ticket = self.env["helpdesk.ticket"].browse(vals["ticket_id"])
        if not (vals.get("project_id") or vals.get("task_id")):
            vals["project_id"] = ticket.sudo()._get_timesheet_project().id
        vals.setdefault("company_id", ticket.company_id.id)
        self._prepare_minutes(vals)
        start = fields.Datetime.to_datetime(vals.get("billing_start"))
        if start and not vals.get("date"):
            zone = ZoneInfo(ticket._get_billing_tz())
            vals["date"] = start.replace(tzinfo=UTC).astimezone(zone).date()

    @api.model
    def _prepare_minutes(self, vals: dict):
        """Derive hours from whole minutes or clock times when they are not given."""
        minutes = vals.pop("raw_minutes", None)
        if minutes is None and "unit_amount" not in vals:
            start = fields.Datetime.to_datetime(vals.get("billing_start"))
            stop = fields.Datetime.to_datetime(vals.get("billing_stop"))
            if start and stop:
                minutes = -(-int((stop - start).total_seconds()) // 60)
        if minutes is not None:
            vals["unit_amount"] = minutes / 60

    def write(self, vals):
        correcting = self.env.context.get("ticket_billing_correction")
        if not correcting and not self._get_billing_locked_fields().isdisjoint(vals):
            self._check_billing_unlocked()
        self._prepare_minutes(vals)
        return super().write(vals)

    def _correct(self, vals: dict, reason: str = ""):
        """Change entries that may be billed already.

        What was billed stays as it is: the next run bills or credits the
        difference. The change is noted on the ticket.

        :raise UserError: for a change that needs a credit note
        """
        refused = vals.keys() & {"ticket_id", "date", "employee_id"}
        if refused and self.filtered("billing_locked"):
            self._check_billing_unlocked()
        for line in self:
            before = line.raw_minutes
            settled = line.billing_locked
            line.with_context(ticket_billing_correction=True).write(dict(vals))
            if settled:
                line.sudo().billing_outdated = True
                line._note_correction(before, reason)
                self.env["ticket.billing.seal"]._reseal(line)

    def _note_correction(self, before: int, reason: str):
        self.ensure_one()
        self.ticket_id.sudo().message_post(
            body=self.env._(
                "Billed time entry of %(date)s corrected from %(before)s to %(after)s"
                " minutes. %(reason)s",
                date=format_date(self.env, self.date),
                before=before,
                after=self.raw_minutes,
                reason=reason,
            )
        )

    def _set_deleted_upstream(self):
        """The ticket system has deleted billed work: somebody has to decide."""
        for line in self:
            line.sudo().deleted_upstream = True
            ticket = line.ticket_id.sudo()
            message = self.env._(
                "The time entry of %(date)s (%(minutes)s minutes) was deleted in the"
                " ticket system after it was billed. Credit it with its work released,"
                " or leave it as it is.",
                date=format_date(self.env, line.date),
                minutes=line.raw_minutes,
            )
            user = ticket.billing_contract_id.user_id
            self.env["ticket.billing.run"].sudo()._warn(ticket, message, user)

    def _get_next_segment(self) -> int:
        """Number of the next part of this entry in the ledger."""
        self.ensure_one()
        live = self.billing_item_ids.filtered("live")
        return max(live.mapped("segment"), default=-1) + 1

    def _get_service_partner(self):
        """Address whose public holidays count for this work."""
        self.ensure_one()
        return (
            self.service_partner_id
            or self.visit_id.service_partner_id
            or self.ticket_id.service_partner_id
        )

    def _get_purchase_order(self) -> str:
        """The customer's order number for this work."""
        self.ensure_one()
        return self.purchase_order_ref or self.ticket_id._get_purchase_order()

    def action_correct(self):
        """Open the form to correct entries that are billed already."""
        self.env["ticket.billing.rater"]._check_biller()
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct a billed time entry"),
            "res_model": "ticket.billing.correction",
            "view_mode": "form",
            "target": "new",
            "context": {"default_entry_id": self.id},
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self._check_billing_unlocked()
        self.sudo().billing_item_ids.filtered(
            lambda item: item.live and not item.settled
        ).unlink()
        released = self.sudo().billing_item_ids
        if released:
            raise UserError(
                self.env._(
                    "The time entry of %(date)s on ticket %(ticket)s was on invoice"
                    " %(invoice)s and has to be kept.",
                    date=format_date(self.env, released[0].work_date),
                    ticket=released[0].ticket_id.number,
                    invoice=released[0].invoice_id.name,
                )
            )

    @api.model
    def _get_billing_locked_fields(self) -> set[str]:
        """Fields that decide what is billed."""
        return {
            "ticket_id", "date", "unit_amount", "raw_minutes", "billing_start",
            "billing_stop", "employee_id", "work_type_id", "billing_type",
            "billing_rate", "billing_emergency", "visit_id", "service_partner_id",
        }  # fmt: skip

    def _check_billing_unlocked(self):
        locked = self.filtered("ticket_id").filtered("billing_locked")
        if locked:
            items = locked[0].sudo().billing_item_ids.filtered("settled")
            raise UserError(
                self.env._(
                    "The time entry of %(date)s on ticket %(ticket)s is settled"
                    " (%(document)s). Credit the invoice first, then correct it.",
                    date=format_date(self.env, locked[0].date),
                    ticket=locked[0].ticket_id.number,
                    document=items[0].invoice_id.name
                    or items[0].run_id.name
                    or self.env._("written off"),
                )
            )

    def _is_readonly(self):
        return super()._is_readonly() or self.billing_locked

    @api.constrains("ticket_id", "project_id")
    def _check_ticket_project(self):
        for line in self:
            if line.ticket_id and not line.project_id:
                raise ValidationError(
                    self.env._(
                        "The time entry on ticket %(ticket)s needs a project: set one"
                        " on the service contract or in the settings of ticket"
                        " billing.",
                        ticket=line.ticket_id.number,
                    )
                )
