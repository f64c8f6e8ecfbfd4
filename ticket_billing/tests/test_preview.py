from lxml import html

from odoo.tests import tagged

from ..tools.read_only import read_only
from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestPreview(TicketBillingCase):
    """Future invoices beside what the customer got before."""

    def _bill(self, minutes, day):
        """A posted invoice of ``day``."""
        self._log(minutes, "2026-04-01", ticket=self._create_ticket("Earlier"))
        move = self._run(day).invoice_ids
        move.action_post()
        return move

    def _preview(self):
        run = self.env["ticket.billing.run"].create(
            {"date": "2026-11-01", "company_id": self.company.id}
        )
        run.action_preview()
        self.env.flush_all()
        return run

    def _compare(self, run):
        with self.enter_registry_test_mode(), read_only(self.env) as env:
            forecast = env[run._name].browse(run.id)._forecast()
            (comparison,) = forecast.comparisons.values()
        return comparison

    def _render(self, run):
        with self.enter_registry_test_mode():
            return html.fromstring(str(run._render_dry_run()))

    def test_last_and_average_of_six_months(self):
        for minutes, day in (
            (6000, "2026-04-30"),  # too long ago
            (60, "2026-08-01"),
            (120, "2026-10-01"),
        ):
            self._bill(minutes, day)
        self._log(180)
        comparison = self._compare(self._preview())
        self.assertEqual(comparison.net, 270)
        self.assertEqual(str(comparison.last_date), "2026-10-01")
        self.assertEqual(comparison.last, 180)
        self.assertEqual(comparison.average, 135)
        self.assertEqual(comparison.percent, 100)
        self.assertTrue(comparison.is_striking)

    def test_invoices_of_one_day_are_compared_together(self):
        self._bill(60, "2026-10-01")
        self._bill(60, "2026-10-01")
        self.policy.invoice_grouping = "ticket"
        self._log(60)
        self._log(60, ticket=self._create_ticket("Other"))
        comparison = self._compare(self._preview())
        self.assertEqual((comparison.net, comparison.last), (180, 180))
        self.assertEqual(comparison.percent, 0)
        self.assertFalse(comparison.is_striking)

    def test_deviation_of_the_policy_decides(self):
        self._bill(60, "2026-10-01")
        self._log(75)
        run = self._preview()
        self.assertFalse(self._compare(run).is_striking)
        self.policy.park_deviation_percent = 20
        self.assertTrue(self._compare(run).is_striking)

    def test_first_invoice_has_nothing_to_compare_with(self):
        self._log(60)
        comparison = self._compare(self._preview())
        self.assertIsNone(comparison.last)
        self.assertIsNone(comparison.percent)
        self.assertFalse(comparison.is_striking)

    def test_drafts_do_not_count(self):
        self._log(60)
        self._run("2026-10-15")
        self._log(60)
        self.assertIsNone(self._compare(self._preview()).last)

    def test_page_lists_invoices_and_what_is_held(self):
        self._bill(60, "2026-10-01")
        self.policy.invoice_grouping = "ticket"
        self._log(60)
        self._log(120, ticket=self._create_ticket("<b>Scanner</b>"))
        self._log(-5)
        page = self._render(self._preview())
        rows = page.xpath("//tr[contains(@class, 'o_dry_run_invoice')]")
        self.assertEqual(len(rows), 2)
        text = " ".join(page.text_content().split())
        self.assertIn("<b>Scanner</b>", text)
        self.assertIn("Negative minutes", text)
        self.assertIn("+200 %", text)
        self.assertEqual(len(page.xpath("//a[contains(@href, '/dry_run/')]")), 2)

    def test_empty_preview_says_so(self):
        text = self._render(self._preview()).text_content()
        self.assertIn("There is nothing to invoice.", text)
