from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..rating.money import hourly_net
from ..tools.explanation import explain

KINDS = [
    ("time", "Work"),
    ("overage", "Work beyond the allotment"),
    ("quota_covered", "Work covered by the allotment"),
    ("surcharge", "Surcharge"),
    ("emergency_fee", "Emergency fee"),
    ("travel", "Travel"),
    ("material", "Material"),
    ("expense", "Expense"),
    ("flat", "Flat fee"),
    ("prepaid_block", "Prepaid block"),
    ("recurring", "Recurring fee"),
    ("rounding_adjust", "Rounding"),
    ("minimum_adjust", "Minimum per ticket"),
    ("cap_adjust", "Not to exceed"),
    ("goodwill", "Warranty or goodwill"),
    ("correction", "Correction"),
]

REASONS = [
    ("flat_fee", "Included in the flat fee"),
    ("internal", "Internal work"),
    ("deleted", "Deleted in the ticket system"),
    ("warranty", "Warranty"),
    ("goodwill", "Goodwill"),
    ("no_minutes", "No time recorded"),
    ("credited", "Credited"),
    ("cap_reached", "Limit of the ticket reached"),
    ("rounded_before", "Billed before by rounding"),
    ("nothing_due", "Nothing to charge"),
    ("below_minimum", "Below the minimum invoice amount"),
    ("before_reinstall", "Maybe billed before the reinstallation"),
    ("questioned", "Questioned by the customer"),
    ("po_missing", "No purchase order"),
    ("po_limit_exceeded", "Purchase order used up"),
    ("no_exchange_rate", "No exchange rate"),
    ("no_rate", "No rate for this work"),
    ("ambiguous_rate", "Two rates of equal rank"),
    ("invalid_minutes", "Negative minutes"),
    ("too_many_minutes", "More than a day"),
    ("minutes_mismatch", "More minutes than between start and end"),
    ("stop_before_start", "End before start"),
    ("time_without_zone", "Clock time without time zone"),
    ("unknown_location", "Service location without holiday calendar"),
    ("rating_error", "Cannot be priced"),
    ("configuration", "Contract cannot be priced"),
    ("no_customer", "Ticket without customer"),
    ("no_contract", "Customer without active contract"),
    ("not_in_force", "Contract not in force on that day"),
]

WARNINGS = [
    ("clock_time_missing", "No clock time recorded"),
    ("location_missing", "No service location for public holidays"),
    ("cap_reached", "Limit of the ticket reached"),
    ("po_limit_exceeded", "Purchase order used up"),
]


class TicketBillingItem(models.Model):
    """One rated piece of work: the ledger between capture and invoice.

    ``settled`` items are final: an invoice or a finished run stands behind them.
    All others are a proposal that the next rating replaces.
    """

    _name = "ticket.billing.item"
    _description = "Billing Item"
    _order = "work_date desc, ticket_id, entry_id, segment, id"
    _rec_name = "ticket_id"

    company_id = fields.Many2one("res.company", required=True, index=True)
    contract_id = fields.Many2one(
        "ticket.billing.contract", index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one("res.partner", string="Customer", index=True)
    currency_id = fields.Many2one("res.currency", required=True)
    ticket_id = fields.Many2one(
        "helpdesk.ticket",
        index=True,
        ondelete="restrict",
        help="Empty for what belongs to the contract as a whole.",
    )
    entry_id = fields.Many2one(
        "account.analytic.line",
        string="Time entry",
        index="btree_not_null",
        ondelete="restrict",
    )
    charge_id = fields.Many2one(
        "ticket.billing.charge", index="btree_not_null", ondelete="restrict"
    )
    visit_id = fields.Many2one(
        "ticket.billing.visit", index="btree_not_null", ondelete="restrict"
    )
    fee_id = fields.Many2one(
        "ticket.billing.fee",
        string="Recurring fee",
        index="btree_not_null",
        ondelete="restrict",
    )
    purchase_order_ref = fields.Char(string="Purchase order", index="btree_not_null")
    segment = fields.Integer(help="Position of this part within its time entry.")
    kind = fields.Selection(KINDS, required=True)
    employee_id = fields.Many2one("hr.employee", string="Worker", index=True)
    work_type_id = fields.Many2one("ticket.billing.work.type")
    work_date = fields.Date(required=True, index=True)
    start = fields.Datetime()
    stop = fields.Datetime()

    raw_minutes = fields.Integer(string="Worked", help="Minutes as recorded.")
    billable_minutes = fields.Integer(
        string="Billable", help="Minutes after rounding and minimum."
    )
    quantity = fields.Float(digits=(16, 6))
    unit_price = fields.Float(
        digits=(16, 4), help="Per hour for work, per unit otherwise, with surcharge."
    )
    surcharge_percent = fields.Float(string="Surcharge %", digits=(6, 2))
    discount_percent = fields.Float(string="Discount %", digits=(6, 2))
    net = fields.Monetary()

    rated_state = fields.Selection(
        [
            ("open", "Open"),
            ("covered", "Covered"),
            ("written_off", "Written off"),
            ("held", "Held"),
            ("released", "Released"),
        ],
        required=True,
        default="open",
        help="What rating and users say, before documents are looked at.",
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("billed", "Billed"),
            ("covered", "Covered"),
            ("written_off", "Written off"),
            ("held", "Held"),
            ("released", "Released"),
        ],
        compute="_compute_state",
        store=True,
        recursive=True,
        index=True,
        help="Open: will be billed. Billed: on an invoice. Covered: included in the"
        " contract. Written off: never billed. Held: something must be put right"
        " first. Released: credited, its work is billed again by a new item.",
    )
    live = fields.Boolean(
        compute="_compute_state",
        store=True,
        help="Counts for its work. Released items do not.",
    )
    settled = fields.Boolean(
        compute="_compute_state",
        store=True,
        index=True,
        help="Final: an invoice or a finished billing run stands behind this item.",
    )
    reason = fields.Selection(
        REASONS, compute="_compute_state", store=True, recursive=True
    )
    rated_reason = fields.Selection(REASONS)
    message = fields.Char(help="What to do about a held item.")
    warning = fields.Selection(WARNINGS)
    explanation = fields.Json(help="Steps that lead to the amount.")
    explanation_text = fields.Text(
        string="Why this price", compute="_compute_explanation_text"
    )

    run_id = fields.Many2one(
        "ticket.billing.run", string="Billing run", index=True, ondelete="restrict"
    )
    allotment_id = fields.Many2one(
        "ticket.billing.allotment", index="btree_not_null", ondelete="restrict"
    )
    allotment_period = fields.Date(help="First day of the period of the allotment.")
    allotment_used = fields.Float(
        digits=(16, 6), help="Taken from the allotment: minutes, money or tickets."
    )
    invoice_line_id = fields.Many2one(
        "account.move.line",
        index="btree_not_null",
        ondelete="set null",
        copy=False,
        help="The invoice line that bills this item. One item can only have one.",
    )
    invoice_id = fields.Many2one(
        related="invoice_line_id.move_id", string="Invoice", store=True, index=True
    )
    credit_line_ids = fields.Many2many(
        "account.move.line",
        "ticket_billing_item_credit_line_rel",
        "item_id",
        "line_id",
        string="Credit note lines",
        copy=False,
    )

    credited_item_id = fields.Many2one(
        "ticket.billing.item",
        string="Credited part of",
        index="btree_not_null",
        ondelete="restrict",
        help="This item takes back a credited part of that one: it is billed again, or"
        " is not there any more.",
    )
    credited_part_ids = fields.One2many("ticket.billing.item", "credited_item_id")
    reopened = fields.Boolean(
        string="To be billed again",
        help="A credited part of work that the next run bills again.",
    )

    _reopened_idx = models.Index("(entry_id) WHERE reopened")

    releasable = fields.Boolean(
        compute="_compute_releasable",
        help="Credited or written off, at least in part: it can be billed again.",
    )

    # "Once": a piece of work has at most one live item.
    _entry_uniq = models.UniqueIndex(
        "(entry_id, kind, segment) WHERE live AND entry_id IS NOT NULL",
        "This part of the time entry has a live billing item already.",
    )
    _charge_uniq = models.UniqueIndex(
        "(charge_id, kind) WHERE live AND charge_id IS NOT NULL",
        "This charge has a live billing item already.",
    )
    _visit_uniq = models.UniqueIndex(
        "(visit_id, kind, segment) WHERE live AND visit_id IS NOT NULL",
        "This journey has a live billing item already.",
    )
    _fee_uniq = models.UniqueIndex(
        "(ticket_id, kind) WHERE live AND kind IN ('flat', 'emergency_fee')"
        " AND quantity > 0",
        "This ticket has this fee already.",
    )
    _recurring_uniq = models.UniqueIndex(
        "(fee_id, work_date) WHERE live AND fee_id IS NOT NULL",
        "This recurring fee has a live billing item for the period already.",
    )
    _block_uniq = models.UniqueIndex(
        "(allotment_id) WHERE live AND kind = 'prepaid_block'",
        "This prepaid block has a live billing item already.",
    )
    _counted_uniq = models.UniqueIndex(
        "(ticket_id, allotment_id) WHERE live AND entry_id IS NULL AND quantity > 0"
        " AND kind IN ('quota_covered', 'overage')",
        "This ticket is counted by the allotment already.",
    )
    _minutes_not_negative = models.Constraint(
        "CHECK(rated_state = 'held' OR kind IN ('correction', 'rounding_adjust')"
        " OR credited_item_id IS NOT NULL"
        " OR (raw_minutes >= 0 AND billable_minutes >= 0))",
        "Minutes of a billing item cannot be negative.",
    )

    @api.depends(
        "rated_state",
        "rated_reason",
        "run_id",
        "invoice_line_id.parent_state",
        "credit_line_ids.parent_state",
        "credit_line_ids.price_subtotal",
        "credited_item_id.state",
        "credited_item_id.reason",
    )
    def _compute_state(self):
        for item in self:
            whole = item.credited_item_id
            # Both count, or none, but where a correction used the credit up.
            if whole and item.rated_state == "open":
                for name in ("state", "reason", "live", "settled"):
                    item[name] = whole[name]
                continue
            state, reason = item.rated_state, item.rated_reason
            line = item.invoice_line_id
            if state == "open" and line and line.parent_state != "cancel":
                state = "billed"
                if item._is_credited():
                    state, reason = "written_off", "credited"
            item.state = state
            item.reason = reason
            item.live = state != "released"
            item.settled = (
                state == "billed"
                or (reason == "credited" and not whole)
                or (state in ("covered", "written_off") and bool(item.run_id))
            )

    def _is_credited(self) -> bool:
        """Whether posted credit note lines take back all of this item."""
        self.ensure_one()
        if not self.credit_line_ids:
            return False
        line = self.invoice_line_id
        if line._is_credited():
            return True
        minutes = abs(line._get_credited_minutes()[self])
        return 0 < abs(self.billable_minutes) <= minutes

    @api.depends("explanation")
    @api.depends_context("lang")
    def _compute_explanation_text(self):
        for item in self:
            item.explanation_text = "\n".join(explain(item, item.explanation))

    @api.depends("ticket_id", "contract_id", "kind", "work_date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for item in self:
            day = format_date(self.env, item.work_date)
            owner = item.ticket_id.number or item.contract_id.code or ""
            item.display_name = f"{owner} {kinds.get(item.kind)} {day}".strip()

    def _get_kind_label(self) -> str:
        """Kind in the language of the reader."""
        self.ensure_one()
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    def _get_source(self):
        """What was recorded, bought or agreed; none for what a rule has added."""
        self.ensure_one()
        source = self.entry_id or self.charge_id or self.visit_id or self.fee_id
        if source or self.kind not in ("overage", "quota_covered", "prepaid_block"):
            return source
        return self.allotment_id

    def _is_work(self) -> bool:
        """Whether it is about minutes: of a time entry, or made by rounding."""
        self.ensure_one()
        return bool(self.entry_id or self.raw_minutes or self.billable_minutes)

    def _is_internal(self) -> bool:
        """Whether it is none of the customer's business."""
        self.ensure_one()
        sources = (self.entry_id, self.charge_id, self.visit_id)
        return any(source.billing_type == "internal" for source in sources)

    @api.model
    def _get_frozen_fields(self) -> set[str]:
        """Fields that say what was billed; they never change afterwards."""
        return {
            "contract_id", "partner_id", "currency_id", "ticket_id", "entry_id",
            "charge_id", "visit_id", "fee_id", "segment", "kind", "work_date",
            "raw_minutes", "billable_minutes", "quantity", "unit_price",
            "surcharge_percent", "discount_percent", "net", "explanation",
        }  # fmt: skip

    def write(self, vals):
        if not self._get_frozen_fields().isdisjoint(vals):
            self._check_not_settled()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_settled(self):
        self._check_not_settled()

    def _check_not_settled(self):
        settled = self.filtered("settled")
        if settled:
            raise UserError(
                self.env._(
                    "Billing item %(item)s is settled (%(document)s) and cannot be"
                    " changed. Credit the invoice instead.",
                    item=settled[0].display_name,
                    document=settled[0].invoice_id.name
                    or settled[0].run_id.name
                    or self.env._("by hand"),
                )
            )

    def action_release(self):
        """Make credited or written-off work billable again, by new items."""
        self.env["ticket.billing.rater"]._check_biller()
        for item in self:
            if not item._is_releasable():
                raise UserError(
                    self.env._(
                        "%(item)s is not written off: only credited or written-off"
                        " work can be billed again.",
                        item=item.display_name,
                    )
                )
        whole = self._get_rated_afresh()
        parts = self - whole
        minutes = {part: part._get_releasable_minutes() for part in parts}
        whole.sudo().write({"rated_state": "released"})
        for part in parts:
            part.sudo()._reopen(minutes[part])

    @api.depends("state", "settled", "credited_part_ids", "credit_line_ids")
    def _compute_releasable(self):
        for item in self:
            item.releasable = item._is_releasable()

    def _release_together(self):
        """Make all that a run settled of some contracts billable again.

        Work of which another run settled a part stays, but for its credited part.
        """
        covered = self.filtered(
            lambda item: (
                item.state == "covered"
                and item.entry_id.billing_item_ids.filtered(
                    lambda i: i.settled and i.live
                )
                <= self | self.credited_part_ids
            )
        )
        covered.rated_state = "released"
        (self - covered).filtered(lambda i: i._is_releasable()).action_release()

    def _reopen_corrections(self):
        """The invoice is gone; work that is settled in part is worked out again."""
        for entry in self.sudo().entry_id:
            if any(item.settled and item.live for item in entry.billing_item_ids):
                entry.billing_outdated = True

    def _is_released(self) -> bool:
        """Whether it was released to be billed again, at least in part."""
        self.ensure_one()
        return self.state == "released" or bool(self._get_credited_parts())

    def _get_credited_parts(self):
        """What was taken back of this item for good; proposals do not count."""
        return self.credited_part_ids.filtered("settled")

    def _counts_for_corrections(self) -> bool:
        """Whether a correction has to reckon with it.

        A credited part of work that has not changed is billed again by itself.
        """
        self.ensure_one()
        return not self.reopened or self.entry_id.billing_outdated

    def _is_rebilled_twice(self) -> bool:
        """Whether more invoices bill it again than credit notes took it back."""
        self.ensure_one()
        credits = self.invoice_line_id._get_credits()
        return self._is_released() or sum(sign for _line, sign in credits) < 0

    def _is_releasable(self) -> bool:
        self.ensure_one()
        if not self.settled or not self.live or self.credited_item_id:
            return False
        if self.state == "written_off" and not self._get_credited_parts():
            return True
        return self.state != "covered" and self._get_releasable_minutes() != 0

    def _get_releasable_minutes(self) -> int:
        """Billable minutes that are credited or written off and not reopened."""
        self.ensure_one()
        minutes = self.billable_minutes
        if self.state == "billed":
            minutes = self.invoice_line_id._get_credited_minutes().get(self, 0)
        return minutes + sum(self._get_credited_parts().mapped("billable_minutes"))

    def _get_rated_afresh(self):
        """Those whose sources are rated again as a whole: all around them is, too."""
        whole = self.filtered(lambda item: item.state == "written_off")
        kept = whole.filtered(lambda item: item._is_rated_afresh(whole))
        return kept if kept == whole else kept._get_rated_afresh()

    def _is_rated_afresh(self, released) -> bool:
        """Whether its source is rated again as a whole, rounding included.

        Otherwise a part stays billed, of this work or of what it was rounded with.
        """
        self.ensure_one()
        if not self._is_work():
            return True
        others = self._get_beside()
        if not self.entry_id or self.contract_id.policy_id.rounding_scope != "entry":
            others |= self.invoice_id.billing_item_ids
        return others <= released

    def _reopen(self, minutes: int):
        """Take ``minutes`` of this item back, in the ledger too; a run bills them."""
        self.ensure_one()
        kept = self | self._get_credited_parts()
        billable = sum(kept.mapped("billable_minutes"))
        raw = sum(kept.mapped("raw_minutes"))
        part = -(-raw * minutes // billable) if billable else raw
        net = self._get_net_of(minutes)
        if minutes == billable:
            net = sum(kept.mapped("net"))
        entry = self.entry_id or self._get_rounded_entry()
        # What corrections changed has no price of its own: the next run works out
        # what the entry as a whole still lacks.
        is_difference = minutes < 0 or "correction" in kept._get_beside().mapped("kind")
        vals = self.copy_data()[0]
        vals.update(
            credited_item_id=self.id,
            entry_id=entry.id,
            reopened=not is_difference,
            run_id=False,
            segment=entry._get_next_segment(),
            raw_minutes=-part,
            billable_minutes=-minutes,
            net=-net,
        )
        if self.start:
            start = self.start + timedelta(minutes=raw - part)
            vals.update(start=start, stop=start + timedelta(minutes=part))
        self.create(vals)
        if is_difference:
            entry.billing_outdated = True

    def _get_beside(self):
        """All settled items of the same time entry."""
        items = self.entry_id.billing_item_ids
        return items.filtered(lambda i: i.settled and i.live)

    def _get_rounded_entry(self):
        """The latest entry of the work that this rounding stands for."""
        self.ensure_one()
        rounded = self.invoice_id.billing_item_ids | self.run_id.item_ids
        entries = rounded.entry_id.filtered(lambda e: e.ticket_id == self.ticket_id)
        return entries.sorted(lambda e: (e.date, e.id))[-1:]

    def _get_net_of(self, minutes: int) -> float:
        """Net of some of the minutes of this item, as an invoice line rounds it."""
        price, discount = (
            Decimal(str(self[name])) for name in ("unit_price", "discount_percent")
        )
        decimals = self.currency_id.decimal_places
        return float(hourly_net(minutes, price, discount, decimals))

    @api.model
    def _get_reopened(self, entries) -> dict:
        """Credited parts that have to be billed again, by time entry."""
        domain = [("entry_id", "in", entries.ids), ("reopened", "=", True)]
        return self.search(domain, order="segment").grouped("entry_id")

    def action_exclude(self):
        """Leave this work out of the run that is being previewed."""
        run = self.env["ticket.billing.run"].browse(
            self.env.context.get("billing_run_id")
        )
        self.env["ticket.billing.exclusion"]._exclude(self, run)

    def action_view_invoice(self):
        self.ensure_one()
        return self.invoice_id.get_formview_action()

    def action_view_entry(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.analytic.line",
            "res_id": self.entry_id.id,
            "view_mode": "form",
            "views": [
                (self.env.ref("ticket_billing.account_analytic_line_form").id, "form")
            ],
        }
