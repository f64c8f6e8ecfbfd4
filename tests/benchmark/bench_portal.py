"""What pages of the portal take, beside Odoo's own page of invoices.

    python tests/benchmark/bench_portal.py --config odoo.conf --database NAME \\
        --url http://127.0.0.1:8069

One customer with thousands of entries, asked for over HTTP by one of its contacts.
"""

import argparse
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import requests
from billing_benchmark import say
from dataset import INVOICE_DAY, Dataset
from lxml import html

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from odoo_session import add_arguments, odoo_environment  # noqa: E402

LOGIN = PASSWORD = "benchmark-portal"
REPEATS = 7


def create_work(env, tickets: int, entries: int):
    """Posted invoices of one customer, one per ticket; a contact with a login."""
    dataset = Dataset(env, tickets, entries)
    dataset.policy.write(
        {"portal_show_price": True, "invoice_grouping": "ticket", "release": "post"}
    )
    contract = dataset.create_contracts(1)
    allotment = {"name": "Included", "contract_id": contract.id, "hours": 20}
    dataset.env["ticket.billing.allotment"].create(allotment)
    run = dataset.env["ticket.billing.run"].create(
        {"date": INVOICE_DAY, "company_id": dataset.company.id}
    )
    run.action_bill()
    run.action_release()
    create_contact(dataset.env, contract.partner_id)
    return contract


def create_contact(env, customer):
    contact = env["res.partner"].create(
        {"name": "Clara", "parent_id": customer.id, "email": "clara@customer.example"}
    )
    env["res.users"].with_context(no_reset_password=True).create(
        {
            "partner_id": contact.id,
            "login": LOGIN,
            "password": PASSWORD,
            "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
        }
    )


def log_in(url: str, database: str) -> requests.Session:
    session = requests.Session()
    session.get(f"{url}/web/login", params={"db": database}, timeout=60)
    page = session.get(f"{url}/web/login", timeout=60)
    token = html.fromstring(page.text).xpath(
        "string(//input[@name='csrf_token']/@value)"
    )
    form = {"csrf_token": token, "login": LOGIN, "password": PASSWORD}
    session.post(f"{url}/web/login", data=form, timeout=60).raise_for_status()
    return session


def measure(session: requests.Session, url: str) -> float:
    """Median milliseconds of a page once it is warm."""
    seconds = []
    for _repeat in range(REPEATS + 1):
        start = perf_counter()
        answer = session.get(url, allow_redirects=False, timeout=60)
        seconds.append(perf_counter() - start)
        if answer.status_code != 200:
            raise RuntimeError(f"{url} answered {answer.status_code}")
    return 1000 * median(seconds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--url", required=True, help="where the database is served")
    parser.add_argument("--tickets", type=int, default=200)
    parser.add_argument("--entries", type=int, default=50, help="per ticket")
    options = parser.parse_args()
    with odoo_environment(options.config, options.database) as env:
        contract = create_work(env, options.tickets, options.entries)
        ticket = contract.ticket_ids[0]
        env.cr.commit()
        pages = {
            "odoo_invoices": "/my/invoices",
            "services": "/my/services",
            "hours": "/my/hours",
            "hours_by_ticket": "/my/hours?groupby=ticket",
            "ticket": f"/my/ticket/{ticket.id}",
            "contract": f"/my/contracts/{contract.id}",
        }
    say("portal_entries", options.tickets * options.entries, 0, "")
    session = log_in(options.url, options.database)
    for name, path in pages.items():
        say(f"portal_{name}", measure(session, options.url + path), 0, "ms")


if __name__ == "__main__":
    main()
