"""Requests held against what an OpenAPI document says the system takes.

The documents (``documents/``) hold the operations our clients use: parameters and
bodies, without answers. A query parameter a document does not know is a fault, since
real systems mostly ignore it in silence.
"""

import json
import re
from functools import cache, cached_property
from pathlib import Path

from jsonschema import Draft202012Validator

DOCUMENTS = Path(__file__).parent / "documents"
SCALARS = {"integer": int, "number": float, "boolean": {"true": True, "false": False}}


@cache
def load(name: str) -> "Document":
    """Return the document ``documents/<name>.json``."""
    return Document(json.loads((DOCUMENTS / f"{name}.json").read_text("utf-8")))


class Document:
    """One OpenAPI 3 document; its first server says below which path it stands."""

    def __init__(self, content: dict):
        self.content = content
        self.base = content.get("servers", [{"url": ""}])[0]["url"].rstrip("/")

    @cached_property
    def _paths(self):
        """Paths as (pattern, operations); those with fewer parameters go first."""
        paths = sorted(self.content["paths"].items(), key=lambda p: p[0].count("{"))
        return [(_pattern(self.base + path), actions) for path, actions in paths]

    def problems(self, request) -> list[str]:
        """Return what is wrong with a request, nothing if it is as documented."""
        where = f"{request.method} {request.path}"
        for pattern, actions in self._paths:
            operation = actions.get(request.method.lower())
            if operation is not None and pattern.fullmatch(request.path):
                found = [
                    *self._query(operation, request),
                    *self._body(operation, request),
                ]
                return [f"{where}: {problem}" for problem in found]
        return [f"{where}: there is no such operation"]

    def _query(self, operation, request):
        declared = [self._resolve(item) for item in operation.get("parameters", [])]
        known = {item["name"]: item for item in declared if item["in"] == "query"}
        for name in known:
            if known[name].get("required") and name not in request.query:
                yield f"parameter {name} is missing"
        for name, text in request.query.items():
            if name not in known:
                yield f"parameter {name} is unknown"
                continue
            schema = self._resolve(known[name]["schema"])
            for error in self._errors(_value(text, schema), schema):
                yield f"parameter {name}: {error}"

    def _body(self, operation, request):
        declared = operation.get("requestBody")
        if not declared:
            if request.body is not None:
                yield "a body is not expected"
            return
        if request.body is None:
            if declared.get("required"):
                yield "the body is missing"
            return
        schema = declared["content"]["application/json"]["schema"]
        for error in self._errors(request.body, schema):
            yield f"body: {error}"

    def _errors(self, value, schema):
        # References point into the whole document.
        whole = {**schema, "components": self.content.get("components", {})}
        for error in Draft202012Validator(whole).iter_errors(value):
            place = "/".join(map(str, error.absolute_path))
            yield f"{place} {error.message}".strip()

    def _resolve(self, item):
        while "$ref" in item:
            found = self.content
            for part in item["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            item = found
        return item


def _pattern(path):
    parts = re.split(r"{\w+}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)))


def _value(text, schema):
    """Return a text of a query as the schema means it, as it is if it cannot be."""
    kind = SCALARS.get(schema.get("type"))
    if schema.get("type") == "array":
        return [_value(part, schema.get("items", {})) for part in text.split(",")]
    if isinstance(kind, dict):
        return kind.get(text, text)
    try:
        return kind(text) if kind else text
    except ValueError:
        return text
