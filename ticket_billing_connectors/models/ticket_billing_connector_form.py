from markupsafe import Markup

from odoo import api, fields, models

#: How a step of the connection test is shown, by the sign its line begins with.
STEP_ICONS = {
    "✓": "fa-check-circle text-success",
    "✗": "fa-times-circle text-danger",
    "–": "fa-circle-o text-muted",
}


class TicketBillingConnector(models.Model):
    """What the form says in words: steps of the test, health, the way out."""

    _inherit = "ticket.billing.connector"  # pylint: disable=consider-merging-classes-inherited

    test_steps = fields.Html(compute="_compute_test_steps", string="Connection test")
    concern = fields.Text(
        compute="_compute_concern",
        string="What to do",
        help="What is wrong and what helps.",
    )

    @api.depends("test_result")
    def _compute_test_steps(self):
        row = Markup('<li><i class="fa %s fa-fw me-1"></i>%s</li>')
        for connector in self:
            lines = (connector.test_result or "").splitlines()
            items = [
                row % (STEP_ICONS[line[0]], line[1:].strip())
                for line in lines
                if line[:1] in STEP_ICONS
            ]
            connector.test_steps = items and Markup(
                '<ul class="list-unstyled mb-0">%s</ul>'
            ) % Markup("").join(items)

    @api.depends("health", "last_error", "failure_code", "inbox_ids.state")
    @api.depends_context("lang")
    def _compute_concern(self):
        for connector in self:
            concern = connector._get_concern()
            if connector.health == "yellow" and connector.last_error:
                failure = connector._get_failure()
                concern = "\n".join(filter(None, [failure, concern]))
            connector.concern = concern

    def _get_failure(self) -> str:
        """Return the last fault with what to do about it."""
        return f"{self.last_error} {self._get_failure_way_out()}"

    def _get_failure_way_out(self) -> str:
        test = self.env._("Check address and settings, then test the connection.")
        again = self.env._("Nothing has to be done: it is tried again by itself.")
        ways = {
            "address_refused": self.env._(
                "Check the address. An administrator can allow addresses in the own"
                " network."
            ),
            "certificate_refused": self.env._(
                "Have the certificate of the ticket system renewed, or its authority"
                " made known to this server."
            ),
            "unreachable": self.env._(
                "See whether the ticket system runs and can be reached from this"
                " server. It is tried again by itself."
            ),
            "auth": self.env._(
                "Enter user name and password or token again, then test the connection."
            ),
            "permission": self.env._(
                "Give the user the right in the ticket system, then test the"
                " connection."
            ),
            "transient": again,
            "throttled": again,
        }
        return ways.get(self.failure_code, test)

    def action_preview(self):
        """Show what would come in, before the connector is switched on."""
        self.ensure_one()
        if not self.has_secret:
            self._raise_no_secret()
        preview = self.env["ticket.billing.preview"].create(
            {"connector_id": self.id, "date_from": self.date_from}
        )
        return preview.action_refresh()
