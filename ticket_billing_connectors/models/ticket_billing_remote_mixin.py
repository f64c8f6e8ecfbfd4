from contextlib import closing

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..systems.base import Connection
from ..systems.records import STEPS
from ..transport.address_guard import AddressPolicy, split_origin
from ..transport.errors import ConnectorError

#: What lowers the guard: for administrators of the server only.
GUARD_FIELDS = ("allow_private_address", "allow_http", "skip_certificate_check")


class TicketBillingRemoteMixin(models.AbstractModel):
    """A remote system with address and log-in, guarded, and a test of both."""

    _name = "ticket.billing.remote.mixin"
    _description = "Remote System"
    _inherit = "ticket.billing.secret.mixin"

    base_url = fields.Char(
        string="Address",
        required=True,
        tracking=True,
        help="Address of the ticket system. Example: https://tickets.example.com/otrs",
    )
    login = fields.Char(
        tracking=True,
        help="A user of the ticket system that may read all tickets to be billed."
        " Example: api.billing",
    )
    allow_private_address = fields.Boolean(
        tracking=True,
        help="The ticket system stands in the own network (10.x, 192.168.x …)."
        " Only an administrator can allow this.",
    )
    allow_http = fields.Boolean(
        string="Allow unencrypted connection",
        tracking=True,
        help="Password and tickets travel readable for others. Only an administrator"
        " can allow this.",
    )
    skip_certificate_check = fields.Boolean(
        tracking=True,
        help="Anybody in between could pose as the ticket system. Better: make the"
        " certificate known to the server (REQUESTS_CA_BUNDLE). Only an"
        " administrator can allow this.",
    )

    test_result = fields.Text(readonly=True, copy=False)
    test_date = fields.Datetime(string="Tested on", readonly=True, copy=False)

    # Guarding the credentials

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_guard_rights(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_guard_rights(vals)
        moved = self.filtered(lambda c: "base_url" in vals and c._moves_to(vals))
        if moved:
            # Another server must not be sent the password of this one, nor
            # profit from what was allowed for it.
            forgotten = dict.fromkeys((*GUARD_FIELDS, "secret_encrypted"), False)
            moved.check_access("write")
            super(TicketBillingRemoteMixin, moved.sudo()).write(forgotten | vals)
        return super(TicketBillingRemoteMixin, self - moved).write(vals)

    def _moves_to(self, vals):
        try:
            return split_origin(vals["base_url"] or "") != split_origin(
                self.base_url or ""
            )
        except ConnectorError:
            return True

    def _check_guard_rights(self, vals):
        if self.env.su or self.env.user.has_group("base.group_system"):
            return
        if any(vals.get(name) for name in GUARD_FIELDS):
            raise AccessError(
                self.env._(
                    "Only an administrator can allow private addresses, unencrypted"
                    " connections or unchecked certificates."
                )
            )

    @api.constrains("base_url", "allow_http")
    def _check_base_url(self):
        for connector in self:
            try:
                scheme = split_origin(connector.base_url)[0]
            except ConnectorError as error:
                raise ValidationError(connector._describe(error)) from None
            if scheme == "http" and not connector.allow_http:
                raise ValidationError(
                    self.env._(
                        "The address must begin with https://. For http://, an"
                        " administrator has to allow unencrypted connections."
                    )
                )

    # Talking to the remote system

    def _get_connection(self) -> Connection:
        self.ensure_one()
        host = split_origin(self.base_url)[1]
        return Connection(
            base_url=self.base_url,
            login=self.login,
            secret=self._get_secret(),
            policy=AddressPolicy(
                allow_http=self.allow_http,
                private_hosts=frozenset({host} if self.allow_private_address else ()),
            ),
            verify=not self.skip_certificate_check,
        )

    def _open(self):
        """Return a client of the remote system, with ``check()`` and ``close()``.

        :raises ConnectorError: a setting or the address is refused
        :raises UserError: the password cannot be decrypted
        """
        raise NotImplementedError

    def _describe(self, error: ConnectorError) -> str:
        """Return ``error`` in the user's language."""
        texts = {
            "address_refused": self.env._(
                "The address of the ticket system is refused."
            ),
            "certificate_refused": self.env._(
                "The certificate of the ticket system cannot be trusted."
            ),
            "unreachable": self.env._("The ticket system cannot be reached."),
            "auth": self.env._("The ticket system refuses user name or password."),
            "permission": self.env._(
                "The user lacks a permission in the ticket system."
            ),
            "not_found": self.env._(
                "The ticket system does not know what was asked for."
            ),
            "invalid_request": self.env._(
                "The ticket system does not accept the request: check the settings."
            ),
            "transient": self.env._(
                "The ticket system does not answer properly at the moment."
            ),
            "throttled": self.env._("The ticket system asks to send fewer requests."),
            "bad_answer": self.env._("The answer of the ticket system cannot be read."),
            "loop": self.env._("The ticket system keeps sending the same records."),
        }
        text = texts.get(error.code, error.text)
        return f"{text} {error.detail}".strip()

    # Testing

    def action_test(self):
        """Test the connection and say in words what works and what does not."""
        self.ensure_one()
        self.check_access("write")
        try:
            with closing(self._open()) as client:
                checks = client.check()
        except ConnectorError as error:
            checks, passed = [], False
            lines = [f"✗ {self._describe(error)}"]
        else:
            lines = [self._describe_check(check) for check in checks]
            passed = checks[-1].error is None and checks[-1].step == STEPS[-1]
        self.test_result = "\n".join([*lines, *self._get_open_steps(checks)])
        self.test_date = fields.Datetime.now()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Connection works")
                if passed
                else self.env._("Connection does not work"),
                "message": lines[-1],
                "type": "success" if passed else "danger",
                "sticky": not passed,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _get_open_steps(self, checks) -> list[str]:
        """Return a line for each step that was not reached."""
        names = self._get_step_names()
        return [
            self.env._("– %(step)s: not tested", step=names[step])
            for step in STEPS[STEPS.index(checks[-1].step) + 1 if checks else 0 :]
        ]

    def _get_step_names(self) -> dict[str, str]:
        return {
            "address": self.env._("Address"),
            "tls": self.env._("Encryption"),
            "service": self.env._("Web service"),
            "log_in": self.env._("Log-in"),
            "rights": self.env._("Rights"),
            "time": self.env._("Time"),
        }

    def _describe_check(self, check):
        names = self._get_step_names()
        if check.error:
            return f"✗ {names[check.step]}: {self._describe(check.error)}"
        facts = check.facts
        text = self.env._("in order")
        if check.step == "rights":
            count = facts["tickets"]
            text = self.env._(
                "%(count)s of the newest tickets can be read", count=count
            )
        elif check.step == "tls" and not facts["encrypted"]:
            text = self.env._("none, as allowed")
        elif check.step == "time" and facts:
            text = self.env._(
                "on ticket %(ticket)s, “%(units)s” counts as %(minutes)s minutes",
                **facts,
            )
        elif check.step == "time":
            text = self.env._(
                "the newest tickets have no booked time, so it is not proven"
            )
        return f"✓ {names[check.step]}: {text}"
