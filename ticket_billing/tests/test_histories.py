import os
from collections import defaultdict
from contextlib import closing, contextmanager
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from odoo import Command
from odoo.sql_db import db_connect
from odoo.tests import tagged

from ..models.ticket_billing_collector import Scope
from ..rating import rate
from .common import TicketBillingCase
from .histories import History

# `make test-histories` plays a thousand.
COUNT = int(os.environ.get("TICKET_BILLING_HISTORIES", "250"))
SEED = os.environ.get("TICKET_BILLING_HISTORIES_SEED", "2026")
GROUP = 25
ROUNDS = 3
FACTS = ("entry_id", "kind", "segment", "raw_minutes", "billable_minutes",
         "unit_price", "net", "work_date", "ticket_id")  # fmt: skip


@tagged("post_install", "-at_install")
class TestHistories(TicketBillingCase):
    """Whatever happens to work and invoices: all of it is billed, and once."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls._vacuum)  # comes last, when all is rolled back
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {"name": "Switch", "type": "consu", "list_price": 9.9}
        )
        cls.policies = cls.policy.create(
            [
                {"name": "Each entry", "trigger": "manual", "rounding_mode": "up",
                 "increment_minutes": 15},
                {"name": "Ticket", "trigger": "manual", "rounding_mode": "up",
                 "increment_minutes": 10, "rounding_scope": "ticket",
                 "rounding_memory": "lifetime"},
                {"name": "Exact", "trigger": "period", "rounding_mode": "none",
                 "invoice_grouping": "ticket", "line_grouping": "ticket"},
                {"name": "Each run", "trigger": "manual", "rounding_mode": "up",
                 "increment_minutes": 15, "rounding_scope": "ticket"},
            ]
        )  # fmt: skip
        cls.dice = Random(SEED)
        cls.histories = cls._create_histories(COUNT)
        cls.billed = {}

    @classmethod
    def _vacuum(cls):
        """Clear the remains: for minutes, later tests would run on wrong plans."""
        with closing(db_connect(cls.registry.db_name).cursor()) as cursor:
            cursor._cnx.autocommit = True
            cursor.execute("VACUUM ANALYZE")

    @classmethod
    def _create_histories(cls, count: int) -> list[History]:
        partners = cls.env["res.partner"].create(
            [
                {
                    "name": f"Customer {number}",
                    "is_company": True,
                    "street": "Werkstraße 5",
                    "zip": "70173",
                    "city": "Stuttgart",
                    "country_id": cls.germany.id,
                    "email": "office@customer.example",
                }
                for number in range(count)
            ]
        )
        contracts = cls.env["ticket.billing.contract"].create(
            [cls._prepare_contract(n, partner) for n, partner in enumerate(partners)]
        )
        contracts.action_activate()
        tickets = cls.env["helpdesk.ticket"].create(
            [
                {
                    "name": name,
                    "description": name,
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                }
                for partner in partners
                for name in ("Printer", "Network")
            ]
        )
        return [
            History(cls, SEED, number, contract, tickets[2 * number : 2 * number + 2])
            for number, contract in enumerate(contracts)
        ]

    @classmethod
    def _prepare_contract(cls, number: int, partner) -> dict:
        policy = cls.policies[number % 4]
        vals = {
            "name": "Support",
            "partner_id": partner.id,
            "company_id": cls.company.id,
            "policy_id": policy.id,
            "date_start": "2026-01-01",
            "rate_ids": [Command.create({"value": 90})],
        }
        if policy.rounding_scope == "entry":
            onsite = {"value": 120, "work_type_id": cls.onsite.id}
            vals["rate_ids"].append(Command.create(onsite))
        if number % 5 == 4:
            vals["allotment_ids"] = [Command.create({"hours": 2})]
        return vals

    def _get_histories_by_partner(self) -> dict:
        return {history.contract.partner_id: history for history in self.histories}

    @contextmanager
    def _telling(self, history):
        """Say what the customer went through when something fails."""
        try:
            yield
            self.env.flush_all()
        except Exception as error:
            is_usable = isinstance(error, AssertionError)
            story = history.tell() if is_usable else "\n".join(history.steps)
            error.add_note(f"Seed {SEED}, history {history.number}:\n{story}")
            raise

    # ------------------------------------------------------------------- story

    def test_histories(self):
        for number in range(1, ROUNDS + 1):
            day = date(2026, 11, number)
            self._work()
            before = self._get_credited_beyond()
            runs = self._bill(day)
            self._check_not_credited_twice(before)
            self._analyze()
            self._check()
            self.assertFalse(self._bill(day), "a repeated run has billed something")
            self._handle_drafts(runs)
            self._analyze()
            self._handle_posted()
            self._undo_some(runs)
        self._finish(date(2026, 12, 1))
        self._check()
        for history in self.histories:
            with self.subTest(history.number), self._telling(history):
                self._check_owed(history)

    def _analyze(self):
        """Nothing is committed: the planner would take the tables for empty."""
        self.env.flush_all()
        self.env.cr.execute("ANALYZE")

    def _work(self):
        entries = [vals for h in self.histories for vals in h.plan_entries()]
        self.env["account.analytic.line"].create(entries)
        charges = [vals for h in self.histories for vals in h.plan_charges()]
        self.env["ticket.billing.charge"].create(charges)
        for history in self.histories:
            with self._telling(history):
                history.change_work()

    def _bill(self, day):
        """A run per group of customers that have something to bill."""
        runs = self.env["ticket.billing.run"]
        contracts = runs.line_ids.contract_id.concat(
            *(history.contract for history in self.histories)
        )
        collector = self.env["ticket.billing.collector"]
        due = collector._find_due(contracts, Scope(day, day)).sorted("id")
        for start in range(0, len(due), GROUP):
            run = runs.create({"date": day, "company_id": self.company.id})
            run._add_lines(due[start : start + GROUP])
            run.state = "running"
            run._bill(run.line_ids)
            run._finish()
            self.assertEqual(run.state, "done", run.line_ids.mapped("message"))
            runs |= run
        return runs

    def _handle_drafts(self, runs):
        histories = self._get_histories_by_partner()
        drafts = runs.invoice_ids
        for move in drafts:
            history = histories[move.partner_id]
            step = history.choose_draft_step(move)
            with self._telling(history):
                if step == "cancel":
                    move.button_cancel()
                elif step == "delete":
                    move.unlink()
                elif step == "delete_line":
                    move.invoice_line_ids.filtered("billing_item_ids")[1:2].unlink()
        self._post(drafts.exists())

    def _post(self, moves):
        moves.filtered(lambda m: m.state == "draft")._post(soft=False)

    def _handle_posted(self):
        """Credits by Odoo's wizards, several invoices at a time."""
        steps = defaultdict(list)
        for history in self.histories:
            for move in history.moves.filtered(lambda m: m.state == "posted"):
                step = history.choose_step(move)
                if step != "wait":
                    steps["modify" if step == "modify" else "refund"].append(
                        (history, step, move)
                    )
        self._refund(steps["refund"])
        self._modify(steps["modify"])

    def _reverse(self, moves, method: str):
        """Documents that Odoo's wizard makes of ``moves``, in their order."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"journal_id": moves[0].journal_id.id, "reason": "History"})
        )
        getattr(wizard, method)()
        return wizard.new_move_ids

    def _refund(self, chosen):
        if not chosen:
            return
        moves = self.env["account.move"].concat(*(move for _h, _s, move in chosen))
        self._reverse(moves, "refund_moves")
        for history, step, move in chosen:
            with self._telling(history):
                credit = move.reversal_move_ids.filtered(lambda m: m.state == "draft")
                if step == "reverse_credit" and history.is_rebilled(move):
                    credit.unlink()  # released meanwhile: posting is refused
                    continue
                history.edit_credit(step, credit)
                credit._post(soft=False)
                if credit.has_releasable_work and history.releases():
                    history.note("release", credit.name)
                    credit.action_release_work()

    def _modify(self, chosen):
        if not chosen:
            return
        moves = self.env["account.move"].concat(*(move for _h, _s, move in chosen))
        drafts = self._reverse(moves, "modify_moves")
        for draft in drafts:
            history = self._get_histories_by_partner()[draft.partner_id]
            with self._telling(history):
                history.edit_modified(draft)
        self._post(drafts)

    def _undo_some(self, runs):
        for run in runs:
            if self.dice.random() < 0.15:
                for history in self.histories:
                    if history.contract in run.line_ids.contract_id:
                        history.note("undo", run.name)
                run.action_undo()

    def _finish(self, day):
        """Bill what is open, and what was credited too, until nothing is left."""
        keeping = {h.contract for h in self.histories if h.keeps_credit}
        for number in range(4):
            self._post(
                self.env["account.move"].search(
                    [
                        ("state", "=", "draft"),
                        ("partner_id", "in", self._get_partners().ids),
                    ]
                )
            )
            items = self.env["ticket.billing.item"].search(
                [
                    ("contract_id.partner_id", "in", self._get_partners().ids),
                    ("settled", "=", True),
                    ("live", "=", True),
                    ("credit_line_ids", "!=", False),
                ]
            )
            items = items.filtered(lambda i: i._is_releasable())
            items.filtered(lambda i: i.contract_id not in keeping).action_release()
            if not self._bill(day + timedelta(number)):
                return
        self.fail("There is always something left to bill")

    def _get_partners(self):
        partners = self._get_histories_by_partner()
        return self.partner.browse().concat(*partners)

    # ------------------------------------------------------------------- check

    def _check(self):
        self.env.flush_all()
        for history in self.histories:
            with self._telling(history):
                self._check_minutes(history)
                self._check_lines(history)
                self._check_frozen(history)

    def _check_minutes(self, history):
        """Conservation: the live items of an entry add up to its minutes."""
        for entry in history.entries:
            live = entry.billing_item_ids.filtered("live")
            self.assertEqual(sum(live.mapped("raw_minutes")), entry.raw_minutes, entry)
            self.assertFalse(live.filtered(lambda i: i.state in ("open", "held")))
            self.assertFalse(entry.billing_outdated)

    def _get_credited_beyond(self) -> dict:
        """Minutes credited of an entry beyond what was charged.

        People may do that, a run may not.
        """
        return {
            entry: self._get_beyond(entry.billing_item_ids.filtered("live"))
            for history in self.histories
            for entry in history.entries
        }

    def _get_beyond(self, live) -> int:
        credited = sum(
            item._get_releasable_minutes()
            for item in live
            if item.credit_line_ids and item._is_releasable()
        )
        charged = sum(
            item.billable_minutes
            for item in live
            if item.rated_state == "open" or item.credited_item_id
        )
        return max(credited - max(charged, 0), 0)

    def _check_not_credited_twice(self, before: dict):
        """A run gave nothing back that was credited already."""
        after = self._get_credited_beyond()
        for history in self.histories:
            with self._telling(history):
                for entry in history.entries:
                    self.assertLessEqual(after[entry], before[entry], entry)

    def _check_lines(self, history):
        """An invoice line is worth what its items are, and bills no others."""
        lines = history.moves.invoice_line_ids.filtered("billing_item_ids")
        for line in lines.filtered(lambda li: li.parent_state != "cancel"):
            sign = -1 if line.move_id.move_type == "out_refund" else 1
            net = sum(line.billing_item_ids.mapped("net"))
            self.assertAlmostEqual(sign * line.price_subtotal, net, 2)

    def _check_frozen(self, history):
        """What was billed once never changes, whatever comes later."""
        items = self.env["ticket.billing.item"].search(
            [("contract_id", "=", history.contract.id), ("settled", "=", True)]
        )
        for item in items:
            facts = [item[name] for name in FACTS]
            self.assertEqual(self.billed.setdefault(item, facts), facts)

    def _check_owed(self, history):
        """The documents add up to what a fresh rating of the facts says."""
        policy = history.contract.policy_id
        if history.contract.allotment_ids or policy == self.policies[3]:
            return  # depends on what was billed in which run
        moves = history.moves.filtered(lambda m: m.state == "posted")
        owed = sum(
            Decimal(str(amount)) for amount in moves.mapped("amount_untaxed_signed")
        )
        right = self._get_fresh_net(history) - history.goodwill
        kept = self._get_kept_credit(history)
        # Lines are rounded, what is left of them is rounded apart.
        cents = Decimal("0.05") if kept else 0
        self.assertLessEqual(abs(owed - right + kept), cents)

    def _get_kept_credit(self, history) -> Decimal:
        """What was credited and is not billed again."""
        items = self.env["ticket.billing.item"].search(
            [
                ("contract_id", "=", history.contract.id),
                ("credit_line_ids", "!=", False),
            ]
        )
        nets = (
            item._get_net_of(item._get_releasable_minutes())
            if item._is_work()
            else item.net
            for item in items
            if item._is_releasable()
        )
        return sum((Decimal(str(net)) for net in nets), Decimal(0))

    def _get_fresh_net(self, history) -> Decimal:
        rater, contract = self.env["ticket.billing.rater"], history.contract
        items = rate(
            contract._get_conditions_by_contract()[contract.id],
            [rater._prepare_entry(entry, contract) for entry in history.entries],
            [
                rater._prepare_charge(charge, Decimal(str(charge.price_unit)))
                for charge in history.tickets.charge_ids
            ],
        ).items
        return sum((item.net for item in items if item.state == "open"), Decimal(0))
