"""Tables from CSV and Excel files, within limits; formulas stay texts."""

import csv
import datetime
import io
import zipfile
import zlib
from dataclasses import dataclass

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 5000
MAX_COLUMNS = 100
#: What an Excel file may become when it is unpacked: far more than one of such
#: rows needs, far less than what makes a server stand still.
MAX_UNPACKED = 100 * 1024 * 1024
MAX_RATIO = 200
MAX_PARTS = 500
ENCODINGS = ("utf-8-sig", "cp1252")
XLSX = b"PK"
DTD = b"<!DOCTYPE"
CHUNK = 64 * 1024
#: What Python says of archives that are broken, encrypted or of other kinds.
BROKEN = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError,
    EOFError,
)  # fmt: skip


class FileRefused(Exception):
    """The file cannot be read; ``code`` says why."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Sheet:
    """Headings and rows; cells are texts, or what an Excel file says they are."""

    headings: list[str]
    rows: list[list]


def read_file(content: bytes) -> Sheet:
    """Return the first table of a CSV or Excel file.

    :raises FileRefused: it is too large, empty, or something else
    """
    if len(content) > MAX_BYTES:
        raise FileRefused("large")
    rows = _read_xlsx(content) if content.startswith(XLSX) else _read_csv(content)
    rows = [row for row in map(_trim, rows) if row]
    if len(rows) < 2:
        raise FileRefused("empty")
    if len(rows) > MAX_ROWS + 1 or max(map(len, rows)) > MAX_COLUMNS:
        raise FileRefused("long")
    headings = [str(cell or "").strip() for cell in rows[0]]
    return Sheet(headings, rows[1:])


def _trim(row):
    """Return a row without the empty cells at its end."""
    while row and row[-1] in (None, ""):
        row = row[:-1]
    return row


def _read_csv(content):
    if b"\0" in content:
        raise FileRefused("unknown")
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise FileRefused("unknown")
    first = text.split("\n", 1)[0]
    # The heading tells; the sniffer of Python is misled by commas in texts.
    delimiter = max(";,\t|", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [row for row, _number in zip(reader, range(MAX_ROWS + 2), strict=False)]
    except csv.Error:
        raise FileRefused("unknown") from None


def _read_xlsx(content):
    _check_archive(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        sheet = book.worksheets[0]
        # What it says of its own size may be wrong.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(
            max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS + 1, values_only=True
        )
        return [[_cell(value) for value in row] for row in rows]
    except (InvalidFileException, ValueError, KeyError, IndexError, SyntaxError):
        raise FileRefused("unknown") from None


def _check_archive(content):
    """Look into the archive before anything of it is unpacked as a whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            packed = max(len(content), 1)
            if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
                raise FileRefused("large")
            if unpacked / packed > MAX_RATIO:
                raise FileRefused("large")
            for part in parts:
                with archive.open(part) as opened:
                    if _has_entities(opened):
                        raise FileRefused("unknown")
    except BROKEN:
        raise FileRefused("unknown") from None


def _has_entities(opened) -> bool:
    """Return whether a part declares a document type anywhere, also in UTF-16; read to
    its end, its checksum is proven too."""
    before = b""
    while chunk := opened.read(CHUNK):
        text = before + chunk.replace(b"\0", b"")
        if DTD in text:
            return True
        before = text[-len(DTD) :]
    return False


def _cell(value):
    known = str | int | float | bool | datetime.datetime | datetime.date
    if isinstance(value, known) or value is None:
        return value
    return str(value)
