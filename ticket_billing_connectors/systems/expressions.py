"""What users may write as JMESPath: it reads, within bounds.

JMESPath knows neither regular expressions nor code, and none of its expressions runs
for ever. But lists of several values multiply what they are made of, so a short chain
of them could fill the memory.
"""

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

MAX_LENGTH = 250
#: How deep one expression may stand in another.
MAX_DEPTH = 50
#: How many times over the values of a row may come back.
MAX_COPIES = 100
#: These copy what is put into them.
COPYING = {"multi_select_list", "multi_select_dict"}


class BadExpression(ValueError):
    """It is no JMESPath, or goes beyond the bounds."""


def check_expression(text: str):
    """:raises BadExpression: ``text`` cannot be used"""
    try:
        if len(text) > MAX_LENGTH:
            raise BadExpression
        if _count_copies(jmespath.compile(text).parsed) > MAX_COPIES:
            raise BadExpression
    except (JMESPathError, RecursionError, BadExpression):
        raise BadExpression(text[:MAX_LENGTH]) from None


def _count_copies(node, depth=1) -> int:
    """Return how many times over the values may come back, at most."""
    kind = node["type"]
    # Slices have numbers, or nothing, instead.
    children = [child for child in node["children"] if isinstance(child, dict)]
    unknown = kind == "function_expression" and not _is_function(node["value"])
    if depth > MAX_DEPTH or unknown:
        raise BadExpression
    copies = len(children) if kind in COPYING else 1
    for child in children:
        copies *= _count_copies(child, depth + 1)
    return copies


def _is_function(name) -> bool:
    return name in Functions.FUNCTION_TABLE
