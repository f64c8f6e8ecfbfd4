import datetime
import logging
import random
import time

from odoo import api, fields, models
from odoo.fields import Domain

from .ticket_billing_collector import Scope

_logger = logging.getLogger(__name__)

BATCH = 25
TRIES = 5


class TicketBillingSchedule(models.AbstractModel):
    """The scheduled action: what is due, company by company, batch by batch."""

    _name = "ticket.billing.schedule"
    _description = "Schedule of Billing Runs"

    @api.model
    def _cron_bill(self):
        """Scheduled action: bill what is due in every company, customer by customer.

        Each batch is committed; a killed worker leaves lines to do, which the next
        call takes up. Nothing a customer's data can do stops it.
        """
        # What it has to say is for the people of the company, not for OdooBot.
        self = self.with_context(lang=self.env.company.partner_id.lang)
        for company in self.env["res.company"].search([("active", "=", True)]):
            self.with_company(company)._prepare_scheduled_run(company)
        self.env["ir.cron"]._commit_progress(remaining=self._count_todo())
        while lines := self._get_todo():
            for run, group in lines.grouped("run_id").items():
                run._bill_scheduled(group)
            done = len(lines.filtered(lambda li: li.state != "todo"))
            time_left = self.env["ir.cron"]._commit_progress(
                done, remaining=self._count_todo()
            )
            if not time_left or not done:
                break
        if self.env["account.move"].search_count(
            [("billing_delivery_state", "=", "pending")], limit=1
        ):
            self.env.ref("ticket_billing.ir_cron_deliver")._trigger()

    @api.model
    def _get_todo_domain(self) -> Domain:
        return Domain("state", "=", "todo") & Domain("run_id.state", "=", "running")

    @api.model
    def _get_todo(self):
        """The next batch; contracts of one customer stay together."""
        lines = self.env["ticket.billing.run.line"]
        order = "run_id, partner_id, id"
        batch = lines.search(self._get_todo_domain(), order=order, limit=BATCH)
        last = batch[-1:]
        return batch | lines.search(
            self._get_todo_domain()
            & Domain("run_id", "=", last.run_id.id)
            & Domain("partner_id", "=", last.partner_id.id)
        )

    @api.model
    def _count_todo(self) -> int:
        return self.env["ticket.billing.run.line"].search_count(self._get_todo_domain())

    # -------------------------------------------------------------------- batch

    def _bill_scheduled(self, lines):
        """Bill and post a batch; when that fails, its customers one by one."""
        self.ensure_one()
        try:
            self._bill_and_post(lines)
        except Exception as error:
            _logger.info("%s: batch repeated by customer: %r", self.name, error)
            self.env.cr.rollback()
            for group in lines.grouped("partner_id").values():
                self._bill_customer(group)
        # Not together with the next run of this batch.
        self.env["ir.cron"]._commit_progress()

    def _bill_and_post(self, lines):
        self._bill(lines)
        self._post_automatically(lines.filtered(lambda li: li._is_released()))
        self._finish()
        self.env.flush_all()

    def _bill_customer(self, lines):
        """Bill one customer in a transaction of its own, in spite of bad luck.

        Conflicts with other transactions pass; after some tries, and for all other
        errors, the customer is held.
        """
        for number in range(1, TRIES + 1):
            try:
                self._bill_and_post(lines)
                self.env["ir.cron"]._commit_progress()
                return
            except Exception as error:
                self.env.cr.rollback()
                if not self._is_retryable(error) or number == TRIES:
                    self._give_up(lines, error)
                    return
            time.sleep(random.uniform(0, 0.1 * 2**number))

    def _give_up(self, lines, error: Exception):
        for line in lines:
            self._hold(line, error)
        self._finish()
        self.env["ir.cron"]._commit_progress()

    # ---------------------------------------------------------------------- due

    @api.model
    def _prepare_scheduled_run(self, company):
        """Add what is due today to the scheduled run of the day; none when nothing."""
        today = fields.Date.context_today(self)
        self.env["ticket.billing.rater"]._hold_unassigned(company)
        due = self._get_due_contracts(company, today)
        if not due:
            return
        run = self.search(
            [
                ("company_id", "=", company.id),
                ("scheduled", "=", True),
                ("date", "=", today),
            ]
        ) or self.create({"company_id": company.id, "scheduled": True, "date": today})
        failed = run.line_ids.filtered(lambda li: li.failed and li.state == "held")
        wanted = due - failed.contract_id
        scopes = self.env["ticket.billing.due"]._get_scopes(wanted, today)
        for contract in wanted:
            run._schedule(contract, scopes[contract])
        run.state = "running"

    def _schedule(self, contract, scope: Scope):
        self.ensure_one()
        line = self.line_ids.filtered(lambda li: li.contract_id == contract)
        if line:
            line.write({"state": "todo", **scope.get_line_vals()})
        else:
            self._add_lines(contract, **scope.get_line_vals())

    @api.model
    def _get_due_contracts(self, company, today: datetime.date):
        """Active contracts whose policy wants something billed today.

        Work that was held today already waits for tomorrow, or for a person.
        """
        contracts = self.env["ticket.billing.contract"].search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "active"),
                ("policy_id.trigger", "!=", "manual"),
                ("billing_paused", "=", False),
            ]
        )
        due = contracts.browse()
        scopes = self.env["ticket.billing.due"]._get_scopes(contracts, today)
        for scope, group in contracts.grouped(scopes.get).items():
            due |= self._find_due(group, scope, self._get_fresh_domain(today))
        return due

    @api.model
    def _find_due(self, contracts, scope: Scope, fresh: Domain):
        """Contracts with something to bill, or that cannot even be looked at.

        Billing holds these with the reason.
        """
        collector = self.env["ticket.billing.collector"].sudo()
        try:
            with self.env.cr.savepoint():
                return collector._find_due(contracts, scope, fresh)
        except Exception as error:
            if self._is_retryable(error):
                raise
            if len(contracts) == 1:
                return contracts
            parts = (self._find_due(contract, scope, fresh) for contract in contracts)
            return contracts.browse().union(*parts)

    @api.model
    def _get_fresh_domain(self, today: datetime.date) -> Domain:
        """Work that was not tried in vain today, and does not wait for more."""
        tried = Domain("create_date", ">=", today) | Domain(
            "reason", "=", "below_minimum"
        )
        held = Domain("state", "=", "held") & Domain("live", "=", True)
        return Domain("billing_item_ids", "not any", held & tried)
