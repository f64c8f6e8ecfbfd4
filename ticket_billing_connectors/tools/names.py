"""How alike two names of companies, people or activities are."""

import re
import unicodedata
from difflib import SequenceMatcher

#: Says nothing about who it is.
LEGAL_FORMS = {
    "ag", "co", "cokg", "ek", "eg", "ev", "gbr", "ggmbh", "gmbh", "haftungsbeschrankt",
    "inc", "kg", "kgaa", "llc", "ltd", "mbh", "ohg", "partg", "partgmbb", "sa", "sarl",
    "se", "ug", "und", "and",
}  # fmt: skip
#: Domains that many customers share.
SHARED_DOMAINS = {
    "aol.com", "arcor.de", "bluewin.ch", "freenet.de", "gmail.com", "gmx.at", "gmx.ch",
    "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "hotmail.de", "icloud.com",
    "live.de", "mail.de", "mailbox.org", "me.com", "online.de", "outlook.com",
    "outlook.de", "posteo.de", "protonmail.com", "sunrise.ch", "t-online.de", "web.de",
    "yahoo.com", "yahoo.de",
}  # fmt: skip
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def words_of(name: str) -> list[str]:
    """Return the telling words of ``name``.

    >>> words_of("Müller & Söhne GmbH")
    ['mueller', 'soehne']
    """
    words = _all_words(name)
    return [word for word in words if word not in LEGAL_FORMS] or words


def _all_words(name):
    text = (name or "").casefold().translate(UMLAUTS)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    # "e.K.", "G.m.b.H." are one word each.
    text = re.sub(r"(?<=\b\w)\.(?=\w\b)", "", text)
    return re.findall(r"\w+", text)


def same_name(one: str, other: str) -> bool:
    """Say whether two names differ in spelling only, legal form included."""
    return bool(_all_words(one)) and _all_words(one) == _all_words(other)


def likeness(one: str, other: str) -> int:
    """Return how alike two names are, 0 to 100, whatever the order of their words.

    >>> likeness("Weber Maschinenbau", "Maschinenbau Weber GmbH & Co. KG")
    100
    """
    first, second = sorted(words_of(one)), sorted(words_of(other))
    if not first or not second:
        return 0
    return round(100 * SequenceMatcher(None, " ".join(first), " ".join(second)).ratio())


def mail_domains(text: str) -> set[str]:
    """Return the domains in ``text``, which are separated by commas."""
    return {mail_domain(part) for part in (text or "").split(",")} - {""}


def mail_domain(address: str) -> str:
    """Return the domain of an e-mail address, '' if it belongs to many people."""
    domain = (address or "").rpartition("@")[2].strip().lower() if address else ""
    return "" if domain in SHARED_DOMAINS else domain
