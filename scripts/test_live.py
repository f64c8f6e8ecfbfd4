"""`make test-live SYSTEM=znuny`: our client against a real system on loopback.

Nothing of it is part of `make test`: it takes minutes, needs Debian, root and its
package archive. What it installs lies in a folder of the cache.
"""

import argparse
import os
import subprocess

from cache import CHECKOUT, Cache, open_cache
from console import SetupError, exit_with, say, step
from environment import ensure_environment
from run_tests import run_pytest

LIVE = CHECKOUT / "tests" / "connectors" / "live"
SYSTEMS = ("znuny",)


def run_step(cache: Cache, system: str, name: str) -> None:
    """Run one step of the system's script; what it says goes to a log."""
    log = cache.logs / f"live_{system}.log"
    script = LIVE / f"{system}_install.sh"
    with step(f"{system}: {name}"), open(log, "a") as output:
        status = subprocess.run(
            [str(script), str(cache.root / "live" / system), name],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ).returncode
    if status:
        raise SetupError(
            f"{system} cannot be installed or run here ({name}): it was NOT tested.",
            f"{log} says why. It needs Debian, root, and packages of its archive.",
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system", choices=SYSTEMS, nargs="?", default="znuny")
    system = parser.parse_args().system
    if os.geteuid():
        raise SetupError(f"{system} is installed as root.", "become root.")
    cache = open_cache()
    environment = ensure_environment(cache)
    (cache.root / "live").mkdir(exist_ok=True)
    try:
        for name in ("install", "start", "seed"):
            run_step(cache, system, name)
        test = LIVE / f"live_{system}.py"
        result = run_pytest(environment, "-p", "no:odoo", str(test))
    finally:
        run_step(cache, system, "stop")
    say(str(result))
    return 1 if result.failed else 0


if __name__ == "__main__":
    exit_with(main)
