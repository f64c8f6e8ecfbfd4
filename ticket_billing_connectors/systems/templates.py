"""Filling requests in and picking values out of answers."""

import html
import re
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError

#: A JMESPath expression, or a function of a row and the settings.
Pick = str | Callable[[dict, Any], Any]

PLACEHOLDER = re.compile(r"{(\w+)}")
compiled = cache(jmespath.compile)


def fill(template, values: dict):
    """Return ``template`` (text, or lists and dicts of them) with ``{names}`` filled
    in. A text that is nothing but a placeholder becomes the value itself.

    >>> fill({"ids": "{ids}", "q": "since {day}"}, {"ids": [1], "day": "2026-01-31"})
    {'ids': [1], 'q': 'since 2026-01-31'}
    """
    if isinstance(template, dict):
        return {
            fill(key, values): fill(value, values) for key, value in template.items()
        }
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    whole = PLACEHOLDER.fullmatch(template)
    if whole:
        return values[whole[1]]
    return PLACEHOLDER.sub(lambda found: str(values[found[1]]), template)


def as_html(text: str) -> str:
    """Return plain text as HTML, for systems that take nothing else."""
    return html.escape(text).replace("\n", "<br>")


def fill_path(template: str, values: dict) -> str:
    """Return a path with ``{names}`` filled in, safe for a URL."""
    return PLACEHOLDER.sub(lambda found: quote(str(values[found[1]]), ","), template)


def pick(expression: Pick, row, settings):
    """Return what ``expression`` finds in ``row``; None if nothing is there."""
    if callable(expression):
        return expression(row, settings)
    try:
        return compiled(expression).search(row)
    except JMESPathError:
        # A value of another type than the system promises: nothing is there.
        return None


def pick_all(expressions: dict[str, Pick], row, settings) -> dict:
    """Return what each of ``expressions`` finds in ``row``, by its name."""
    return {name: pick(value, row, settings) for name, value in expressions.items()}
