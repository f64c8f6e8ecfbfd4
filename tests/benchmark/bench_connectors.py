"""How fast tickets and times of another system come in, and come in again.

    python tests/benchmark/bench_connectors.py --config odoo.conf --database NAME

A generated Znuny answers as a process of its own. Its tickets are read three times:
for the first time, from where the first run ended, and all of them once more,
unchanged. Memory is that of this process at the quarters of the first run: what it
has grown by since the first quarter has to stay small.
"""

import argparse
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from urllib.request import urlopen

import psutil
from billing_benchmark import say
from ticket_server import AGENTS, BEGIN, CUSTOMERS, FIRST_AGENT

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from odoo_session import add_arguments, odoo_environment  # noqa: E402

PAGE = 200
QUARTERS = 4


@contextmanager
def ticket_server(options):
    """The address of a running server."""
    script = Path(__file__).with_name("ticket_server.py")
    process = subprocess.Popen(
        [
            sys.executable,
            str(script),
            f"--tickets={options.tickets}",
            f"--times={options.times}",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def prepare(env, url: str):
    """A connector, and whom its customers and agents stand for."""
    env = env(context=dict(env.context, tracking_disable=True))
    env["res.partner"].create(
        [
            {"name": f"Bench {n} GmbH", "ref": f"BENCH{n}", "is_company": True}
            for n in range(CUSTOMERS)
        ]
    )
    numbers = range(FIRST_AGENT, FIRST_AGENT + AGENTS)
    users = env["res.users"].create(
        [{"name": f"Bench {n}", "login": f"bench{n}"} for n in numbers]
    )
    env["hr.employee"].create([{"name": u.name, "user_id": u.id} for u in users])
    connector = env["ticket.billing.connector"].create(
        {
            "name": "Benchmark",
            "base_url": url,
            "login": "bench",
            "secret": "bench",
            "allow_http": True,
            "allow_private_address": True,
            "team_id": env["helpdesk.ticket.team"].create({"name": "Support"}).id,
            "work_type_id": env.ref("ticket_billing.work_type_remote").id,
            "date_from": BEGIN.date(),
            "page_size": PAGE,
            "state": "active",
        }
    )
    env.cr.commit()
    return connector


class Meter:
    """Synchronises and measures; memory at the quarters of ``tickets``."""

    def __init__(self, connector, url: str, options):
        self.connector = connector
        self.url = url
        self.records = options.tickets * (options.times + 1)
        self.marks = [options.tickets * n // QUARTERS for n in range(1, QUARTERS + 1)]
        self.memory: list[float] = []

    def count_requests(self) -> int:
        with urlopen(f"{self.url}/requests") as answer:
            return int(answer.read())

    def run(self, expected: dict[str, int]) -> tuple[float, int, int]:
        """Seconds, requests and queries of one run that has to bring ``expected``."""
        cr = self.connector.env.cr
        requests, queries = self.count_requests(), cr.sql_log_count
        start = perf_counter()
        log = self.connector._synchronise()
        seconds = perf_counter() - start
        cr.commit()
        brought = {name: log[name] for name in expected}
        if log.state != "done" or brought != expected:
            raise RuntimeError(f"{log.state} {log.error} {brought}")
        return seconds, self.count_requests() - requests, cr.sql_log_count - queries

    @contextmanager
    def watched(self):
        """Note the memory when a quarter of the tickets is there."""
        cls = type(self.connector)
        original = cls._commit_page
        model = self.connector.env["helpdesk.ticket"]
        process = psutil.Process()

        def commit_page(connector):
            left = original(connector)
            due = len(self.memory) < QUARTERS
            if due and model.search_count([]) >= self.marks[len(self.memory)]:
                self.memory.append(process.memory_info().rss / 1024**2)
            return left

        cls._commit_page = commit_page
        try:
            yield
        finally:
            cls._commit_page = original


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=3, help="per ticket")
    options = parser.parse_args()
    with (
        ticket_server(options) as url,
        odoo_environment(options.config, options.database) as env,
    ):
        meter = Meter(prepare(env, url), url, options)
        tickets, entries = options.tickets, options.tickets * options.times
        with meter.watched():
            first, requests, queries = meter.run(
                {"ticket_new": tickets, "entry_new": entries}
            )
        say("import_records_per_second", meter.records / first, 0, "rate")
        say("import_requests_per_record", requests / meter.records, 4)
        say("import_queries_per_record", queries / meter.records, 3)
        for number, memory in enumerate(meter.memory, 1):
            say(f"import_memory_quarter_{number}", memory, 0, "MB")
        say("import_memory_growth", meter.memory[-1] - meter.memory[0], 0, "MB")
        again, _requests, _queries = meter.run({"ticket_new": 0, "entry_new": 0})
        say("unchanged_first_to_again", first / again, 0)
        meter.connector.cursor = False
        unchanged = {"ticket_unchanged": tickets, "entry_unchanged": entries}
        everything, _requests, queries = meter.run(unchanged)
        say("unchanged_records_per_second", meter.records / everything, 0, "rate")
        say("unchanged_queries_per_record", queries / meter.records, 4)
        say("unchanged_first_to_everything", first / everything, 1)


if __name__ == "__main__":
    main()
