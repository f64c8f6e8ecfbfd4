from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestProcedure(TicketBillingCase):
    """The documentation says how billing is set up, and what has changed."""

    def _make(self):
        return self.env["ticket.billing.procedure"]._make(self.company)

    def _get_rows(self, version, key):
        (section,) = [s for s in version.content if s["key"] == key]
        return {row[0]: row[1:] for row in section["rows"]}

    def _print(self, version) -> str:
        content, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "ticket_billing.report_procedure", version.ids
        )
        return content.decode()

    def test_content(self):
        agent = self._create_user("agent.smith", "ticket_billing.group_agent")
        self.company.billing_four_eyes = True
        version = self._make()
        self.assertEqual(version.version, 1)
        self.assertEqual(
            self._get_rows(version, "company")["Company Name"], [self.company.name]
        )
        policy = self._get_rows(version, f"policy_{self.policy.id}")
        self.assertEqual(policy["Round minutes"], ["Up"])
        self.assertEqual(policy["In steps of"], ["15"])
        contracts = self._get_rows(version, "contracts")
        self.assertEqual(contracts["Monthly"][0], "1")
        roles = " ".join(r[0] for r in self._get_rows(version, "roles").values())
        self.assertIn(agent.login, roles)
        rights = self._get_rows(version, "rights")
        agents = [r for name, r in rights.items() if name.startswith("Charge: Agent")]
        self.assertEqual(agents, [["read, change, create, delete"]])
        self.assertEqual(
            self._get_rows(version, "release")["Four-eyes principle"], ["yes"]
        )
        crons = self._get_rows(version, "crons")
        self.assertEqual(crons["Ticket billing: bill what is due"][0], "10 Minutes")
        software = self._get_rows(version, "software")
        self.assertTrue(software["ticket_billing"][0].startswith("19.0."))
        self.assertIn("PostgreSQL", software)
        self.assertTrue(self._get_rows(version, "taxes"))
        self.assertTrue(self._get_rows(version, "journals"))

    def test_every_setting_of_a_policy_is_there(self):
        rows = self._get_rows(self._make(), f"policy_{self.policy.id}")
        for name in self.policy._get_setting_names():
            label = self.policy._fields[name]._description_string(self.env)
            self.assertIn(label, rows)

    def test_letterhead_and_date_of_a_german_company(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.company.partner_id.lang = "de_DE"
        self.company.external_report_layout_id = self.env.ref(
            "l10n_din5008.external_layout_din5008"
        )
        version = self._make()
        page = html.fromstring(self._print(version.with_context(lang="en_US")))
        # The layout hides the headings of the page itself.
        titles = page.xpath("//h2[not(ancestor::div[@class='page'])]")
        self.assertEqual(
            [title.text_content().strip() for title in titles],
            ["Procedure documentation"],
        )
        self.assertIn(version.create_date.strftime("%d.%m.%Y"), page.text_content())

    def test_heading_stays_with_its_table(self):
        page = html.fromstring(self._print(self._make()))
        for title in page.xpath("//h4[not(text()='Versions')]"):
            (block,) = title.xpath("ancestor::tbody")
            self.assertIn("page-break-inside: avoid", block.get("style"))
            self.assertGreaterEqual(len(block.xpath("tr")), 2)

    def test_versions_and_changes(self):
        first = self._make()
        self.assertFalse(first.changes)
        second = self._make()
        self.assertEqual((second.version, second.changes or ""), (2, ""))
        self.policy.increment_minutes = 6
        self.env["ticket.billing.policy"].create({"name": "Brand new"})
        third = self._make()
        self.assertIn("In steps of: 15 → 6", third.changes)
        self.assertIn("Brand new", third.changes)
        self.assertNotIn("Round minutes: Up →", third.changes)
        html = self._print(third)
        for text in ("In steps of: 15 → 6", "First version", "No changes"):
            self.assertIn(text, html)
        self.assertIn(self.company.name, html)

    def test_kept_for_ten_years(self):
        version = self._make()
        document = version.document_id
        self.assertEqual(document.kind, "procedure")
        self.assertEqual(document.retention_until.year, document.made_on.year + 10)
        self.assertEqual(document._get_findings(), [])
        self.assertIn("/web/content/", version.action_open_file()["url"])

    def test_real_pdf(self):
        versions = self.env["ticket.billing.procedure"].with_context(
            force_report_rendering=True
        )
        version = versions._make(self.company)
        content = version.document_id.attachment_id.raw
        self.assertTrue(content.startswith(b"%PDF"))
        self.assertEqual(version.document_id.attachment_id.mimetype, "application/pdf")

    def test_only_approvers(self):
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            self.env["ticket.billing.procedure"].with_user(biller).action_make()
        approver = self._create_user("boss", "ticket_billing.group_approver")
        action = self.env["ticket.billing.procedure"].with_user(approver).action_make()
        self.assertEqual(action["res_model"], "ticket.billing.procedure")
