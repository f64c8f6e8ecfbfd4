from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from ..hooks import post_init_hook
from .common import PortalCase


@tagged("post_install", "-at_install")
class TestPortalRoles(PortalCase):
    """Who sees what: a contact, a billing contact, an approver; parent and child."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls._create_customer("Weber Nord GmbH", parent_id=cls.partner.id)
        cls.sibling = cls._create_customer("Weber Süd GmbH", parent_id=cls.partner.id)
        people = {
            "plain": (cls.partner, False),
            "boss": (cls.partner, "billing"),
            "north": (cls.branch, "approver"),
            "south": (cls.sibling, "billing"),
        }
        cls.users = {"stranger": cls.other_user}
        for login, (parent, role) in people.items():
            contact = cls.env["res.partner"].create(
                {"name": login, "parent_id": parent.id, "email": f"{login}@w.example"}
            )
            contact.billing_portal_role = role
            cls.users[login] = cls._create_portal_user(login, contact)
        cls.tickets = {"head": cls.ticket, "stranger": cls.other_ticket}
        for name, partner in {
            "own": cls.users["plain"].partner_id,
            "branch": cls.branch,
            "sibling": cls.sibling,
        }.items():
            cls.tickets[name] = cls._create_ticket(name, partner)
        for partner in (cls.branch, cls.sibling):
            cls._create_contract(partner)

    def _get_tickets(self, login):
        model = self.env["helpdesk.ticket"].with_user(self.users[login])
        found = model.search([("id", "in", [t.id for t in self.tickets.values()])])
        return {name for name, ticket in self.tickets.items() if ticket in found}

    SCOPES = {
        "plain": {"own"},
        "boss": {"head", "own", "branch", "sibling"},
        "north": {"branch"},
        "south": {"sibling"},
        "stranger": {"stranger"},
    }

    def test_tickets(self):
        for login, expected in self.SCOPES.items():
            self.assertEqual(self._get_tickets(login), expected, login)

    def test_role_goes_with_a_department_that_moves(self):
        department = self.env["res.partner"].create(
            {"name": "Purchasing", "parent_id": self.branch.id}
        )
        contact = self.users["north"].partner_id
        contact.parent_id = department
        self.assertEqual(contact.billing_portal_role, "approver")
        department.parent_id = self.sibling
        self.assertEqual(contact.commercial_partner_id, self.sibling)
        self.assertFalse(contact.billing_portal_role)

    def test_released_time(self):
        for ticket in self.tickets.values():
            self._log(60, ticket=ticket)
        self._bill()
        for login, expected in self.SCOPES.items():
            tickets = self._get_visible(self.users[login]).ticket_id
            names = {name for name, each in self.tickets.items() if each in tickets}
            self.assertEqual(names, expected, login)

    def test_invoices_and_their_lines(self):
        for ticket in self.tickets.values():
            self._log(60, ticket=ticket)
        invoices = self._bill()
        weber, north, south, other = (
            invoices.filtered(lambda m, p=partner: m.partner_id == p)
            for partner in (
                self.partner, self.branch, self.sibling, self.other_partner
            )
        )  # fmt: skip
        expected = {
            "plain": invoices.browse(),
            "boss": weber | north | south,
            "north": north,
            "south": south,
            "stranger": other,
        }
        for login, moves in expected.items():
            user = self.users[login]
            model = self.env["account.move"].with_user(user)
            found = model.search([("id", "in", invoices.ids)])
            self.assertEqual(found.sudo(False).sorted(), moves.sorted(), login)
            lines = self.env["account.move.line"].with_user(user)
            found = lines.search([("move_id", "in", invoices.ids)]).sudo().move_id
            self.assertEqual(found.sorted(), moves.sorted(), login)

    def test_contracts_and_allotments(self):
        self.contract.allotment_ids = [Command.create({"hours": 4})]
        allotments = self.env["ticket.billing.allotment"]
        for login, count in {"boss": 1, "plain": 0, "north": 0, "stranger": 0}.items():
            partner = self.users[login].partner_id
            domain = allotments._get_portal_allotment_domain(partner)
            self.assertEqual(allotments.search_count(domain), count, login)

    def test_role_counts_at_once(self):
        plain = self.users["plain"].partner_id
        self.assertEqual(self._get_tickets("plain"), {"own"})
        plain.billing_portal_role = "billing"
        self.assertIn("sibling", self._get_tickets("plain"))
        plain.billing_portal_role = False
        self.assertEqual(self._get_tickets("plain"), {"own"})

    def test_role_does_not_move_to_another_company(self):
        boss = self.users["boss"].partner_id
        boss.parent_id = self.other_partner
        self.assertFalse(boss.billing_portal_role)
        self.assertEqual(self._get_tickets("boss"), set())
        # Granted with the move, it counts.
        boss.write({"parent_id": self.partner.id, "billing_portal_role": "billing"})
        self.assertIn("head", self._get_tickets("boss"))

    def test_follower_sees_the_ticket_until_removed(self):
        plain = self.users["plain"].partner_id
        self.ticket.message_subscribe(plain.ids)
        self.assertEqual(self._get_tickets("plain"), {"own", "head"})
        # Colleagues of a follower are no followers.
        self.assertEqual(self._get_tickets("north"), {"branch"})
        token = self.ticket._portal_ensure_token()
        self.ticket.message_unsubscribe(plain.ids)
        self.assertEqual(self._get_tickets("plain"), {"own"})
        self.assertNotEqual(self.ticket._portal_ensure_token(), token)

    def test_archived_users_and_contacts_see_nobody(self):
        boss = self.users["boss"]
        boss.active = False
        self.assertFalse(boss._get_billing_portal_partners())
        boss.partner_id.active = False
        self.assertFalse(boss.partner_id._get_billing_portal_partners())
        self.assertFalse(boss.partner_id._is_billing_contact())
        north = self.users["north"].partner_id
        self.assertTrue(north._is_billing_approver())
        self.users["north"].active = False
        north.active = False
        self.assertFalse(north._is_billing_approver())

    def test_roles_are_granted_by_billers_only(self):
        agent = self._create_user("agent.r", "ticket_billing.group_agent")
        agent.group_ids |= self.env.ref("base.group_partner_manager")
        contact = self.users["plain"].partner_id
        for user in (agent, self.users["plain"]):
            with self.assertRaises(AccessError):
                contact.with_user(user).write({"billing_portal_role": "approver"})
        biller = self._create_user("biller.r", "ticket_billing.group_biller")
        biller.group_ids |= self.env.ref("base.group_partner_manager")
        contact.with_user(biller).write({"billing_portal_role": "approver"})
        self.assertTrue(contact._is_billing_approver())

    def test_ticket_of_another_company_of_ours(self):
        company = self.env["res.company"].create({"name": "Nordlicht Österreich"})
        self.tickets["abroad"] = self._create_ticket(
            "abroad", company_id=company.id, team_id=False
        )
        self.assertNotIn("abroad", self._get_tickets("boss"))

    def test_those_who_use_the_portal_at_installation_lose_nothing(self):
        plain, boss = (self.users[login].partner_id for login in ("plain", "north"))
        post_init_hook(self.env)
        self.assertEqual(plain.billing_portal_role, "billing")
        self.assertEqual(boss.billing_portal_role, "approver")
        self.assertFalse(self.other_partner.billing_portal_role)
