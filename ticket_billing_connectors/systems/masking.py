"""Remote records as text for people: secrets masked, not endlessly long."""

import json
import re

MASK = "•••"
MAX_CHARS = 100_000
#: Names of values that nobody has to see. Whole words, so that e.g. "keyboard" stays.
SECRET_NAME = re.compile(
    r"pass(word|wd|phrase|code)?|pwd|secret|token|credentials?|authorization"
    r"|cookie|session_?id|(api|access|private|auth)_?key|otp|pin",
    re.IGNORECASE,
)
#: A secret inside a text: ``token=…`` in an address, ``Bearer …``.
SECRET_TEXT = re.compile(
    r"\b((?:password|passwd|pwd|secret|token|api_?key|access_?key)\s*[=:]\s*"
    r"|(?:bearer|basic)\s+)[^\s&\"'<>,;]{4,}",
    re.IGNORECASE,
)
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def is_secret(name: str) -> bool:
    """Say whether a value of this name has to be masked.

    >>> is_secret("apiKey"), is_secret("X-Auth-Token"), is_secret("keyboard")
    (True, True, False)
    """
    words = [word for word in WORDS.split(name) if word]
    pairs = ["_".join(pair) for pair in zip(words, words[1:], strict=False)]
    return any(SECRET_NAME.fullmatch(part) for part in [name, *words, *pairs])


def mask(value, secrets=()):
    """Return ``value`` (decoded JSON) without secrets; ``secrets`` are known ones."""
    if isinstance(value, dict):
        # {"name": "Root password", "value": "…"}: the name stands in another place.
        named = any(is_secret(str(value.get(key, ""))) for key in ("name", "Name"))
        hidden = {"value", "Value"} if named else ()
        return {
            name: MASK
            if content and (name in hidden or is_secret(str(name)))
            else mask(content, secrets)
            for name, content in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask(item, secrets) for item in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return SECRET_TEXT.sub(rf"\1{MASK}", value)
    return value


def readable(value, secrets=()) -> tuple[str, bool]:
    """Return ``value`` as indented JSON with masked secrets, and whether it was cut."""
    text = json.dumps(
        mask(value, secrets), indent=2, ensure_ascii=False, sort_keys=True, default=str
    )
    # NUL and lone surrogates cannot be stored.
    text = text.encode("utf-8", "replace").decode().replace("\\u0000", "")
    return text[:MAX_CHARS], len(text) > MAX_CHARS
