"""How much more two workers bill than one, each with customers of its own.

    python tests/benchmark/bench_workers.py --config odoo.conf --database NAME

Both are processes with a transaction per batch, as the scheduled action has. One of
them works alone before and after the two do: what else the machine does meanwhile
counts less.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from billing_benchmark import Benchmark, say
from dataset import Dataset

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from odoo_session import add_arguments, odoo_environment  # noqa: E402

BATCH = 25
TURNS = 4  # one worker alone, two together, one alone


def work(env) -> None:
    """Bill the runs whose ids come in, one after the other, and say so."""
    for text in sys.stdin:
        run = env["ticket.billing.run"].browse(int(text))
        ids = run.line_ids.ids
        for start in range(0, len(ids), BATCH):
            run._bill(run.line_ids.browse(ids[start : start + BATCH]))
            env.cr.commit()
        if set(run.line_ids.mapped("state")) != {"billed"}:
            raise RuntimeError(f"not billed: {run.line_ids.mapped('message')}")
        print("done", flush=True)


class Worker:
    """A process that bills the runs it is given."""

    def __init__(self, options):
        self.process = subprocess.Popen(
            [
                sys.executable,
                __file__,
                f"--config={options.config}",
                f"--database={options.database}",
                "--worker",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, run: int) -> None:
        self.process.stdin.write(f"{run}\n")
        self.process.stdin.flush()

    def wait(self) -> None:
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError("a worker has failed")

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def take_time(*tasks: tuple[Worker, int]) -> float:
    """Seconds until all workers have billed their run."""
    start = perf_counter()
    for worker, run in tasks:
        worker.start(run)
    for worker, _run in tasks:
        worker.wait()
    return perf_counter() - start


def prepare_runs(env, options) -> list[int]:
    """Ids of two short runs to warm up, and of the runs to measure."""
    dataset = Dataset(env, options.tickets, options.entries)
    counts = [BATCH] * 2 + [options.invoices] * TURNS
    runs = [
        Benchmark(dataset.env, dataset.create_contracts(count), BATCH).run.id
        for count in counts
    ]
    env.cr.commit()
    env.cr.execute("ANALYZE")
    return runs


def compare(options, runs: list[int]) -> float:
    """Work per second of two workers to that of one."""
    warm, (before, left, right, after) = runs[:2], runs[2:]
    one, other = Worker(options), Worker(options)
    try:
        for task in zip((one, other), warm, strict=True):
            take_time(task)
        alone = take_time((one, before))
        together = take_time((one, left), (other, right))
        alone += take_time((one, after))
    finally:
        one.stop()
        other.stop()
    return alone / together


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--invoices", type=int, default=100, help="per worker")
    parser.add_argument("--tickets", type=int, default=5, help="per customer")
    parser.add_argument("--entries", type=int, default=4, help="per ticket")
    parser.add_argument("--worker", action="store_true", help="be one of the two")
    options = parser.parse_args()
    with odoo_environment(options.config, options.database) as env:
        if options.worker:
            work(env)
            return
        runs = prepare_runs(env, options)
    say("two_workers", compare(options, runs))


if __name__ == "__main__":
    main()
