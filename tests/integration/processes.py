"""Databases and Odoo processes of the tests that kill, stop and interleave them."""

import socket
import subprocess
import sys
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path.append(str(CHECKOUT / "scripts"))

from cache import open_cache  # noqa: E402
from environment import Environment, ensure_environment  # noqa: E402
from template_db import tests_copy  # noqa: E402

TIMEOUT = 600


class WorkerFailed(Exception):
    """The task raised: type and text of its error."""


class Worker:
    """A process with Odoo, told what to do over a socket."""

    def __init__(self, environment: Environment, database: str):
        mine, its = socket.socketpair()
        with its, open(environment.cache.logs / "workers.log", "a") as log:
            self.process = subprocess.Popen(
                [
                    str(environment.python),
                    str(HERE / "worker.py"),
                    f"--config={environment.cache.config}",
                    f"--database={database}",
                    f"--connection={its.fileno()}",
                ],
                env=environment.variables,
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.connection = Connection(mine.detach())

    def start(self, task: str, day: str | None = None, **arguments) -> None:
        """Give it a task and go on."""
        self.connection.send((task, arguments, day))

    def result(self):
        """Wait for the answer to the task."""
        state, value = self._receive()
        if state == "failed":
            raise WorkerFailed(value)
        assert state == "done", state
        return value

    def call(self, task: str, day: str | None = None, **arguments):
        """Give it a task and wait for the answer."""
        self.start(task, day, **arguments)
        return self.result()

    def arm(self, model: str, method: str, fault: str, **options) -> None:
        self.call("arm", model=model, method=method, fault=fault, **options)

    def is_busy(self, seconds: float) -> bool:
        """Whether it has no answer within that time."""
        return not self.connection.poll(seconds)

    def await_pause(self) -> None:
        state, value = self._receive()
        assert state == "paused", (state, value)

    def resume(self) -> None:
        self.connection.send(None)

    def await_death(self) -> int:
        """Wait until it is dead; the signal that killed it."""
        return -self.process.wait(TIMEOUT)

    def await_ready(self) -> None:
        state, _pid = self._receive()
        assert state == "ready"

    def close(self) -> None:
        self.connection.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _receive(self):
        if not self.connection.poll(TIMEOUT):
            raise TimeoutError("The worker does not answer: see workers.log.")
        return self.connection.recv()


class Server:
    """A copy of the template database, and processes that work in it."""

    def __init__(self, environment: Environment, database: str):
        self.environment = environment
        self.database = database
        self.workers: list[Worker] = []

    def spawn(self, count: int = 1) -> list[Worker]:
        """Start processes; they live until they are killed or the server closes."""
        new = [Worker(self.environment, self.database) for _n in range(count)]
        self.workers += new
        for worker in new:
            worker.await_ready()
        return new

    def close(self) -> None:
        """End all processes: nobody is connected to the database any more."""
        for worker in self.workers:
            worker.close()
        self.workers = []

    def back_up(self) -> "Server":
        """A second server with the database as it is now; all processes end."""
        self.close()
        databases = self.environment.databases
        name = databases.copy_for_this_process(self.database, "_backup")
        return Server(self.environment, name)


@contextmanager
def open_server(suffix: str = ""):
    environment = ensure_environment(open_cache())
    with tests_copy(environment, suffix) as database:
        server = Server(environment, database)
        try:
            yield server
        finally:
            server.close()
