"""`make run`: set up, serve the demo database, run the main job on it.

PORT chooses the port. SERVE=0 stops Odoo when the main job is done; otherwise it
stays until Ctrl-C.
"""

import os
import signal
import subprocess

import served_odoo
from cache import CHECKOUT, Cache, locked, open_cache
from console import SetupError, exit_with, say, step
from databases import DEMO
from demo_db import changes, ensure_demo
from environment import Environment, ensure_environment
from template_db import set_parameters

MAIN_JOB = CHECKOUT / "scripts" / "main_job.py"


def run_main_job(environment: Environment, url: str) -> int:
    """Run the main job, which prints its own table; its exit status."""
    cache = environment.cache
    return environment.call(
        environment.python,
        MAIN_JOB,
        f"--config={cache.config}",
        f"--database={DEMO}",
        f"--url={url}",
        f"--services={cache.services}",
        f"--documents={cache.documents}",
    )


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    port = _port()
    cache = open_cache()
    served = served_odoo.find_served(cache)
    if not served:
        # A used port should not show after the downloads.
        served_odoo.stop(cache)
        served_odoo.check_port(port)
    environment = ensure_environment(cache)
    if served:
        return _run_beside(served, environment)
    with locked(cache):
        ensure_demo(environment)
    _set_urls(environment, f"http://{served_odoo.ADDRESS}:{port}")
    return _run_and_serve(environment, port)


def _port() -> int:
    text = os.environ.get("PORT") or "8069"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SetupError(f"PORT={text} is not a port.", "make run PORT=8070")
    return int(text)


def _run_beside(served: served_odoo.ServedOdoo, environment: Environment) -> int:
    """Use the Odoo that is running already."""
    changed = changes(environment)
    if changed:
        raise SetupError(
            f"Odoo on {served.url} runs with an older {', '.join(changed)}.",
            "make stop, then make run.",
        )
    say(f"Using the Odoo that is running on {served.url}")
    return run_main_job(environment, served.url)


def _set_urls(environment: Environment, url: str) -> None:
    """Let links and the PDF printer, which fetches style sheets, find Odoo."""
    parameters = {
        "report.url": url,
        "web.base.url": url,
        "web.base.url.freeze": "True",
    }
    set_parameters(environment, DEMO, parameters)


def _run_and_serve(environment: Environment, port: int) -> int:
    cache = environment.cache
    with step("Start Odoo and the demo's ticket and mail server"):
        process = served_odoo.start(environment, port)
    try:
        status = run_main_job(environment, f"http://{served_odoo.ADDRESS}:{port}")
        if os.environ.get("SERVE") != "0":
            _serve(process, cache, port)
        return status
    finally:
        served_odoo.stop(cache)


def _serve(process: subprocess.Popen, cache: Cache, port: int) -> None:
    say(f"\nOdoo:   http://{served_odoo.ADDRESS}:{port}   (log in: admin / admin)")
    say(f"Log:    {cache.logs / 'odoo-server.log'}")
    say(f"Mails:  {cache.documents / 'mails'}")
    say("Ctrl-C ends it.")
    try:
        process.wait()
    except KeyboardInterrupt:
        say("")


if __name__ == "__main__":
    exit_with(main)
