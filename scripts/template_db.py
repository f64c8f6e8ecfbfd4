"""Template databases: Odoo with what the add-ons need, and with the add-ons.

Both have a German company and are without demo data. Their names carry a hash of what
is in them, so a change of Odoo, of the requirements or of an add-on leads to a new one.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from cache import CHECKOUT, content_hash, locked
from console import SetupError, run_logged, step
from databases import PREFIX
from environment import Environment, addons

BASE_MODULES = (
    "account",
    "hr_timesheet",
    "l10n_de",
    "account_edi_ubl_cii",
    "l10n_din5008",
    "helpdesk_mgmt",
)
GERMAN_COMPANY = CHECKOUT / "scripts" / "german_company.py"
# Waiting before each page is printed only helps pages with much JavaScript.
PARAMETERS = {"report.print_delay": "0"}


def base_template(environment: Environment) -> str:
    """Name of the template with Odoo's and OCA's modules only."""
    databases = environment.databases
    content = content_hash(environment.revision(), *BASE_MODULES, GERMAN_COMPANY)
    name = f"{PREFIX}base_{content}"
    if not databases.is_complete(name):
        _drop_older(environment, f"{PREFIX}base_")
        with (
            step("Make the database template: Odoo (two to three minutes)"),
            databases.built(name) as database,
        ):
            install(environment, database, BASE_MODULES)
            set_parameters(environment, database, PARAMETERS)
            _make_german(environment, database)
    return name


def _make_german(environment: Environment, database: str) -> None:
    """Load SKR03 once: it takes longer than most tests."""
    run_logged(
        [
            environment.python,
            GERMAN_COMPANY,
            f"--config={environment.cache.config}",
            f"--database={database}",
        ],
        environment.cache.logs / "odoo-install.log",
        what="Loading the German chart of accounts",
        way_out="read the log.",
        env=environment.variables,
    )


def tests_template(environment: Environment) -> str:
    """Name of the template with the add-ons of this checkout."""
    databases = environment.databases
    base = base_template(environment)
    folders = [CHECKOUT / name for name in addons()]
    name = f"{PREFIX}tests_{content_hash(base, *folders)}"
    if not databases.is_complete(name):
        _drop_older(environment, f"{PREFIX}tests_")
        with (
            step(f"Make the database template: {', '.join(addons())}"),
            databases.built(name, base) as database,
        ):
            install(environment, database, addons())
    return name


@contextmanager
def tests_copy(environment: Environment, suffix: str = "") -> Iterator[str]:
    """A copy of the tests' template that lives as long as the block."""
    databases = environment.databases
    with locked(environment.cache):
        databases.drop_leftovers()
        name = databases.copy_for_this_process(tests_template(environment), suffix)
    try:
        yield name
    finally:
        databases.drop(name)


def install(environment: Environment, database: str, modules: Iterable[str]) -> None:
    """Install modules; Odoo only warns about some failures, so look again."""
    environment.run_odoo(
        f"Installing {', '.join(modules)}", database, "--init", ",".join(modules)
    )
    installed = environment.databases.query(
        "SELECT name FROM ir_module_module WHERE state = 'installed'", database
    )
    missing = set(modules) - set(installed)
    if missing:
        raise SetupError(
            f"Odoo did not install {', '.join(sorted(missing))}.",
            f"read {environment.cache.logs / 'odoo-install.log'}.",
        )


def set_parameters(
    environment: Environment, database: str, parameters: dict[str, str]
) -> None:
    """Write system parameters before Odoo serves the database."""
    rows = ", ".join(f"('{key}', '{value}')" for key, value in parameters.items())
    environment.databases.query(
        f"INSERT INTO ir_config_parameter (key, value) VALUES {rows} "
        "ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
        database,
    )


def _drop_older(environment: Environment, prefix: str) -> None:
    for name in environment.databases.names():
        if name.startswith(prefix):
            environment.databases.drop(name)
