"""The virtual environment with the pinned requirements."""

import shutil
import subprocess
import sys
from pathlib import Path

from cache import CHECKOUT, STAMP, Cache, content_hash
from console import SetupError, run_logged, step
from odoo_source import OdooSource

REQUIREMENTS = ("requirements-odoo.txt", "requirements.txt", "requirements-test.txt")
OLDEST_PYTHON = (3, 11)


def ensure_python(cache: Cache, odoo: OdooSource) -> Path:
    """The interpreter that sees Odoo and all requirements."""
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(
            f"Python {sys.version.split()[0]} is too old.",
            "call make with PYTHON=python3.11 or newer.",
        )
    files = [CHECKOUT / name for name in REQUIREMENTS]
    folder = cache.root / f"venv-{content_hash(sys.version, *files)}"
    if not (folder / STAMP).exists():
        with step("Install the Python packages"):
            _build(folder, files, cache.logs / "python-packages.log")
    _link(cache.venv, folder)
    _show_odoo(folder, odoo)
    return cache.venv / "bin" / "python"


def _build(folder: Path, files: list[Path], log: Path) -> None:
    """Fill ``folder``; scripts name their place, so it is not moved afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    run_logged(
        [sys.executable, "-m", "venv", folder],
        log,
        what="Making the virtual environment",
        way_out="install Python's venv module (Debian: apt-get install python3-venv).",
    )
    # The files name every package with its version, so pip has nothing to resolve.
    # With the add-on's dependencies it would add PyPDF2, which breaks Odoo's PDFs.
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    sources = [argument for file in files for argument in ("-r", file)]
    run_logged(
        [*pip, "install", "--no-input", "--no-deps", "--retries", "5", *sources],
        log,
        what="Installing the Python packages",
        way_out="check the network and pip's index settings, then repeat.",
    )
    (folder / STAMP).touch()


def _link(link: Path, folder: Path) -> None:
    """Point ``link`` to ``folder`` and remove environments of earlier pins."""
    if not link.is_symlink() or link.readlink() != folder:
        unfinished = link.with_name("venv.unfinished")
        unfinished.unlink(missing_ok=True)
        unfinished.symlink_to(folder)
        unfinished.replace(link)
    for other in link.parent.glob("venv-*"):
        if other != folder:
            shutil.rmtree(other)


def _show_odoo(folder: Path, odoo: OdooSource) -> None:
    (site_packages,) = folder.glob("lib/python*/site-packages")
    path_file = site_packages / "odoo-source.pth"
    line = f"{odoo.packages}\n"
    if not path_file.exists() or path_file.read_text() != line:
        path_file.write_text(line)


def ensure_wkhtmltopdf(cache: Cache) -> None:
    """Put a wkhtmltopdf with patched Qt into ``cache.bin`` unless there is one.

    Without the patches Odoo prints no header and footer and refuses to print
    several invoices at once.
    """
    link = cache.bin / "wkhtmltopdf"
    if link.exists() or _is_patched(shutil.which("wkhtmltopdf")):
        return
    packed = cache.venv / "bin" / "wkhtmltopdf-pack"
    if not _is_patched(packed):
        raise SetupError(
            f"{packed} does not start.",
            "install its libraries (Debian: apt-get install libxrender1 "
            "libfontconfig1 libxext6 fonts-dejavu-core).",
        )
    cache.bin.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(packed)


def _is_patched(program: str | Path | None) -> bool:
    if not program:
        return False
    answer = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False
    )
    return "with patched qt" in answer.stdout
