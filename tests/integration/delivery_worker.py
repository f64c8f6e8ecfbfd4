"""The scheduled action that delivers invoices, in a process of its own."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from odoo_session import add_arguments, odoo_environment  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args()
    with odoo_environment(arguments.config, arguments.database) as env:
        env["account.move"]._cron_deliver_billing()


if __name__ == "__main__":
    main()
