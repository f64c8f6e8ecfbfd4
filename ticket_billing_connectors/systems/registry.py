"""All systems, by their code: every module here that holds a ``SYSTEM``."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from .base import System
from .declaration import Declaration
from .declared_client import DeclaredClient
from .hook_event import ANY_SYSTEM


def as_system(found: System | Declaration) -> System:
    """Return a declared system as one that can be opened."""
    if isinstance(found, System):
        return found

    def client(connection, settings):
        return DeclaredClient(found, connection, settings)

    return System(
        found.code,
        found.name,
        found.settings,
        client,
        needs_login=found.needs_login,
        needs_consent=bool(getattr(found.auth, "authorize_url", "")),
        tells_status=found.status is not None,
        webhook=found.webhook or ANY_SYSTEM,
        write_back=frozenset(found.write_back),
        organisations=found.organisations is not None,
        agents=found.agents is not None,
    )


def _discover():
    names = {module.name for module in iter_modules([str(Path(__file__).parent)])}
    modules = [import_module(f".{name}", __package__) for name in names - {"registry"}]
    found = [module.SYSTEM for module in modules if hasattr(module, "SYSTEM")]
    systems = sorted(map(as_system, found), key=lambda system: system.name.lower())
    return {system.code: system for system in systems}


SYSTEMS: dict[str, System] = _discover()
