"""The main job: tickets come in over HTTP and leave as invoices by e-mail.

Runs on the demo database: reads the recorded ticket server through the connector,
bills and delivers by the scheduled actions, keeps the documents in a folder, and
prints what came in and what went out. Running it again finds nothing to do.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from console import SetupError, exit_with, say, step
from odoo_session import add_arguments, odoo_environment

SYSTEM = "znuny"
LOGIN = "agent.anna"
PASSWORD = "replay"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--url", required=True, help="where Odoo is served")
    parser.add_argument("--services", type=Path, required=True, help="their addresses")
    parser.add_argument("--documents", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    services = json.loads(arguments.services.read_text())
    with odoo_environment(arguments.config, arguments.database) as env:
        with step("Prepare letterhead, e-invoice formats and mail server"):
            prepare_company(env)
            prepare_customers(env)
            prepare_mail(env, services["smtp_port"])
        connector = prepare_connector(env, services["znuny_url"])
        env.cr.commit()
        import_tickets(env, connector)
        bill(env)
        deliver(env)
        files = export_documents(env, arguments.documents)
        print_tickets(env)
        print_invoices(env, files, arguments.documents)
        print_held(env)
        return check(env, files)


# ------------------------------------------------------------------------ prepare


def prepare_company(env) -> None:
    """German letterhead on every page (DIN 5008)."""
    company = env.company
    layout = env.ref("l10n_din5008.external_layout_din5008")
    if company.external_report_layout_id != layout:
        company.external_report_layout_id = layout
        company.paperformat_id = env.ref("l10n_din5008.paperformat_euro_din")


def prepare_customers(env) -> None:
    """One customer gets XRechnung beside the PDF, the others ZUGFeRD inside it."""
    formats = {"WEBER": "xrechnung", "SEIDEL": "facturx", "MORGENROT": "facturx"}
    for partner in env["res.partner"].search([("ref", "in", list(formats))]):
        if partner.invoice_edi_format != formats[partner.ref]:
            partner.invoice_edi_format = formats[partner.ref]


def prepare_mail(env, port: int) -> None:
    server = env["ir.mail_server"].search([("name", "=", "Demo mail folder")])
    vals = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"}
    if server:
        server.write(vals)
    else:
        server.create({"name": "Demo mail folder", **vals})


def prepare_connector(env, url: str):
    connector = env["ticket.billing.connector"].search([("system", "=", SYSTEM)])
    # A connector that moves to another address forgets what it was trusted with.
    access = {
        "base_url": url,
        "secret": PASSWORD,
        "allow_http": True,
        "allow_private_address": True,
    }
    if not connector:
        connector = connector.create(
            {
                "name": "Znuny (recorded)",
                "system": SYSTEM,
                "login": LOGIN,
                "activity_field": "Activity",
                "purchase_order_field": "PurchaseOrder",
                "booking_time": "end",
                "date_from": "2026-10-01",
                "work_type_id": env.ref("ticket_billing.work_type_remote").id,
                "user_id": env.ref("base.user_admin").id,
                **access,
            }
        )
        connector.action_activate()
    elif connector.base_url != url:
        connector.write(access)
    return connector


# --------------------------------------------------------------------------- work


def run_scheduled(env, xmlid: str) -> None:
    """Run a scheduled action as the scheduler does."""
    env.cr.commit()
    env.ref(xmlid).method_direct_trigger()
    env.cr.commit()
    env.invalidate_all()


def import_tickets(env, connector) -> None:
    with step(f"Read the ticket server on {connector.base_url}"):
        run_scheduled(env, "ticket_billing_connectors.ir_cron_synchronise")
        log = connector.log_ids.sorted("id")[-1:]
        if connector.last_error:
            raise SetupError(connector.last_error, "see the connector in Odoo.")
        say(f"    {log.display_name}: {log.summary}")


def bill(env) -> None:
    with step("Bill what is due (scheduled action)"):
        before = env["account.move"].search_count([("billing_run_id", "!=", False)])
        run_scheduled(env, "ticket_billing.ir_cron_bill")
        after = env["account.move"].search_count([("billing_run_id", "!=", False)])
        say(f"    {after - before} new invoices")


def deliver(env) -> None:
    pending = [("billing_delivery_state", "=", "pending")]
    with step("Render PDF and e-invoice, send e-mails (scheduled action)"):
        count = env["account.move"].search_count(pending)
        if count:
            run_scheduled(env, "ticket_billing.ir_cron_deliver")
        left = env["account.move"].search_count(pending)
        say(f"    {count - left} invoices sent")


def export_documents(env, folder: Path) -> dict[int, list[Path]]:
    """Write PDF and XML of every invoice to ``folder``; files per invoice id."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for move in billed_moves(env):
        attachments = move.invoice_pdf_report_id | move.ubl_cii_xml_id
        files[move.id] = []
        for attachment in attachments:
            path = folder / attachment.name
            path.write_bytes(attachment.raw)
            files[move.id].append(path)
    return files


def billed_moves(env):
    return env["account.move"].search(
        [("billing_run_id", "!=", False)], order="partner_id, name, id"
    )


# -------------------------------------------------------------------------- tables


def print_table(title: str, header: list[str], rows: list[list]) -> None:
    """Print rows below a header; figures to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [header, *texts]) for i in range(len(header))]
    say(f"\n{title}")
    say(
        "  ".join(name.ljust(width) for name, width in zip(header, widths, strict=True))
    )
    say("  ".join("-" * width for width in widths))
    for row, text in zip(rows, texts, strict=True):
        cells = [
            part.rjust(width)
            if isinstance(cell, int | float) or _is_amount(part)
            else part.ljust(width)
            for cell, part, width in zip(row, text, widths, strict=True)
        ]
        say("  ".join(cells).rstrip())


def _is_amount(text: str) -> bool:
    return text.replace(".", "").replace("-", "").isdigit() and "." in text


def print_tickets(env) -> None:
    rows = []
    for ticket in env["helpdesk.ticket"].search([], order="number, id"):
        items = ticket.billing_item_ids.filtered("live")
        states = Counter(items.mapped("state"))
        rows.append(
            [
                ticket.number,
                (ticket.commercial_partner_id.name or "-")[:28],
                ticket.name[:34],
                ticket.spent_minutes,
                ", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "-",
                ", ".join(items.invoice_id.sorted("id").mapped("name")) or "-",
            ]
        )
    header = ["Ticket", "Customer", "Title", "Minutes", "Items", "Invoice"]
    print_table("What came in", header, rows)


def print_invoices(env, files: dict[int, list[Path]], folder: Path) -> None:
    rows = []
    for move in billed_moves(env):
        tickets = move.billing_item_ids.ticket_id
        rows.append(
            [
                move.name or "draft",
                move.partner_id.name[:28],
                len(tickets),
                len(move.billing_item_ids),
                sum(move.billing_item_ids.mapped("billable_minutes")),
                f"{move.amount_untaxed:.2f}",
                f"{move.amount_total:.2f}",
                move.billing_delivery_state or "-",
                ", ".join(path.name for path in files[move.id]) or "-",
            ]
        )
    header = ["Invoice", "Customer", "Tickets", "Items", "Minutes", "Net", "Gross",
              "Mail", "Documents"]  # fmt: skip
    print_table("What went out", header, rows)
    say(f"\nDocuments: {folder}")


def print_held(env) -> None:
    """What could not be billed, with the way out."""
    rows = [
        [item.ticket_id.number, item.raw_minutes, item.message]
        for item in env["ticket.billing.item"].search([("state", "=", "held")])
    ]
    rows += [
        [record.remote_id, "", record.message]
        for record in env["ticket.billing.inbox"].search([("state", "=", "held")])
    ]
    if rows:
        print_table("Held, with the way out", ["Record", "Minutes", "Reason"], rows)


def check(env, files: dict[int, list[Path]]) -> int:
    """Exit status: every due invoice is posted, documented and mailed."""
    moves = billed_moves(env)
    problems = [
        f"{move.display_name}: {move.state}, delivery {move.billing_delivery_state}"
        f" {move.billing_delivery_message or ''}"
        for move in moves
        if move.state != "posted"
        or move.billing_delivery_state != "sent"
        or not files[move.id]
        or not all(path.stat().st_size for path in files[move.id])
    ]
    if not moves:
        problems.append("No invoice was made.")
    for problem in problems:
        say(f"ERROR: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    exit_with(main)
