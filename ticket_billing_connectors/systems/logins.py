"""From the log-in a system declares to the one of a connection."""

from urllib.parse import urlsplit

from ..transport import auth, errors, oauth
from ..transport.oauth import MemoryStore, OAuth2
from ..transport.session import HttpSession
from . import declaration as declared
from .records import clean
from .templates import fill


def make_auth(kind, client, http: HttpSession):
    """Return the strategy for the declared ``kind`` of log-in.

    ``client`` is the :class:`~.declared_client.DeclaredClient` that logs in.
    """
    values = client.values()
    if isinstance(kind, declared.Header):
        return auth.HeaderAuth(fill(kind.headers, values))
    if isinstance(kind, declared.Basic):
        user, password = fill([kind.user, kind.password], values)
        return auth.BasicAuth(user, password)
    if isinstance(kind, declared.Body):
        return auth.BodyCredentials(fill(kind.fields, values))
    if isinstance(kind, declared.Session):
        return auth.SessionLogin(
            lambda: _session_token(kind, client, http), kind.parameter, kind.in_header
        )
    return _oauth(kind, client, values)


def _session_token(kind, client, http):
    call = kind.call
    where = "params" if call.method == "GET" else "payload"
    sent = {where: fill(call.fields, client.values())}
    answer = http.request(call.method, call.path, idempotent=True, **sent)
    token = clean(client.pick(call.answer, answer.data))
    if not token:
        raise errors.AuthError("It gave no session.")
    return token


def _oauth(kind, client, values):
    store = client.connection.token_store or MemoryStore()
    return OAuth2(
        token_endpoint(kind, client),
        client_credentials(client),
        store,
        scope=kind.scope,
        prefix=kind.prefix,
    )


def whole_url(client, declared: str) -> str:
    """Return a declared URL, which may be a path below the connection's address."""
    url = fill(declared, client.values())
    return url if "://" in url else client.base_url + url


def client_credentials(client) -> dict:
    """Return what the connection proves itself with at the token endpoint."""
    connection = client.connection
    return {"client_id": connection.login, "client_secret": connection.secret}


def token_endpoint(kind, client):
    """Return the function that posts a form to the token endpoint."""
    parts = urlsplit(whole_url(client, kind.token_url))

    def ask(form):
        # A session of its own: the tokens may come from another host.
        origin = f"{parts.scheme}://{parts.netloc}"
        with client.open_session(origin, oauth.classify) as session:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            return session.request("POST", path, form=form).data

    return ask
