"""A customer in a real browser, on the telephone and at the desk."""

import resource
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from odoo.tests import HttpCase, tagged
from odoo.tests.common import HOST, _find_executable

from odoo.addons.ticket_billing_portal.tests.common import PortalCase

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
SECONDS = 60


class Browser:
    """A page of Chromium, with the cookie that lets it talk to the test."""

    def __init__(self, page):
        self.page = page

    def set_cookie(self, name, value, path, domain):
        self.page.context.add_cookies(
            [{"name": name, "value": value, "path": path, "domain": domain}]
        )


@tagged("post_install", "-at_install")
class TestCustomerPortal(HttpCase, PortalCase):
    """Log in, read hours, question a line, approve a draft, download documents."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")
        cls.contact.write({"name": "Clara Weber", "billing_portal_role": "approver"})
        cls._log(60, name="Restarted the tunnel")
        cls.invoice = cls._bill()
        attachment = cls.env["ir.attachment"].create(
            {
                "name": "invoice.xml",
                "raw": b"<invoice/>",
                "res_model": "account.move",
                "res_id": cls.invoice.id,
                "res_field": "ubl_cii_xml_file",
            }
        )
        cls.env["ticket.billing.document"]._keep(
            attachment, "einvoice", cls.company, cls.invoice.invoice_date, cls.invoice
        )
        cls.policy.write({"customer_release": True, "customer_release_days": 14})
        cls._log(45, "2026-11-02", name="Replaced the firewall")
        second = cls._create_ticket("Mail stuck")
        cls._log(30, "2026-11-03", ticket=second, name="Flushed the queue")
        cls.draft = cls._run("2026-12-01").invoice_ids

    def setUp(self):
        super().setUp()
        # Odoo bounds its address space; Chromium inherits that and needs more.
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_AS, (soft, hard))
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))

    def _visit(self, size, lang):
        """The whole way through the portal; nothing may be wider than the screen."""
        self.user.lang = lang
        self.env.flush_all()
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=_find_executable(), args=ARGUMENTS
            )
            context = chromium.new_context(
                viewport=size, locale=lang.replace("_", "-"), accept_downloads=True
            )
            page = context.new_page()
            page.set_default_timeout(SECONDS * 1000)
            errors = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            try:
                with self.allow_requests(browser=Browser(page)):
                    self._go(page, lang)
            finally:
                chromium.close()
        self.assertFalse(errors)

    def _go(self, page, lang):
        base = f"http://{HOST}:{self.http_port()}"
        page.goto(f"{base}/web/login?redirect=/my/hours")
        page.fill("#login", "clara")
        page.fill("#password", "clara")
        page.click("form.oe_login_form button[type=submit]")
        expect(page.locator("#hours")).to_contain_text("Restarted the tunnel")
        self._check_page(page, lang)
        self._question_and_approve(page, base, lang)
        self._download(page, base, lang)

    def _question_and_approve(self, page, base, lang):
        page.goto(f"{base}/my/approvals")
        self._check_page(page, lang)
        page.click("#approvals a")
        self._check_page(page, lang)
        line = page.locator("#approval_lines > div", has_text="Mail stuck")
        line.locator("summary").first.click()
        expect(line.get_by_text("Flushed the queue", exact=True)).to_be_visible()
        line.locator("summary").last.click()
        line.locator("textarea").fill("Who was there?")
        line.locator("button").click()
        expect(page.locator("#approval_questions")).to_contain_text("Who was there?")
        expect(page.locator("#approval_lines")).not_to_contain_text("Mail stuck")
        self._check_page(page, lang)
        page.click("#approval_form button")
        expect(page.locator("#approval_answer")).to_be_visible()
        expect(page.locator("#approval_form")).to_have_count(0)

    def _download(self, page, base, lang):
        page.goto(f"{base}/my/invoices/{self.invoice.id}")
        self._check_page(page, lang)
        links = page.locator("#billing_documents a")
        expect(links).to_have_count(2)
        for index, start in enumerate((b"<invoice/>", b"PK")):
            with page.expect_download() as download:
                links.nth(index).click()
            content = Path(download.value.path()).read_bytes()
            self.assertTrue(content.startswith(start))

    def _check_page(self, page, lang):
        self.assertEqual(
            page.locator("html").get_attribute("lang"), lang.replace("_", "-")
        )
        width = "document.documentElement.scrollWidth - window.innerWidth"
        self.assertLessEqual(page.evaluate(width), 0, page.url)

    def _check_answers(self):
        self.env.invalidate_all()
        question = self.env["ticket.billing.question"].search([])
        self.assertEqual(question.text, "Who was there?")
        draft = self.draft.search(
            [("state", "=", "draft"), ("partner_id", "=", self.partner.id)]
        )
        answer = draft.billing_approval_ids
        self.assertEqual((answer.kind, answer.user_id), ("approved", self.user))

    def test_phone_in_german(self):
        self._visit(PHONE, "de_DE")
        self._check_answers()

    def test_desk_in_english(self):
        self._visit(DESK, "en_US")
        self._check_answers()
