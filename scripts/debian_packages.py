"""Fetch Debian packages into a folder: no root, no change of the system.

apt works on a private root whose only sources are the machine's own mirror. It
verifies signatures with Debian's archive keyring as always.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from console import SetupError, run_logged

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITES = ("sid", "bookworm")
INDEX = re.compile(r"^'(.+)/dists/([^/]+)/main/binary-\w+/Packages", re.M)
WAY_OUT = "check the network and the machine's apt sources, or set ODOO_PATH."


def available() -> bool:
    """Whether this is a Debian machine that can verify packages."""
    tools = ("apt-get", "dpkg-deb")
    return KEYRING.exists() and all(shutil.which(tool) for tool in tools)


def fetch(packages: Sequence[str], target: Path, work: Path, log: Path) -> None:
    """Download ``name/suite`` packages to ``work`` and unpack them to ``target``.

    Raises SetupError when the mirror cannot be reached or lacks a package.
    """
    apt = _private_apt(work)
    run_logged([*apt, "update"], log, what="Reading the mirror", way_out=WAY_OUT)
    run_logged(
        [*apt, "download", *packages],
        log,
        what="Downloading packages",
        way_out=WAY_OUT,
        cwd=work,
    )
    for package in sorted(work.glob("*.deb")):
        run_logged(
            ["dpkg-deb", "--extract", package, target],
            log,
            what=f"Unpacking {package.name}",
            way_out="check the free disk space.",
        )


def _private_apt(work: Path) -> list[str]:
    lists = work / "lists"
    archives = work / "cache" / "archives"
    for folder in (lists, archives):
        (folder / "partial").mkdir(parents=True)
    sources = work / "sources.list"
    site = _mirror()
    sources.write_text(
        "".join(f"deb [signed-by={KEYRING}] {site} {suite} main\n" for suite in SUITES)
    )
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": lists,
        "Dir::Cache": work / "cache",
        "APT::Update::Error-Mode": "any",
        "Acquire::Retries": "3",
        "Acquire::Languages": "none",
    }
    if os.geteuid() == 0:
        # apt's own user cannot write into the private root of another user.
        options["APT::Sandbox::User"] = "root"
    arguments = [f"--option={key}={value}" for key, value in options.items()]
    return ["apt-get", "--quiet", *arguments]


def _mirror() -> str:
    """The site this machine takes its own Debian release from."""
    # Unlike apt's list of index targets it also works before the first update.
    listing = subprocess.run(
        ["apt-get", "--print-uris", "update"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    site = find_site(listing, {"stable", "testing", "unstable", "sid", _codename()})
    if not site:
        raise SetupError("This machine's apt sources name no Debian mirror.", WAY_OUT)
    return site


def find_site(listing: str, suites: set[str]) -> str | None:
    """The first site in apt's list of addresses with one of the Debian suites."""
    for site, suite in INDEX.findall(listing):
        if suite in suites:
            return site
    return None


def _codename() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return ""
