"""A local OAuth provider with rotating refresh tokens, and the API behind it.

A refresh token works once. Used again, all tokens of that consent are void, as
providers do who take it for stolen.
"""

import base64
import hashlib
import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlencode, urlsplit

from replay_server import Server

CLIENT = {"client_id": "client", "client_secret": "client-secret"}


class TokenServer:
    """The provider; use it as a context manager.

    ``delay`` holds answers back, ``forms`` lists what was posted to ``/oauth/token``,
    ``refresh_token`` is the one that works.
    """

    def __init__(self):
        self.forms: list[dict] = []
        self.delay = 0.0
        self.lifetime = 3600
        self.refresh_token = None
        self.access_tokens: set[str] = set()
        self._consents: dict[str, dict] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), _Handler)
        self._server.tokens = self

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc):
        self._server.shutdown()
        self._server.server_close()

    def agree(self, consent_url: str) -> str:
        """Do as a user who agrees; return where he is sent."""
        asked = dict(parse_qsl(urlsplit(consent_url).query))
        code = f"code{next(self._numbers)}"
        self._consents[code] = asked
        answer = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def answer(self, form: dict) -> tuple[int, dict]:
        """Return (status, body) for a form posted to the token endpoint."""
        with self._lock:
            self.forms.append(form)
            if {**form, **CLIENT} != form:
                return 401, {"error": "invalid_client"}
            if not self._granted(form):
                self.refresh_token, self.access_tokens = None, set()
                return 400, {"error": "invalid_grant"}
            number = next(self._numbers)
            self.refresh_token = f"refresh{number}"
            self.access_tokens = {f"access{number}"}
        return 200, {
            "access_token": f"access{number}",
            "refresh_token": self.refresh_token,
            "expires_in": self.lifetime,
            "token_type": "Bearer",
        }

    def _granted(self, form):
        if form["grant_type"] == "refresh_token":
            return form["refresh_token"] == self.refresh_token
        asked = self._consents.pop(form.get("code"), None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return (
            asked is not None
            and asked["code_challenge"] == challenge
            and asked["redirect_uri"] == form["redirect_uri"]
        )

    def allows(self, header: str | None) -> bool:
        return (header or "").removeprefix("Bearer ") in self.access_tokens


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        size = int(self.headers.get("Content-Length") or 0)
        form = dict(parse_qsl(self.rfile.read(size).decode()))
        status, body = self.server.tokens.answer(form)
        time.sleep(self.server.tokens.delay)
        self._send(status, body)

    def do_GET(self):
        allowed = self.server.tokens.allows(self.headers.get("Authorization"))
        self._send(*((200, {"user": {"id": 5}}) if allowed else (401, {})))

    def _send(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments):
        pass
