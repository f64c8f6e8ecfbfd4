from datetime import datetime

from odoo import Command
from odoo.tests import tagged

from odoo.addons.ticket_billing.models.ticket_billing_surcharge import WEEKDAYS

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestBilling(TicketBillingCase):
    """What a billing run puts on invoices."""

    def test_rounds_each_entry_up(self):
        for minutes in (5, 16, 30, 31):
            self._log(minutes)
        run = self._run()
        self.assertEqual(run.state, "done")
        self.assertEqual(
            self._get_lines(run.invoice_ids),
            [(15, 90, 22.5), (30, 90, 45.0), (30, 90, 45.0), (45, 90, 67.5)],
        )
        self.assertEqual(run.invoice_ids.amount_untaxed, 180.0)
        self.assertEqual(run.invoice_ids.amount_total, 214.2)

    def test_minutes_that_do_not_fit_in_hours(self):
        self.policy.rounding_mode = "none"
        entries = [self._log(20), self._log(35), self._log(1)]
        run = self._run()
        self.assertEqual(
            self._get_lines(run.invoice_ids),
            [(1, 90, 1.5), (20, 90, 30.0), (35, 90, 52.5)],
        )
        for entry in entries:
            item = entry.billing_item_ids
            self.assertEqual(item.net, item.invoice_line_id.price_subtotal)

    def test_lines_equal_items_whatever_the_grouping(self):
        self.policy.write({"rounding_mode": "none", "line_grouping": "ticket"})
        self.contract.rate_ids.value = 100
        for _i in range(3):
            self._log(20)
        run = self._run()
        self.assertEqual(self._get_lines(run.invoice_ids), [(60, 100, 100.0)])
        line = run.invoice_ids.invoice_line_ids.filtered("billing_item_ids")
        self.assertEqual(len(line.billing_item_ids), 3)
        self.assertAlmostEqual(sum(line.billing_item_ids.mapped("net")), 100.0)

    def test_total_is_the_sum_of_the_printed_lines(self):
        self.contract.rate_ids.value = 73.5
        for _i in range(3):
            self._log(45)  # 55.125 each
        move = self._run().invoice_ids
        lines = move.invoice_line_ids.filtered("billing_item_ids")
        self.assertEqual(lines.mapped("price_subtotal"), [55.13] * 3)
        self.assertEqual(move.amount_untaxed, 165.39)
        self.assertEqual(move.amount_tax, 31.42)  # 19 % of the net, rounded once
        self.assertEqual(lines.mapped("quantity"), [0.75] * 3)
        self.assertEqual(lines.mapped("price_unit"), [73.5] * 3)
        move.action_post()
        self.assertAlmostEqual(-sum(lines.mapped("balance")), 165.39)
        credit = move._reverse_moves(cancel=False)
        self.assertEqual(credit.amount_untaxed, 165.39)
        self.assertEqual(credit.amount_total, move.amount_total)

    def test_most_specific_rate(self):
        self.contract.rate_ids = [
            Command.create({"work_type_id": self.onsite.id, "value": 120}),
            Command.create({"employee_id": self.bert.id, "value": 100}),
            Command.create(
                {
                    "work_type_id": self.onsite.id,
                    "employee_id": self.anna.id,
                    "value": 140,
                }
            ),
        ]
        self._log(60)
        self._log(60, employee_id=self.bert.id)
        self._log(60, work_type_id=self.onsite.id)
        self._log(60, work_type_id=self.onsite.id, employee_id=self.bert.id)
        run = self._run()
        self.assertEqual(
            self._get_lines(run.invoice_ids),
            [(60, 90, 90.0), (60, 100, 100.0), (60, 120, 120.0), (60, 140, 140.0)],
        )

    def test_standard_rate_of_the_company(self):
        self.contract.rate_ids.unlink()
        self.env["ticket.billing.rate"].create({"value": 77})
        self._log(60)
        self.assertEqual(self._get_lines(self._run().invoice_ids), [(60, 77, 77.0)])

    def test_surcharge_splits_the_entry(self):
        self.contract.surcharge_ids = [
            Command.create(
                {"name": "Night", "percent": 50, "time_from": 20, "time_to": 6}
            )
        ]
        # 19:00 to 21:30 in Berlin
        self._log_times(datetime(2026, 6, 9, 17), datetime(2026, 6, 9, 19, 30))
        run = self._run()
        self.assertEqual(
            self._get_lines(run.invoice_ids), [(60, 90, 90.0), (90, 135, 202.5)]
        )
        texts = run.invoice_ids.invoice_line_ids.mapped("name")
        self.assertTrue(any("Night +50 %" in text for text in texts), texts)

    def test_holiday_of_the_state_of_the_customer(self):
        # Corpus Christi, a holiday in Baden-Württemberg and not in Hamburg
        self.contract.surcharge_ids = [
            Command.create(
                {
                    "name": "Holiday",
                    "percent": 100,
                    "whole_day": True,
                    "holidays": True,
                    **dict.fromkeys(WEEKDAYS, False),
                }
            )
        ]
        self._log(60, "2026-06-04")
        self._log(60, "2026-06-05")
        self.partner.state_id = self.env.ref("base.state_de_bw")
        self.assertEqual(
            self._get_lines(self._run().invoice_ids), [(60, 90, 90.0), (60, 180, 180.0)]
        )
        self.partner.state_id = self.env.ref("base.state_de_hh")
        self._log(60, "2026-06-04")
        self.assertEqual(
            self._get_lines(self._run("2026-11-02").invoice_ids), [(60, 90, 90.0)]
        )

    def test_emergency_percent_and_fee_once_per_ticket(self):
        self.contract.write({"emergency_percent": 50, "emergency_fee": 60})
        self._log(60, billing_emergency=True)
        self._log(60, "2026-10-13", billing_emergency=True)
        run = self._run()
        self.assertEqual(run.invoice_ids.amount_untaxed, 135 + 135 + 60)
        self._log(60, "2026-10-14", billing_emergency=True)
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 135)

    def test_allotment_covers_before_it_bills(self):
        self.contract.allotment_ids = [Command.create({"hours": 2})]
        self._log(90)
        late = self._log(60, "2026-10-20")
        run = self._run()
        self.assertEqual(self._get_lines(run.invoice_ids), [(30, 90, 45.0)])
        self.assertEqual(run.covered_minutes, 120)
        self.assertEqual(run.billed_minutes, 30)
        self.assertEqual(late.billing_item_ids.mapped("state"), ["covered", "billed"])
        # The period is used up: further work of October is billed.
        self._log(30, "2026-10-25")
        again = self._run("2026-11-02")
        self.assertEqual(self._get_lines(again.invoice_ids), [(30, 90, 45.0)])

    def test_allotment_not_used_up_makes_no_invoice(self):
        self.contract.allotment_ids = [Command.create({"hours": 10})]
        entry = self._log(90)
        run = self._run()
        self.assertFalse(run.invoice_ids)
        self.assertEqual(run.line_ids.state, "nothing")
        self.assertTrue(entry.billing_item_ids.settled)

    def test_flat_fee_per_ticket_with_included_time(self):
        self.contract.flat_fee_ids = [
            Command.create(
                {
                    "product_id": self.env.ref("ticket_billing.product_flat").id,
                    "price": 79,
                    "included_minutes": 60,
                }
            )
        ]
        self.policy.rounding_scope = "ticket"
        short = self._create_ticket("Printer")
        self._log(20, ticket=short)
        self._log(10, ticket=short)
        self._log(85)
        run = self._run()
        self.assertEqual(run.invoice_ids.amount_untaxed, 79 + 79 + 45)
        # Later work on the same ticket does not bring the fee again.
        self._log(10, "2026-11-03", ticket=short)
        again = self._run("2026-12-01")
        self.assertFalse(again.invoice_ids)

    def test_internal_work_is_never_billed(self):
        entry = self._log(60, billing_type="internal")
        run = self._run()
        self.assertFalse(run.invoice_ids)
        self.assertEqual(entry.billing_item_ids.state, "written_off")
        self.assertEqual(entry.billing_item_ids.reason, "internal")

    def test_charges_ride_on_the_same_invoice(self):
        product = self.env["product.product"].create(
            {"name": "SSD 1 TB", "type": "consu", "lst_price": 89.9}
        )
        self._log(60)
        charge = self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "product_id": product.id,
                "quantity": 2,
                "date": "2026-10-12",
            }
        )
        run = self._run()
        self.assertEqual(run.invoice_ids.amount_untaxed, 90 + 179.8)
        self.assertEqual(charge.billing_item_ids.state, "billed")
        self.assertFalse(self._run("2026-11-02").invoice_ids)

    def test_discount_is_a_discount_of_the_line(self):
        self.contract.discount = 10
        self._log(60)
        run = self._run()
        line = run.invoice_ids.invoice_line_ids.filtered("billing_item_ids")
        self.assertEqual((line.price_unit, line.discount), (90, 10))
        self.assertEqual(line.price_subtotal, 81.0)

    def test_invoice_grouping(self):
        other = self._create_ticket("Second", purchase_order_ref="PO-7")
        self._log(60)
        self._log(60, ticket=other)
        self.policy.invoice_grouping = "purchase_order"
        run = self._run()
        self.assertEqual(len(run.invoice_ids), 2)
        self.assertEqual(set(run.invoice_ids.mapped("ref")), {False, "PO-7"})

    def test_explanation_names_every_step(self):
        entry = self._log(16)
        self._run()
        text = entry.billing_item_ids.explanation_text
        for part in ("90", "16", "30", "45"):
            self.assertIn(part, text)

    def test_invoice_says_what_was_done_when_by_whom(self):
        self._log_times(
            datetime(2026, 10, 12, 7), datetime(2026, 10, 12, 8), name="Router replaced"
        )
        move = self._run().invoice_ids
        section, line = move.invoice_line_ids.sorted("sequence")
        self.assertIn(self.ticket.number, section.name)
        self.assertIn("VPN drops every hour", section.name)
        for part in ("Remote support", "10/12/", "9:00", "10:00", "Anna Huber",
                     "Router replaced"):  # fmt: skip
            self.assertIn(part, line.name)
        self.assertEqual(str(move.service_period_start), "2026-10-12")
        self.assertEqual(move.invoice_origin, self.contract.code)
        self.policy.show_worker = False
        self._log(60)
        move = self._run("2026-11-02").invoice_ids
        self.assertNotIn("Anna", "".join(move.invoice_line_ids.mapped("name")))
