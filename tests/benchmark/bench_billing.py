"""What a billing run costs, against Odoo's own creation of the same invoices.

Prints lines ``ratio <name> <number>``. Run it on a fresh database with the add-on:

    python tests/benchmark/bench_billing.py --config odoo.conf --database NAME

Both sides run in one process, batch by batch in turns: ratios of medians travel
from machine to machine, seconds do not.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter

from billing_benchmark import Benchmark, PostingBenchmark, say
from dataset import Dataset

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from odoo_session import add_arguments, odoo_environment  # noqa: E402

FIRST = 125  # invoices that growth is measured against


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


def get_memory() -> float:
    """Megabytes of main memory that this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("Linux tells no VmRSS")


def bench_run(dataset: Dataset, contracts, options) -> None:
    bench = Benchmark(dataset.env, contracts, options.batch)
    before = get_memory()
    bench.play(options.compared)
    growth = get_memory() - before
    print(
        f"{len(contracts)} invoices of {dataset.entries_per_customer} lines, in"
        f" batches of {options.batch}: {bench.get_ms_per_invoice():.0f} ms per invoice"
    )
    say("billing_to_move_create", bench.get_ratio())
    say("billing_queries_per_invoice", bench.get_queries(bench.billing), 1)
    say("move_create_queries_per_invoice", bench.get_queries(bench.floor), 1)
    say(f"growth_{FIRST}_to_{len(contracts)}", bench.get_growth(FIRST))
    say("memory_growth", growth, 0, "megabytes")


def benchmark(env, options) -> None:
    dataset = Dataset(env, options.tickets, options.entries)
    start = perf_counter()
    warm_up = dataset.create_contracts(2 * options.batch)
    contracts = dataset.create_contracts(options.invoices)
    posted = dataset.create_contracts(4 * options.batch)
    sample = dataset.create_contracts(options.batch)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    entries = len(warm_up + contracts + posted + sample) * dataset.entries_per_customer
    print(f"{entries} time entries made in {perf_counter() - start:.0f} s")
    say("core_entries_per_second", get_core_speed(dataset.env, contracts), 0)

    warming = PostingBenchmark(dataset.env, warm_up, options.batch)
    warming.play(len(warm_up))
    bench_run(dataset, contracts, options)
    posting = PostingBenchmark(dataset.env, posted, options.batch)
    posting.play(len(posted))
    say("create_and_post_to_move_create_and_post", posting.get_ratio())
    shares = Benchmark(dataset.env, sample, options.batch).profile()
    for name, seconds in shares.items():
        say(f"share_{name}", seconds / sum(shares.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--invoices", type=int, default=1000, help="of the run")
    parser.add_argument(
        "--compared", type=int, default=500, help="of them beside Odoo's own creation"
    )
    parser.add_argument("--tickets", type=int, default=5, help="per customer")
    parser.add_argument("--entries", type=int, default=4, help="per ticket")
    parser.add_argument("--batch", type=int, default=25, help="customers per batch")
    options = parser.parse_args()
    with odoo_environment(options.config, options.database) as env:
        benchmark(env, options)


if __name__ == "__main__":
    main()
