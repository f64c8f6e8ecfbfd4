"""The published description of the API, made from the tables that check."""

from .messages import BASE, JSON, PAGE_MOST, PAGE_USUAL, PROBLEM
from .tables import ID_PATTERN, MAX_ROWS, TABLES, Field, Table

KINDS = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number", "multipleOf": 0.01},
    "flag": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
}
REFUSALS = {
    400: "The request makes no sense.",
    401: "The API key is missing, wrong or expired.",
    403: "The API key does not allow this.",
    404: "There is no such record of this source.",
    405: "This method is not for this address.",
    409: "Another request had this Idempotency-Key.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "Values are wrong; `errors` points to each of them.",
    429: "There were too many calls; `Retry-After` says how long to wait.",
    500: "The server failed, and nothing was changed.",
}
ABOUT = (
    "Send tickets, booked time and charges from a system of your own; they are matched"
    " with customers, employees and products here, and billed. What cannot be matched"
    " is held with the reason and is billed once somebody has mapped it. Records have"
    " your ids; sending one again replaces it, and sending the same again changes"
    " nothing. Times have an offset, days have none. With an Idempotency-Key, a"
    " repeated request gets the first answer again, byte by byte, for 24 hours."
)
OUTCOMES = [
    "new", "changed", "unchanged", "outdated", "held", "dismissed", "removed",
]  # fmt: skip
STATES = ["accepted", "held", "dismissed", "removed", "mapped", "unmapped"]
BILLING = ["open", "held", "billed", "covered", "written_off"]


def describe(host: str = "") -> dict:
    """Return the OpenAPI document; ``host`` is the address of the server."""
    paths = {}
    for table in TABLES.values():
        paths |= _paths(table)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ticket billing", "version": "1.0.0", "description": ABOUT},
        "servers": [{"url": host.rstrip("/") + BASE}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
            "responses": {
                str(status): {
                    "description": text,
                    "content": {PROBLEM: {"schema": _ref("Problem")}},
                }
                for status, text in REFUSALS.items()
            },
        },
    }


def _schemas():
    message = {
        "reason": {"type": "string", "description": "Why it waits, as a code."},
        "message": {"type": "string", "description": "Why, and the way out."},
    }
    errors = _object(pointer=_text("JSON pointer to the value."), detail=_text(""))
    billing = _object(state=_one_of(BILLING), **message)
    billing["properties"]["invoices"] = _list({"type": "string"})
    billing["required"] = ["state", "invoices"]
    return {
        **{_name(table): record_schema(table) for table in TABLES.values()},
        "Outcome": _object(id=_text(""), outcome=_one_of(OUTCOMES), **message),
        "State": _object(
            id=_text(""), state=_one_of(STATES), **message, billing=billing
        ),
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": _text("What is wrong, and the way out."),
                "errors": _list(errors),
            },
        },
    }


def record_schema(table: Table) -> dict:
    """Return the schema of the records of a table."""
    schema = {
        "type": "object",
        "description": table.help,
        "additionalProperties": False,
        "required": [item.name for item in table.fields if item.required],
        "properties": {item.name: field_schema(item) for item in table.fields},
    }
    if table.one_of:
        schema["anyOf"] = [{"required": [name]} for name in table.one_of]
    return schema


def field_schema(item: Field) -> dict:
    """Return the schema of one field; null is the same as leaving it out."""
    schema = {**KINDS[item.kind], "description": item.help}
    if item.kind == "text":
        schema["maxLength"] = item.longest
        schema["minLength"] = 1 if item.required else 0
    if item.kind in ("integer", "number"):
        schema |= {"minimum": item.least, "maximum": item.most}
    if item.pattern:
        schema["pattern"] = item.pattern
    if item.choices:
        schema["enum"] = list(item.choices)
    if not item.required:
        schema["type"] = [schema["type"], "null"]
        if item.choices:
            schema["enum"].append(None)
    return schema


def _paths(table):
    record = _ref(_name(table))
    batch = _list(record) | {"minItems": 1, "maxItems": MAX_ROWS}
    results = _list({"anyOf": [_ref("Outcome"), _ref("Problem")]})
    written = {
        "200": _answer("It changed something, or nothing.", _ref("Outcome")),
        "201": _answer("It is new.", _ref("Outcome")),
        "202": _answer("It is held until somebody decides.", _ref("Outcome")),
    }
    several = _answer("Records in the order they were sent.", _object(results=results))
    body = {"anyOf": [record, batch]}
    page = _object(data=_list(_ref("State")), next={"type": ["string", "null"]})
    once = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A text of your own for this request, to repeat it safely.",
        "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]+$"},
    }
    key = {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Your id.",
        "schema": {"type": "string", "pattern": ID_PATTERN, "minLength": 1},
    }
    say = f"one {table.label}, or up to {MAX_ROWS}"
    many = {
        "get": _operation(
            table, "list", "List what was sent", {"200": _answer("A page.", page)}
        )
        | {"parameters": _page_parameters()},
        "post": _operation(
            table, "send", f"Send {say}", {**written, "207": several}, body
        )
        | {"parameters": [once]},
        "put": _operation(
            table, "put", f"Send {say}", {**written, "207": several}, body
        )
        | {"parameters": [once]},
    }
    single = {
        "get": _operation(
            table, "read", "See what became of it", {"200": _answer("", _ref("State"))}
        )
        | {"parameters": [key]},
        "put": _operation(table, "replace", f"Send the {table.label}", written, record)
        | {"parameters": [key, once]},
    }
    if table.can_withdraw:
        answers = {status: written[status] for status in ("200", "202")}
        single["delete"] = _operation(
            table, "withdraw", f"Take the {table.label} back", answers
        ) | {"parameters": [key, once]}
    return {f"/{table.name}": many, f"/{table.name}/{{id}}": single}


def _page_parameters():
    limit = {"type": "integer", "minimum": 1, "maximum": PAGE_MOST}
    return [
        {"name": "limit", "in": "query", "schema": limit | {"default": PAGE_USUAL}},
        {
            "name": "after",
            "in": "query",
            "description": "The `next` of the page before.",
            "schema": {"type": "string"},
        },
    ]


def _operation(table, verb, summary, answers, body=None):
    skipped = () if body else (415, 422)
    refused = {
        str(status): {"$ref": f"#/components/responses/{status}"}
        for status in REFUSALS
        if status not in skipped
    }
    operation = {
        "operationId": f"{verb}-{table.name}",
        "tags": [table.name],
        "summary": summary,
        "responses": answers | refused,
    }
    if body:
        content = {JSON: {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _answer(text, schema):
    return {"description": text, "content": {JSON: {"schema": schema}}}


def _name(table):
    return table.label.title().replace(" ", "")


def _ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description):
    return {"type": "string", "description": description}


def _one_of(names):
    return {"type": "string", "enum": names}


def _list(items):
    return {"type": "array", "items": items}


def _object(**properties):
    """Return an object; what is told only now and then may be missing."""
    optional = {"reason", "message", "billing"}
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}
