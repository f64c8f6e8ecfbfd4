"""From the log-in a system declares to the one of a connection."""

from urllib.parse import urlsplit

from ..transport import auth, errors
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
    url = fill(kind.token_url, values)
    if "://" not in url:
        url = client.base_url + url

    def ask(form):
        parts = urlsplit(url)
        # A session of its own: the tokens may come from another host.
        with client.open_session(f"{parts.scheme}://{parts.netloc}") as session:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            return session.request("POST", path, form=form).data

    credentials = {"client_id": values["login"], "client_secret": values["secret"]}
    store = client.connection.token_store or MemoryStore()
    return OAuth2(ask, credentials, store, scope=kind.scope, prefix=kind.prefix)
