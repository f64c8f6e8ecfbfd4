"""Texts and tables as they can be opened in a spreadsheet."""

import io
import re
from collections.abc import Iterable

import xlsxwriter

# Signs that would make a spreadsheet take a text for a formula, also after it was
# saved as CSV; some take the wide ones of Asian keyboards for them too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# The most that a cell can hold.
CELL_SIZE = 32767

# What no XML file can hold.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def as_text(value: str) -> str:
    """The value such that it stays a text wherever it is opened."""
    text = CONTROL.sub("", value)
    return f"'{text}" if text.startswith(FORMULA) else text


def make_workbook(sheets: Iterable[tuple[str, list[str], list[list]]]) -> bytes:
    """A workbook of tables: title, headings and rows of each; texts stay texts."""
    output = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(output, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        for title, headings, rows in sheets:
            sheet = book.add_worksheet(title[:31])
            for column, heading in enumerate(headings):
                sheet.write_string(0, column, as_text(heading), bold)
            sheet.freeze_panes(1, 0)
            for line, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    if isinstance(value, int | float):
                        sheet.write_number(line, column, value)
                    else:
                        sheet.write_string(line, column, as_text(value)[:CELL_SIZE])
    return output.getvalue()
