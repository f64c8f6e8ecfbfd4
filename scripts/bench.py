"""`make bench`: the benchmark on a fresh copy of the tests' template."""

import sys

from cache import CHECKOUT, open_cache
from console import exit_with
from environment import ensure_environment
from template_db import tests_copy

BENCHMARK = CHECKOUT / "tests" / "benchmark" / "bench_billing.py"


def main() -> int:
    environment = ensure_environment(open_cache())
    with tests_copy(environment) as database:
        return environment.call(
            environment.python,
            BENCHMARK,
            f"--config={environment.cache.config}",
            f"--database={database}",
            *sys.argv[1:],
        )


if __name__ == "__main__":
    exit_with(main)
