from datetime import datetime

from odoo import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.ticket_billing.tests.common import TODAY, TicketBillingCase


@tagged("post_install", "-at_install")
class PortalCase(TicketBillingCase):
    """Two customers with portal users, and work in every state."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contact = cls.env["res.partner"].create(
            {
                "name": "Clara Weber",
                "parent_id": cls.partner.id,
                "email": "clara@weber.example",
                "billing_portal_role": "billing",
            }
        )
        cls.other_partner = cls._create_customer("Bäckerei Anders GmbH")
        cls._create_contract(cls.other_partner)
        cls.other_ticket = cls._create_ticket("Till offline", cls.other_partner)
        cls.user = cls._create_portal_user("clara", cls.contact)
        cls.other_user = cls._create_portal_user("anders", cls.other_partner)

    @classmethod
    def _create_portal_user(cls, login, partner):
        return new_test_user(
            cls.env,
            login,
            password=login,
            groups="base.group_portal",
            partner_id=partner.id,
            tz="Europe/Berlin",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _bill(cls, day=TODAY):
        """Bill what is open before ``day`` and post the invoices."""
        run = cls._run(day)
        run.action_release()
        return run.invoice_ids

    @classmethod
    def _bill_draft(cls):
        return cls._run().invoice_ids

    @classmethod
    def _log_evening(cls, **vals):
        """19:00 to 20:10 in Berlin."""
        return cls._log_times(
            datetime(2026, 10, 12, 17), datetime(2026, 10, 12, 18, 10), **vals
        )

    def _get_visible(self, user):
        """Time entries that ``user`` sees in the portal."""
        items = self.env["ticket.billing.item"].with_user(user).sudo()
        return items.search(items._get_portal_domain(user.partner_id)).entry_id
