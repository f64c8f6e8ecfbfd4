"""`make test-histories`: a thousand random histories of corrections and credits."""

import os

from cache import open_cache
from console import exit_with, say
from environment import ensure_environment
from run_tests import odoo_options, run_pytest
from template_db import tests_copy

TESTS = "ticket_billing/tests/test_histories.py"


def main() -> int:
    os.environ.setdefault("TICKET_BILLING_HISTORIES", "1000")
    environment = ensure_environment(open_cache())
    with tests_copy(environment) as database:
        result = run_pytest(environment, *odoo_options(environment, database), TESTS)
    say(str(result))
    return 1 if result.failed else 0


if __name__ == "__main__":
    exit_with(main)
