# pylint: disable=consider-merging-classes-inherited
import secrets
import time

from odoo import api, fields, models

from ..systems.hook_event import ANY_SYSTEM
from ..systems.registry import SYSTEMS
from ..transport.signatures import SCHEMES, Hmac, Token, Unproven
from ..transport.throttle import shared_bucket

MANAGER = "ticket_billing_connectors.group_connector_manager"
#: Webhooks of one connector that a server process takes: by the minute, and at once.
PER_MINUTE = 300
BURST = 100


class TicketBillingConnector(models.Model):
    """Webhooks: the ticket system says which ticket changed, at once."""

    _inherit = "ticket.billing.connector"

    hook_token = fields.Char(
        copy=False, exportable=False, prefetch=False, groups=fields.NO_ACCESS
    )
    hook_secret_encrypted = fields.Char(
        copy=False, exportable=False, prefetch=False, groups=fields.NO_ACCESS
    )
    hook_url = fields.Char(
        string="Address for webhooks",
        compute="_compute_hook_url",
        compute_sudo=True,
        groups=MANAGER,
        help="Enter this address in the ticket system.",
    )
    hook_secret = fields.Char(
        string="Secret of the webhook",
        compute="_compute_hook_secret",
        inverse="_inverse_hook_secret",
        copy=False,
        exportable=False,
        help="For systems that make the secret themselves. Stored encrypted and never"
        " shown again. Leave empty to keep it.",
    )
    has_hook_secret = fields.Boolean(
        string="Secret is set", compute="_compute_hook_secret"
    )
    hook_hint = fields.Text(string="How to set it up", compute="_compute_hook_hint")
    hook_event_ids = fields.One2many(
        "ticket.billing.hook.event", "connector_id", readonly=True
    )
    hook_event_count = fields.Integer(
        string="Events", compute="_compute_hook_figures", help="Of the last weeks."
    )
    hook_failed_count = fields.Integer(
        string="Failed events", compute="_compute_hook_figures"
    )
    hook_last = fields.Datetime(string="Last event", compute="_compute_hook_figures")

    _hook_token_uniq = models.UniqueIndex(
        "(hook_token) WHERE hook_token IS NOT NULL",
        "Each connector has an address of its own for webhooks.",
    )

    # The form

    @api.depends("hook_token")
    def _compute_hook_url(self):
        for connector in self:
            token, base = connector.sudo().hook_token, connector.get_base_url()
            connector.hook_url = token and f"{base}/ticket_billing/hook/{token}"

    @api.depends("hook_secret_encrypted")
    def _compute_hook_secret(self):
        for connector in self:
            connector.hook_secret = False
            connector.has_hook_secret = bool(connector.sudo().hook_secret_encrypted)

    def _inverse_hook_secret(self):
        for connector in self.filtered("hook_secret"):
            connector._set_hook_secret(connector.hook_secret)

    def _set_hook_secret(self, secret):
        self.ensure_one()
        vals = {"hook_secret_encrypted": self._get_secret_box().seal(secret)}
        if not self.sudo().hook_token:
            vals["hook_token"] = secrets.token_urlsafe(24)
        self.sudo().write(vals)

    def action_generate_hook_secret(self):
        """Make a new secret and show it this once."""
        self.ensure_one()
        self.check_access("write")
        secret = secrets.token_urlsafe(32)
        self._set_hook_secret(secret)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Secret of the webhook"),
            "res_model": "ticket.billing.hook.secret",
            "view_mode": "form",
            "target": "new",
            # It travels to the browser and is stored nowhere else.
            "context": {"default_secret": secret, "default_url": self.hook_url},
        }

    @api.depends("hook_event_ids.state")
    def _compute_hook_figures(self):
        groups = self.env["ticket.billing.hook.event"]._read_group(
            [("connector_id", "in", self.ids)],
            ["connector_id"],
            ["__count", "create_date:max"],
        )
        figures = {connector.id: rest for connector, *rest in groups}
        failed = self._count("ticket.billing.hook.event", [("state", "=", "failed")])
        for connector in self:
            count, last = figures.get(connector.id, (0, False))
            connector.hook_event_count = count
            connector.hook_last = last
            connector.hook_failed_count = failed.get(connector.id, 0)

    @api.depends("system")
    @api.depends_context("lang")
    def _compute_hook_hint(self):
        for connector in self:
            webhook = connector._get_webhook()
            texts = [connector._get_hook_steps(), connector._get_hook_proof()]
            if webhook == ANY_SYSTEM:
                body = '{"ticket_id": "81"}'
                texts.append(self.env._("Content (JSON), with the id: %s", body))
            connector.hook_hint = "\n".join(texts)

    def _get_hook_steps(self) -> str:
        """Say where webhooks are set up in the system."""
        steps = {
            "zammad": self.env._(
                "Zammad: Manage > Webhook, new webhook with this address and the secret"
                " as “HMAC SHA1 Signature Token”. Then Manage > Trigger: when a ticket"
                " is created or updated, and on each time accounting, call the webhook."
            ),
            "redmine": self.env._(
                "Redmine 7 and later: My account > Webhooks, new webhook with this"
                " address and the secret, for the events of issues."
            ),
            "znuny": self.env._(
                "Znuny: Admin > Web services, a requester with HTTP::REST, this address"
                " and basic authentication, and an invoker for changed tickets."
            ),
        }
        return steps.get(self.system) or self.env._(
            "Let a rule or automation of the ticket system call this address with POST"
            " whenever a ticket changes."
        )

    def _get_hook_proof(self) -> str:
        """Say how the system proves that an event is its own."""
        scheme = self._get_hook_scheme()
        if isinstance(scheme, Hmac):
            return self.env._(
                "The system signs with the secret (%(algorithm)s in the header"
                " %(header)s).",
                algorithm=f"HMAC-{scheme.algorithm.upper()}",
                header=scheme.header,
            )
        if isinstance(scheme, Token):
            return self.env._(
                "The system sends the header %(header)s: %(prefix)s[secret]",
                header=scheme.header,
                prefix=scheme.prefix,
            )
        return self.env._(
            "The system logs in as %(user)s with the secret as password.",
            user=scheme.user,
        )

    def action_view_hook_events(self):
        return self._view_own("ticket_billing_hook_event_action", {})

    def _get_reader_lang(self) -> str:
        """Return the language of whoever reads what a connector has to say."""
        company = self.company_id or self.env.company
        return self.user_id.lang or company.partner_id.lang

    # Requests

    def _get_webhook(self):
        """Return how the system declares its webhooks."""
        system = SYSTEMS.get(self.system)
        return system.webhook if system else ANY_SYSTEM

    def _get_hook_scheme(self):
        return SCHEMES[self._get_webhook().signature]

    @api.model
    def _find_hook(self, token: str):
        """Return the active connector with this address, empty if there is none."""
        found = self.search([("hook_token", "=", token), ("state", "=", "active")])
        return found.filtered("hook_secret_encrypted")

    def _admit_hook(self) -> float:
        """Return 0, or the seconds to wait; unknown addresses share one limit."""
        key = "hook", self.env.cr.dbname, self.id
        return shared_bucket(key, PER_MINUTE, BURST).admit()

    def _check_hook(self, headers: dict, body: bytes):
        """Prove the sender. An unknown address costs the same time as a known one.

        :raises Unproven: it is not the ticket system, or there is no connector
        """
        box = self._get_secret_box()
        sealed = self.hook_secret_encrypted or box.seal(secrets.token_urlsafe(32))
        scheme = self._get_hook_scheme()
        scheme.check(box.open(sealed), headers, body, time.time())
        if not self:
            raise Unproven("missing")
