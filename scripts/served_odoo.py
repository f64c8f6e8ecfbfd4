"""The Odoo that `make run` serves on this machine."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
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
    try:
        served = ServedOdoo(**json.loads(cache.served.read_text()))
        command = Path(f"/proc/{served.pid}/cmdline").read_bytes()
    except (OSError, ValueError, TypeError):
        return None
    # The number may meanwhile belong to another process.
    return served if str(cache.config).encode() in command else None


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
    """Serve the demo database; returns when it answers."""
    log = environment.cache.logs / "odoo-server.log"
    command = environment.odoo_command(
        DEMO,
        f"--db-filter=^{DEMO}$",
        f"--http-interface={ADDRESS}",
        f"--http-port={port}",
        f"--logfile={log}",
    )
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=environment.variables,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches the caller only, which then stops the server in order.
            start_new_session=True,
        )
    served = ServedOdoo(process.pid, port)
    environment.cache.served.write_text(json.dumps(asdict(served)))
    try:
        _wait_until_healthy(process, served, log)
    except BaseException:
        stop(environment.cache)
        raise
    return process


def _wait_until_healthy(
    process: subprocess.Popen, served: ServedOdoo, log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not served.is_healthy():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SetupError("Odoo did not start.", f"read {log}.")
        time.sleep(0.2)


def stop(cache: Cache) -> None:
    """Stop the served Odoo, if there is one."""
    served = find_served(cache)
    if served:
        say(f"Stopping Odoo on {served.url}")
        os.kill(served.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while find_served(cache) and time.monotonic() < deadline:
            time.sleep(0.1)
        if find_served(cache):
            os.kill(served.pid, signal.SIGKILL)
    cache.served.unlink(missing_ok=True)
