"""What the workers do in Odoo. Each task is one request; ids come and go as numbers."""

import datetime
import json
from types import SimpleNamespace

from dateutil.relativedelta import relativedelta
from oauth_tasks import (  # noqa: F401
    ask_who,
    create_oauth_connector,
    die_with_new_tokens,
)
from suggestion_tasks import (  # noqa: F401
    confirm_suggestion,
    create_suggestion,
    get_confirmed,
)

from odoo import Command, fields
from odoo.fields import Domain


def _get_work_day() -> datetime.date:
    """A day of last month: its work is due today."""
    return fields.Date.today().replace(day=1) - relativedelta(days=10)


# ------------------------------------------------------------------------ prepare


def create_customers(env, count: int, *, minutes=60, entries=1, **policy) -> list[int]:
    """Contracts of new customers with a ticket and work each, at 90.00 per hour."""
    env = env(context=dict(env.context, tracking_disable=True))
    _complete_company(env.company)
    policy = env["ticket.billing.policy"].create(
        {"name": "Faults", "rounding_mode": "none", **policy}
    )
    partners = env["res.partner"].create(
        [_prepare_partner(env, number) for number in range(count)]
    )
    contracts = env["ticket.billing.contract"].create(
        [
            {
                "name": "Support",
                "partner_id": partner.id,
                "policy_id": policy.id,
                "date_start": _get_work_day() - relativedelta(years=1),
                "rate_ids": [Command.create({"value": 90})],
            }
            for partner in partners
        ]
    )
    contracts.action_activate()
    tickets = env["helpdesk.ticket"].create(
        [
            {"name": "Printer jams", "description": "Jam", "partner_id": partner.id}
            for partner in partners
        ]
    )
    _log(env, tickets, minutes, entries)
    return contracts.ids


def _complete_company(company) -> None:
    """What an invoice has to say about its sender."""
    company.write(
        {
            "street": "Hafenstraße 12",
            "zip": "20457",
            "city": "Hamburg",
            "vat": "DE136695976",
        }
    )


def _prepare_partner(env, number: int) -> dict:
    return {
        "name": f"Kunde {number} GmbH",
        "is_company": True,
        "street": "Werkstraße 5",
        "zip": "70173",
        "city": "Stuttgart",
        "country_id": env.ref("base.de").id,
        "email": f"kunde{number}@example.com",
    }


def _log(env, tickets, minutes: int, entries: int):
    employee = env["hr.employee"].search([], limit=1) or env["hr.employee"].create(
        {"name": "Anna Huber"}
    )
    env["account.analytic.line"].create(
        [
            {
                "ticket_id": ticket.id,
                "employee_id": employee.id,
                "work_type_id": env.ref("ticket_billing.work_type_remote").id,
                "name": f"Step {number + 1}",
                "date": _get_work_day(),
                "raw_minutes": minutes,
            }
            for ticket in tickets
            for number in range(entries)
        ]
    )


def log_more(env, contracts: list[int], minutes: int) -> None:
    """More work on the tickets of these contracts."""
    tickets = env["helpdesk.ticket"].search([("billing_contract_id", "in", contracts)])
    _log(env, tickets, minutes, 1)


def change_minutes(env, contract: int, minutes: int) -> None:
    """A technician puts the minutes of the first time entry right."""
    entry = env["account.analytic.line"].search(
        [("billing_contract_id", "=", contract)], order="id", limit=1
    )
    entry.raw_minutes = minutes


def set_stage(env, contract: int, stage: str) -> None:
    tickets = env["helpdesk.ticket"].search([("billing_contract_id", "=", contract)])
    tickets.stage_id = env.ref(f"helpdesk_mgmt.helpdesk_ticket_stage_{stage}")


def write(env, model: str, ids: list[int], values: dict) -> None:
    env[model].browse(ids).write(values)


def get_partner(env, contract: int) -> int:
    return env["ticket.billing.contract"].browse(contract).partner_id.id


# --------------------------------------------------------------------------- bill


def run_scheduled(env) -> dict:
    """The scheduled action as the scheduler runs it; how it ended."""
    cron = env.ref("ticket_billing.ir_cron_bill")
    last = env["ir.cron.progress"].search([], order="id desc", limit=1).id or 0
    env.cr.commit()
    error = None
    try:
        cron.method_direct_trigger()
    except RuntimeError as failure:
        error = repr(failure.__cause__)
    env.cr.commit()
    env.invalidate_all()
    progress = env["ir.cron.progress"].search(
        [("cron_id", "=", cron.id), ("id", ">", last)]
    )
    return {
        "active": cron.active,
        "failures": cron.failure_count,
        "error": error,
        "progress": sum(progress.mapped("done")),
    }


def create_run(env) -> int:
    return env["ticket.billing.run"].create({"date": fields.Date.today()}).id


def bill(env, run: int) -> str:
    """Press *Create invoices*; the state afterwards."""
    record = env["ticket.billing.run"].browse(run)
    record.action_bill()
    return record.state


def preview(env, run: int) -> None:
    env["ticket.billing.run"].browse(run).action_preview()


def release(env, run: int) -> None:
    env["ticket.billing.run"].browse(run).action_release()


# --------------------------------------------------------------------------- look


def look(env, contracts: list[int]) -> list[dict]:
    """What there is of each contract, read from the database."""
    return [
        _look(contract) for contract in env["ticket.billing.contract"].browse(contracts)
    ]


def _look(contract) -> dict:
    env = contract.env
    items = contract.item_ids.filtered("live")
    entries = env["account.analytic.line"].search(
        [("billing_contract_id", "=", contract.id)]
    )
    moves = env["account.move"].search([("partner_id", "=", contract.partner_id.id)])
    lines = env["ticket.billing.run.line"].search([("contract_id", "=", contract.id)])
    return {
        "invoices": len(moves),
        "net": sum(moves.mapped("amount_untaxed")),
        "billed": sum(
            items.filtered(lambda i: i.state == "billed").mapped("raw_minutes")
        ),
        "worked": sum(entries.mapped("raw_minutes")),
        "lines": sorted(lines.mapped("state")),
        "messages": [message for message in lines.mapped("message") if message],
        "activities": len(contract.activity_ids),
        "names": moves.mapped("name"),
        "dates": [
            [str(move[name]) for name in ("invoice_date", "date", "service_period_end")]
            for move in moves
        ],
    }


def get_runs(env, contracts: list[int]) -> list[str]:
    """States of all runs with these contracts."""
    domain = Domain("line_ids.contract_id", "in", contracts)
    return env["ticket.billing.run"].search(domain).mapped("state")


def count(env, model: str) -> int:
    return env[model].search_count([])


def get_run_ids(env, contracts: list[int]) -> list[int]:
    domain = Domain("line_ids.contract_id", "in", contracts)
    return env["ticket.billing.run"].search(domain, order="id").ids


def get_numbers(env) -> list[int]:
    """Running numbers of all invoices that have one."""
    moves = env["account.move"].search([("move_type", "=", "out_invoice")])
    named = moves.filtered(lambda move: move.name and move.name != "/")
    return sorted(named.mapped("sequence_number"))


def get_days(env, contracts: list[int]) -> list[str]:
    """Last day of the work of each contract."""
    entries = env["account.analytic.line"].search(
        [("billing_contract_id", "in", contracts)], order="billing_contract_id"
    )
    groups = entries.grouped("billing_contract_id").values()
    return [str(max(group.mapped("date"))) for group in groups]


def get_chatter(env, contracts: list[int]) -> str:
    """Notes on the invoices."""
    items = env["ticket.billing.item"].search([("contract_id", "in", contracts)])
    return "".join(items.invoice_id.message_ids.mapped("body"))


# -------------------------------------------------------------------------- spoil


def _get_invoices(env, contracts: list[int]):
    items = env["ticket.billing.item"].search([("contract_id", "in", contracts)])
    return items.invoice_id


def delete_drafts(env, contracts: list[int]) -> None:
    _get_invoices(env, contracts).unlink()


def cancel_invoices(env, contracts: list[int]) -> None:
    moves = _get_invoices(env, contracts)
    moves.button_draft()
    moves.button_cancel()


def lock(env, field: str, until: str | None) -> None:
    """Set a lock date of the company; drafts of other tests do not matter."""
    env.company.write({field: until})


def uninstall(env, module: str, *, undo=False) -> None:
    """Mark a module to be removed, as the button does."""
    record = env["ir.module.module"].search([("name", "=", module)])
    record.button_uninstall()
    if undo:
        record.state = "installed"


def uninstall_for_good(env, module: str) -> None:
    """Remove a module as the button does, against the advice."""
    env["ir.config_parameter"].set_param("ticket_billing.uninstall_allowed", "True")
    env["ir.module.module"].search([("name", "=", module)]).button_immediate_uninstall()


def get_posted(env) -> dict[str, float]:
    """Total of each posted invoice."""
    moves = env["account.move"].search([("state", "=", "posted")])
    return {move.name: move.amount_total for move in moves}


# ---------------------------------------------------------------------- connector


def create_connector(env, url: str, customers: list[str]) -> int:
    """A connector to the replay server, with a contract for each customer."""
    contracts = create_customers(env, len(customers), entries=0, trigger="manual")
    partners = env["ticket.billing.contract"].browse(contracts).partner_id
    for partner, ref in zip(partners, customers, strict=True):
        partner.ref = ref
    for login in ("agent.anna", "agent.bert", "agent.cora"):
        user = env["res.users"].create({"name": login, "login": login})
        env["hr.employee"].create({"name": login, "user_id": user.id})
    connector = env["ticket.billing.connector"].create(
        {
            "name": "Znuny",
            "base_url": url,
            "login": "agent.anna",
            "secret": "replay",
            "allow_http": True,
            "allow_private_address": True,
            "team_id": env["helpdesk.ticket.team"].search([], limit=1).id
            or env["helpdesk.ticket.team"].create({"name": "Support"}).id,
            "activity_field": "Activity",
            "date_from": "2026-01-01",
            "state": "active",
        }
    )
    return connector.id


def synchronise(env, connector: int) -> str:
    log = env["ticket.billing.connector"].browse(connector)._synchronise()
    return log.error or log.state


def get_ledger(env) -> dict:
    """Worked and billed minutes of every remote booking; the net of all invoices."""
    entries = env["account.analytic.line"].search([("ticket_id", "!=", False)])
    minutes = sorted(
        (
            entry.ticket_id.number,
            str(entry.date),
            entry.raw_minutes,
            sum(entry.billing_item_ids.filtered("live").mapped("raw_minutes")),
        )
        for entry in entries
    )
    moves = env["account.move"].search([("billing_run_id", "!=", False)])
    return {"entries": minutes, "net": round(sum(moves.mapped("amount_untaxed")), 2)}


def connect_ticket(env, url: str, secret: str, contract: int, remote_id: str) -> int:
    """A connector to a local Zammad that knows the ticket of a contract, and notes
    the invoices of it."""
    connector = env["ticket.billing.connector"].create(
        {
            "name": "Zammad",
            "system": "zammad",
            "base_url": url,
            "secret": secret,
            "allow_http": True,
            "allow_private_address": True,
            "write_back": "note",
            "state": "active",
        }
    )
    ticket = env["helpdesk.ticket"].search([("billing_contract_id", "=", contract)])
    env["ticket.billing.link"].create(
        {
            "connector_id": connector.id,
            "remote_type": "ticket",
            "remote_id": remote_id,
            "res_id": ticket.id,
        }
    )
    return connector.id


def post(env, contracts: list[int]) -> list[str]:
    """Post the invoices of these contracts; their numbers."""
    moves = _get_invoices(env, contracts)
    moves.action_post()
    return moves.mapped("name")


def write_back(env, connector: int) -> list[str]:
    """The scheduled action that writes to ticket systems; the states afterwards."""
    env["ticket.billing.write.back.sender"]._cron_send()
    return get_write_backs(env, connector)


def get_write_backs(env, connector: int) -> list[str]:
    rows = env["ticket.billing.write.back"].search([("connector_id", "=", connector)])
    return rows.mapped("state")


def receive_event(env, connector: int, ticket: str) -> None:
    """What the address for webhooks does with an event whose sender is proven."""
    record = env["ticket.billing.connector"].browse(connector)
    event = SimpleNamespace(key=f"event-{ticket}", ticket=ticket, deleted=False)
    env["ticket.billing.hook.event"]._receive(record, event, {})


def process_events(env) -> list[str]:
    """The scheduled action that processes webhooks; the states afterwards."""
    env["ticket.billing.hook.event"]._cron_process()
    return get_events(env)


def get_events(env) -> list[str]:
    return env["ticket.billing.hook.event"].search([], order="id").mapped("state")


def get_ticket_names(env, connector: int) -> list[str]:
    links = env["ticket.billing.link"].search(
        [("connector_id", "=", connector), ("remote_type", "=", "ticket")]
    )
    return env["helpdesk.ticket"].browse(links.mapped("res_id")).mapped("name")


# ---------------------------------------------------------------- ingestion API


def create_api_key(env) -> int:
    """A key of a source of its own, whose customer is known by its number."""
    if not env["res.partner"].search([("ref", "=", "INTAKE")]):
        env["res.partner"].create({**_prepare_partner(env, 0), "ref": "INTAKE"})
    source = env["ticket.billing.connector"].create(
        {"name": "Own system", "system": "pushed"}
    )
    source.action_activate()
    values = {"name": "Key", "connector_id": source.id}
    return env["ticket.billing.api.key"].create(values).id


def send(env, key: int, collection: str, data, once="") -> tuple[int, bytes]:
    """Send records with an API key; return status and body of the answer."""
    # The worker knows the add-ons' folder only once it has read its options.
    from odoo.addons.ticket_billing_connectors.intake.messages import Incoming

    key = env["ticket.billing.api.key"].browse(key)
    incoming = Incoming("POST", collection, body=json.dumps(data).encode(), once=once)
    answer = env["ticket.billing.api"]._serve(key, incoming)
    return answer.status, answer.body


def count_sent(env, key: int) -> dict:
    """How many tickets and kept answers there are of the source of a key."""
    key = env["ticket.billing.api.key"].browse(key)
    links = [("connector_id", "=", key.connector_id.id), ("remote_type", "=", "ticket")]
    found = env["ticket.billing.link"].search(links)
    return {
        "links": len(found),
        "tickets": len(env["helpdesk.ticket"].browse(found.mapped("res_id")).exists()),
        "answers": env["ticket.billing.api.answer"].search_count(
            [("key_id", "=", key.id)]
        ),
    }
