from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import PortalCase

MISSING = 999999999
EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"
QUIET = (
    "odoo.http",
    "odoo.addons.base.models.ir_rule",
    "odoo.addons.base.models.ir_model",
)


@tagged("post_install", "-at_install")
class TestPortalSecurity(HttpCase, PortalCase):
    """A customer who tries everything sees nothing of anybody else's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("report.url", "http://127.0.0.1:1")
        cls.contact.billing_portal_role = "approver"
        cls._log(60, name="Restarted the tunnel")
        cls._log(30, name="Secret review", billing_type="internal")
        cls._log(60, ticket=cls.other_ticket, name="Secret of Anders")
        invoices = cls._bill()
        cls.mine = invoices.filtered(lambda m: m.partner_id == cls.partner)
        cls.theirs = invoices - cls.mine
        cls.policy.customer_release = True
        cls._log(45, "2026-11-02", name="Not released")
        cls._log(45, "2026-11-02", ticket=cls.other_ticket, name="Draft of Anders")
        drafts = cls._run("2026-12-01").invoice_ids
        cls.draft = drafts.filtered(lambda m: m.partner_id == cls.partner)
        cls.their_draft = drafts - cls.draft
        cls.document = cls._keep(cls.theirs)
        cls.own_document = cls._keep(cls.mine)

    @classmethod
    def _keep(cls, move):
        attachment = cls.env["ir.attachment"].create(
            {
                "name": f"{move.id}.xml",
                "raw": b"<invoice/>",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "ubl_cii_xml_file",
            }
        )
        return cls.env["ticket.billing.document"]._keep(
            attachment, "einvoice", move.company_id, move.invoice_date, move
        )

    def _normal(self, response):
        """What a visitor gets to know: status, target and text of the page."""
        location = response.headers.get("Location", "").split("?")[0]
        text = ""
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and not location:
            page = html.fromstring(response.text or "<p/>")
            for part in page.xpath("//script|//style"):
                part.drop_tree()
            text = " ".join(page.text_content().split())
        return response.status_code, location, text

    def _get(self, path):
        return self.url_open(path, allow_redirects=False)

    # -------------------------------------------------------- forbidden = missing

    def test_what_is_forbidden_looks_like_what_is_missing(self):
        token = self.mine._portal_ensure_token()  # of another record
        invoice, ticket = self.theirs.id, self.other_ticket.id
        draft = self.their_draft.id
        contract = self.theirs._get_billing_items().contract_id.id
        line = self.their_draft.invoice_line_ids[:1].id
        cases = {
            "/my/approvals/{}": draft,
            "/my/approvals/{}?access_token=" + token: draft,
            "/my/invoices/{}": invoice,
            "/my/invoices/{}?report_type=pdf&download=true": invoice,
            "/my/invoices/{}?report_type=html&access_token=" + token: invoice,
            "/my/invoices/{}/documents/" + str(self.document.id): invoice,
            "/my/invoices/{}/documents/service_report.xlsx": invoice,
            "/my/invoices/{}/documents/service_report.xlsx?access_token="
            + token: invoice,
            f"/my/invoices/{self.mine.id}/documents/{{}}": self.document.id,
            f"/my/invoices/{self.draft.id}/documents/{{}}": self.document.id,
            "/my/ticket/{}": ticket,
            "/my/ticket/{}/" + token: ticket,
            "/my/contracts/{}": contract,
            "/web/content/{}": self.document.attachment_id.id,
            "/web/content/{}?access_token=" + token: self.document.attachment_id.id,
            "/web/content/ticket.billing.document/{}/attachment_id": self.document.id,
            "/web/content/account.move/{}/ubl_cii_xml_file": invoice,
            "/web/content/account.move/{}/service_report_file": invoice,
            "/report/html/ticket_billing.service_report/{}": invoice,
            "/report/pdf/ticket_billing.service_report/{}": invoice,
            "/report/html/account.report_invoice/{}": invoice,
            "/report/html/ticket_billing.report_certificate/{}": (
                self.theirs.billing_run_id.id
            ),
        }
        for login in ("clara", None):
            self.authenticate(login, login)
            for path, number in cases.items():
                with self.subTest(login=login, path=path), mute_logger(*QUIET):
                    theirs = self._normal(self._get(path.format(number)))
                    none = self._normal(self._get(path.format(MISSING)))
                    self.assertEqual(theirs, none)
                    self.assertIn(theirs[0], (303, 404))
                    self.assertNotIn("Anders", theirs[2])
        self.authenticate("clara", "clara")
        csrf = self._get_csrf()
        for path in ("/my/approvals/{}/approve", f"/my/approvals/{{}}/ask/{line}"):
            for number in (draft, MISSING):
                data = {"csrf_token": csrf, "text": "Why?", "content_hash": "x"}
                response = self.url_open(path.format(number), data=data)
                self.assertEqual(response.status_code, 404, path)
        self.assertFalse(self.their_draft.billing_approval_ids)
        self.assertTrue(self.their_draft.exists())

    def _get_csrf(self):
        page = html.fromstring(self.url_open("/my/account").text)
        return page.xpath("//input[@name='csrf_token']/@value")[0]

    def test_lines_of_another_draft(self):
        """The draft is mine, the line is not."""
        self.authenticate("clara", "clara")
        line = self.their_draft.invoice_line_ids[:1]
        data = {"csrf_token": self._get_csrf(), "text": "Why?"}
        path = f"/my/approvals/{self.draft.id}/ask/{line.id}"
        response = self.url_open(path, data=data, allow_redirects=False)
        self.assertIn("message=changed", response.headers["Location"])
        self.assertTrue(self.their_draft.exists())
        self.assertFalse(self.env["ticket.billing.question"].search([]))

    def test_own_documents(self):
        self.authenticate("clara", "clara")
        page = html.fromstring(self.url_open(f"/my/invoices/{self.mine.id}").text)
        links = page.xpath("//div[@id='billing_documents']//a/@href")
        self.assertEqual(len(links), 2)
        self.assertEqual(self.url_open(links[0]).content, b"<invoice/>")
        response = self.url_open(links[1])
        self.assertEqual(response.content[:2], b"PK")
        self.assertIn("attachment", response.headers["Content-Disposition"])
        # A link that was mailed works without a login, for this invoice only.
        self.authenticate(None, None)
        url = self.mine.get_portal_url()
        page = html.fromstring(self.url_open(url).text)
        links = page.xpath("//div[@id='billing_documents']//a/@href")
        for link in links:
            self.assertEqual(self.url_open(link).status_code, 200, link)
            bare = link.split("?")[0]
            self.assertEqual(self.url_open(bare).status_code, 404, bare)

    # -------------------------------------------------------------------- RPC

    def _get_own_models(self):
        return sorted(
            name
            for name, model in self.env.registry.items()
            if name.startswith(("ticket.billing", "report.ticket_billing"))
            and not model._abstract
        )

    def test_no_model_of_billing_is_read_by_rpc(self):
        self.authenticate("clara", "clara")
        for model in self._get_own_models():
            for method, args in (("search_read", [[]]), ("search_count", [[]])):
                params = {"model": model, "method": method, "args": args, "kwargs": {}}
                url = f"/web/dataset/call_kw/{model}/{method}"
                with self.subTest(model=model, method=method), mute_logger(*QUIET):
                    with self.assertRaisesRegex(JsonRpcException, "AccessError"):
                        self.make_jsonrpc_request(url, params)

    def test_no_other_way_to_read_models_of_billing(self):
        for name in self._get_own_models():
            model = self.env[name].with_user(self.user)
            calls = {
                "search": lambda m: m.search([]),
                "group": lambda m: m.formatted_read_group([], [], ["__count"]),
                "names": lambda m: m.name_search(""),
                "export": lambda m: m.export_data(["id"]),
                "read": lambda m: m.browse(1).read(["id"]),
                "write": lambda m: m.browse(1).write({}),
                "create": lambda m: m.create({}),
                "unlink": lambda m: m.browse(1).unlink(),
            }
            for call, function in calls.items():
                with self.subTest(model=name, call=call), mute_logger(*QUIET):
                    records = model if call != "export" else model.browse(1)
                    # An AccessError, or the refusal to export or to change at all.
                    with self.assertRaises(UserError):
                        function(records)

    def test_fields_of_billing_are_hidden_on_models_that_customers_read(self):
        """Minutes that are not released, the ledger, reasons and rates."""
        checked = set()
        for name, model in self.env.registry.items():
            if model._abstract or name.startswith("ticket.billing"):
                continue
            records = self.env[name].with_user(self.user)
            for field in records._fields.values():
                if field._modules and all(
                    module.startswith("ticket_billing") for module in field._modules
                ):
                    checked.add((name, field.name))
                    self.assertFalse(
                        records._has_field_access(field, "read"), f"{name}.{field.name}"
                    )
        for expected in (
            ("helpdesk.ticket", "spent_minutes"),
            ("account.move", "billing_approval_ids"),
            ("account.move.line", "billing_item_ids"),
            ("account.analytic.line", "raw_minutes"),
            ("res.partner", "billing_portal_role"),
        ):
            self.assertIn(expected, checked)

    def test_hidden_fields_by_rpc(self):
        self.authenticate("clara", "clara")
        ticket = self.ticket.id
        calls = [
            ("helpdesk.ticket", "read", [[ticket], ["spent_minutes"]], {}),
            ("helpdesk.ticket", "search_read", [], {"fields": ["time_entry_ids"]}),
            ("helpdesk.ticket", "search", [[("time_entry_ids", "!=", False)]], {}),
            ("helpdesk.ticket", "search", [[]], {"order": "billing_contract_id"}),
            ("helpdesk.ticket", "export_data", [[ticket], ["spent_minutes"]], {}),
            (
                "helpdesk.ticket",
                "formatted_read_group",
                [[], ["billing_contract_id"], ["__count"]],
                {},
            ),
            ("account.move", "search_read", [], {"fields": ["billing_item_ids"]}),
            ("account.move", "web_read", [[self.mine.id]], {
                "specification": {"billing_run_id": {}}
            }),
        ]  # fmt: skip
        for model, method, args, kwargs in calls:
            params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
            with self.subTest(method=method, args=args), mute_logger(*QUIET):
                with self.assertRaisesRegex(JsonRpcException, "AccessError|UserError"):
                    self.make_jsonrpc_request(
                        f"/web/dataset/call_kw/{model}/{method}", params
                    )

    def test_time_entries_of_shared_projects(self):
        """A project is shared with the customer, who follows it."""
        project = self.ticket._get_timesheet_project()
        project.write({"privacy_visibility": "portal"})
        project.message_subscribe(self.contact.ids)
        project.collaborator_ids = [(0, 0, {"partner_id": self.contact.id})]
        lines = self.env["account.analytic.line"].with_user(self.user)
        self.assertFalse(lines.search([("project_id", "=", project.id)]))
        entry = self.ticket.time_entry_ids[:1].with_user(self.user)
        with mute_logger(*QUIET), self.assertRaises(AccessError):
            entry.read(["name"])
        with mute_logger(*QUIET), self.assertRaises(AccessError):
            entry.write({"name": "mine"})

    # ------------------------------------------------- not released, and internal

    def test_not_released_work_is_nowhere(self):
        self.ticket.message_post(body="Secret note", subtype_xmlid="mail.mt_note")
        self.authenticate("clara", "clara")
        paths = [
            "/my/hours",
            "/my/hours?groupby=ticket",
            "/my/tickets?search=Secret&search_in=all",
            f"/my/ticket/{self.ticket.id}",
            f"/my/invoices/{self.mine.id}",
            f"/my/invoices/{self.mine.id}?report_type=html",
            f"/my/approvals/{self.draft.id}",
            "/my/services",
        ]
        for path in paths:
            response = self.url_open(path)
            self.assertEqual(response.status_code, 200, path)
            for secret in ("Secret review", "Secret note", "Anders"):
                self.assertNotIn(secret, response.text, path)
            if "approvals" not in path:
                self.assertNotIn("Not released", response.text, path)
        # What the pages do not show is not in the file either.
        rows = self.env["ticket.billing.service.report"]._get_tickets(self.mine)
        self.assertNotIn("Secret review", str(rows))

    def test_chatter(self):
        self.ticket.message_post(body="Secret note", subtype_xmlid="mail.mt_note")
        self.ticket.message_post(body="Hello Clara", subtype_xmlid="mail.mt_comment")
        self.authenticate("clara", "clara")
        result = self.make_jsonrpc_request(
            "/mail/thread/messages",
            {"thread_model": "helpdesk.ticket", "thread_id": self.ticket.id},
        )
        self.assertIn("Hello Clara", str(result))
        self.assertNotIn("Secret note", str(result))
        messages = self.env["mail.message"].with_user(self.user)
        found = messages.search([("body", "ilike", "Secret")])
        self.assertFalse(found)

    # ------------------------------------------------------------------------ XSS

    def test_texts_are_escaped_everywhere(self):
        self.ticket.write({"name": EVIL, "description": EVIL})
        self.anna.name = EVIL
        self.contract.name = EVIL
        for entry in self.ticket.time_entry_ids.filtered(
            lambda e: not e.billing_locked
        ):
            entry.name = EVIL
        line = self.draft.invoice_line_ids[:1]
        line.name = EVIL
        self.authenticate("clara", "clara")
        paths = [
            "/my/tickets",
            f"/my/ticket/{self.ticket.id}",
            "/my/hours",
            "/my/services",
            "/my/contracts",
            "/my/approvals",
            f"/my/approvals/{self.draft.id}",
            f"/my/invoices/{self.mine.id}",
            f"/my/invoices/{self.draft.id}?report_type=html&access_token="
            + self.draft._portal_ensure_token(),
        ]
        for path in paths:
            with self.subTest(path):
                self._check_harmless(self.url_open(path).text)
        report = self.env["ir.actions.report"]._render_qweb_html(
            "ticket_billing.service_report", self.mine.ids
        )[0]
        self._check_harmless(report.decode())
        self.draft._mail_approval("ticket_billing.mail_template_approval")
        mail = self.env["mail.mail"].search([("res_id", "=", self.draft.id)], limit=1)
        self._check_harmless(mail.body_html)

    def _check_harmless(self, text):
        """Neither a script of ours nor an attribute that runs one."""
        page = html.fromstring(text)
        scripts = "".join(page.xpath("//script/text()"))
        self.assertNotIn("alert('x')", scripts)
        self.assertFalse(page.xpath("//img[@onerror]"))
