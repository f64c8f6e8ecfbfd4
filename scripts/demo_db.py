"""The demo database: a German company with the demo data of our add-ons only."""

import json

from cache import CHECKOUT, content_hash
from console import SetupError, step
from databases import DEMO
from environment import Environment, addons
from template_db import base_template, install, set_parameters

# What the demo database was made from; kept in it.
STATE = "ticket_billing.setup_state"


def ensure_demo(environment: Environment) -> None:
    """Make the demo database, or update the add-ons that have changed in it."""
    if not environment.databases.is_complete(DEMO):
        _make(environment)
        return
    changed = changes(environment)
    if changed:
        with step(f"Update the demo database: {', '.join(changed)}"):
            _update(environment, changed)


def changes(environment: Environment) -> list[str]:
    """The add-ons (or ``base``: Odoo itself) that the demo database has not seen."""
    present = _state(environment)
    wanted = _wanted(environment)
    return [name for name, digest in wanted.items() if present.get(name) != digest]


def _make(environment: Environment) -> None:
    base = base_template(environment)
    with (
        step("Make the demo database"),
        environment.databases.built(DEMO, base) as database,
    ):
        _install_with_demo(environment, database, addons())
        _write_state(environment, database)


def _update(environment: Environment, changed: list[str]) -> None:
    present = _state(environment)
    new = [name for name in changed if name not in present]
    known = [name for name in changed if name in present]
    if known:
        names = ",".join(known)
        environment.run_odoo(f"Updating {names}", DEMO, "--update", names)
    if new:
        _install_with_demo(environment, DEMO, new)
    _write_state(environment, DEMO)


def _install_with_demo(
    environment: Environment, database: str, modules: list[str]
) -> None:
    """Install modules with their demo data, without that of Odoo's modules.

    Odoo loads the demo data of a module when the modules it needs are flagged as
    having theirs; so they carry the flag while ours are installed.
    """
    query = environment.databases.query
    names = ", ".join(f"'{name}'" for name in addons())
    query("UPDATE ir_module_module SET demo = (state = 'installed')", database)
    install(environment, database, modules)
    query(f"UPDATE ir_module_module SET demo = demo AND name IN ({names})", database)
    loaded = query("SELECT name FROM ir_module_module WHERE demo", database)
    failed = set(modules) - set(loaded)
    if failed:
        raise SetupError(
            f"The demo data of {', '.join(sorted(failed))} could not be loaded.",
            f"read {environment.cache.logs / 'odoo-install.log'}.",
        )


def _wanted(environment: Environment) -> dict[str, str]:
    wanted = {name: content_hash(CHECKOUT / name) for name in addons()}
    return wanted | {"base": environment.revision()}


def _state(environment: Environment) -> dict[str, str]:
    rows = environment.databases.query(
        f"SELECT value FROM ir_config_parameter WHERE key = '{STATE}'", DEMO
    )
    return json.loads(rows[0]) if rows else {}


def _write_state(environment: Environment, database: str) -> None:
    state = json.dumps(_wanted(environment))
    set_parameters(environment, database, {STATE: state})
