"""HTML for the PDF renderer that fetches nothing from other servers."""

import re
from urllib.parse import urlsplit

import lxml.html
from markupsafe import Markup

# Attributes whose address a renderer loads at once; of links only those of a page.
FETCHED = ("src", "background", "poster", "data", "srcset", "xlink:href", "lowsrc")
PAGE_LINKS = ("link", "base", "image", "use", "script")

# Elements that load a page of their own.
FRAMES = ("iframe", "frame", "object", "embed", "applet", "portal")

CSS_ADDRESS = re.compile(r"url\(\s*(?P<quote>['\"]?)(?P<url>.*?)(?P=quote)\s*\)", re.I)
CSS_IMPORT = re.compile(r"@import\b[^;]*;?", re.I)

# What browsers leave out of an address, and how CSS can write any sign.
IGNORED = re.compile("[\x00-\x20]")
CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")


def without_remote_content(html: str, base_url: str) -> Markup:
    """The page without what would be loaded from anywhere but ``base_url``.

    Style sheets, fonts and pictures of the server itself and pictures inside the
    page stay.
    """
    own = urlsplit(base_url)[:2]
    root = lxml.html.document_fromstring(
        str(html).encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )
    for element in list(root.iter(lxml.etree.Element)):
        _clean(element, own)
    return Markup(
        lxml.html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")
    )


def _clean(element, own: tuple[str, str]):
    tag = element.tag.lower()
    if tag in FRAMES or _is_refresh(element):
        element.drop_tree()
        return
    fetched = (*FETCHED, "href") if tag in PAGE_LINKS else FETCHED
    for name in element.attrib:
        value = element.attrib[name]
        if name.lower() in fetched and _is_remote(value, own, name.lower() == "srcset"):
            del element.attrib[name]
        elif name.lower() == "style":
            element.attrib[name] = _clean_css(value, own)
    if tag == "style" and element.text:
        element.text = _clean_css(element.text, own)


def _is_refresh(element) -> bool:
    return element.tag == "meta" and bool(element.get("http-equiv"))


def _is_remote(value: str, own: tuple[str, str], is_list: bool = False) -> bool:
    if is_list:
        return any(_is_remote(part.split()[0], own) for part in value.split(",")
                   if part.strip())  # fmt: skip
    # Browsers take a backslash for a slash.
    url = IGNORED.sub("", value).replace("\\", "/")
    try:
        scheme, host = urlsplit(url)[:2]
    except ValueError:
        return True
    if scheme == "data":
        return False
    return bool(scheme or host) and (scheme or own[0], host) != own


def _clean_css(css: str, own: tuple[str, str]) -> str:
    css = CSS_ESCAPE.sub(lambda found: _sign(found[1]), css)
    css = CSS_IMPORT.sub("", css)
    return CSS_ADDRESS.sub(
        lambda found: "none" if _is_remote(found["url"], own) else found[0], css
    )


def _sign(digits: str) -> str:
    code = int(digits, 16)
    # Other signs stay written as they are: the icons of style sheets are such.
    return chr(code) if 0x20 < code < 0x7F else f"\\{digits} "
