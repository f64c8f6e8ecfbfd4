"""Which scenarios are played, and how their results are shown."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
FILES = (FOLDER / "pricing.json", FOLDER / "more.json")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--scenario-file",
        type=Path,
        help="play all scenarios of this file; without it, those of this folder",
    )


def _load(config: pytest.Config) -> list[dict]:
    file = config.getoption("--scenario-file")
    return [
        example
        for each in ([file] if file else FILES)
        for example in json.loads(each.read_text(encoding="utf-8"))["examples"]
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        scenarios = _load(metafunc.config)
        ids = [scenario["id"] for scenario in scenarios]
        metafunc.parametrize("scenario", scenarios, ids=ids)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """One line per scenario, with the reason of each failure."""
    if not config.getoption("--scenario-file"):
        return
    terminalreporter.section("scenarios")
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            if report.when == "call" or outcome == "error":
                name = report.nodeid.rpartition("[")[2].rstrip("]")
                reason = f": {report.longreprtext}" if report.failed else ""
                terminalreporter.write_line(f"{name} {outcome}{reason}")
