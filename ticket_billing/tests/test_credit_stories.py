from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestCreditStories(TicketBillingCase):
    """Four stories that end with wrong invoices where hours are only counted."""

    def _bill(self, day):
        return self._run(day).invoice_ids

    def _credit(self, invoice, **vals):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": "Agreed"})
        )
        wizard.refund_moves()
        credit = wizard.new_move_ids
        credit.invoice_line_ids.filtered("product_id").write(vals)
        credit._post(soft=False)
        return credit

    def test_partial_credit_bills_only_what_was_credited(self):
        """4.5 h and 3.5 h billed, 3.5 h credited and released, 1 h more: 4.5 h."""
        self.policy.line_grouping = "ticket"
        self._log(270, "2026-06-15")
        july = self._log(210, "2026-07-23")
        invoice = self._bill("2026-08-04")
        invoice._post(soft=False)
        self._credit(invoice, quantity=3.5).action_release_work()
        new = self._log(60, "2026-07-31")
        again = self._bill("2026-08-05")
        self.assertEqual(again.billing_item_ids.entry_id, july | new)
        self.assertEqual(again.amount_untaxed, 405)

    def test_credited_work_that_becomes_less_is_not_credited_again(self):
        """3.6 h billed, 2.3 h credited; none of it was done: 1.3 h are given back."""
        self.policy.rounding_mode = "none"
        entry = self._log(216, "2026-06-15")
        invoice = self._bill("2026-07-01")
        invoice._post(soft=False)
        self._credit(invoice, quantity=2.3)
        self._correct(entry, raw_minutes=60)
        credit = self._bill("2026-08-01")
        # 138 minutes were credited, 156 were not worked.
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(self._get_lines(credit), [(18, 90, 27.0)])
        credit._post(soft=False)
        self._correct(entry, raw_minutes=0)
        rest = self._bill("2026-08-02")
        self.assertEqual(self._get_lines(rest), [(60, 90, 90.0)])
        rest._post(soft=False)
        self.assertFalse(sum(self._get_owed(invoice | credit | rest)))
        self.assertEqual(sum(entry.billing_item_ids.mapped("raw_minutes")), 0)
        self.assertFalse(any(i._is_releasable() for i in invoice.billing_item_ids))
        self._correct(entry, raw_minutes=30)
        self.assertEqual(self._bill("2026-08-03").amount_untaxed, 45)

    def test_a_preview_uses_up_no_credit(self):
        """A correction is previewed and taken back: nothing is owed for it."""
        self.policy.rounding_mode = "none"
        entry = self._log(216, "2026-06-15")
        invoice = self._bill("2026-07-01")
        invoice._post(soft=False)
        self._credit(invoice, quantity=2.3)
        self._correct(entry, raw_minutes=60)
        self.contract.action_rate()
        used = entry.billing_item_ids.filtered("credited_item_id")
        self.assertEqual(used.mapped("settled"), [False])
        self._correct(entry, raw_minutes=216)
        self.assertFalse(self._bill("2026-08-01"))
        self.assertFalse(used.exists())

    def test_part_and_whole_that_are_released_together(self):
        """0:30 h billed, 3:00 h more by correction; credited in part and in whole."""
        self.policy.rounding_mode = "none"
        entry = self._log(30, "2026-06-15")
        first = self._bill("2026-07-01")
        first._post(soft=False)
        self._correct(entry, raw_minutes=210)
        second = self._bill("2026-08-01")
        second._post(soft=False)
        credits = self._credit(first, quantity=0.05) | self._credit(second)
        credits.invoice_line_ids.credited_billing_item_ids.action_release()
        again = self._bill("2026-08-02")
        self.assertEqual(self._get_lines(again), [(183, 90, 274.5)])
        live = entry.billing_item_ids.filtered("live")
        self.assertEqual(sum(live.mapped("raw_minutes")), 210)

    def test_price_agreed_backwards_leaves_what_was_credited(self):
        """1 h billed at 90 and credited: 80 agreed later changes nothing."""
        self._log(60, "2026-06-15")
        invoice = self._bill("2026-07-01")
        invoice._post(soft=False)
        self._credit(invoice)
        rate = self.contract.rate_ids
        rate._agree_backwards(80, None, "Agreed")
        self.assertFalse(self._bill("2026-08-01"))

    def test_credit_stays_where_work_gets_another_price(self):
        """1 h billed at 90, half of it credited, then found to be on site at 120."""
        self.contract.rate_ids.create(
            {"contract_id": self.contract.id, "value": 120,
             "work_type_id": self.onsite.id}
        )  # fmt: skip
        entry = self._log(60, "2026-06-15")
        invoice = self._bill("2026-07-01")
        invoice._post(soft=False)
        self._credit(invoice, quantity=0.5)
        self._correct(entry, work_type_id=self.onsite.id)
        self.assertEqual(self._bill("2026-08-01").amount_untaxed, 30)

    def _correct(self, entry, **vals):
        wizard = self.env["ticket.billing.correction"].create(
            {"entry_id": entry.id, "reason": "Agreed", **vals}
        )
        wizard.action_correct()

    def _get_owed(self, invoices):
        moves = invoices | invoices.reversal_move_ids
        return moves.mapped("amount_untaxed_signed")

    def test_goodwill_does_not_shrink_the_next_invoice(self):
        """10 h billed, 4 h given back; the next 15 h are 15 h, not 9."""
        self._log(600, "2026-08-03")
        invoice = self._bill("2026-09-01")
        invoice._post(soft=False)
        self._credit(invoice, quantity=4)
        self._log(900, "2026-09-10")
        again = self._bill("2026-10-01")
        self.assertEqual(self._get_lines(again), [(900, 90, 1350.0)])

    def test_quantity_raised_by_hand_blocks_no_later_month(self):
        """1 h billed as 3 h: July is billed, and the ledger still says 1 h."""
        june = self._log(60, "2026-06-01")
        invoice = self._bill("2026-07-01")
        invoice.invoice_line_ids.filtered("product_id").quantity = 3
        invoice._post(soft=False)
        self.assertEqual(june.billing_item_ids.net, 90)
        self._log(60, "2026-07-01")
        self.assertEqual(self._bill("2026-08-01").amount_untaxed, 90)
        # The two hours come off again before the work does.
        self._credit(invoice, quantity=2)
        self.assertEqual(june.billing_item_ids.state, "billed")
        self.assertFalse(june.billing_item_ids._is_releasable())

    def test_minutes_are_added_up_before_they_are_rounded(self):
        """15 + 50 + 225 + 75 + 35 min are 400 min, 600.00 at 90; not 6.66 h."""
        self.policy.write({"rounding_mode": "none", "line_grouping": "ticket"})
        entries = self._log(15)
        for minutes in (50, 225, 75, 35):
            entries |= self._log(minutes)
        run = self._run()
        line = run.invoice_ids.invoice_line_ids.filtered("product_id")
        self.assertEqual(self._get_lines(run.invoice_ids), [(400, 90, 600.0)])
        self.assertEqual(line.billing_hours, "6:40")
        self.assertEqual(run.billed_minutes, 400)
        self.assertEqual(self.ticket.spent_minutes, 400)
        self.assertAlmostEqual(self.ticket.spent_hours, 6.67, 2)
        self.assertAlmostEqual(sum(entries.billing_item_ids.mapped("net")), 600, 2)
