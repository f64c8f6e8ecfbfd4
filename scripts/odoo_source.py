"""Find or fetch Odoo 19.0."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import debian_packages
from cache import Cache, content_hash, new_folder
from console import SetupError, run_logged, say, step

RELEASE = "19.0"
REPOSITORY = "https://github.com/odoo/odoo"
# Odoo, and the fonts and scripts its package links to. Font Awesome and
# Inconsolata come from bookworm: later ones have other file names.
PACKAGES = (
    "odoo-19/sid",
    "libjs-jquery/sid",
    "libjs-underscore/sid",
    "libjs-jquery-form/sid",
    "fonts-roboto-unhinted/sid",
    "fonts-montserrat/sid",
    "fonts-ocr-b/sid",
    "fonts-font-awesome/bookworm",
    "fonts-inconsolata/bookworm",
)
PACKAGED = Path("usr/lib/python3/dist-packages")
WAY_OUT = f"set ODOO_PATH to a checkout of Odoo, branch {RELEASE}."


@dataclass(frozen=True)
class OdooSource:
    """Where Odoo's code is, and which code it is."""

    packages: Path
    """Folder for the Python path; holds the package ``odoo``."""
    addons: tuple[Path, ...]
    revision: str
    """Changes when the code changes."""


def ensure_odoo(cache: Cache) -> OdooSource:
    """ODOO_PATH, or the Odoo of the cache, fetched when it is not there."""
    given = os.environ.get("ODOO_PATH")
    if given:
        return _describe(Path(given).expanduser().resolve())
    if not cache.odoo.exists():
        with step(f"Fetch Odoo {RELEASE} (about 130 MB)"):
            _fetch(cache.odoo, cache.logs / "odoo-source.log")
    return _describe(cache.odoo)


def _fetch(target: Path, log: Path) -> None:
    if debian_packages.available():
        try:
            with new_folder(target) as folder:
                _from_debian(folder, log)
            return
        except SetupError as error:
            say(f"    not from Debian: {error.problem}\n    trying the checkout")
    with new_folder(target) as folder:
        _clone(folder, log)


def _from_debian(folder: Path, log: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as work:
        debian_packages.fetch(PACKAGES, folder, Path(work), log)
        (package,) = Path(work).glob("odoo-19_*.deb")
        (folder / "revision").write_text(package.name)


def _clone(folder: Path, log: Path) -> None:
    run_logged(
        ["git", "clone", "--branch", RELEASE, "--depth", "1", REPOSITORY, folder],
        log,
        what=f"Cloning {REPOSITORY}",
        way_out=WAY_OUT,
    )


def _describe(folder: Path) -> OdooSource:
    """Find the package ``odoo`` in a checkout or an unpacked Debian package."""
    for packages in (folder, folder / PACKAGED):
        release = packages / "odoo" / "release.py"
        if release.exists():
            break
    else:
        raise SetupError(f"{folder} does not hold Odoo.", WAY_OUT)
    major, minor = RELEASE.split(".")
    if not re.search(
        rf"^version_info = \({major}, {minor},", release.read_text(), re.M
    ):
        raise SetupError(f"{folder} is not Odoo {RELEASE}.", WAY_OUT)
    candidates = (packages / "addons", packages / "odoo" / "addons")
    addons = tuple(
        path for path in candidates if (path / "account" / "__manifest__.py").exists()
    )
    if not addons:
        raise SetupError(f"{folder} holds Odoo without its add-ons.", WAY_OUT)
    return OdooSource(packages, addons, _revision(folder, release))


def _revision(folder: Path, release: Path) -> str:
    noted = folder / "revision"
    if noted.exists():
        return noted.read_text()
    head = ""
    if (folder / ".git").exists():
        head = subprocess.run(
            ["git", "-C", folder, "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
    return content_hash(head, release)
