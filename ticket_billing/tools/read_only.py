"""Reading without any chance to write."""

from collections.abc import Iterator
from contextlib import contextmanager

from odoo.api import Environment


@contextmanager
def read_only(env: Environment) -> Iterator[Environment]:
    """An environment whose own transaction PostgreSQL keeps from writing."""
    with env.registry.cursor(readonly=True) as cr:
        cr.execute("SET TRANSACTION READ ONLY")
        try:
            yield env(cr=cr)
        finally:
            cr.rollback()
