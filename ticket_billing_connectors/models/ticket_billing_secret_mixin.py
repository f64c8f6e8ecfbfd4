import os
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import config

from ..transport.secret_box import SecretBox, SecretError, load_key


class TicketBillingSecretMixin(models.AbstractModel):
    """A credential that can be set but never be read back by a user.

    It is stored encrypted; the key lies outside the database, so a copy of the
    database alone reveals nothing.
    """

    _name = "ticket.billing.secret.mixin"
    _description = "Encrypted Credential"

    secret = fields.Char(
        string="Password or token",
        compute="_compute_secret",
        inverse="_inverse_secret",
        copy=False,
        exportable=False,
        help="Stored encrypted and never shown again. Leave empty to keep it.",
    )
    secret_encrypted = fields.Char(
        copy=False, prefetch=False, exportable=False, groups=fields.NO_ACCESS
    )
    has_secret = fields.Boolean(compute="_compute_secret", string="Password is set")

    @api.depends("secret_encrypted")
    def _compute_secret(self):
        for record in self:
            record.secret = False
            record.has_secret = bool(record.sudo().secret_encrypted)

    def _inverse_secret(self):
        for record in self.filtered("secret"):
            sealed = self._get_secret_box().seal(record.secret)
            record.sudo().secret_encrypted = sealed

    def _get_secret(self) -> str:
        """Return the credential ('' if none is set). For server code only.

        :raises UserError: the key is missing, malformed or another one
        """
        self.ensure_one()
        sealed = self.sudo().secret_encrypted
        if not sealed:
            return ""
        try:
            return self._get_secret_box().open(sealed)
        except SecretError:
            raise UserError(
                self.env._(
                    "The password of %(name)s cannot be decrypted: the key of this"
                    " server is not the one it was stored with. Bring back the key"
                    " (TICKET_BILLING_SECRET_KEY, ticket_billing_secret_key or"
                    " ticket_billing.key), or enter the password again.",
                    name=self.display_name,
                )
            ) from None

    @api.model
    def _get_secret_box(self) -> SecretBox:
        path = Path(config["data_dir"]) / "ticket_billing.key"
        try:
            return SecretBox(
                load_key(
                    os.environ.get("TICKET_BILLING_SECRET_KEY"),
                    config.get("ticket_billing_secret_key"),
                    path,
                )
            )
        except SecretError as error:
            raise UserError(
                self.env._(
                    "Passwords cannot be stored or read: %(reason)s Set"
                    " TICKET_BILLING_SECRET_KEY or ticket_billing_secret_key, or let"
                    " the server write to its data folder.",
                    reason=error,
                )
            ) from None
