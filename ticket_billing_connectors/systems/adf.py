"""Texts of Atlassian's document format (ADF): a tree of nodes."""

#: Nodes that end a line.
BLOCKS = {
    "blockquote",
    "codeBlock",
    "heading",
    "listItem",
    "mediaSingle",
    "panel",
    "paragraph",
    "rule",
    "tableRow",
    "taskItem",
}
#: Nodes without content, by the attribute that people read instead.
READABLE = {"emoji": "text", "inlineCard": "url", "mention": "text", "status": "text"}
MAX_DEPTH = 50


def plain_text(document) -> str:
    """Return the text of a document, one line for each block; a text stays as it is.

    >>> line = {"type": "paragraph", "content": [{"type": "text", "text": "Toner"}]}
    >>> plain_text({"type": "doc", "version": 1, "content": [line, line]})
    'Toner\\nToner'
    """
    if not isinstance(document, dict):
        return document if isinstance(document, str) else ""
    lines = "".join(_parts(document, MAX_DEPTH)).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def _parts(node, depth):
    """Yield the pieces of text of a node; an unknown node by what it contains."""
    if not isinstance(node, dict) or depth == 0:
        return
    kind, attributes = str(node.get("type")), node.get("attrs")
    if kind == "text":
        yield str(node.get("text") or "")
    elif kind == "hardBreak":
        yield "\n"
    elif kind in READABLE:
        known = attributes if isinstance(attributes, dict) else {}
        yield str(known.get(READABLE[kind]) or "")
    content = node.get("content")
    for child in content if isinstance(content, list) else ():
        yield from _parts(child, depth - 1)
    if kind in BLOCKS:
        yield "\n"
    elif kind in ("tableCell", "tableHeader"):
        yield " "
