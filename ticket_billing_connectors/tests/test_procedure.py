from odoo.tests import tagged

from .common import PASSWORD, ConnectorCase


@tagged("post_install", "-at_install")
class TestProcedure(ConnectorCase):
    """The procedure documentation names the interfaces and what maps to what."""

    def test_connector_and_mapping(self):
        self.env["ticket.billing.link"].create(
            [
                {
                    "connector_id": self.connector.id,
                    "remote_type": kind,
                    "remote_id": key,
                    "res_id": record.id,
                }
                for kind, key, record in (
                    ("agent", "2", self.anna),
                    ("customer", "ACME", self.partner),
                )
            ]
        )
        procedures = self.env["ticket.billing.procedure"]
        content = procedures._make(self.company).content
        sections = {section["key"]: section for section in content}
        settings = dict(sections[f"connector_{self.connector.id}"]["rows"])
        self.assertEqual(settings["Address"], self.connector.base_url)
        self.assertEqual(settings["Time of a booking marks"], "End of the work")
        mapping = dict(sections[f"mapping_{self.connector.id}"]["rows"])
        self.assertIn("Anna Huber", mapping.values())
        self.assertIn(self.partner.display_name, mapping.values())
        self.assertNotIn(PASSWORD, str(list(settings.items())))
