import json

from odoo.http import request

from odoo.addons.web.controllers import export

from ..tools.spreadsheet import as_text

# Lists with texts that customers and technicians write.
MODELS = ("helpdesk.ticket", "account.analytic.line", "account.move", "ticket.billing.")


def _is_guarded(data: str) -> bool:
    return json.loads(data)["model"].startswith(MODELS)


def _guard(rows: list[list]) -> list[list]:
    return [[as_text(v) if isinstance(v, str) else v for v in row] for row in rows]


def _guard_group(group):
    group.data = _guard(group.data)
    children = [(_guard_title(key), child) for key, child in group.children.items()]
    group.children.clear()
    group.children.update(children)
    for _key, child in children:
        _guard_group(child)


def _guard_title(key):
    """Title of a group: a text, or an id and a text."""
    if isinstance(key, tuple):
        return tuple(_guard_title(part) for part in key)
    return as_text(key) if isinstance(key, str) else key


class SafeExport:
    """Exports in which no text becomes a formula."""

    def base(self, data):
        request.update_context(ticket_billing_guarded=_is_guarded(data))
        return super().base(data)

    def from_data(self, fields, columns_headers, rows):
        if request.env.context.get("ticket_billing_guarded"):
            rows = _guard(rows)
        return super().from_data(fields, columns_headers, rows)

    def from_group_data(self, fields, columns_headers, groups):
        if request.env.context.get("ticket_billing_guarded"):
            _guard_group(groups)
        return super().from_group_data(fields, columns_headers, groups)


class CSVExport(SafeExport, export.CSVExport):
    """CSV; Odoo guards some of the signs itself."""


class ExcelExport(SafeExport, export.ExcelExport):
    """XLSX, where Odoo writes texts that begin with = as formulas."""
