import hashlib
import json
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models

from ..transport.errors import ConsentNeeded
from ..transport.oauth import Tokens
from ..transport.secret_box import SecretError

#: How long a user may take to agree.
MINUTES = 10
#: Attempts to lock the tokens while others are replacing them.
ATTEMPTS = 10


def hash_of(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


class TicketBillingOauthToken(models.Model):
    """The OAuth tokens of one connector, and the consent that is under way.

    Nobody reads it but the server: there is no access right to it.
    """

    _name = "ticket.billing.oauth.token"
    _description = "OAuth Tokens of a Connector"
    _rec_name = "connector_id"

    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, ondelete="cascade"
    )
    tokens_encrypted = fields.Char(
        prefetch=False, exportable=False, groups=fields.NO_ACCESS
    )
    state_hash = fields.Char(exportable=False, groups=fields.NO_ACCESS)
    verifier_encrypted = fields.Char(exportable=False, groups=fields.NO_ACCESS)
    user_id = fields.Many2one("res.users", help="Who was sent to agree.")
    valid_until = fields.Datetime(help="When the consent has to be there.")

    _connector_uniq = models.UniqueIndex(
        "(connector_id)", "A connector has one set of tokens."
    )

    @api.model
    def _begin(self, connector, state: str, verifier: str):
        """Expect the present user to come back with ``state``."""
        row = self.search([("connector_id", "=", connector.id)])
        row = row or self.create({"connector_id": connector.id})
        row.write(
            {
                "state_hash": hash_of(state),
                "verifier_encrypted": connector._get_secret_box().seal(verifier),
                "user_id": self.env.uid,
                "valid_until": fields.Datetime.now() + timedelta(minutes=MINUTES),
            }
        )

    @api.model
    def _claim(self, state: str) -> tuple[int, str] | None:
        """Return (connector id, verifier) for ``state``: once, to its user, in time.

        In a transaction of its own, so that nobody can use it again whatever
        becomes of this request.
        """
        with self.env.registry.cursor() as cr:
            cr.execute(
                """
                UPDATE ticket_billing_oauth_token SET state_hash = NULL
                WHERE state_hash = %s AND user_id = %s AND valid_until > %s
                RETURNING connector_id, verifier_encrypted
                """,
                [hash_of(state), self.env.uid, fields.Datetime.now()],
            )
            found = cr.fetchone()
        if not found:
            return None
        connector_id, sealed = found
        box = self.env["ticket.billing.connector"]._get_secret_box()
        return connector_id, box.open(sealed)


class StoredTokens:
    """A :class:`~..transport.oauth.TokenStore` in the database.

    Each step is a transaction of its own: what has replaced a used refresh token
    has to be kept, whatever becomes of the work that needed it.
    """

    def __init__(self, connector):
        self._registry = connector.env.registry
        self._connector_id = connector.id
        self._box = connector._get_secret_box()
        self._tokens = None

    def load(self) -> Tokens:
        if self._tokens is None:
            with self._registry.cursor() as cr:
                self._tokens = self._read(cr, lock=False)
        if not self._tokens:
            raise ConsentNeeded()
        return self._tokens

    def replace(self, renew) -> Tokens:
        with self._registry.cursor() as cr:
            tokens = self._read(cr, lock=True)
            self._tokens = renew(tokens)
            if self._tokens is not tokens:
                self._write(cr)
        return self._tokens

    def _read(self, cr, lock) -> Tokens:
        query = """
            SELECT tokens_encrypted FROM ticket_billing_oauth_token
            WHERE connector_id = %s
        """
        row = self._lock(cr, query) if lock else self._fetch(cr, query)
        if row is None:
            raise ConsentNeeded()
        try:
            return json.loads(self._box.open(row[0])) if row[0] else {}
        except SecretError as error:
            raise ConsentNeeded(str(error)) from None

    def _lock(self, cr, query):
        """Wait until nobody else replaces the tokens; return those of now.

        Whoever waited for a row that was changed is refused by PostgreSQL, and sees
        the new one in the next transaction.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._fetch(cr, f"{query} FOR UPDATE")
            except SerializationFailure:
                if attempt == ATTEMPTS:
                    raise
                cr.rollback()
        raise AssertionError("unreachable")

    def _fetch(self, cr, query):
        cr.execute(query, [self._connector_id], log_exceptions=False)
        return cr.fetchone()

    def _write(self, cr):
        cr.execute(
            """
            UPDATE ticket_billing_oauth_token SET tokens_encrypted = %s
            WHERE connector_id = %s
            """,
            [self._box.seal(json.dumps(self._tokens)), self._connector_id],
        )
