from odoo.tests import TransactionCase, tagged

from odoo.addons.ticket_billing.tests.translation import (
    find_broken,
    find_incomplete,
    find_missing,
    read_po,
)

MODULE = "ticket_billing_connectors"


@tagged("post_install", "-at_install")
class TestTranslation(TransactionCase):
    def test_german_is_complete(self):
        po = read_po(MODULE)
        self.assertEqual(find_incomplete(po), [])
        self.assertEqual(find_broken(po), [])
        self.assertEqual(find_missing(self.env, MODULE, po), [])
