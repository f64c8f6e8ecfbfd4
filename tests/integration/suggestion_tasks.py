"""What the workers do with suggested times: see `tasks.py`, which offers it to them."""

from datetime import timedelta

from odoo import fields


def create_suggestion(env, connector: int, contract: int) -> int:
    """An hour that a technician has worked on the ticket of a contract."""
    ticket = env["helpdesk.ticket"].search(
        [("billing_contract_id", "=", contract)], limit=1
    )
    start = fields.Datetime.now() - timedelta(days=1)
    times = {"start": start, "stop": start + timedelta(hours=1)}
    suggestion = env["ticket.billing.suggestion"].create(
        {
            "connector_id": connector,
            "ticket_id": ticket.id,
            "agent_key": "2",
            "employee_id": env["hr.employee"].search([], limit=1).id,
            **times,
            **{f"origin_{name}": time for name, time in times.items()},
        }
    )
    return suggestion.id


def confirm_suggestion(env, suggestion: int) -> None:
    env["ticket.billing.suggestion"].browse(suggestion).action_confirm()


def get_confirmed(env, suggestion: int) -> tuple[str, list[int]]:
    """State of a suggestion and the minutes of its time entries."""
    record = env["ticket.billing.suggestion"].browse(suggestion)
    return record.state, record.entry_ids.mapped("raw_minutes")
