"""What `make run` keeps running: Odoo, and the demo's ticket and mail server."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cache import CHECKOUT, Cache
from console import SetupError, say
from databases import DEMO
from environment import Environment

ADDRESS = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 20


@dataclass(frozen=True)
class ServedOdoo:
    """A running server; also what the cache notes about it."""

    pid: int
    services_pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/web/health", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


def find_served(cache: Cache) -> ServedOdoo | None:
    """The server that an earlier call left running, or None."""
    served = _noted(cache)
    if served and _runs_with(served.pid, cache.config) and served.is_healthy():
        return served
    return None


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise SetupError(
                f"Port {port} on {ADDRESS} cannot be used: {error.strerror}.",
                "choose another one: make run PORT=8070.",
            ) from error


def start(environment: Environment, port: int) -> subprocess.Popen:
    """Serve the demo database; returns Odoo's process when everything answers."""
    cache = environment.cache
    cache.services.unlink(missing_ok=True)
    services_log = cache.logs / "demo-services.log"
    odoo_log = cache.logs / "odoo-server.log"
    services = _spawn(environment, _services_command(environment), services_log)
    odoo = _spawn(environment, _odoo_command(environment, DEMO, port), odoo_log)
    served = ServedOdoo(odoo.pid, services.pid, port)
    cache.served.write_text(json.dumps(asdict(served)))
    try:
        _wait(services, "The demo's services", _exists(cache.services), services_log)
        _wait(odoo, "Odoo", served.is_healthy, odoo_log)
    except BaseException:
        stop(cache)
        raise
    return odoo


@contextmanager
def serving(environment: Environment, database: str) -> Iterator[str]:
    """Serve a database as long as the block lives; yields the address."""
    port = free_port()
    log = environment.cache.logs / "odoo-bench.log"
    odoo = _spawn(environment, _odoo_command(environment, database, port), log)
    served = ServedOdoo(odoo.pid, odoo.pid, port)
    try:
        _wait(odoo, "Odoo", served.is_healthy, log)
        yield served.url
    finally:
        _terminate(odoo.pid, environment.cache.config)
        odoo.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


def _odoo_command(
    environment: Environment, database: str, port: int
) -> list[str | Path]:
    return environment.odoo_command(
        database,
        f"--db-filter=^{database}$",
        f"--http-interface={ADDRESS}",
        f"--http-port={port}",
    )


def _services_command(environment: Environment) -> list[str | Path]:
    cache = environment.cache
    mails = f"--mails={cache.documents / 'mails'}"
    script = CHECKOUT / "scripts" / "demo_services.py"
    return [environment.python, script, mails, f"--state={cache.services}"]


def _spawn(
    environment: Environment, command: list[str | Path], log: Path
) -> subprocess.Popen:
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            env=environment.variables,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches the caller only, which then stops them in order.
            start_new_session=True,
        )


def _exists(file: Path) -> Callable[[], bool]:
    return lambda: file.exists() and bool(file.read_text())


def _wait(
    process: subprocess.Popen, name: str, is_ready: Callable[[], bool], log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SetupError(f"{name} did not start.", f"read {log}.")
        time.sleep(0.2)


def stop(cache: Cache) -> None:
    """Stop what `make run` keeps running, if it does."""
    served = _noted(cache)
    if served:
        if _runs_with(served.pid, cache.config):
            say(f"Stopping Odoo on {served.url}")
        _terminate(served.pid, cache.config)
        _terminate(served.services_pid, cache.services)
    cache.served.unlink(missing_ok=True)
    cache.services.unlink(missing_ok=True)


def _noted(cache: Cache) -> ServedOdoo | None:
    try:
        return ServedOdoo(**json.loads(cache.served.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _runs_with(pid: int, argument: Path) -> bool:
    """Whether the process runs; its number may meanwhile belong to another."""
    try:
        return str(argument).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _terminate(pid: int, argument: Path) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    if _runs_with(pid, argument):
        os.kill(pid, signal.SIGTERM)
    while _runs_with(pid, argument):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.1)
