import io
import struct
import time
import zipfile
import zlib
from itertools import pairwise

import openpyxl

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..intake.files import MAX_PARTS
from .test_file_import import FileImportCase

SHEET = "xl/worksheets/sheet1.xml"
ENTITIES = "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in pairwise("abcdefghi")
)
LAUGHS = f"<!DOCTYPE l [<!ENTITY a 'ha'>{ENTITIES}]>".encode()


@tagged("post_install", "-at_install")
class TestFileAttacks(FileImportCase):
    """Archives made to harm who opens them: refused, fast, with nothing left behind."""

    def setUp(self):
        super().setUp()
        self.book = self._make_workbook([["id", "title"], ["1", "Printer"]])

    def _repack(self, changes, more=()):
        """Return the workbook with some parts changed and others added."""
        output = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(self.book)) as old,
            zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, changes.get(name, lambda part: part)(content))
            for name, content in more:
                new.writestr(name, content)
        return output.getvalue()

    def _assert_refused(self, content):
        began = time.monotonic()
        with self.assertRaises(UserError):
            self._upload(content)
        self.assertLess(time.monotonic() - began, 3)

    def test_the_workbook_itself_is_read(self):
        wizard = self._upload(self._repack({}))
        self.assertEqual(wizard.column_ids.mapped("field_name"), ["id", "title"])

    def test_entities_behind_a_long_comment(self):
        comment = b"<!--" + b"x" * 100_000 + b"-->"
        for before in (b"", b" " * 3000, comment):
            bomb = self._repack({SHEET: lambda part, b=before: b + LAUGHS + part})
            self._assert_refused(bomb)

    def test_entities_in_another_encoding(self):
        def change(part):
            text = (LAUGHS + part[part.index(b"<worksheet") :]).decode()
            return text.encode("utf-16")

        self._assert_refused(self._repack({SHEET: change}))

    def test_ten_thousand_parts(self):
        more = [(f"xl/media/{number}.png", b"") for number in range(10_000)]
        self.assertLess(MAX_PARTS, 10_000)
        self._assert_refused(self._repack({}, more))

    def test_sizes_that_are_a_lie(self):
        """The archive says a part is small; what unpacks it gets no more than that."""
        bomb = self._repack({SHEET: lambda part: part + b" " * 50_000_000})
        # Where the directory at the end tells the size of the part.
        at = bomb.rindex(SHEET.encode()) - 46 + 24
        self._assert_refused(bomb[:at] + struct.pack("<I", 1000) + bomb[at + 4 :])

    def test_broken_parts(self):
        place = self.book.index(b"PK\x03\x04", 4)
        for at in (place - 30, place - 100, len(self.book) // 2):
            broken = bytearray(self.book)
            broken[at : at + 8] = bytes(8)
            try:
                wizard = self._upload(bytes(broken))
            except UserError:
                continue
            # What was broken is not read, or not needed.
            self.assertEqual(wizard.column_ids.mapped("heading"), ["id", "title"])

    def test_a_checksum_that_is_wrong(self):
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w") as archive:
            archive.writestr(SHEET, b"<worksheet/>")
        crc = struct.pack("<I", zlib.crc32(b"<worksheet/>"))
        self._assert_refused(output.getvalue().replace(crc, b"\0\0\0\0"))

    def test_names_that_lead_elsewhere(self):
        more = [("../../../../tmp/evil.xml", b"<x/>"), ("/etc/evil.xml", b"<x/>")]
        wizard = self._upload(self._repack({}, more), file_name="../../../etc/passwd")
        wizard.action_preview()
        wizard.action_import()
        self.assertEqual(wizard.line_ids.mapped("outcome"), ["new"])
        self.assertFalse(
            self.env["ir.attachment"].search([("name", "ilike", "%passwd%")])
        )

    def test_pictures_are_not_opened(self):
        """One that claims to have ten thousand million points."""
        header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 6, 0, 0, 0)
        chunk = b"IHDR" + header
        crc = struct.pack(">I", zlib.crc32(chunk))
        png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + crc
        began = time.monotonic()
        wizard = self._upload(self._repack({}, [("xl/media/image1.png", png)]))
        self.assertEqual(wizard.column_ids.mapped("field_name"), ["id", "title"])
        self.assertLess(time.monotonic() - began, 3)

    def test_rows_without_end(self):
        """A sheet that says it has a million columns, and one cell far away."""
        book = openpyxl.Workbook()
        book.active["A1"], book.active["XFD1"] = "id", "title"
        book.active["A1048576"] = "1"
        output = io.BytesIO()
        book.save(output)
        self._assert_refused(output.getvalue())
