from odoo import api, fields, models

# What says whose work, invoices and drafts a contact sees: rules keep it per user.
SCOPE_FIELDS = {"active", "billing_portal_role", "is_company", "parent_id"}


class ResPartner(models.Model):
    """What a contact of a customer may see and do in the portal."""

    _inherit = "res.partner"

    billing_portal_role = fields.Selection(
        [
            ("billing", "Billing contact: everything of the company"),
            ("approver", "Approver: everything of the company, approves invoices"),
        ],
        string="Role in the portal",
        copy=False,
        tracking=True,
        groups="ticket_billing.group_biller,ticket_billing.group_auditor",
        help="Without a role, a contact sees the tickets that are its own or that it"
        " follows. A billing contact sees tickets, time, contracts, drafts and invoices"
        " of the whole company and of the companies below it. An approver may also"
        " approve drafts and ask about their lines.",
    )
    billing_no_notices = fields.Boolean(
        string="No notices by e-mail",
        groups="ticket_billing.group_biller,ticket_billing.group_auditor",
        help="This contact gets neither warnings of allotments nor monthly statements."
        " Drafts to approve are sent all the same.",
    )

    def write(self, vals):
        if SCOPE_FIELDS.isdisjoint(vals):
            return super().write(vals)
        below = self.sudo().with_context(active_test=False)
        below = below.search([("id", "child_of", self.ids)])
        customers = {partner: partner.commercial_partner_id for partner in below}
        res = super().write(vals)
        # A role is granted for one company: who moves to another has none there.
        moved = below.filtered(lambda p: p.commercial_partner_id != customers[p])
        if vals.get("billing_portal_role"):
            moved -= self  # granted with the move
        moved.filtered("billing_portal_role").billing_portal_role = False
        # The rules of portal users are kept in the cache.
        self.env.registry.clear_cache()
        return res

    # ------------------------------------------------------------------- scope

    def _get_billing_portal_partners(self):
        """The partners at the top of what this contact may see in the portal.

        The one place that decides it: what belongs to these partners or to one below
        them may be seen. Record rules and pages ask here. No partner for an archived
        contact.
        """
        contact = self.sudo().filtered("active")
        if contact.billing_portal_role:
            return contact.commercial_partner_id
        return contact

    def _is_billing_contact(self) -> bool:
        """Whether it sees all of its company: a role, or the company itself."""
        self.ensure_one()
        contact = self.sudo()
        is_company = contact == contact.commercial_partner_id
        return contact.active and bool(contact.billing_portal_role or is_company)

    def _is_billing_approver(self) -> bool:
        """Whether it may approve the drafts that it sees."""
        self.ensure_one()
        contact = self.sudo()
        return contact.active and contact.billing_portal_role == "approver"

    @api.model
    def _get_billing_portal_contacts(self, customer, roles=("billing", "approver")):
        """Contacts with one of ``roles`` and a portal user who see ``customer``."""
        above = self.sudo().search([("id", "parent_of", customer.id)])
        users = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("share", "=", True),
                    ("partner_id.commercial_partner_id", "in", above.ids),
                    ("partner_id.billing_portal_role", "in", roles),
                    ("partner_id.active", "=", True),
                ]
            )
        )
        return users.partner_id.sorted("id")
