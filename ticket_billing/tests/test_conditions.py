from datetime import date

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestConditions(TicketBillingCase):
    """Fees, visits, blocks, orders and the choice of contract and policy."""

    def _get_nets(self, moves):
        lines = moves.invoice_line_ids.filtered("billing_item_ids")
        return sorted(
            (line.billing_item_ids[0].kind, line.price_subtotal) for line in lines
        )

    # Recurring fees

    def test_fee_is_billed_once_per_period(self):
        self.contract.date_start = "2026-08-16"
        self.contract.fee_ids = [
            Command.create({"name": "Monitoring", "price_unit": 31, "quantity": 2})
        ]
        invoice = self._run(date(2026, 11, 1)).invoice_ids
        # 16 of 31 days in August, then whole months.
        self.assertEqual(
            self._get_nets(invoice),
            [("recurring", 32.0), ("recurring", 62.0), ("recurring", 62.0)],
        )
        self.assertEqual(invoice.service_period_start, date(2026, 8, 1))
        self.assertEqual(invoice.service_period_end, date(2026, 10, 31))
        self.assertFalse(self._run(date(2026, 11, 1)).invoice_ids)
        self.assertEqual(
            self._get_nets(self._run(date(2026, 12, 1)).invoice_ids),
            [("recurring", 62.0)],
        )

    def test_fee_in_advance_rides_with_the_work(self):
        self.contract.date_start = "2026-10-01"
        self.contract.fee_ids = [
            Command.create(
                {"name": "Hotline", "price_unit": 50, "advance": True,
                 "date_start": "2026-11-01"}
            )
        ]  # fmt: skip
        self._log(60, "2026-10-12")
        invoice = self._run(date(2026, 11, 1)).invoice_ids
        self.assertEqual(self._get_nets(invoice), [("recurring", 50.0), ("time", 90.0)])
        text = invoice.invoice_line_ids.filtered("product_id")[0].name
        self.assertIn("Hotline", text)

    def test_fee_is_due_for_the_scheduled_run(self):
        self.contract.fee_ids = [Command.create({"name": "Fee", "price_unit": 10})]
        due = self.env["ticket.billing.run"]._get_due_contracts(
            self.company, date(2026, 11, 1)
        )
        self.assertIn(self.contract, due)

    # Visits

    def test_visit_pays_the_way_once_and_is_locked(self):
        self.policy.write(
            {"travel_mode": "km", "travel_price": 0.7, "travel_round_trip": True}
        )
        visit = self.env["ticket.billing.visit"].create(
            {
                "ticket_id": self.ticket.id,
                "date": "2026-10-12",
                "one_way_km": 20,
                "employee_ids": [Command.set((self.anna | self.bert).ids)],
            }
        )
        self._log(30, visit_id=visit.id)
        invoice = self._run().invoice_ids
        self.assertEqual(self._get_nets(invoice), [("time", 45.0), ("travel", 28.0)])
        self.assertTrue(visit.billing_locked)
        with self.assertRaises(UserError):
            visit.one_way_km = 30
        with self.assertRaises(UserError):
            visit.unlink()
        self.assertFalse(self._run().invoice_ids)

    def test_travel_by_zone_needs_zones(self):
        with self.assertRaises(ValidationError):
            self.policy.travel_mode = "zones"

    # Purchase orders

    def test_purchase_order_says_what_is_left(self):
        order = self.env["ticket.billing.purchase.order"].create(
            {"name": "4711", "partner_id": self.partner.id, "limit": 500,
             "used_before": 100, "company_id": self.company.id}
        )  # fmt: skip
        self.ticket.purchase_order_ref = "4711"
        self._log(60)
        self._run()
        order.invalidate_recordset()
        self.assertEqual((order.used, order.left), (190.0, 310.0))

    def test_work_beyond_the_order_waits(self):
        self.env["ticket.billing.purchase.order"].create(
            {"name": "4711", "partner_id": self.partner.id, "limit": 100,
             "company_id": self.company.id}
        )  # fmt: skip
        self.ticket.purchase_order_ref = "4711"
        first = self._log(60, "2026-10-12")
        second = self._log(60, "2026-10-13")
        run = self._run()
        self.assertEqual(run.invoice_ids.amount_untaxed, 90.0)
        self.assertEqual(first.billing_item_ids.state, "billed")
        self.assertEqual(second.billing_item_ids.reason, "po_limit_exceeded")
        self.assertIn("4711", second.billing_item_ids.message)

    # Corrections

    def test_correction_is_billed_and_credited(self):
        entry = self._log(60)
        self._run().action_release()
        with self.assertRaises(UserError):
            entry.unit_amount = 1.5
        wizard = self.env["ticket.billing.correction"].create(
            {"entry_id": entry.id, "raw_minutes": 90, "reason": "Longer"}
        )
        wizard.action_correct()
        self.assertTrue(entry.billing_outdated)
        more = self._run(date(2026, 12, 1)).invoice_ids
        self.assertEqual(self._get_nets(more), [("correction", 45.0)])
        self.assertFalse(entry.billing_outdated)
        entry._correct({"raw_minutes": 30})
        less = self._run(date(2027, 1, 1)).invoice_ids
        self.assertEqual(less.move_type, "out_refund")
        self.assertEqual(less.amount_untaxed, 90.0)
        live = entry.billing_item_ids.filtered("live")
        self.assertEqual(sum(live.mapped("raw_minutes")), 30)
        self.assertFalse(self._run(date(2027, 2, 1)).invoice_ids)

    def test_correction_needs_a_biller(self):
        entry = self._log(60)
        self._run()
        agent = self._create_user("agent", "ticket_billing.group_agent")
        with self.assertRaises(UserError):
            entry.with_user(agent).action_correct()

    # Allotments

    def test_ledger_of_an_allotment(self):
        self.contract.allotment_ids = [
            Command.create(
                {"hours": 5, "carry_over": True, "carry_over_limit": 2}
            )
        ]  # fmt: skip
        allotment = self.contract.allotment_ids
        self._log(120, "2026-09-10")
        self._log(60, "2026-10-10")
        self._run()
        used = allotment._get_used()[allotment]
        rows = allotment._get_ledger_rows(used, date(2026, 10, 20))
        october, september = rows[0], rows[1]
        self.assertEqual(
            (september["used"], september["carried"], september["lapsed"]),
            ("2:00 h", "2:00 h", "3:00 h"),
        )
        self.assertEqual((october["available"], october["used"]), ("7:00 h", "1:00 h"))
        self.assertIn("7:00 h", str(allotment.ledger_html))

    # Choice of policy and contract

    def test_policy_of_customer_and_company(self):
        policies = self.env["ticket.billing.policy"]
        own, common = policies.create([{"name": "Own"}, {"name": "Common"}])
        self.company.ticket_billing_policy_id = common
        special = self._create_customer("Special GmbH")
        special.ticket_billing_policy_id = own
        vals = {"name": "Support", "company_id": self.company.id}
        contracts = self.env["ticket.billing.contract"].create(
            [
                {**vals, "partner_id": special.id},
                {**vals, "partner_id": self._create_customer("Plain GmbH").id},
            ]
        )
        self.assertEqual(contracts.mapped("policy_id"), own | common)

    def test_contract_beside_the_main_one_takes_its_category(self):
        category = self.env["helpdesk.ticket.category"].create({"name": "Network"})
        beside = self._create_contract(
            self.partner, price=120, main=False, category_ids=[category.id]
        )
        ticket = self._create_ticket("Switch", category_id=category.id)
        self.assertEqual(ticket.billing_contract_id, beside)
        self.assertEqual(self.ticket.billing_contract_id, self.contract)
        self._log(60)
        self._log(60, ticket=ticket)
        invoice = self._run().invoice_ids
        self.assertEqual(len(invoice), 1)
        self.assertEqual(self._get_nets(invoice), [("time", 90.0), ("time", 120.0)])
        self.assertIn(beside.code, invoice.invoice_origin)

    # Nothing forgotten

    def test_work_of_a_closed_contract_is_held(self):
        entry = self._log(60)
        self.contract.action_close()
        self.env["ticket.billing.rater"]._hold_unassigned(self.company)
        self.assertEqual(entry.billing_item_ids.reason, "no_contract")
        self.contract.action_activate()
        self._run()
        live = entry.billing_item_ids.filtered("live")
        self.assertEqual(live.mapped("state"), ["billed"])
