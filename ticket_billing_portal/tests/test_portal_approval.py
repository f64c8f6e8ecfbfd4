from unittest.mock import patch

from freezegun import freeze_time
from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .common import PortalCase


@tagged("post_install", "-at_install")
class TestPortalApproval(HttpCase, PortalCase):
    """Drafts in the browser of an approver, and of others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write({"customer_release": True, "release": "post"})
        cls.contact.billing_portal_role = "approver"
        cls.reader = cls.env["res.partner"].create(
            {
                "name": "Ruth Weber",
                "parent_id": cls.partner.id,
                "billing_portal_role": "billing",
                "email": "ruth@weber.example",
            }
        )
        cls.reader_user = cls._create_portal_user("ruth", cls.reader)
        cls.plain_user = cls._create_portal_user(
            "paul",
            cls.env["res.partner"].create(
                {"name": "Paul Weber", "parent_id": cls.partner.id}
            ),
        )
        cls.second = cls._create_ticket("Mail stuck")
        cls._log(60, name="Restarted the tunnel")
        cls._log(30, ticket=cls.second, name="Flushed the queue")
        cls._log(15, name="Secret review", billing_type="internal")
        cls.draft = cls._bill_draft()

    def _open(self, login="clara", draft=None):
        self.authenticate(login, login)
        response = self.url_open(f"/my/approvals/{(draft or self.draft).id}")
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text)

    def _post(self, form, **values):
        data = {field.get("name"): field.get("value") for field in form.iter("input")}
        return self.url_open(
            form.get("action"), data={**data, **values}, allow_redirects=False
        )

    def _get_text(self, node):
        return " ".join(node.text_content().replace("\ufeff", "").split())

    def _get_form(self, page, path="//form[@id='approval_form']"):
        return page.xpath(path)[0]

    def _follow_up(self, day):
        with (
            freeze_time(f"{day} 08:00:00"),
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 60.0
            ),
        ):
            self.env["account.move"]._cron_customer_release()

    # -------------------------------------------------------------------- look

    def test_list_and_home(self):
        for login, count in {"clara": 1, "ruth": 1, "paul": 0, "anders": 0}.items():
            self.authenticate(login, login)
            page = html.fromstring(self.url_open("/my/approvals").text)
            links = page.xpath("//*[@id='approvals']/a/@href")
            self.assertEqual(len(links), count, login)
            counters = self.make_jsonrpc_request(
                "/my/counters", {"counters": ["approval_count"]}
            )
            self.assertEqual(counters["approval_count"], count, login)

    def test_page_shows_lines_evidence_and_totals(self):
        page = self._open()
        text = self._get_text(page)
        for words in ("Restarted the tunnel", "Flushed the queue", "135.00", "160.65"):
            self.assertIn(words, text)
        self.assertNotIn("Secret review", text)
        self.assertEqual(len(page.xpath("//section[@id='approval_lines']//form")), 2)
        self.assertIn("Due on", text)

    def test_worker_is_left_out_where_the_policy_says_so(self):
        self.assertIn("Anna Huber", self._open().text_content())
        self.policy.show_worker = False
        evidence = self._open().xpath("//details")
        self.assertNotIn("Anna Huber", evidence[0].text_content())

    def test_billing_contact_looks_but_does_not_answer(self):
        page = self._open("ruth")
        self.assertFalse(page.xpath("//form[contains(@action, 'approvals')]"))
        url = f"/my/approvals/{self.draft.id}"
        token = self.url_open("/my/approvals") and self._get_token()
        line = self.draft.invoice_line_ids[:1]
        for path in (f"{url}/approve", f"{url}/ask/{line.id}"):
            response = self.url_open(path, data={"csrf_token": token, "text": "Why?"})
            self.assertEqual(response.status_code, 404, path)
        self.assertFalse(self.draft.billing_approval_ids)
        draft = self.draft.with_user(self.reader_user)
        with self.assertRaises(AccessError):
            draft._approve_billing(self.reader)
        with self.assertRaises(AccessError):  # in the name of somebody else
            draft._approve_billing(self.contact)

    def _get_token(self):
        page = html.fromstring(self.url_open("/my/account").text)
        return page.xpath("//input[@name='csrf_token']/@value")[0]

    def test_previous_invoice_to_compare_with(self):
        self.policy.customer_release = False
        previous = self.draft
        previous.action_post()
        self.policy.customer_release = True
        self._log(60, "2026-11-03")
        draft = self._run("2026-12-01").invoice_ids
        (box,) = self._open(draft=draft).xpath("//*[@id='approval_previous']")
        self.assertIn(previous.name, self._get_text(box))
        self.assertIn("-53.55", self._get_text(box))

    # ----------------------------------------------------------------- approve

    def test_approve(self):
        response = self._post(self._get_form(self._open()))
        self.assertEqual(response.status_code, 303)
        answer = self.draft.billing_approval_ids
        self.assertEqual(
            (answer.kind, answer.partner_id, answer.user_id),
            ("approved", self.contact, self.user),
        )
        page = self._open()
        (box,) = page.xpath("//*[@id='approval_answer']")
        self.assertIn(f"Approved by {self.contact.name}", self._get_text(box))
        self.assertFalse(page.xpath("//form[@id='approval_form']"))
        self._follow_up("2026-11-02")
        self.assertEqual(self.draft.state, "posted")
        url = f"/my/approvals/{self.draft.id}"
        response = self.url_open(url, allow_redirects=False)
        self.assertTrue(
            response.headers["Location"].endswith(f"/my/invoices/{self.draft.id}")
        )

    def test_second_click_writes_nothing(self):
        form = self._get_form(self._open())
        for _click in range(2):
            self.assertEqual(self._post(form).status_code, 303)
        self.assertEqual(len(self.draft.billing_approval_ids), 1)

    def test_changed_draft_is_not_approved_unseen(self):
        form = self._get_form(self._open())
        line = self.draft.invoice_line_ids.filtered(lambda li: li.price_subtotal == 90)
        line.name = "Something else"
        response = self._post(form)
        self.assertIn("message=changed", response.headers["Location"])
        self.assertFalse(self.draft.billing_approval_ids)
        self.assertIn("has changed", self.url_open(response.headers["Location"]).text)
        response = self._post(self._get_form(self._open()), content_hash="")
        self.assertIn("message=changed", response.headers["Location"])
        self.assertFalse(self.draft.billing_approval_ids)

    def test_what_changed_since_the_approval(self):
        self._post(self._get_form(self._open()))
        line = self.draft.invoice_line_ids.filtered(lambda li: li.price_subtotal == 90)
        line.name = "Something else"
        (box,) = self._open().xpath("//*[@id='approval_changes']")
        self.assertEqual(len(box.xpath(".//li")), 2)
        self.assertIn("Something else", box.text_content())

    def test_post_needs_a_token(self):
        self._open()
        for path in ("approve", f"ask/{self.draft.invoice_line_ids[:1].id}"):
            with self.assertLogs("odoo.http", "WARNING"):
                response = self.url_open(
                    f"/my/approvals/{self.draft.id}/{path}", data={"text": "x"}
                )
            self.assertEqual(response.status_code, 400, path)
        self.assertFalse(self.draft.billing_approval_ids)

    # --------------------------------------------------------------------- ask

    def test_question_holds_just_the_line(self):
        run = self.draft.billing_run_id
        line = self.draft.invoice_line_ids.filtered(lambda li: li.price_subtotal == 45)
        form = self._get_form(self._open(), f"//div[@id='line_{line.id}']//form")
        response = self._post(form, text="<b>Who was there?</b>")
        new = run.invoice_ids
        self.assertFalse(self.draft.exists())
        self.assertEqual(new.amount_untaxed, 90)
        location = response.headers["Location"]
        self.assertTrue(location.endswith(f"/my/approvals/{new.id}?message=asked"))
        page = html.fromstring(self.url_open(location).text)
        (box,) = page.xpath("//*[@id='approval_questions']")
        self.assertIn("<b>Who was there?</b>", box.text_content())
        message = run.message_ids[0]
        self.assertIn("&lt;b&gt;Who was there?", message.body)
        self.assertEqual(message.author_id, self.contact)
        # The page that is still open in another tab.
        response = self._post(form, text="Again")
        self.assertEqual(response.status_code, 404)

    def test_question_needs_words(self):
        line = self.draft.invoice_line_ids.filtered(lambda li: li.price_subtotal == 45)
        form = self._get_form(self._open(), f"//div[@id='line_{line.id}']//form")
        response = self._post(form, text="  ")
        self.assertIn("message=empty", response.headers["Location"])
        self.assertTrue(self.draft.exists())

    # -------------------------------------------------------------------- mail

    def test_approvers_are_told_in_their_language_with_a_link_to_the_page(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.contact.lang = "de_DE"
        template = self.env.ref("ticket_billing.mail_template_approval")
        template.with_context(lang="de_DE").subject = "Bitte freigeben"
        self._follow_up("2026-11-01")
        mail = self.env["mail.mail"].search(
            [("model", "=", "account.move"), ("res_id", "=", self.draft.id)]
        )
        self.assertEqual(mail.recipient_ids, self.contact)
        self.assertEqual(mail.subject, "Bitte freigeben")
        self.assertIn(f"/my/approvals/{self.draft.id}", mail.body_html)
        self.assertNotIn("access_token", mail.body_html)

    def test_lapse_of_time_is_said_on_the_page(self):
        self.policy.customer_release_days = 7
        (line,) = self._open().xpath("//*[@id='approval_lapse']")
        self.assertIn("7", line.text_content())
