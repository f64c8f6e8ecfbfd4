"""Checks of the German translation of an add-on, for the tests of every add-on."""

import re

import polib

from odoo.tools.misc import file_path
from odoo.tools.translate import TranslationModuleReader

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[sdf]|<[^>]+>")
#: Attributes whose text is translated with the tag.
TRANSLATED = re.compile(r'\b(title|alt|aria-label|placeholder)="[^"]*"')


def read_po(module: str, lang: str = "de") -> polib.POFile:
    """Translation file of an installed add-on.

    :raise FileNotFoundError: the add-on has none
    """
    return polib.pofile(file_path(f"{module}/i18n/{lang}.po"))


def find_incomplete(po: polib.POFile) -> list[str]:
    """Terms without translation, with a doubtful one, or twice in the file."""
    seen, result = set(), []
    for entry in po:
        if entry.obsolete or not entry.msgstr or entry.fuzzy or entry.msgid in seen:
            result.append(entry.msgid)
        seen.add(entry.msgid)
    return result


def find_broken(po: polib.POFile) -> list[str]:
    """Terms whose translation has other placeholders or tags than the source."""
    return [
        entry.msgid
        for entry in po
        if _get_placeholders(entry.msgid) != _get_placeholders(entry.msgstr)
    ]


def _get_placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(TRANSLATED.sub(r"\1", text)))


def find_missing(env, module: str, po: polib.POFile) -> list[str]:
    """Terms that an export of the installed add-on has and the file has not."""
    env.flush_all()  # the export reads the database
    exported = TranslationModuleReader(env.cr, modules=[module])
    known = {entry.msgid for entry in po}
    return sorted({source for *_, source, _, _ in exported} - known)
