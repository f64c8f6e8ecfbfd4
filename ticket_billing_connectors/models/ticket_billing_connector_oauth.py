import dataclasses
import secrets
from contextlib import closing

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..systems.consent import consent_url, redeem
from ..systems.registry import SYSTEMS
from ..transport.errors import ConnectorError
from ..transport.oauth import new_verifier
from .ticket_billing_oauth_token import StoredTokens

CALLBACK = "/ticket_billing/oauth/callback"


# pylint: disable=consider-merging-classes-inherited
class TicketBillingConnector(models.Model):
    """Systems in whose web pages a user has to agree that they are read."""

    _inherit = "ticket.billing.connector"

    oauth_token_ids = fields.One2many(
        "ticket.billing.oauth.token", "connector_id", groups=fields.NO_ACCESS
    )
    needs_consent = fields.Boolean(compute="_compute_needs_consent")
    connected = fields.Boolean(
        compute="_compute_connected",
        compute_sudo=True,
        help="A user of the ticket system has agreed that it is read.",
    )
    consent_redirect_uri = fields.Char(
        string="Redirect URI",
        compute="_compute_needs_consent",
        help="Enter this address in the ticket system, where you register the"
        " application whose client id and secret you use here.",
    )

    @api.depends("system")
    def _compute_needs_consent(self):
        for connector in self:
            system = SYSTEMS.get(connector.system)
            connector.needs_consent = bool(system) and system.needs_consent
            connector.consent_redirect_uri = connector._get_redirect_uri()

    @api.depends("oauth_token_ids.tokens_encrypted")
    def _compute_connected(self):
        for connector in self:
            connector.connected = bool(connector.oauth_token_ids.tokens_encrypted)

    def write(self, vals):
        """Tokens are for one system at one place."""
        moved = self.filtered(
            lambda c: (
                ("base_url" in vals and c._moves_to(vals))
                or vals.get("system", c.system) != c.system
            )
        )
        result = super().write(vals)
        moved.sudo().oauth_token_ids.unlink()
        return result

    def _get_redirect_uri(self):
        return f"{self.get_base_url()}{CALLBACK}"

    def _get_connection(self):
        connection = super()._get_connection()
        if not self.needs_consent:
            return connection
        return dataclasses.replace(connection, token_store=StoredTokens(self))

    def _describe(self, error):
        if error.code != "consent":
            return super()._describe(error)
        text = self.env._(
            "The ticket system does not let us in any more: press Connect and agree"
            " again."
        )
        return f"{text} {error.detail}".strip()

    def action_connect(self):
        """Send the user to the ticket system to agree."""
        self.ensure_one()
        self.check_access("write")
        self.filtered(lambda c: not c.has_secret)._raise_no_secret()
        state, verifier = secrets.token_urlsafe(32), new_verifier()
        self.env["ticket.billing.oauth.token"].sudo()._begin(self, state, verifier)
        try:
            with closing(self._open()) as client:
                url = consent_url(client, self._get_redirect_uri(), state, verifier)
        except ConnectorError as error:
            raise UserError(self._describe(error)) from None
        return {"type": "ir.actions.act_url", "url": url, "target": "self"}

    def action_disconnect(self):
        """Forget the tokens."""
        self.check_access("write")
        self.sudo().oauth_token_ids.unlink()

    def _connect(self, code: str, verifier: str):
        """Redeem the code the user came back with, and say how it went."""
        self.check_access("write")
        try:
            with closing(self._open()) as client:
                tokens = redeem(client, self._get_redirect_uri(), code, verifier)
            StoredTokens(self).replace(lambda _old: tokens)
        except ConnectorError as error:
            self._note_refusal(self._describe(error))
        else:
            self.write(
                {"failure_count": 0, "failure_final": False, "last_error": False}
            )
            self.message_post(body=self.env._("Connected to the ticket system."))

    def _note_refusal(self, reason: str):
        self.check_access("write")
        self.message_post(
            body=self.env._("Not connected to the ticket system: %s", reason)
        )
