def post_init_hook(env):
    """Contacts who use the portal already keep seeing all of their company."""
    users = env["res.users"].search([("share", "=", True)])
    contacts = users.partner_id.filtered("parent_id")
    contacts.filtered(
        lambda p: not p.billing_portal_role
    ).billing_portal_role = "billing"
