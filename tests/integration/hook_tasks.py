"""What the workers do with webhooks of any system: see `tasks.py`, which offers it."""


def connect_system(env, server: dict, contract: int, ticket: str, customer: str) -> int:
    """A connector to a local ``server`` that knows a ticket of a contract, and whose
    customer it is."""
    settings = server.pop("settings")
    connector = env["ticket.billing.connector"].create(
        {
            "name": "There",
            "allow_http": True,
            "allow_private_address": True,
            "date_from": "2026-01-01",
            "state": "active",
            "system_settings": {
                f"{server['system']}_{name}": value for name, value in settings.items()
            },
            **server,
        }
    )
    here = env["helpdesk.ticket"].search([("billing_contract_id", "=", contract)])
    partner = env["ticket.billing.contract"].browse(contract).partner_id
    for remote_type, remote_id, record in (
        ("ticket", ticket, here),
        ("customer", customer, partner),
    ):
        env["ticket.billing.link"].create(
            {
                "connector_id": connector.id,
                "remote_type": remote_type,
                "remote_id": remote_id,
                "res_id": record.id,
            }
        )
    return connector.id
