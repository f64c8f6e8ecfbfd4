"""Open Odoo inside a Python process of the environment."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that every script run by the set-up gets."""
    parser.add_argument("--config", required=True, help="Odoo's configuration file")
    parser.add_argument("--database", required=True, help="database to open")


@contextmanager
def odoo_environment(config: str, database: str) -> Iterator:
    """An ``odoo.api.Environment`` of the superuser.

    Commits at the end of the block, rolls back when it raises.
    """
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config as odoo_config

    odoo_config.parse_config(
        [
            f"--config={config}",
            f"--database={database}",
            "--no-http",
            "--log-level=warn",
        ],
        setup_logging=True,
    )
    with Registry(database).cursor() as cursor:
        yield api.Environment(cursor, SUPERUSER_ID, {})
