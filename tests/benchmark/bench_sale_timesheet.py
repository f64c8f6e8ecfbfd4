"""What a billing run costs against Odoo's sale_timesheet on the same work.

    python tests/benchmark/bench_sale_timesheet.py --config odoo.conf --database NAME

The database has both add-ons. Each customer has one piece of work: a time entry on a
ticket there, and as much time on an order with a service billed by timesheets here.
"""

import argparse
import sys
from pathlib import Path

from billing_benchmark import Benchmark, say
from dataset import WORK_MONTH, Dataset

from odoo import Command

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from odoo_session import add_arguments, odoo_environment  # noqa: E402


class SaleBenchmark(Benchmark):
    """Invoices of sale_timesheet as the floor."""

    def __init__(self, env, contracts, batch: int):
        super().__init__(env, contracts, batch)
        self.orders = self._create_orders(contracts)

    def _create_orders(self, contracts) -> dict:
        """A confirmed order with delivered work, by contract."""
        product = self.env["product.product"].create(
            {
                "name": "Support",
                "type": "service",
                "invoice_policy": "delivery",
                "service_type": "timesheet",
                "uom_id": self.env.ref("uom.product_uom_hour").id,
                "taxes_id": [Command.set(self.env.company.account_sale_tax_id.ids)],
            }
        )
        orders = self.env["sale.order"].create(
            [
                {
                    "partner_id": contract.partner_id.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": product.id,
                                "product_uom_qty": 10,
                                "price_unit": contract.rate_ids.value,
                            }
                        )
                    ],
                }
                for contract in contracts
            ]
        )
        orders.action_confirm()
        self._deliver(contracts, orders)
        return dict(zip(contracts, orders, strict=True))

    def _deliver(self, contracts, orders) -> None:
        """Log for each order what the customer's ticket has."""
        project = self.env["project.project"].create(
            {"name": "Support", "allow_billable": True, "allow_timesheets": True}
        )
        entries = self.env["ticket.billing.collector"]._collect(contracts).entries
        by_contract = entries.grouped("billing_contract_id")
        self.env["account.analytic.line"].create(
            [
                {
                    "name": entry.name,
                    "date": WORK_MONTH,
                    "project_id": project.id,
                    "employee_id": entry.employee_id.id,
                    "unit_amount": entry.unit_amount,
                    "so_line": order.order_line.id,
                    "is_so_line_edited": True,
                }
                for contract, order in zip(contracts, orders, strict=True)
                for entry in by_contract[contract]
            ]
        )
        if set(orders.mapped("invoice_status")) != {"to invoice"}:
            raise RuntimeError("the orders have nothing to invoice")

    def _prepare_floor(self, lines):
        orders = self.env["sale.order"]
        return orders.concat(*(self.orders[c] for c in lines.contract_id))

    def _take_floor(self, prepared):
        moves = prepared._create_invoices()
        if len(moves) != len(prepared):
            raise RuntimeError("not one invoice per order")
        return moves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--invoices", type=int, default=150)
    parser.add_argument("--batch", type=int, default=25, help="customers per batch")
    options = parser.parse_args()
    with odoo_environment(options.config, options.database) as env:
        dataset = Dataset(env, 1, 1)
        for count in (2 * options.batch, options.invoices):
            contracts = dataset.create_contracts(count)
            bench = SaleBenchmark(dataset.env, contracts, options.batch)
            bench.play(count)
        say("billing_to_sale_timesheet", bench.get_ratio())


if __name__ == "__main__":
    main()
