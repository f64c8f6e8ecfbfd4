"""The folder that holds everything the set-up fetches or generates."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console import SetupError, say

CHECKOUT = Path(__file__).resolve().parent.parent
NEEDED_GIGABYTES = 4
STAMP = ".complete"
NOT_HASHED = {"__pycache__", "tests", "readme"}


@dataclass(frozen=True)
class Cache:
    """Paths below the cache folder; none of them needs to exist."""

    root: Path

    @property
    def odoo(self) -> Path:
        return self.root / "odoo"

    @property
    def venv(self) -> Path:
        """Link to the finished virtual environment."""
        return self.root / "venv"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def data(self) -> Path:
        """File stores and sessions of Odoo."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def config(self) -> Path:
        return self.root / "odoo.conf"

    @property
    def served(self) -> Path:
        """Describes the Odoo that ``make run`` serves."""
        return self.root / "served.json"

    @property
    def services(self) -> Path:
        """Addresses of the demo's ticket server and mail server."""
        return self.root / "services.json"

    @property
    def documents(self) -> Path:
        """Invoices and mails of the demo."""
        return self.root / "documents"

    @property
    def pre_commit(self) -> Path:
        return self.root / "pre-commit"


def open_cache() -> Cache:
    """The cache folder of this user, made when missing."""
    root = os.environ.get("TICKET_BILLING_CACHE")
    if not root:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        root = Path(base) / "ticket_billing"
    cache = Cache(Path(root).expanduser().resolve())
    try:
        cache.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"{cache.root} cannot be the cache folder: {error.strerror}.",
            "set TICKET_BILLING_CACHE to a folder that can be written.",
        ) from error
    return cache


def check_free_space(cache: Cache) -> None:
    free = shutil.disk_usage(cache.root).free / 2**30
    if free < NEEDED_GIGABYTES:
        raise SetupError(
            f"{cache.root} has {free:.1f} GB left, {NEEDED_GIGABYTES} GB are needed.",
            "free some space, or set TICKET_BILLING_CACHE to a folder on another disk.",
        )


@contextmanager
def locked(cache: Cache) -> Iterator[None]:
    """Keep two set-ups on the same cache from working at the same time."""
    with (cache.root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("... waiting for another set-up on this cache to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """An empty folder that becomes ``target`` when the block succeeds."""
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)


def content_hash(*parts: str | Path) -> str:
    """12 hexadecimal digits over texts, files and folders (tests left out)."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode() + b"\0")
            continue
        for path in _files(part):
            digest.update(str(path.relative_to(part.parent)).encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    return sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not NOT_HASHED & set(file.relative_to(path).parts)
    )
