from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ConnectorCase
from .test_declared_system import load_shape_server


@tagged("post_install", "-at_install")
class TestPeople(ConnectorCase):
    """Customers and agents of a system are offered before the first ticket comes."""

    def setUp(self):
        super().setUp()
        module, shape = load_shape_server("redmine")
        self.server = module.ShapeServer(shape)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.redmine = self._create_connector(
            self.server, system="redmine", login=False, secret=shape.secret
        )

    def _get_links(self, remote_type):
        return self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.redmine.id),
                ("remote_type", "=", remote_type),
            ]
        )

    def test_are_loaded_once_and_mapped_where_they_fit(self):
        self.redmine.action_load_people()
        customers, agents = self._get_links("customer"), self._get_links("agent")
        self.assertTrue(customers)
        self.assertTrue(agents)
        self.partner.ref = customers[0].remote_id
        action = self.redmine.action_load_people()
        self.assertEqual(customers[0].partner_id, self.partner)
        self.assertEqual(self._get_links("customer"), customers)
        self.assertEqual(self._get_links("agent"), agents)
        listed = self.env["ticket.billing.link"].search(action["domain"])
        self.assertEqual(listed, customers | agents)

    def test_is_offered_where_the_system_has_lists(self):
        self.assertTrue(self.redmine.lists_people)
        self.assertFalse(self.connector.lists_people)

    def test_fault_is_told(self):
        self.redmine.secret = "wrong"
        with self.assertRaisesRegex(UserError, "user name or password"):
            self.redmine.action_load_people()

    def test_is_for_those_who_set_up_connectors(self):
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            self.redmine.with_user(biller).action_load_people()
