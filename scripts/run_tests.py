"""`make test`: pure tests, tests in Odoo, checks; one summary at the end."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from cache import CHECKOUT, open_cache
from console import SetupError, exit_with, say, say_error
from environment import Environment, ensure_environment
from template_db import tests_copy

PURE_TESTS = ("tests/rating", "tests/connectors", "tests/setup")
ODOO_TESTS = (
    "ticket_billing/tests",
    "ticket_billing_connectors/tests",
    "ticket_billing_portal/tests",
    "tests/integration",
    "tests/scenarios",
    "tests/browser",
)


@dataclass
class Result:
    """Counts of one phase, or the sum of all."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Result") -> "Result":
        return Result(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )

    def __str__(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def run_pytest(environment: Environment, *arguments: str) -> Result:
    """Run pytest and count; a run without a test, or cut short, has failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        status = environment.call(
            environment.python,
            *("-m", "pytest", "-c", "setup.cfg", f"--junitxml={report}"),
            *arguments,
        )
        result = read_report(report) if report.exists() else Result()
    if status and not result.failed:
        result.failed = 1
    return result


def read_report(report: Path) -> Result:
    """Counts from a JUnit file; an error counts as a failure."""
    result = Result()
    for suite in ElementTree.parse(report).iter("testsuite"):
        count = {
            name: int(suite.get(name, "0"))
            for name in ("tests", "failures", "errors", "skipped")
        }
        failed = count["failures"] + count["errors"]
        passed = count["tests"] - failed - count["skipped"]
        result += Result(passed, failed, count["skipped"])
    return result


def odoo_options(environment: Environment, database: str) -> list[str]:
    """Options of pytest-odoo to run tests in ``database``."""
    config = f"--odoo-config={environment.cache.config}"
    return [config, f"--odoo-database={database}", "--odoo-http"]


def _pure(environment: Environment) -> Result:
    return run_pytest(environment, "-p", "no:odoo", *PURE_TESTS)


def _in_odoo(environment: Environment) -> Result:
    with tests_copy(environment) as database:
        return run_pytest(
            environment, *odoo_options(environment, database), *ODOO_TESTS
        )


def _checks(environment: Environment) -> Result:
    """The pre-commit hooks on all files: no test, but a failure counts as one."""
    status = environment.call(
        environment.python,
        *("-m", "pre_commit", "run", "--all-files"),
        PRE_COMMIT_HOME=str(environment.cache.pre_commit),
        # The checkout may belong to another user than the one who checks it.
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="safe.directory",
        GIT_CONFIG_VALUE_0=str(CHECKOUT),
    )
    return Result(failed=1 if status else 0)


PHASES = {
    "tests of the pure packages": _pure,
    "tests in Odoo": _in_odoo,
    "checks (pre-commit)": _checks,
}


def run_phases(environment: Environment) -> tuple[Result, list[str]]:
    """The sum of all phases, and the titles of those that failed."""
    total = Result()
    failed = []
    for title, phase in PHASES.items():
        say(f"\n==> {title}")
        try:
            result = phase(environment)
        except SetupError as error:
            say_error(error)
            result = Result(failed=1)
        total += result
        if result.failed:
            failed.append(title)
    return total, failed


def main() -> int:
    try:
        environment = ensure_environment(open_cache())
    except SetupError as error:
        say_error(error)
        total, failed = Result(failed=1), ["set-up"]
    else:
        total, failed = run_phases(environment)
    say(f"\nFailed: {', '.join(failed)}" if failed else "\nAll phases are green.")
    say(str(total))
    return 1 if failed else 0


if __name__ == "__main__":
    exit_with(main)
