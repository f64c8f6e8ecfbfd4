from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 09:00:00")
class TestSimulation(TicketBillingCase):
    """What a contract would have billed: the prices of billing, and no trace."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_ticket = cls._create_ticket("Printer offline")
        cls._log(50)
        cls._log(20, "2026-10-20", ticket=cls.other_ticket)

    def _compare(self, contract, **vals):
        simulation = self.env["ticket.billing.simulation"].create(
            {
                "contract_id": contract.id,
                "date_from": "2026-10-01",
                "date_to": "2026-10-31",
                **vals,
            }
        )
        simulation.action_compare()
        return simulation

    def _get_lines(self, simulation):
        """(ticket, kind) -> (minutes and net simulated, minutes and net billed)"""
        return {
            (line.ticket_id.name, line.kind): (
                line.minutes_simulated,
                line.net_simulated,
                line.minutes_billed,
                line.net_billed,
            )
            for line in simulation.line_ids
        }

    def _copy(self, **vals):
        """A draft that begins today: the past knows nothing of it."""
        return self.contract.copy({"date_start": "2026-11-20", **vals})

    def _count_writes(self):
        """Rows that this transaction has written, by table, and all sequences."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del"
            " FROM pg_stat_xact_user_tables"
            " WHERE relname NOT LIKE 'ticket_billing_simulation%'"
        )
        rows = self.env.cr.fetchall()
        self.env.cr.execute(
            "SELECT sequencename, last_value FROM pg_sequences"
            " WHERE sequencename NOT LIKE 'ticket_billing_simulation%'"
        )
        return sorted(rows), sorted(self.env.cr.fetchall(), key=str)

    def test_same_contract_gives_what_was_billed(self):
        self._run()
        simulation = self._compare(self.contract)
        self.assertEqual(
            self._get_lines(simulation),
            {
                ("VPN drops every hour", "time"): (60, 90.0, 60, 90.0),
                ("Printer offline", "time"): (30, 45.0, 30, 45.0),
            },
        )
        self.assertEqual(simulation.net_simulated, 135)
        self.assertEqual(simulation.net_billed, 135)
        self.assertEqual(simulation.difference, 0)

    def test_draft_copy_prices_work_of_another_contract(self):
        self._run()
        draft = self._copy()
        draft.rate_ids.value = 120
        draft.allotment_ids = [Command.create({"hours": 1, "overage_price": 100})]
        simulation = self._compare(draft)
        self.assertEqual(draft.state, "draft")
        self.assertEqual(
            self._get_lines(simulation),
            {
                ("VPN drops every hour", "quota_covered"): (60, 0.0, 0, 0.0),
                ("VPN drops every hour", "time"): (0, 0.0, 60, 90.0),
                ("Printer offline", "overage"): (30, 50.0, 0, 0.0),
                ("Printer offline", "time"): (0, 0.0, 30, 45.0),
            },
        )
        self.assertEqual(simulation.difference, 50 - 135)

    def test_unbilled_work_counts_too(self):
        simulation = self._compare(self._copy())
        self.assertEqual(simulation.net_simulated, 135)
        self.assertEqual(simulation.net_billed, 0)

    def test_only_the_period_and_the_customer(self):
        self._log(60, "2026-09-30")
        self._log(60, "2026-11-01")
        stranger = self._create_customer("Ostwind Logistik KG")
        self._create_contract(stranger)
        self._log(60, ticket=self._create_ticket("Other", stranger))
        self._run("2026-11-20")
        simulation = self._compare(self.contract)
        self.assertEqual(simulation.net_simulated, 135)
        self.assertEqual(simulation.net_billed, 135)

    def test_allotment_of_the_period_is_full_again(self):
        self.contract.allotment_ids = [Command.create({"hours": 1})]
        self._run()
        simulation = self._compare(self.contract)
        self.assertEqual(simulation.difference, 0)
        self.assertEqual(simulation.net_simulated, 45)

    def test_nothing_is_written(self):
        self.contract.allotment_ids = [Command.create({"hours": 1})]
        self.contract.fee_ids = [
            Command.create({"name": "Monitoring", "price_unit": 50})
        ]
        self._log(15, billing_emergency=True)
        self._run()
        draft = self._copy(emergency_fee=80)
        simulation = self.env["ticket.billing.simulation"].create(
            {
                "contract_id": draft.id,
                "date_from": "2026-10-01",
                "date_to": "2026-10-31",
            }
        )
        before = self._count_writes()
        simulation.action_compare()
        self.assertEqual(self._count_writes(), before)
        self.assertTrue(simulation.line_ids)
        # The same count does notice a rating that is stored.
        self._log(15, "2026-10-25")
        before = self._count_writes()
        self.contract.action_rate()
        self.assertNotEqual(self._count_writes(), before)

    def test_fees_and_blocks_count_as_bought_in_the_period(self):
        draft = self._copy()
        draft.fee_ids = [
            Command.create({"name": "Monitoring", "price_unit": 50, "advance": True}),
            Command.create({"name": "Backup", "price_unit": 300, "period": "quarter"}),
        ]
        draft.allotment_ids = [
            Command.create(
                {
                    "hours": 10,
                    "period": "block",
                    "price": 800,
                    "date_start": "2026-12-01",
                }
            )
        ]
        lines = self._get_lines(self._compare(draft))
        self.assertEqual(lines[False, "recurring"][1], 350)
        self.assertEqual(lines[False, "prepaid_block"][1], 800)
        self.assertEqual(lines["Printer offline", "quota_covered"][:2], (30, 0))
        # A quarter that does not begin in the period belongs to another one.
        self._log(60, "2026-11-03")
        simulation = self._compare(draft, date_from="2026-11-01", date_to="2026-11-15")
        self.assertEqual(self._get_lines(simulation)[False, "recurring"][1], 50)

    def test_allotment_of_tickets_counts_tickets_of_the_other_contract(self):
        draft = self._copy()
        draft.allotment_ids = [
            Command.create(
                {
                    "unit": "tickets",
                    "ticket_quantity": 1,
                    "overage_price": 70,
                    "count_on": "closed",
                }
            )
        ]
        with freeze_time("2026-10-25 10:00:00"):
            self._close(self.ticket)
            self._close(self.other_ticket)
        simulation = self._compare(draft)
        self.assertEqual(simulation.net_simulated, 70)

    def test_work_that_cannot_be_priced_says_why(self):
        draft = self._copy()
        draft.rate_ids.unlink()
        simulation = self._compare(draft)
        self.assertEqual(
            set(simulation.line_ids.mapped("held_text")), {"No rate for this work"}
        )
        self.assertEqual(simulation.net_simulated, 0)

    def test_line_is_explained(self):
        line = self._compare(self.contract).line_ids.filtered(
            lambda li: li.ticket_id == self.ticket
        )
        self.assertIn("Anna Huber", line.explanation_text)
        self.assertIn("50 worked, 60 billable", line.explanation_text)
        self.assertIn("1:00 h × unit price", line.explanation_text)

    def test_charges_and_journeys_follow_the_policy_of_the_contract(self):
        policy = self.policy.copy(
            {"material_markup": 50, "travel_mode": "flat", "travel_price": 40}
        )
        self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "product_id": self.env.ref("ticket_billing.product_journey").id,
                "date": "2026-10-12",
                "pricing": "markup",
                "unit_cost": 10,
            }
        )
        self.env["ticket.billing.visit"].create(
            {"ticket_id": self.ticket.id, "date": "2026-10-12"}
        )
        self._run()
        lines = self._get_lines(self._compare(self._copy(policy_id=policy.id)))
        name = self.ticket.name
        self.assertEqual(lines[name, "material"], (0, 15.0, 0, 10.0))
        self.assertEqual(lines[name, "travel"], (0, 40.0, 0, 0.0))

    def test_rounding_per_invoice_follows_the_grouping_of_the_contract(self):
        policy = self.policy.copy(
            {"rounding_scope": "invoice", "invoice_grouping": "ticket"}
        )
        simulation = self._compare(self._copy(policy_id=policy.id))
        self.assertEqual(sum(simulation.line_ids.mapped("minutes_simulated")), 60 + 30)
        policy.invoice_grouping = "customer"
        simulation = self._compare(self._copy(policy_id=policy.id))
        self.assertEqual(sum(simulation.line_ids.mapped("minutes_simulated")), 75)

    def test_period_of_the_past(self):
        for period in (("2026-11-01", "2026-11-30"), ("2026-10-02", "2026-10-01")):
            with self.assertRaises(ValidationError):
                self._compare(self.contract, date_from=period[0], date_to=period[1])

    def test_currencies_are_not_mixed(self):
        chf = self.env.ref("base.CHF")
        chf.active = True
        with self.assertRaises(UserError) as error:
            self._compare(self._copy(currency_id=chf.id))
        self.assertIn("CHF", str(error.exception))

    def test_opened_from_the_menu(self):
        """Without a contract there is no currency yet."""
        form = Form(self.env["ticket.billing.simulation"])
        form.contract_id = self.contract
        simulation = form.save()
        simulation.action_compare()
        self.assertEqual(simulation.net_simulated, 135)

    def test_only_billers(self):
        biller = self._create_user("biller", "ticket_billing.group_biller")
        simulation = (
            self.env["ticket.billing.simulation"]
            .with_user(biller)
            .create({"contract_id": self.contract.id})
        )
        self.assertEqual(str(simulation.date_from), "2026-10-01")
        self.assertEqual(str(simulation.date_to), "2026-10-31")
        simulation.action_compare()
        self.assertEqual(simulation.net_simulated, 135)
        self.assertTrue(simulation.line_ids[0].explanation_text)
        agent = self._create_user("agent", "ticket_billing.group_agent")
        with self.assertRaises(AccessError):
            self.env["ticket.billing.simulation"].with_user(agent).create(
                {"contract_id": self.contract.id}
            )
