"""Bring everything that Odoo needs to run into being."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import postgres
from cache import CHECKOUT, Cache, check_free_space, content_hash, locked
from console import SetupError, run_logged
from databases import Databases
from odoo_source import OdooSource, ensure_odoo
from python_env import REQUIREMENTS, ensure_python, ensure_wkhtmltopdf

# Variables of the caller that would change what Odoo, pip or pytest see.
FOREIGN = ("ODOO_RC", "OPENERP_SERVER", "PYTHONPATH", "PYTHONHOME", "PYTEST_ADDOPTS")


@dataclass(frozen=True)
class Environment:
    """A finished set-up: commands run in it see Odoo and the database server."""

    cache: Cache
    odoo: OdooSource
    python: Path
    databases: Databases

    @property
    def variables(self) -> dict[str, str]:
        return self.databases.variables

    def revision(self) -> str:
        """Changes with Odoo's code and the Python packages."""
        return content_hash(
            self.odoo.revision, *(CHECKOUT / name for name in REQUIREMENTS[:2])
        )

    def odoo_command(self, database: str, *arguments: str) -> list[str | Path]:
        command = [self.python, "-m", "odoo", "--config", self.cache.config]
        return [*command, "--database", database, *arguments]

    def run_odoo(self, what: str, database: str, *arguments: str) -> None:
        """Run Odoo for a change of the database and log what it says."""
        run_logged(
            self.odoo_command(database, *arguments, "--stop-after-init", "--no-http"),
            self.cache.logs / "odoo-install.log",
            what=what,
            way_out="the log names the add-on and the file at fault.",
            env=self.variables,
            cwd=CHECKOUT,
        )

    def call(self, *command: str | Path, **variables: str) -> int:
        """Run a command of the environment in the checkout; its exit status."""
        return subprocess.run(
            [str(part) for part in command],
            env=self.variables | variables,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode


def addons() -> list[str]:
    """The add-ons of this checkout."""
    names = sorted(path.parent.name for path in CHECKOUT.glob("*/__manifest__.py"))
    if not names:
        raise SetupError(f"{CHECKOUT} holds no add-on.", "run make in the checkout.")
    return names


def ensure_environment(cache: Cache) -> Environment:
    """Odoo, Python packages, wkhtmltopdf, PostgreSQL and Odoo's configuration."""
    os.umask(0o022)
    with locked(cache):
        return _ensure_environment(cache)


def _ensure_environment(cache: Cache) -> Environment:
    postgres.named_server()  # A mistake there should not show after the downloads.
    if not cache.venv.exists():
        check_free_space(cache)
    odoo = ensure_odoo(cache)
    python = ensure_python(cache, odoo)
    ensure_wkhtmltopdf(cache)
    server = postgres.ensure_server(cache)
    data = postgres.data_folder(cache)
    _write_config(cache, odoo, server, data)
    databases = Databases(data, _variables(cache, server), _psql(cache))
    return Environment(cache, odoo, python, databases)


def _variables(cache: Cache, server: dict[str, str]) -> dict[str, str]:
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith("PG")
    }
    path = (str(cache.bin), str(cache.venv / "bin"), variables.get("PATH", os.defpath))
    variables["PATH"] = os.pathsep.join(path)
    return variables | server


def _psql(cache: Cache) -> Path:
    return postgres.EmbeddedServer(cache).programs / "psql"


def _write_config(
    cache: Cache, odoo: OdooSource, server: dict[str, str], data: Path
) -> None:
    """Odoo's configuration; the server's password stays in the environment."""
    options = {
        "addons_path": ",".join(str(path) for path in (*odoo.addons, CHECKOUT)),
        "data_dir": data,
        "db_host": server.get("PGHOST"),
        "db_user": server.get("PGUSER"),
        "with_demo": False,
        "list_db": False,
        "http_interface": "127.0.0.1",
        # Nothing is billed or sent unless someone asks for it.
        "max_cron_threads": 0,
    }
    lines = [
        f"{key} = {value}\n" for key, value in options.items() if value is not None
    ]
    unfinished = cache.config.with_suffix(".unfinished")
    unfinished.write_text("[options]\n" + "".join(lines))
    unfinished.replace(cache.config)
