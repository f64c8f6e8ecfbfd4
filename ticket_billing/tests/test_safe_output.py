import csv
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import lxml.html
import openpyxl

from odoo import http
from odoo.tests import BaseCase, HttpCase, tagged

from odoo.addons.ticket_billing.tools.offline_html import without_remote_content
from odoo.addons.ticket_billing.tools.spreadsheet import as_text, make_workbook

from .common import TicketBillingCase

FORMULAS = ('=HYPERLINK("http://evil")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1")
BASE = "http://127.0.0.1:8069"


@tagged("post_install", "-at_install")
class TestSpreadsheet(BaseCase):
    """No text becomes a formula."""

    def test_texts(self):
        for text in FORMULAS:
            with self.subTest(text):
                self.assertTrue(as_text(text).startswith("'"))
        for text in ("Router", "3-1", "a=b", "", " x"):
            self.assertEqual(as_text(text), text)

    def test_workbook(self):
        rows = [[text, 5] for text in FORMULAS]
        content = make_workbook([("Sheet", ["=Text", "Number"], rows)])
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        for row in sheet.iter_rows():
            self.assertEqual(row[0].data_type, "s")
            self.assertTrue(row[0].value.startswith("'"))
        self.assertEqual(sheet["B2"].value, 5)


@tagged("post_install", "-at_install")
class TestOfflineHtml(BaseCase):
    """What is not of this server is gone, all else stays."""

    def _clean(self, body: str) -> str:
        return str(without_remote_content(f"<html><body>{body}</body></html>", BASE))

    def test_remote_is_gone(self):
        for body in (
            '<img src="http://evil.example/x.png">',
            '<img src="//evil.example/x.png">',
            '<img src="\\\\evil.example/x.png">',
            '<img src="/\\evil.example/x.png">',
            '<img src=" ht\ntp://evil.example/x.png">',
            '<img srcset="/a.png 1x, http://evil.example/x.png 2x">',
            '<img src="file:///etc/evil.example">',
            '<img src="http://127.0.0.1:9/evil.example">',
            '<p style="background: url(http://evil.example/x.png)">x</p>',
            '<p style="background: \\75rl(http://evil.example/x.png)">x</p>',
            "<style>@import 'http://evil.example/x.css'; p {color: red}</style>",
            "<style>p {background: URL( 'http://evil.example/x' )}</style>",
            '<link rel="stylesheet" href="http://evil.example/x.css">',
            '<script src="http://evil.example/x.js"></script>',
            '<base href="http://evil.example/">',
            '<iframe src="http://evil.example"></iframe>',
            "<iframe srcdoc='&lt;img src=http://evil.example>'></iframe>",
            '<object data="http://evil.example"></object>',
            '<embed src="http://evil.example">',
            '<video poster="http://evil.example/x.png"></video>',
            '<table background="http://evil.example/x.png"></table>',
            '<meta http-equiv="refresh" content="0;url=http://evil.example">',
            '<svg><image xlink:href="http://evil.example/x.png"/></svg>',
            '<svg><use href="http://evil.example/x.svg#a"/></svg>',
        ):
            with self.subTest(body):
                self.assertNotIn("evil.example", self._clean(body))

    def test_own_stays(self):
        for text in (
            'src="/web/image/1"',
            f'src="{BASE}/web/image/1"',
            'src="data:image/png;base64,AAAA"',
        ):
            self.assertIn(text, self._clean(f"<img {text}>"))
        for body in (
            '<a href="https://example.com">x</a>',
            '<link rel="stylesheet" href="/web/assets/1/a.css">',
            '<p style="color: red; background: url(/web/image/2)">ä</p>',
        ):
            self.assertIn(body, self._clean(body))
        css = '<style>.fa:before {content: "\\f0a7"}</style>'
        self.assertIn("\\f0a7", self._clean(css))


class _Sink(HTTPServer):
    """Remembers every request; nothing should come."""

    def __init__(self):
        self.seen = []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *args):
        pass


@tagged("post_install", "-at_install")
class TestSafeOutput(TicketBillingCase, HttpCase):
    """Texts of customers and technicians are texts, wherever they are shown."""

    BAD = (
        "<script>alert(1)</script><img src=x onerror=alert(1)>"
        '<a href="javascript:alert(1)">x</a>'
    )

    def setUp(self):
        super().setUp()
        self.sink = _Sink()
        self.addCleanup(self.sink.server_close)
        self.addCleanup(self.sink.shutdown)
        self.ticket.write(
            {
                "name": f"Title {self.BAD}",
                "description": f"{self.BAD}<p>Text</p>",
            }
        )
        self.anna.name = f"Anna {self.BAD}"
        self._log(60, name=f"Entry {self.BAD}")
        self.move = self._run().invoice_ids
        self.move.narration = (
            f'<p>Thanks</p><img src="{self.sink.url}/narration.png">'
            f'<p style="background-image: url({self.sink.url}/css.png)">x</p>'
        )
        self.move.action_post()

    def _assert_harmless(self, html: str):
        for element in lxml.html.document_fromstring(html).iter(lxml.etree.Element):
            if element.tag == "script":
                self.assertNotIn("alert", element.text or "")
            for name, value in element.items():
                if name.startswith("on"):
                    self.assertNotIn("alert", value)
                if name in ("href", "src"):
                    self.assertNotIn("javascript:", value)

    def test_description_is_sanitised(self):
        self._assert_harmless(self.ticket.description)
        self.assertNotIn("onerror", self.ticket.description)
        self.assertIn("Text", self.ticket.description)

    def test_chatter_and_mail(self):
        entry = self.move.billing_item_ids.entry_id
        entry._correct({"raw_minutes": 75}, self.BAD)
        message = self.ticket.message_ids[0]
        self.assertIn("alert(1)", message.body)
        self._assert_harmless(message.body)
        template = self.env.ref("account.email_template_edi_invoice")
        body = template._render_field("body_html", self.move.ids)[self.move.id]
        self._assert_harmless(str(body))

    def test_documents(self):
        reports = self.env["ir.actions.report"]
        for name in (
            "account.report_invoice_with_payments", "ticket_billing.service_report",
            "ticket_billing.report_certificate",
        ):  # fmt: skip
            with self.subTest(name):
                record = self.move
                if name == "ticket_billing.report_certificate":
                    record = self.move.billing_run_id
                html = reports._render_qweb_html(name, record.ids)[0].decode()
                self._assert_harmless(html)

    def test_pages_of_the_contract(self):
        self.contract.surcharge_ids = [
            (0, 0, {"name": self.BAD, "percent": 50, "whole_day": True})
        ]
        self._assert_harmless(self.contract.week_html)

    def _render(self):
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        name = "account.report_invoice_with_payments"
        return reports._render_qweb_pdf(name, self.move.ids)[0]

    def test_renderer_fetches_nothing(self):
        self.env["ir.config_parameter"].set_param("report.url", self.base_url())
        self.assertTrue(self._render().startswith(b"%PDF"))
        self.assertEqual(self.sink.seen, [])
        # Without the guard the renderer does ask: the proof above is one.
        self.patch(
            type(self.env["ir.actions.report"]), "_is_offline_report", lambda *_: False
        )
        self._render()
        self.assertIn("/narration.png", self.sink.seen)

    def _export(self, kind, groupby=()) -> bytes:
        self.authenticate("admin", "admin")
        field = {"name": "name", "label": "Title", "store": True, "type": "char"}
        data = {
            "model": "helpdesk.ticket",
            "fields": [field],
            "ids": self.ticket.ids if not groupby else False,
            "domain": [("id", "=", self.ticket.id)],
            "groupby": list(groupby),
            "import_compat": False,
            "context": {"allowed_company_ids": self.company.ids},
        }
        response = self.url_open(
            f"/web/export/{kind}",
            data={
                "data": json.dumps(data),
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        response.raise_for_status()
        return response.content

    def test_lists_are_exported_as_texts(self):
        self.env.ref("base.user_admin").company_ids |= self.company
        for text in FORMULAS:
            self.ticket.name = text
            with self.subTest(text):
                rows = list(csv.reader(io.StringIO(self._export("csv").decode())))
                self.assertTrue(rows[1][0].startswith("'"))
                for groupby in ((), ("name",)):
                    content = self._export("xlsx", groupby)
                    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
                    cells = [c for row in sheet.iter_rows(min_row=2) for c in row]
                    self.assertTrue(cells)
                    for cell in cells:
                        self.assertNotEqual(cell.data_type, "f")

    def test_service_report_as_spreadsheet(self):
        self.ticket.name = "=1+1"
        report = self.env["ticket.billing.service.report"]
        sheet = openpyxl.load_workbook(io.BytesIO(report._get_xlsx(self.move))).active
        for row in sheet.iter_rows():
            for cell in row:
                self.assertNotEqual(cell.data_type, "f")
