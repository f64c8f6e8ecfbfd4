"""Databases with their file stores: create, copy, rename, drop."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console import SetupError

PREFIX = "ticket_billing_"
UNFINISHED = f"{PREFIX}unfinished"
DEMO = f"{PREFIX}demo"
COPY = re.compile(rf"^{PREFIX}copy_(\d+)(_[a-z]+)?$")
OURS = re.compile(
    rf"^{PREFIX}(demo|unfinished|(base|tests)_[0-9a-f]{{12}}|copy_\d+(_[a-z]+)?)$"
)


@dataclass(frozen=True)
class Databases:
    data: Path
    """Odoo's ``data_dir``, which holds the file stores."""
    variables: dict[str, str]
    """The environment of child processes, with libpq's variables."""
    psql: Path

    def query(self, statement: str, database: str = "postgres") -> list[str]:
        """Run SQL and return its first column as text."""
        arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]
        answer = subprocess.run(
            [self.psql, *arguments, "-c", statement],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise SetupError(
                f"PostgreSQL refused: {answer.stderr.strip()}",
                "check the server and that its role may create databases; without "
                "PGHOST, PGSERVICE and ODOO_RC an embedded server is used.",
            )
        return answer.stdout.splitlines()

    def names(self) -> list[str]:
        """The databases on the server that the set-up made."""
        names = self.query("SELECT datname FROM pg_database")
        return [name for name in names if OURS.match(name)]

    def is_complete(self, name: str) -> bool:
        """Whether the database exists, and its file store with it."""
        return name in self.names() and self._files(name).exists()

    def copy(self, source: str, name: str) -> None:
        self.drop(name)
        # Files of a file store are named after their content and never changed.
        if self._files(source).exists():
            shutil.copytree(
                self._files(source), self._files(name), copy_function=os.link
            )
        self.query(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')

    def rename(self, name: str, new_name: str) -> None:
        if self._files(name).exists():
            self._files(name).rename(self._files(new_name))
        self.query(f'ALTER DATABASE "{name}" RENAME TO "{new_name}"')

    def drop(self, name: str) -> None:
        self.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(self._files(name), ignore_errors=True)

    @contextmanager
    def built(self, name: str, source: str | None = None) -> Iterator[str]:
        """A new database that becomes ``name`` when the block succeeds.

        It starts as a copy of ``source``, or empty.
        """
        self.drop(UNFINISHED)
        if source:
            self.copy(source, UNFINISHED)
        else:
            self.query(f'CREATE DATABASE "{UNFINISHED}" TEMPLATE template0')
        yield UNFINISHED
        self.drop(name)
        self.rename(UNFINISHED, name)

    def copy_for_this_process(self, source: str, suffix: str = "") -> str:
        name = f"{PREFIX}copy_{os.getpid()}{suffix}"
        self.copy(source, name)
        return name

    def drop_leftovers(self) -> None:
        """Drop copies whose process was killed before it could."""
        for name in self.names():
            match = COPY.match(name)
            if match and not Path(f"/proc/{match[1]}").exists():
                self.drop(name)

    def drop_all(self) -> None:
        for name in self.names():
            self.drop(name)

    def _files(self, name: str) -> Path:
        return self.data / "filestore" / name
