"""A process with Odoo's registry that does what it is told: see `processes.py`.

It commits what it does. Faults are put around Odoo's methods in this process alone.
"""

import argparse
import os
import signal
import traceback
from contextlib import nullcontext
from functools import partial, wraps
from multiprocessing.connection import Connection

import tasks
from freezegun import freeze_time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import config

RAISE = "DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{}'; END $$"
DEADLOCK, SERIALIZATION = "40P01", "40001"


class Worker:
    """Answers requests ``(name of a task, arguments, day)`` one after the other."""

    def __init__(self, registry, connection: Connection):
        self.registry = registry
        self.connection = connection

    def serve(self) -> None:
        self.connection.send(("ready", os.getpid()))
        while True:
            try:
                name, arguments, day = self.connection.recv()
            except EOFError:
                return
            self.connection.send(self.answer(name, arguments, day))

    def answer(self, name: str, arguments: dict, day: str | None) -> tuple:
        clock = freeze_time(day, tick=True) if day else nullcontext()
        try:
            with clock:
                if name == "arm":
                    return "done", self.arm(**arguments)
                return "done", self.run(getattr(tasks, name), arguments)
        except Exception:
            return "failed", traceback.format_exc()

    def run(self, task, arguments: dict):
        """Run a task as a request of the web client: repeated after conflicts."""
        with self.registry.cursor() as cursor:
            env = api.Environment(cursor, SUPERUSER_ID, {})
            return retrying(partial(task, env, **arguments), env)

    # ------------------------------------------------------------------ faults

    def arm(
        self, model, method, fault, *, before=False, partner=None, skip=0, times=1
    ) -> None:
        """Let ``fault`` happen after (or before) calls of a method.

        :param partner: only in calls for records of this customer
        :param skip: not yet in that many calls
        :param times: in that many calls
        """
        original = getattr(self.registry[model], method)
        act = getattr(self, fault)
        turns = iter([False] * skip + [True] * times)

        def happen(records, arguments):
            if _concerns(partner, arguments) and next(turns, False):
                act(records.env.cr)

        @wraps(original)
        def faulty(records, *arguments, **options):
            if before:
                happen(records, arguments)
            result = original(records, *arguments, **options)
            if not before:
                happen(records, arguments)
            return result

        if fault == "disable":  # the method does nothing but to return its records
            faulty = wraps(original)(lambda records: records)
        setattr(self.registry[model], method, faulty)

    def kill(self, _cursor) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def pause(self, _cursor) -> None:
        """Say so, and wait to be resumed."""
        self.connection.send(("paused", None))
        self.connection.recv()

    def conflict(self, cursor) -> None:
        cursor.execute(RAISE.format(SERIALIZATION))

    def deadlock(self, cursor) -> None:
        cursor.execute(RAISE.format(DEADLOCK))

    def crash(self, _cursor) -> None:
        raise ValueError("broken by a module")

    def disable(self, _cursor) -> None:
        """See :meth:`arm`."""


def _concerns(partner: int | None, arguments: tuple) -> bool:
    if partner is None:
        return True
    found = (a.partner_id.ids for a in arguments if hasattr(a, "partner_id"))
    return any(partner in ids for ids in found)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--connection", type=int, required=True)
    options = parser.parse_args()
    config.parse_config(
        [
            f"--config={options.config}",
            f"--database={options.database}",
            "--no-http",
            "--log-level=info",
        ],
        setup_logging=True,
    )
    Worker(Registry(options.database), Connection(options.connection)).serve()


if __name__ == "__main__":
    main()
