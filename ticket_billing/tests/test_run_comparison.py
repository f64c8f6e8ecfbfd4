from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestRunComparison(TicketBillingCase):
    """Each customer of a run beside what he got before."""

    def _bill(self, minutes, day, ticket=None):
        self._log(minutes, "2026-04-01", ticket=ticket)
        self._run(day).invoice_ids.action_post()

    def _preview(self):
        run = self.env["ticket.billing.run"].create(
            {"date": "2026-11-01", "company_id": self.company.id}
        )
        run.action_preview()
        return run

    def test_figures_of_the_preview_and_of_the_finished_run(self):
        self._bill(60, "2026-08-01")
        self._bill(120, "2026-10-01")
        self._log(180)
        run = self._preview()
        for _posted in range(2):
            (line,) = run.line_ids
            self.assertEqual(line.net, 270)
            self.assertEqual(line.last_net, 180)
            self.assertEqual(str(line.last_date), "2026-10-01")
            self.assertEqual(line.average_net, 135)
            self.assertEqual(line.deviation, 1)
            self.assertTrue(line.deviation_striking)
            # Its own invoices are none of the earlier ones.
            if run.state == "draft":
                run.action_bill()
                run.invoice_ids.action_post()
                self.env.invalidate_all()

    def test_limit_of_the_policy_and_first_invoice(self):
        self._bill(60, "2026-10-01")
        self._log(75)
        (line,) = self._preview().line_ids
        self.assertEqual(line.deviation, 0.25)
        self.assertFalse(line.deviation_striking)
        self.policy.park_deviation_percent = 20
        line.invalidate_recordset()
        self.assertTrue(line.deviation_striking)
        other = self._create_customer("Ostwind KG")
        self._create_contract(other)
        self._log(60, ticket=self._create_ticket("Other", other))
        line = self._preview().line_ids.filtered(lambda li: li.partner_id == other)
        self.assertFalse(line.last_date)
        self.assertFalse(line.deviation_striking)

    def test_two_contracts_of_a_customer_are_compared_together(self):
        self._bill(120, "2026-10-01")
        contract = self._create_contract(self.partner, main=False)
        ticket = self._create_ticket("Server", billing_contract_id=contract.id)
        self._log(60)
        self._log(60, ticket=ticket)
        lines = self._preview().line_ids
        self.assertEqual(lines.mapped("net"), [90, 90])
        self.assertEqual(lines.mapped("deviation"), [0, 0])

    def test_queries_do_not_grow_with_the_customers(self):
        def count(run):
            self.env.invalidate_all()
            run.line_ids.mapped("net")
            before = self.env.cr.sql_log_count
            run.line_ids.mapped("deviation")
            return self.env.cr.sql_log_count - before

        self._bill(60, "2026-10-01")
        self._log(60)
        one = count(self._preview())
        for number in range(4):
            customer = self._create_customer(f"Customer {number}")
            self._create_contract(customer)
            self._log(60, ticket=self._create_ticket("Printer", customer))
        run = self._preview()
        self.assertEqual(len(run.line_ids), 5)
        self.assertLessEqual(count(run), one)
