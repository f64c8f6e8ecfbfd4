"""What a billing run costs, against Odoo's own creation of the same invoices.

Prints lines ``ratio <name> <number>``. Run it on a fresh database with the add-on:

    python tests/benchmark/bench_billing.py --config odoo.conf --database NAME

Both sides run in one process, batch by batch in turns: ratios of medians travel
from machine to machine, seconds do not.
"""

import argparse
from contextlib import contextmanager
from functools import partial
from statistics import mean, median
from time import perf_counter

from dataset import INVOICE_DAY, Dataset
from stopwatch import Sample, measured, profiled

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config as odoo_config

HEADER_FIELDS = ("move_type", "partner_id", "company_id", "currency_id",
                 "invoice_date", "delivery_date", "invoice_origin", "ref",
                 "invoice_user_id", "invoice_payment_term_id")  # fmt: skip
LINE_FIELDS = ("display_type", "sequence", "product_id", "name", "quantity",
               "price_unit", "product_uom_id", "discount")  # fmt: skip
# The steps of a billing run. Rated twice would be counted twice: no nesting here.
STEPS = {
    ("ticket.billing.run", "_get_work"): "rating",
    ("ticket.billing.rater", "_drop_proposals"): "rating",
    ("ticket.billing.rater", "_rate"): "rating",
    ("ticket.billing.invoicer", "_get_drafts"): "moves",
    ("ticket.billing.invoicer", "_create_invoices"): "moves",
    ("ticket.billing.invoicer", "_create_items"): "items",
    ("ticket.billing.run.line", "_set_result"): "marks",
}


class Benchmark:
    """One billing run of ``contracts`` and its floor, in batches."""

    def __init__(self, env, contracts, batch: int):
        self.env = env
        self.run = env["ticket.billing.run"].create(
            {"date": INVOICE_DAY, "company_id": env.company.id}
        )
        self.run._add_lines(contracts)
        self.run.state = "running"
        self.batch = batch
        self.billing: list[Sample] = []
        self.floor: list[Sample] = []

    def play(self) -> None:
        """Bill all batches, the first half beside its floor, in changing order."""
        batches = self._get_batches()
        for number, lines in enumerate(batches):
            sides = [partial(self._bill, lines)]
            if 2 * number < len(batches):
                values = self._prepare_floor(lines)
                sides.insert(number % 2, partial(self._create_moves, values))
            for side in sides:
                self.env.cr.commit()
                side()

    def profile(self) -> dict[str, float]:
        """Bill everything; seconds per step."""
        with profiled(self.env, STEPS) as seconds:
            for lines in self._get_batches():
                self.env.cr.commit()
                self._bill(lines)
        return dict(seconds)

    def _get_batches(self):
        ids = self.run.line_ids.ids
        starts = range(0, len(ids), self.batch)
        return [
            self.run.line_ids.browse(ids[start : start + self.batch])
            for start in starts
        ]

    def _bill(self, lines) -> None:
        with measured(self.env, self.billing):
            self.run._bill(lines)
        if set(lines.mapped("state")) != {"billed"}:
            raise RuntimeError(f"not billed: {lines.mapped('message')}")

    def _create_moves(self, values) -> None:
        """Create the invoices and take them back."""
        model = self.env["account.move"].with_context(mail_create_nolog=True)
        with rolled_back(self.env), measured(self.env, self.floor):
            model.create(values)

    def _prepare_floor(self, lines) -> list[dict]:
        """The invoices that :meth:`_bill` will make, without what is ours."""
        rater = self.env["ticket.billing.rater"]
        invoicer = self.env["ticket.billing.invoicer"]
        contracts = lines.contract_id
        ratings = rater._rate(contracts, self.run._get_work(lines), self.run.date)
        ratings = {contract: ratings[contract.id] for contract in contracts}
        return [
            _plain(invoicer._prepare_invoice(draft, self.run))
            for draft in invoicer._get_drafts(ratings)
        ]

    def get_ms_per_invoice(self) -> float:
        return 1000 * median(s.seconds for s in self.billing) / self.batch

    def get_growth(self) -> float:
        """Time per invoice of the whole run to that of its first half."""
        half = self.billing[: len(self.floor)]
        return mean(s.seconds for s in self.billing) / mean(s.seconds for s in half)

    def get_ratio(self) -> float:
        """Median over the batches of billing time to floor time."""
        return median(
            ours.seconds / floor.seconds
            for ours, floor in zip(self.billing, self.floor, strict=False)
        )

    def get_queries(self, samples: list[Sample]) -> float:
        return median(sample.queries for sample in samples) / self.batch


def _plain(vals: dict) -> dict:
    """Header and lines as an importer would give them: Odoo computes the rest."""
    header = {name: vals[name] for name in HEADER_FIELDS if name in vals}
    header["invoice_line_ids"] = [
        (code, key, {name: line[name] for name in LINE_FIELDS if name in line})
        for code, key, line in vals["invoice_line_ids"]
    ]
    return header


@contextmanager
def rolled_back(env):
    """Undo what the block writes."""
    with env.cr.savepoint() as savepoint:
        yield
        savepoint.rollback()


def get_core_speed(env, contracts) -> float:
    """Entries per second of the pure rating core, without reading records."""
    from odoo.addons.ticket_billing.rating import rate

    rater = env["ticket.billing.rater"]
    entries = env["ticket.billing.collector"]._collect(contracts).entries
    conditions = contracts._get_conditions_by_contract()
    work = [
        (
            conditions[contract.id],
            [rater._prepare_entry(each, contract) for each in group],
        )
        for contract, group in entries.grouped("billing_contract_id").items()
    ]
    start = perf_counter()
    for conditions, group in work:
        rate(conditions, group)
    return len(entries) / (perf_counter() - start)


def say(name: str, value: float, digits: int = 2) -> None:
    print(f"ratio {name} {value:.{digits}f}", flush=True)


def benchmark(env, options) -> None:
    dataset = Dataset(env, options.tickets, options.entries)
    start = perf_counter()
    warm_up = dataset.create_contracts(5)
    contracts = dataset.create_contracts(2 * options.customers)
    sample = dataset.create_contracts(options.batch)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    per_invoice = options.tickets * options.entries
    entries = len(warm_up + contracts + sample) * per_invoice
    print(f"{entries} time entries made in {perf_counter() - start:.0f} s")
    core_speed = get_core_speed(dataset.env, contracts)

    Benchmark(dataset.env, warm_up, 5).play()
    bench = Benchmark(dataset.env, contracts, options.batch)
    bench.play()
    shares = Benchmark(dataset.env, sample, options.batch).profile()

    print(
        f"{len(contracts)} invoices of {per_invoice} entries, in batches of"
        f" {options.batch}: {bench.get_ms_per_invoice():.0f} ms per invoice"
    )
    say("billing_to_move_create", bench.get_ratio())
    say("billing_queries_per_invoice", bench.get_queries(bench.billing), 1)
    say("move_create_queries_per_invoice", bench.get_queries(bench.floor), 1)
    say(f"growth_{options.customers}_to_{len(contracts)}", bench.get_growth())
    say("core_entries_per_second", core_speed, 0)
    for name, seconds in shares.items():
        say(f"share_{name}", seconds / sum(shares.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True, help="Odoo's configuration file")
    parser.add_argument("--database", required=True, help="fresh database to fill")
    parser.add_argument(
        "--customers", type=int, default=125, help="billed once, then as many more"
    )
    parser.add_argument("--tickets", type=int, default=10, help="per customer")
    parser.add_argument("--entries", type=int, default=4, help="per ticket")
    parser.add_argument("--batch", type=int, default=25, help="customers per batch")
    options = parser.parse_args()
    odoo_config.parse_config(
        [
            f"--config={options.config}",
            f"--database={options.database}",
            "--no-http",
            "--log-level=warn",
        ],
        setup_logging=True,
    )
    with Registry(options.database).cursor() as cursor:
        benchmark(api.Environment(cursor, SUPERUSER_ID, {}), options)


if __name__ == "__main__":
    main()
