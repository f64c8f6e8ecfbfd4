"""`make bench`: pricing alone, then billing and imports on fresh databases."""

import argparse

from cache import CHECKOUT, open_cache
from console import exit_with
from environment import Environment, ensure_environment
from served_odoo import serving
from template_db import install, tests_copy

BENCHMARKS = CHECKOUT / "tests" / "benchmark"


def run(environment: Environment, name: str, database: str, *arguments: str) -> int:
    return environment.call(
        environment.python,
        BENCHMARKS / name,
        f"--config={environment.cache.config}",
        f"--database={database}",
        *arguments,
    )


def bench_billing(environment: Environment, *arguments: str) -> int:
    with tests_copy(environment) as database:
        return run(environment, "bench_billing.py", database, *arguments) or run(
            environment, "bench_workers.py", database
        )


def bench_connectors(environment: Environment, tickets: int) -> int:
    with tests_copy(environment) as database:
        return run(environment, "bench_connectors.py", database, f"--tickets={tickets}")


def bench_delivery(environment: Environment) -> int:
    with tests_copy(environment) as database, serving(environment, database) as url:
        return run(environment, "bench_delivery.py", database, f"--url={url}")


def bench_portal(environment: Environment) -> int:
    with tests_copy(environment) as database, serving(environment, database) as url:
        return run(environment, "bench_portal.py", database, f"--url={url}")


def bench_sale_timesheet(environment: Environment) -> int:
    with tests_copy(environment) as database:
        install(environment, database, ["sale_timesheet"])
        return run(environment, "bench_sale_timesheet.py", database)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=5000, help="to be imported")
    options, more = parser.parse_known_args()
    environment = ensure_environment(open_cache())
    return (
        environment.call(environment.python, BENCHMARKS / "bench_rating.py")
        or bench_billing(environment, *more)
        or bench_delivery(environment)
        or bench_portal(environment)
        or bench_sale_timesheet(environment)
        or bench_connectors(environment, options.tickets)
    )


if __name__ == "__main__":
    exit_with(main)
