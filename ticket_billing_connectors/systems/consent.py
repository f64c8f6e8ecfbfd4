"""A user agrees in the browser that we may read: OAuth 2.0 with code and PKCE."""

from urllib.parse import urlencode

from ..transport.oauth import Tokens, challenge_of, first_tokens
from .declared_client import DeclaredClient
from .logins import client_credentials, token_endpoint, whole_url
from .templates import fill


def consent_url(
    client: DeclaredClient, redirect_uri: str, state: str, verifier: str
) -> str:
    """Return where to send the user; he comes back to ``redirect_uri`` with a code
    and ``state``."""
    declared = client.declaration.auth
    fields = {
        "response_type": "code",
        "client_id": client.connection.login,
        "redirect_uri": redirect_uri,
        "state": state,
        **({"scope": declared.scope} if declared.scope else {}),
        **challenge_of(verifier),
        **fill(declared.authorize_fields, client.values()),
    }
    url = whole_url(client, declared.authorize_url)
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"


def redeem(
    client: DeclaredClient, redirect_uri: str, code: str, verifier: str
) -> Tokens:
    """Return the first tokens for the ``code`` the user came back with."""
    ask = token_endpoint(client.declaration.auth, client)
    return first_tokens(ask, client_credentials(client), redirect_uri, code, verifier)
