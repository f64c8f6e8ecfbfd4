"""`make bench`: the pricing core alone, then billing on fresh copies of a template."""

import sys

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


def bench_billing(environment: Environment) -> int:
    with tests_copy(environment) as database:
        return run(environment, "bench_billing.py", database, *sys.argv[1:]) or run(
            environment, "bench_workers.py", database
        )


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
    environment = ensure_environment(open_cache())
    return (
        environment.call(environment.python, BENCHMARKS / "bench_rating.py")
        or bench_billing(environment)
        or bench_delivery(environment)
        or bench_portal(environment)
        or bench_sale_timesheet(environment)
    )


if __name__ == "__main__":
    exit_with(main)
