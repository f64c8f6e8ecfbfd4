import logging
from dataclasses import replace
from functools import reduce
from operator import or_

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ..rating import Item
from .ticket_billing_collector import Scope, Work
from .ticket_billing_schedule import BATCH

_logger = logging.getLogger(__name__)


class TicketBillingRun(models.Model):
    _name = "ticket.billing.run"
    _description = "Billing Run"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "ticket.billing.dry.run",
        "ticket.billing.release",
        "ticket.billing.reversal",
        "ticket.billing.schedule",
    ]
    _order = "date desc, id desc"

    name = fields.Char(required=True, readonly=True, copy=False, default="/")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users",
        string="Made by",
        readonly=True,
        copy=False,
        default=lambda self: self.env.user,
    )
    scheduled = fields.Boolean(
        readonly=True, copy=False, help="Made by the scheduled action."
    )
    date = fields.Date(
        string="Invoice date",
        required=True,
        default=fields.Date.context_today,
        help="Date of the invoices.",
    )
    work_before = fields.Date(
        required=True,
        compute="_compute_work_before",
        store=True,
        readonly=False,
        precompute=True,
        help="Work done before this day is billed. Example: the 1st of November"
        " bills everything up to the 31st of October.",
    )
    work_from = fields.Date(
        help="First day whose work is billed. Empty: everything that is open."
    )
    state = fields.Selection(
        [
            ("draft", "Preview"),
            ("running", "Running"),
            ("partly", "Partly held"),
            ("done", "Done"),
            ("undone", "Undone"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    line_ids = fields.One2many("ticket.billing.run.line", "run_id", copy=False)
    item_ids = fields.One2many("ticket.billing.item", "run_id", copy=False)
    exclusion_ids = fields.One2many("ticket.billing.exclusion", "run_id", copy=False)
    invoice_ids = fields.One2many("account.move", "billing_run_id", copy=False)
    progress = fields.Float(compute="_compute_figures")
    invoice_count = fields.Integer(compute="_compute_figures")
    draft_count = fields.Integer(compute="_compute_figures")
    parked_count = fields.Integer(compute="_compute_figures")
    billed_minutes = fields.Integer(compute="_compute_figures")
    covered_minutes = fields.Integer(compute="_compute_figures")
    written_off_minutes = fields.Integer(compute="_compute_figures")
    held_count = fields.Integer(compute="_compute_figures")
    amount_untaxed = fields.Monetary(compute="_compute_figures")
    amount_total = fields.Monetary(compute="_compute_figures")

    # One scheduled run per company and day: repeating it adds to it.
    _scheduled_uniq = models.UniqueIndex(
        "(company_id, date) WHERE scheduled",
        "There is already a scheduled billing run of this day.",
    )

    @api.depends("date")
    def _compute_work_before(self):
        for run in self:
            run.work_before = run.date

    @api.depends("line_ids.state", "item_ids.state", "invoice_ids.state")
    def _compute_figures(self):
        for run in self:
            items = dict(
                self.env["ticket.billing.item"]._read_group(
                    [("run_id", "=", run.id)], ["state"], ["raw_minutes:sum"]
                )
            )
            live = run.invoice_ids.filtered(lambda m: m.state != "cancel")
            todo = run.line_ids.filtered(lambda li: li.state == "todo")
            run.progress = (
                100 - 100 * len(todo) / len(run.line_ids) if run.line_ids else 0
            )
            run.invoice_count = len(live)
            drafts = live.filtered(lambda m: m.state == "draft")
            run.draft_count = len(drafts)
            run.parked_count = len(drafts.filtered("billing_park_reason"))
            run.billed_minutes = items.get("billed", 0)
            run.covered_minutes = items.get("covered", 0)
            run.written_off_minutes = items.get("written_off", 0)
            run.held_count = sum(run.line_ids.mapped("held_count"))
            run.amount_untaxed = sum(live.mapped("amount_untaxed_signed"))
            run.amount_total = sum(live.mapped("amount_total_signed"))

    @api.constrains("date", "work_before")
    def _check_dates(self):
        for run in self:
            if run.work_before > run.date and not run.scheduled:
                raise ValidationError(
                    self.env._(
                        "Work until %(until)s cannot be billed with invoice date"
                        " %(date)s: choose a later invoice date.",
                        until=format_date(self.env, run.work_before),
                        date=format_date(self.env, run.date),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                company = vals.get("company_id") or self.env.company.id
                vals["name"] = (
                    self.env["ir.sequence"]
                    .with_company(company)
                    .next_by_code("ticket.billing.run")
                    or "/"
                )
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        for run in self:
            if run.state != "draft":
                raise UserError(
                    self.env._(
                        "Billing run %(run)s has billed work and has to be kept.",
                        run=run.name,
                    )
                )

    # ------------------------------------------------------------------ manual

    def action_preview(self):
        """Rate all work up to the day and list every customer that has some."""
        self.env["ticket.billing.rater"]._check_biller()
        for run in self:
            run._check_state("draft")
            run._note_preparer()
            run._add_lines(run._get_manual_contracts())
            rater = run.env["ticket.billing.rater"]
            rater._hold_unassigned(run.company_id)
            included = run.line_ids.filtered(lambda li: li.state != "excluded")
            rater._rate_open(included.contract_id, run._get_scope())

    def _get_scope(self) -> Scope:
        """What a manual run takes up."""
        self.ensure_one()
        first = self.work_from or None
        return Scope(self.date, self.work_before, first, run=self.id)

    def _get_manual_contracts(self):
        """Active contracts with unsettled work before the day of the run."""
        self.ensure_one()
        contracts = self.env["ticket.billing.contract"].search(
            [("company_id", "=", self.company_id.id), ("state", "=", "active")]
        )
        collector = self.env["ticket.billing.collector"].sudo()
        return collector._find_due(contracts.sudo(), self._get_scope()).sudo(False)

    def _get_dry_run(self) -> tuple:
        """This run and what it would take up now, per contract."""
        self.ensure_one()
        states = ("todo",) if self.state == "draft" else ("todo", "held")
        lines = self.line_ids.filtered(lambda li: li.state in states)
        scopes = {line.contract_id: line._get_scope() for line in lines}
        if self.state == "draft":
            missing = self._get_manual_contracts() - self.line_ids.contract_id
            scopes |= dict.fromkeys(missing, self._get_scope())
        return self, scopes

    @api.model
    def _get_dry_run_view(self) -> str:
        return "ticket_billing.ticket_billing_run_view_dry_run"

    def _add_lines(self, contracts, **vals):
        self.ensure_one()
        missing = contracts - self.line_ids.contract_id
        self.env["ticket.billing.run.line"].sudo().create(
            [
                {
                    "run_id": self.id,
                    "contract_id": contract.id,
                    "work_before": self.work_before,
                    "work_from": self.work_from,
                    **vals,
                }
                for contract in missing
            ]
        )

    def action_bill(self):
        """Make the invoices: at once when few, in the background when many."""
        self.env["ticket.billing.rater"]._check_biller()
        for run in self:
            run._check_state("draft", "running", "partly")
            run._note_preparer()
            if run.state == "draft":
                run._add_lines(run._get_manual_contracts())
            held = run.line_ids.filtered(lambda li: li.state == "held")
            held.sudo().state = "todo"
            run.sudo().state = "running"
            if len(run.line_ids) <= BATCH:
                run._bill(run.line_ids.filtered(lambda li: li.state == "todo"))
                run._finish()
            if run.state == "running":
                run.env.ref("ticket_billing.ir_cron_bill").sudo()._trigger()

    def action_send(self):
        """Mail the posted invoices in the background."""
        self.invoice_ids.action_deliver_billing()

    def _check_state(self, *states):
        """Keep the run for this step, if it is in one of ``states``."""
        self.ensure_one()
        if not self.sudo().try_lock_for_update(allow_referencing=True):
            raise UserError(
                self.env._(
                    "Somebody else, or you in another window, is working on billing"
                    " run %(run)s right now. Reload it in a moment.",
                    run=self.name,
                )
            )
        if self.state not in states:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "Billing run %(run)s is %(state)s: this step is not possible now.",
                    run=self.name,
                    state=labels[self.state],
                )
            )

    # -------------------------------------------------------------------- bill

    def _bill(self, lines):
        """Bill the contracts of ``lines`` in one batch; a bad one falls out alone."""
        self.ensure_one()
        run = self.sudo().with_company(self.company_id)
        lines = lines.sudo()
        # Two runs never bill the same customer at once: what another one has
        # locked stays to do.
        contracts = lines.contract_id._claim()
        lines = lines.filtered(lambda li: li.contract_id in contracts)
        try:
            with self.env.cr.savepoint():
                run._bill_group(lines)
        except Exception as error:
            if run._is_retryable(error):
                raise
            customers = lines.grouped("partner_id")
            if len(customers) > 1:
                for group in customers.values():
                    run._bill(group)
                return
            for line in lines:
                run._hold(line, error)

    @api.model
    def _is_retryable(self, error: Exception) -> bool:
        """Concurrency errors end the transaction: the caller repeats it."""
        code = getattr(error, "pgcode", None) or ""
        return code.startswith("40") or code == "55P03"

    def _bill_group(self, lines):
        """Rate, invoice and mark the work of several contracts: all or nothing."""
        rater = self.env["ticket.billing.rater"]
        invoicer = self.env["ticket.billing.invoicer"]
        contracts = lines.contract_id
        work = self._get_work(lines)
        rater._drop_proposals(contracts, work)
        ratings = rater._rate(contracts, work, self.date)
        ratings = {contract: ratings[contract.id] for contract in contracts}
        drafts, ratings = self._set_aside(invoicer._get_drafts(ratings), ratings)
        created = invoicer._create_invoices(drafts, self)
        invoicer._create_items(ratings, created, self)
        self.env["ticket.billing.bounds"]._park(created, self)
        moves = self.env["account.move"].concat(*(move for move, _draft in created))
        moves.filtered(lambda m: not m.billing_park_reason)._ask_billing_approval()
        self._close_changes(work.entries)
        for line in lines:
            moves = [m for m, d in created if line.contract_id in d.contracts]
            line._set_result(ratings[line.contract_id], moves)

    def _bill_again(self, lines):
        """Make the invoices of lines anew whose drafts are gone."""
        self.ensure_one()
        lines.state = "todo"
        self.state = "running"
        self._bill(lines)
        self._finish()

    def _get_work(self, lines) -> Work:
        """Unsettled work of the lines, each of its own days."""
        collector = self.env["ticket.billing.collector"]
        parts = [
            collector._collect(group.contract_id, scope)
            for scope, group in lines.grouped(lambda li: li._get_scope()).items()
        ]
        return reduce(or_, parts)

    @api.model
    def _set_aside(self, drafts: list, ratings: dict):
        """Leave out invoices that are empty or below the minimum of their policy.

        :return: the other drafts, and the ratings: what waits for more is held, what
            costs nothing is written off
        """
        kept, changed = [], {}
        for draft in drafts:
            if draft.is_empty():
                changed |= {
                    id(item): self._write_off(item)
                    for item in draft.items
                    if item.state != "covered"
                }
            elif draft.is_below_minimum():
                changed |= {
                    id(item): replace(item, state="held", reason="below_minimum")
                    for item in draft.items
                }
            else:
                kept.append(draft)
        ratings = {
            contract: tuple(changed.get(id(item), item) for item in items)
            for contract, items in ratings.items()
        }
        return kept, ratings

    @api.model
    def _write_off(self, item: Item) -> Item:
        """The item as one that costs nothing, for its own reason if it has one."""
        return replace(item, state="written_off", reason=item.reason or "nothing_due")

    @api.model
    def _close_changes(self, entries):
        """Corrections and credited parts of entries are in the ledger now, or held."""
        parts = self.env["ticket.billing.item"]._get_reopened(entries)
        changed = entries.filtered("billing_outdated").union(*parts)
        changed.invalidate_recordset(["billing_item_ids"])
        done = changed.filtered(
            lambda e: not any(item.state == "held" for item in e.billing_item_ids)
        )
        done.billing_outdated = False
        done.billing_item_ids.filtered("reopened").reopened = False

    def _hold(self, line, error: Exception):
        """Keep a contract back that cannot be billed, and tell its responsible."""
        if not isinstance(error, UserError):
            _logger.exception("Billing of %s failed", line.contract_id.display_name)
        line.write({"state": "held", "failed": True})
        line.message = self.env._(
            "%(contract)s could not be billed: %(error)s",
            contract=line.contract_id.display_name,
            error=self._get_error_text(error),
        )
        self._warn(line.contract_id, line.message, line.contract_id.user_id)

    @api.model
    def _get_error_text(self, error: Exception) -> str:
        """The error in words; of a database constraint those of its definition."""
        if isinstance(error, IntegrityError):
            return self.env["ticket.billing.item"]._sql_error_to_message(error)
        return str(error)

    def _finish(self):
        for run in self.sudo():
            states = set(run.line_ids.mapped("state"))
            if "todo" in states:
                continue
            run.state = "partly" if "held" in states else "done"
            run._watch_allotments()

    def _watch_allotments(self):
        """Warn of allotments; what goes wrong there does not concern the run."""
        watch = self.env["ticket.billing.allotment.watch"]
        try:
            with self.env.cr.savepoint():
                watch._watch(self.line_ids.contract_id.allotment_ids)
        except Exception as error:
            if self._is_retryable(error):
                raise
            _logger.exception("Warnings of allotments after %s failed", self.name)

    # -------------------------------------------------------------------- post

    def _post(self, lines):
        """Post the drafts of the lines, one savepoint each.

        Where the customer releases first, it shows them to him.
        """
        lines._get_drafts()._ask_billing_approval()
        self._post_drafts(
            lines, lambda move: move.state == "draft" and move._is_billing_approved()
        )

    def _post_automatically(self, lines):
        """Post as the policies say; what is parked waits for a person, who is told."""
        self._post_drafts(
            lines,
            lambda move: (
                move.state == "draft"
                and not move.billing_park_reason
                and move._is_billing_approved()
            ),
        )
        for line in lines.sudo().filtered("parked"):
            self._warn(line.contract_id, line.park_reason, line.contract_id.user_id)

    def _post_drafts(self, lines, is_wanted):
        lines = lines.sudo()
        self._post_together(lines, is_wanted)
        for line in lines:
            problems = [
                self._post_one(line, move)
                for move in line.invoice_ids.filtered(is_wanted)
            ]
            problems = [problem for problem in problems if problem]
            if problems:
                line.write({"state": "held", "message": "\n".join(problems)})
                self._warn(line.contract_id, line.message, line.contract_id.user_id)
            elif line.invoice_ids:
                line._set_posted()

    def _post_together(self, lines, is_wanted):
        """Post at once what lacks nothing: Odoo takes a third of the time then.

        If one cannot be posted none is; it is found when they are posted one by one.
        """
        moves = self.env["account.move"].union(
            *(
                line.invoice_ids.filtered(
                    lambda m, li=line: is_wanted(m) and not self._get_problem(li, m)
                )
                for line in lines
            )
        )
        try:
            with self.env.cr.savepoint():
                moves._post(soft=False)
        except Exception as error:
            if self._is_retryable(error):
                raise
            return
        for line in lines:
            self._set_pending(line, line.invoice_ids & moves)

    @api.model
    def _set_pending(self, line, moves):
        """Posted invoices wait for delivery where the policy sends them."""
        if line.contract_id.policy_id.release == "send":
            moves._start_delivery()

    @api.model
    def _get_problem(self, line, move) -> str | None:
        """Why an invoice is not posted: it could not be, or not be sent then."""
        is_sent = line.contract_id.policy_id.release == "send"
        return (is_sent and move._get_delivery_problem()) or move._get_posting_problem()

    def _post_one(self, line, move) -> str | None:
        if problem := self._get_problem(line, move):
            return problem
        try:
            with self.env.cr.savepoint():
                problem = move._post_billing()
        except Exception as error:
            if self._is_retryable(error):
                raise
            return self.env._(
                "%(invoice)s of %(customer)s cannot be posted: %(error)s",
                invoice=move.display_name,
                customer=move.partner_id.display_name,
                error=error,
            )
        if not problem:
            self._set_pending(line, move)
        return problem

    # --------------------------------------------------------------- exceptions

    @api.model
    def _warn(self, record, message: str, user):
        """One open activity per record for its responsible, with the last reason."""
        kind = self._get_warning_type_id()
        domain = [("activity_type_id", "=", kind)]
        existing = record.activity_ids.filtered_domain(domain)
        if existing:
            existing[0].note = message
        else:
            record.activity_schedule(
                activity_type_id=kind,
                note=message,
                user_id=(user or self.env.user).id,
            )

    @api.model
    def _clear_warning(self, records):
        """Close the activities of what is in order again."""
        kind = self._get_warning_type_id()
        records.activity_ids.filtered(lambda a: a.activity_type_id.id == kind).unlink()

    @api.model
    def _get_warning_type_id(self) -> int:
        """Asked for every customer: without a query, unlike ``ref``."""
        return self.env["ir.model.data"]._xmlid_to_res_id(
            "ticket_billing.mail_activity_billing_exception", raise_if_not_found=True
        )

    # ------------------------------------------------------------------- views

    def action_certificate(self):
        """Print what became of every minute of this run."""
        report = self.env.ref("ticket_billing.action_report_certificate")
        return report.report_action(self)

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("billing_run_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_view_lines(self):
        """The customers of this run, to release some of them."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_run_line_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        return action

    def action_view_items(self, state=None):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_item_action"
        )
        domain = Domain.OR(line._get_item_domain() for line in self.line_ids)
        if state:
            domain &= Domain("state", "=", state)
        action["domain"] = list(domain)
        action["context"] = {}
        return action

    def action_view_billed(self):
        return self.action_view_items("billed")

    def action_view_covered(self):
        return self.action_view_items("covered")

    def action_view_written_off(self):
        return self.action_view_items("written_off")

    def action_view_held(self):
        return self.action_view_items("held")
