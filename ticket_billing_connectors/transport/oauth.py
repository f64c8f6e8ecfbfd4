"""OAuth 2.0: an access token that is fetched, renewed and kept by somebody else."""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from . import errors
from .auth import Anonymous
from .session import Answer

#: Seconds before its end at which a token is not used any more.
MARGIN = 60
Tokens = dict


class TokenStore(Protocol):
    """Keeps the tokens of one credential for all who use it."""

    def load(self) -> Tokens:
        """Return what was kept last: access_token, expires_at, refresh_token."""

    def replace(self, renew: Callable[[Tokens], Tokens]) -> Tokens:
        """Hand the tokens kept to ``renew``; keep and return what it gives.

        Nobody else may do so meanwhile, and what is given must be kept even when
        the caller fails afterwards: the refresh token before it is used up.
        """


class MemoryStore:
    """Keeps tokens while the process lives: enough for client credentials."""

    def __init__(self, tokens: Tokens | None = None):
        self._tokens = tokens or {}

    def load(self):
        return self._tokens

    def replace(self, renew):
        self._tokens = renew(self._tokens)
        return self._tokens


class OAuth2(Anonymous):
    """Sends ``Authorization: Bearer`` with a token that is renewed in time.

    ``ask(form)`` posts a form to the token endpoint and returns its JSON object.
    With a refresh token in ``store`` that one is used, and a new one of the answer
    (rotation) is kept; else the grant is ``client_credentials``.
    """

    def __init__(
        self,
        ask: Callable[[dict], dict],
        client: dict,
        store: TokenStore,
        *,
        scope: str = "",
        prefix: str = "Bearer",
        clock=time.time,
    ):
        self._ask = ask
        self._client = client
        self._store = store
        self._scope = scope
        self._prefix = prefix
        self._clock = clock
        self._refused = None

    def headers(self):
        tokens = self._store.load()
        if not self._usable(tokens):
            tokens = self._store.replace(self._renewed)
        return {"Authorization": f"{self._prefix} {tokens['access_token']}"}

    def renew(self):
        """After a refusal the token is replaced once, unless it is new."""
        token = self._store.load().get("access_token")
        if not token or self._refused:
            return False
        self._refused = token
        return True

    def accepted(self):
        self._refused = None

    def _usable(self, tokens):
        token = tokens.get("access_token")
        fresh = tokens.get("expires_at", 0) > self._clock() + MARGIN
        return bool(token) and fresh and token != self._refused

    def _renewed(self, tokens):
        """Return new tokens; those of somebody who was faster will do."""
        if self._usable(tokens):
            return tokens
        answer = self._ask({**self._client, **self._grant(tokens)})
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise errors.AuthError("It gave no access token.")
        return {
            "access_token": str(answer["access_token"]),
            "expires_at": self._clock() + _seconds(answer.get("expires_in")),
            "refresh_token": answer.get("refresh_token") or tokens.get("refresh_token"),
        }

    def _grant(self, tokens):
        refresh = tokens.get("refresh_token")
        if refresh:
            return {"grant_type": "refresh_token", "refresh_token": refresh}
        scope = {"scope": self._scope} if self._scope else {}
        return {"grant_type": "client_credentials", **scope}


def new_verifier() -> str:
    """Return a secret that proves that who asked for a code is who redeems it."""
    return secrets.token_urlsafe(48)


def challenge_of(verifier: str) -> dict:
    """Return the fields (PKCE, RFC 7636) that bind a code to ``verifier``."""
    digest = hashlib.sha256(verifier.encode()).digest()
    text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {"code_challenge": text, "code_challenge_method": "S256"}


def classify(answer: Answer) -> errors.ConnectorError | None:
    """Recognise what only a person can mend in an answer of a token endpoint."""
    code = answer.data.get("error") if isinstance(answer.data, dict) else None
    if code == "invalid_grant":
        return errors.ConsentNeeded()
    if code in ("invalid_client", "unauthorized_client"):
        return errors.AuthError(f"({code})")
    return None


def first_tokens(ask, client: dict, redirect_uri: str, code: str, verifier: str):
    """Return the first tokens for a code that a user's consent has brought."""
    answer = ask(
        {
            **client,
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
        }
    )
    if not isinstance(answer, dict) or not answer.get("refresh_token"):
        raise errors.AuthError("It gave no refresh token.")
    # Without access token: the first request renews, by which rotation is proven.
    return {"refresh_token": answer["refresh_token"]}


def _seconds(value):
    """Return how long a token lives: an hour where the answer does not say."""
    try:
        return max(float(value), 0)
    except (TypeError, ValueError):
        return 3600
