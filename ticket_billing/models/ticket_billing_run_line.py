from odoo import api, fields, models
from odoo.fields import Domain

from .ticket_billing_collector import Scope


class TicketBillingRunLine(models.Model):
    """One contract in a billing run: what became of it, and why."""

    _name = "ticket.billing.run.line"
    _description = "Customer of a Billing Run"
    _order = "state, partner_id, id"

    run_id = fields.Many2one(
        "ticket.billing.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    contract_id = fields.Many2one(
        "ticket.billing.contract", required=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id", store=True, string="Customer"
    )
    currency_id = fields.Many2one(related="contract_id.currency_id")
    work_before = fields.Date(
        required=True, help="Work of this day and later is left for the next run."
    )
    work_from = fields.Date(help="First day whose work is billed; empty: any.")
    closed_only = fields.Boolean(help="Only the work of closed tickets is billed.")
    finished_only = fields.Boolean(help="Only the work of finished projects is billed.")
    overage_only = fields.Boolean(help="Only work beyond the allotments is billed.")
    state = fields.Selection(
        [
            ("todo", "To do"),
            ("held", "Held"),
            ("nothing", "Nothing to bill"),
            ("billed", "Billed"),
            ("excluded", "Excluded"),
            ("undone", "Undone"),
        ],
        required=True,
        default="todo",
        index=True,
    )
    message = fields.Text(readonly=True)
    failed = fields.Boolean(
        readonly=True, help="Held by an error: tried again on the next day or by hand."
    )
    excluded_by_id = fields.Many2one("res.users", readonly=True)
    excluded_on = fields.Datetime(readonly=True)
    invoice_ids = fields.Many2many("account.move", readonly=True)
    draft_count = fields.Integer(
        string="Drafts", compute="_compute_release", store=True, compute_sudo=True
    )
    parked = fields.Boolean(
        compute="_compute_release",
        store=True,
        compute_sudo=True,
        help="Somebody has to look at an invoice before it is posted.",
    )
    park_reason = fields.Text(
        string="To be looked at", compute="_compute_park_reason", compute_sudo=True
    )
    item_count = fields.Integer(compute="_compute_figures")
    open_minutes = fields.Integer(string="Minutes", compute="_compute_figures")
    held_count = fields.Integer(string="Held items", compute="_compute_figures")
    net = fields.Monetary(compute="_compute_figures")

    _contract_uniq = models.UniqueIndex(
        "(run_id, contract_id)", "A contract can only be once in a billing run."
    )

    def _get_scope(self) -> Scope:
        """What this line takes up."""
        self.ensure_one()
        first = self.work_from or None
        return Scope(
            self.run_id.date,
            self.work_before,
            first,
            self.closed_only,
            self.run_id.id,
            self.finished_only,
            self.overage_only,
        )

    def _get_item_domain(self) -> Domain:
        """Items of this line: settled by its run, or proposed for it."""
        self.ensure_one()
        proposed = Domain("settled", "=", False)
        proposed &= self.env["ticket.billing.collector"]._get_days(
            self._get_scope(), "work_date"
        )
        return (
            Domain("contract_id", "=", self.contract_id.id)
            & Domain("live", "=", True)
            & (Domain("run_id", "=", self.run_id.id) | proposed)
        )

    @api.depends("invoice_ids.state", "invoice_ids.billing_park_reason")
    def _compute_release(self):
        for line in self:
            drafts = line._get_drafts()
            line.draft_count = len(drafts)
            line.parked = any(drafts.mapped("billing_park_reason"))

    @api.depends("invoice_ids.state", "invoice_ids.billing_park_reason")
    def _compute_park_reason(self):
        for line in self:
            reasons = line._get_drafts().filtered("billing_park_reason")
            line.park_reason = "\n".join(reasons.mapped("billing_park_reason"))

    def _get_drafts(self):
        """Invoices that wait for release."""
        return self.invoice_ids.filtered(lambda m: m.state == "draft")

    @api.depends("state", "contract_id.item_ids.state")
    def _compute_figures(self):
        item = self.env["ticket.billing.item"]
        for line in self:
            groups = item._read_group(
                line._get_item_domain(),
                ["state"],
                ["__count", "net:sum", "billable_minutes:sum"],
            )
            figures = {state: values for state, *values in groups}
            wanted = [figures.get(state, (0, 0, 0)) for state in ("open", "billed")]
            line.item_count = sum(n for n, *_ in wanted)
            line.net = sum(net for _, net, _ in wanted)
            line.open_minutes = sum(minutes for *_, minutes in wanted)
            line.held_count = figures.get("held", (0,))[0]

    def _set_result(self, items, moves):
        """Note what became of the rated ``items`` and the new ``moves``."""
        self.ensure_one()
        waiting = [item for item in items if item.reason == "below_minimum"]
        held = [
            item
            for item in items
            if item.state == "held" and item.reason != "below_minimum"
        ]
        run = self.run_id
        self.invoice_ids |= self.env["account.move"].concat(*moves)
        self.failed = False
        self.contract_id.filtered("billing_paused").billing_paused = False
        if held:
            self.state = "held"
            self.message = self.env._(
                "%(count)s items are held: open them to see why.", count=len(held)
            )
            run._warn(self.contract_id, self.message, self.contract_id.user_id)
            return
        self.state = "billed" if self.invoice_ids else "nothing"
        self.message = waiting and self._get_carried_message(waiting)
        run._clear_warning(self.contract_id)

    def _get_carried_message(self, waiting) -> str:
        """Say that an invoice was too small and its work waits."""
        policy = self.contract_id.policy_id
        return self.env._(
            "%(net)s is below the minimum invoice amount of %(minimum)s: the work"
            " waits for the next run.",
            net=self.currency_id.format(float(sum(item.net for item in waiting))),
            minimum=self.currency_id.format(policy.minimum_invoice),
        )

    def _set_posted(self):
        """All invoices of the line are posted: only held items may be left."""
        self.ensure_one()
        if self.held_count:
            return
        if self.state == "held":
            self.write({"state": "billed", "message": False})
        self.run_id._clear_warning(self.contract_id)

    def _is_released(self) -> bool:
        """Whether the policy lets the scheduled action post without a person."""
        self.ensure_one()
        return self.contract_id.policy_id.release in ("post", "send")

    # ------------------------------------------------------------------ exclude

    def action_exclude(self):
        """Leave these customers out of the run; the next one takes them up."""
        self._set_excluded(
            {
                "state": "excluded",
                "excluded_by_id": self.env.uid,
                "excluded_on": fields.Datetime.now(),
            }
        )

    def action_include(self):
        """Take excluded customers into the run again."""
        self.filtered(lambda li: li.state == "excluded")._set_excluded(
            {"state": "todo", "excluded_by_id": False, "excluded_on": False}
        )

    def _set_excluded(self, vals: dict):
        self.env["ticket.billing.rater"]._check_biller()
        for run in self.run_id:
            run._check_state("draft")
            run._note_preparer()
        self.sudo().write(vals)

    # ------------------------------------------------------------------ release

    def action_ask_release(self):
        """Show what would be released, and why somebody should look at it."""
        self.env["ticket.billing.rater"]._check_biller()
        return self.env["ticket.billing.confirmation"]._open(self, "release")

    def action_release(self):
        """Post the drafts of these lines, of one or several runs."""
        for run, lines in self.grouped("run_id").items():
            run._release(lines)

    def action_view_items(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_item_action"
        )
        action["domain"] = list(self._get_item_domain())
        action["context"] = {"search_default_group_state": 1}
        if self.run_id.state == "draft":
            preview = self.env.ref("ticket_billing.ticket_billing_item_view_preview")
            action["views"] = [(preview.id, "list"), (False, "form")]
            action["context"]["billing_run_id"] = self.run_id.id
        return action

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", self.invoice_ids.ids)]
        action["context"] = {}
        return action
