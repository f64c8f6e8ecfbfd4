from odoo.tests import tagged

from .common import TODAY, TicketBillingCase

BATCH = 25
LINES = 20
PER_INVOICE = 10
PER_FURTHER_LINE = 0.1


@tagged("post_install", "-at_install")
class TestQueries(TicketBillingCase):
    """Billing asks the database little, however much there is on an invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(su=True)

    def _create_customers(self, count, lines):
        """Contracts of new customers with work for invoices of ``lines`` lines."""
        partners = [self._create_customer(f"Kunde {n} GmbH") for n in range(count)]
        contracts = [self._create_contract(partner) for partner in partners]
        self.env["account.analytic.line"].create(
            [
                {
                    "ticket_id": self._create_ticket("Slow", partner=partner).id,
                    "employee_id": self.anna.id,
                    "work_type_id": self.remote.id,
                    "name": f"Step {number}",
                    "date": "2026-10-12",
                    "raw_minutes": 5 + 7 * number,
                }
                for partner in partners
                for number in range(lines)
            ]
        )
        return self.env["ticket.billing.contract"].concat(*contracts)

    def _count_queries(self, contracts, lines) -> float:
        """Queries per invoice of the whole way from work to marked invoices."""
        run = self.env["ticket.billing.run"].create(
            {"date": TODAY, "company_id": self.company.id}
        )
        run._add_lines(contracts)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        run._bill_group(run.line_ids)
        self.env.flush_all()
        queries = self.env.cr.sql_log_count - before
        products = run.invoice_ids.invoice_line_ids.filtered("product_id")
        self.assertEqual(len(run.invoice_ids), len(contracts))
        self.assertEqual(len(products), lines * len(contracts))
        return queries / len(contracts)

    def test_queries_per_invoice(self):
        self._count_queries(self._create_customers(2, 2), 2)  # fills the caches
        short = self._count_queries(self._create_customers(BATCH, LINES), LINES)
        long = self._count_queries(self._create_customers(BATCH, 2 * LINES), 2 * LINES)
        self.assertLessEqual(short, PER_INVOICE)
        self.assertLessEqual((long - short) / LINES, PER_FURTHER_LINE)
