"""Progress and error messages of the set-up: plain lines, with seconds."""

import errno
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

HEARTBEAT_SECONDS = 15
TAIL_LINES = 15
PLAIN_ERRORS = {
    errno.ENOSPC: "free some disk space.",
    errno.EDQUOT: "free some disk space.",
    errno.EACCES: "check the owner of the checkout and of the cache folder.",
    errno.EROFS: "set TICKET_BILLING_CACHE to a folder that can be written.",
}


class SetupError(Exception):
    """A problem the user can solve: what happened, and the way out."""

    def __init__(self, problem: str, way_out: str):
        super().__init__(problem)
        self.problem = problem
        self.way_out = way_out


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(title: str):
    """Announce a step that has work to do and print how long it took."""
    say(f"==> {title}")
    started = time.monotonic()
    yield
    say(f"    done in {time.monotonic() - started:.1f} s")


def run_logged(
    command: Sequence[str | Path],
    log: Path,
    *,
    what: str,
    way_out: str,
    **options,
) -> None:
    """Run ``command`` with its output in ``log`` and a sign of life on screen.

    ``options`` go to :class:`subprocess.Popen`. Raises :class:`SetupError`, with
    the end of the log, when the command fails or does not exist.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        started_at = output.tell()
        try:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **options,
            )
        except FileNotFoundError as error:
            problem = f"{what} failed: {error.filename} is not installed."
            raise SetupError(problem, way_out) from error
        _wait_with_heartbeat(process)
    if process.returncode:
        tail = "\n".join(f"    | {line}" for line in _tail(log, started_at))
        raise SetupError(f"{what} failed; the end of {log}:\n{tail}", way_out)


def _wait_with_heartbeat(process: subprocess.Popen) -> None:
    started = time.monotonic()
    try:
        while True:
            try:
                process.wait(HEARTBEAT_SECONDS)
                return
            except subprocess.TimeoutExpired:
                say(f"    ... {time.monotonic() - started:.0f} s")
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _tail(log: Path, started_at: int) -> list[str]:
    with log.open("rb") as stream:
        stream.seek(started_at)
        text = stream.read().decode(errors="replace")
    return text.splitlines()[-TAIL_LINES:]


def say_error(error: SetupError) -> None:
    say(f"\nERROR: {error.problem}\nWay out: {error.way_out}")


def exit_with(main: Callable[[], int]) -> None:
    """Exit with the status of ``main``; explain the problems it meets."""
    try:
        sys.exit(main())
    except SetupError as error:
        say_error(error)
    except OSError as error:
        if error.errno not in PLAIN_ERRORS:
            raise
        say_error(SetupError(str(error), PLAIN_ERRORS[error.errno]))
    except KeyboardInterrupt:
        say("\nInterrupted. Unfinished steps are repeated by the next call.")
        sys.exit(130)
    sys.exit(1)
