"""What the workers do with OAuth tokens: see `tasks.py`, which offers it to them."""

import dataclasses
import json
import os
import signal
from contextlib import closing
from importlib import import_module

ADDON = "odoo.addons.ticket_billing_connectors"


def _load(name: str):
    """A module of the add-on: it can be found when Odoo knows its configuration."""
    return import_module(f"{ADDON}.{name}")


def _get_token_store():
    return _load("models.ticket_billing_oauth_token").StoredTokens


def _let_redmine_ask() -> None:
    """In this process a consent is what lets into Redmine."""
    oauth = _load("systems.declaration").OAuth(
        "/oauth/token", authorize_url="/oauth/authorize"
    )
    declared = dataclasses.replace(_load("systems.redmine").SYSTEM, auth=oauth)
    registry = _load("systems.registry")
    registry.SYSTEMS["redmine"] = registry.as_system(declared)


def create_oauth_connector(env, url: str, tokens: dict) -> int:
    """A connector whose user has agreed before."""
    connector = env["ticket.billing.connector"].create(
        {
            "name": "Redmine",
            "system": "redmine",
            "base_url": url,
            "login": "client",
            "secret": "client-secret",
            "allow_http": True,
            "allow_private_address": True,
        }
    )
    sealed = connector._get_secret_box().seal(json.dumps(tokens))
    env["ticket.billing.oauth.token"].create(
        {"connector_id": connector.id, "tokens_encrypted": sealed}
    )
    return connector.id


def ask_who(env, connector: int) -> list:
    """Make a request that needs a token; the answer and the tokens kept."""
    _let_redmine_ask()
    record = env["ticket.billing.connector"].browse(connector)
    with closing(record._open()) as client:
        who = client.call(client.declaration.who)
    return [who, _get_token_store()(record).load()]


def die_with_new_tokens(env) -> None:
    """Be killed when new tokens have come, before they are kept."""
    _get_token_store()._write = lambda *_given: os.kill(os.getpid(), signal.SIGKILL)
