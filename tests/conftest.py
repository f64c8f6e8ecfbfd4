"""Let the pure packages be tested without Odoo: `pytest -p no:odoo tests/rating`.

Their add-ons' own `__init__` would import Odoo's models. So the add-ons stand in
`sys.modules` as bare packages, and `from ticket_billing.rating import ...` works.
"""

import sys
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
ADDONS = ("ticket_billing", "ticket_billing_connectors")


def _in_odoo(config: pytest.Config) -> bool:
    return config.pluginmanager.hasplugin("odoo")


def pytest_configure(config: pytest.Config) -> None:
    if _in_odoo(config):
        return
    for name in ADDONS:
        package = ModuleType(name)
        package.__path__ = [str(CHECKOUT / name)]
        sys.modules[name] = package


@pytest.fixture(scope="session", autouse=True)
def pure_packages_stay_pure(request: pytest.FixtureRequest):
    """Fail when a pure package has imported Odoo."""
    yield
    if not _in_odoo(request.config):
        assert "odoo" not in sys.modules
