"""`make bench`: the pricing core alone, then billing on a fresh copy of a template."""

import sys

from cache import CHECKOUT, open_cache
from console import exit_with
from environment import ensure_environment
from template_db import tests_copy

BENCHMARKS = CHECKOUT / "tests" / "benchmark"


def main() -> int:
    environment = ensure_environment(open_cache())
    status = environment.call(environment.python, BENCHMARKS / "bench_rating.py")
    if status:
        return status
    with tests_copy(environment) as database:
        return environment.call(
            environment.python,
            BENCHMARKS / "bench_billing.py",
            f"--config={environment.cache.config}",
            f"--database={database}",
            *sys.argv[1:],
        )


if __name__ == "__main__":
    exit_with(main)
