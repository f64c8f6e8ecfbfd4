"""Texts as they can be printed."""

import re

# Emoji and what belongs to them, and the sign that stands for a lost character.
UNPRINTABLE = re.compile(
    "[\U0001f000-\U0001faff\U000e0000-\U000e007f\ufe00-\ufe0f\u200d\ufffd]"
)


def printable(text: str | None) -> str:
    """The text without the characters that would be empty boxes."""
    return UNPRINTABLE.sub("", text or "")
