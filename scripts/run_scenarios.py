"""`make scenarios`: the pricing scenarios of a file, in Odoo."""

import argparse
from pathlib import Path

from cache import open_cache
from console import SetupError, exit_with, say
from environment import ensure_environment
from run_tests import odoo_options, run_pytest
from template_db import tests_copy


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="JSON file of scenarios")
    file = Path(parser.parse_args().file).resolve()
    if not file.is_file():
        raise SetupError(f"There is no file {file}.", "make scenarios FILE=<path>")
    environment = ensure_environment(open_cache())
    with tests_copy(environment) as database:
        result = run_pytest(
            environment,
            *odoo_options(environment, database),
            f"--scenario-file={file}",
            "tests/scenarios",
        )
    say(str(result))
    return 1 if result.failed else 0


if __name__ == "__main__":
    exit_with(main)
