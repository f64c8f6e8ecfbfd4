"""Texts as they can be opened in a spreadsheet."""

import re

# Signs that would make a spreadsheet take a text for a formula, also after it was
# saved as CSV.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

# What no XML file can hold.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def as_text(value: str) -> str:
    """The value such that it stays a text wherever it is opened."""
    text = CONTROL.sub("", value)
    return f"'{text}" if text.startswith(FORMULA) else text
