import hashlib
import hmac
import math
import secrets
from datetime import timedelta

from odoo import api, fields, models

from ..intake.messages import Problem
from ..systems.pushed import CODE

#: So long the last use may lag behind, so that it is not written with every call.
USE_STEP = timedelta(minutes=1)
WINDOW = timedelta(minutes=1)


class TicketBillingApiKey(models.Model):
    """Lets one system send and read its own records, and no others."""

    _name = "ticket.billing.api.key"
    _description = "API Key"
    _inherit = ["mail.thread", "ticket.billing.connector.part"]
    _order = "name, id"

    name = fields.Char(
        required=True, tracking=True, help="Who uses it. Example: Field service app"
    )
    active = fields.Boolean(default=True, tracking=True)
    connector_id = fields.Many2one(
        "ticket.billing.connector",
        string="Source",
        required=True,
        ondelete="cascade",
        index=True,
        domain=[("system", "=", CODE)],
        tracking=True,
        help="The system whose records are sent. Its ids are its own: two sources may"
        " both have a ticket 7.",
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    can_read = fields.Boolean(string="May read", default=True, tracking=True)
    can_write = fields.Boolean(string="May write", default=True, tracking=True)
    expires = fields.Datetime(
        default=lambda self: fields.Datetime.now() + timedelta(days=365),
        tracking=True,
        help="Not valid from this time on. Empty: it does not expire.",
    )
    per_minute = fields.Integer(
        string="Calls per minute",
        default=120,
        required=True,
        tracking=True,
        help="More calls within a minute are refused and told when to try again.",
    )
    prefix = fields.Char(
        string="Begins with",
        readonly=True,
        copy=False,
        help="The first part of the key, to tell keys apart.",
    )
    secret_hash = fields.Char(
        copy=False, prefetch=False, exportable=False, groups=fields.NO_ACCESS
    )
    last_used = fields.Datetime(string="Last used", readonly=True, copy=False)
    call_ids = fields.One2many("ticket.billing.api.call", "key_id", string="Last calls")

    _prefix_uniq = models.UniqueIndex("(prefix)", "This key is there already.")
    _per_minute_positive = models.Constraint(
        "CHECK(per_minute BETWEEN 1 AND 10000)", "Allow 1 to 10,000 calls per minute."
    )

    def action_new_key(self):
        """Make a key, which replaces the one before, and show it this once."""
        self.ensure_one()
        self.check_access("write")
        prefix, secret = f"tb_{secrets.token_hex(4)}", secrets.token_urlsafe(32)
        key = f"{prefix}.{secret}"
        self.prefix = prefix
        self.sudo().secret_hash = hash_of(key)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New API Key"),
            "res_model": "ticket.billing.api.key.show",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_key": key},
        }

    @api.model
    def _authenticate(self, authorization: str):
        """Return the key of an Authorization header.

        :raises Problem: there is none that is valid; which fault it is, is not told
        """
        scheme, _space, key = (authorization or "").partition(" ")
        prefix = key.partition(".")[0]
        found = self.search([("prefix", "=", prefix)]) if prefix else self.browse()
        # An unknown prefix takes as long as a wrong key.
        kept = found.secret_hash or hash_of("")
        proven = hmac.compare_digest(kept.encode(), hash_of(key).encode())
        if scheme.lower() != "bearer" or not (found and proven and found._is_valid()):
            raise Problem(
                401,
                "The API key is missing, wrong or expired. Send the header"
                " Authorization: Bearer and your key.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return found

    def _is_valid(self):
        expired = self.expires and self.expires <= fields.Datetime.now()
        return not expired and self.connector_id.state == "receiving"

    def _check_rate(self):
        """:raises Problem: there were too many calls within the last minute"""
        now = fields.Datetime.now()
        calls = self.env["ticket.billing.api.call"].search(
            [("key_id", "=", self.id), ("called", ">", now - WINDOW)],
            order="called desc, id desc",
            limit=self.per_minute,
        )
        if len(calls) < self.per_minute:
            return
        wait = math.ceil((calls[-1].called + WINDOW - now).total_seconds())
        raise Problem(
            429,
            f"There were more than {self.per_minute} calls in a minute. Send several"
            " records in one call, or wait.",
            headers={"Retry-After": str(wait)},
        )

    def _check_right(self, writes):
        """:raises Problem: the key does not allow this"""
        if not (self.can_write if writes else self.can_read):
            what = "write" if writes else "read"
            raise Problem(403, f"This API key may not {what}. Use one that may.")

    def _note_use(self):
        now = fields.Datetime.now()
        stale = not self.last_used or self.last_used < now - USE_STEP
        # Whoever cannot lock it leaves the note to the call that holds it.
        if stale and self.try_lock_for_update():
            self.last_used = now


def hash_of(key: str) -> str:
    """Return the hash of a key. It is long and random: no salt makes it safer."""
    return hashlib.sha256(key.encode()).hexdigest()
