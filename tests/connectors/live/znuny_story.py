"""Write the recorded Znuny story as tables, to compute invoices by hand.

    python znuny_story.py RECORDINGS_FOLDER > story.md

Bookings come from the ticket histories: one row each, the work ends at the row's
CreateTime. The sums are checked against the tickets and the agents' accounted time.
"""

import json
import pathlib
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
UTC = ZoneInfo("UTC")


def load(folder, prefix):
    """Answers of all exchanges whose name starts with ``prefix``."""
    for path in sorted(pathlib.Path(folder).glob(f"[0-9]*-{prefix}*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))["response_body"]


def local(text, minutes=0):
    """Znuny's UTC text as Berlin time, ``minutes`` earlier."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - timedelta(minutes=float(minutes))).astimezone(BERLIN)


def read_tickets(folder):
    """All tickets by id, in the order of their ids."""
    tickets = {
        ticket["TicketID"]: ticket
        for answer in load(folder, "ticket-list-batch-")
        for ticket in answer["Ticket"]
    }
    return dict(sorted(tickets.items()))


def read_histories(folder):
    return {
        int(history["TicketID"]): history["History"]
        for answer in load(folder, "ticket-history-")
        for history in answer.get("TicketHistory", [])
    }


def read_bookings(tickets, histories):
    """Bookings as dicts: ticket, article, end (UTC text), minutes, agent id."""
    bookings = []
    for ticket_id in tickets:
        for row in histories[ticket_id]:
            if row["HistoryType"] == "TimeAccounting":
                bookings.append(
                    {
                        "ticket": ticket_id,
                        "article": row["ArticleID"],
                        "end": row["CreateTime"],
                        "minutes": Decimal(row["Name"].split("%%")[1]),
                        "agent": row["CreateBy"],
                    }
                )
    return bookings


def check(folder, tickets, bookings):
    """Histories, tickets and agents must tell the same sums."""
    for ticket_id, ticket in tickets.items():
        total = sum(b["minutes"] for b in bookings if b["ticket"] == ticket_id)
        assert total == Decimal(str(ticket["TimeUnit"])), (ticket_id, total)
    accounted = sum(
        Decimal(row["TimeUnit"])
        for answer in load(folder, "time-accounting-")
        for row in answer.get("TimeAccountingResult", [])
    )
    assert accounted == sum(b["minutes"] for b in bookings), accounted


def activity(article):
    fields = {field["Name"]: field["Value"] for field in article["DynamicField"]}
    return fields.get("Activity") or ""


def plain(number):
    return f"{number.normalize():f}"


def purchase_order(ticket):
    fields = {f["Name"]: f["Value"] for f in ticket.get("DynamicField", [])}
    return fields.get("PurchaseOrder") or ""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in cells) + "\n"


def ticket_rows(tickets):
    for ticket_id, ticket in tickets.items():
        closed = ticket.get("Closed")
        yield (
            ticket_id,
            ticket["TicketNumber"],
            f"{ticket['CustomerID']} / {ticket['CustomerUserID']}",
            f"`{ticket['Title']}`",
            ticket["Queue"],
            ticket["State"],
            f"{local(ticket['Created']):%d.%m. %H:%M}",
            f"{local(closed):%d.%m. %H:%M}" if closed else "",
            purchase_order(ticket),
            ticket["TimeUnit"],
        )


def booking_rows(tickets, bookings):
    agents = {ticket["OwnerID"]: ticket["Owner"] for ticket in tickets.values()}
    for booking in sorted(bookings, key=lambda b: (b["ticket"], b["end"])):
        ticket = tickets[booking["ticket"]]
        article = next(
            a for a in ticket["Article"] if a["ArticleID"] == booking["article"]
        )
        end = local(booking["end"])
        start = local(booking["end"], max(booking["minutes"], 0))
        yield (
            booking["ticket"],
            ticket["TicketNumber"],
            ticket["CustomerID"],
            booking["article"],
            f"{start:%a %d.%m.%Y %H:%M %Z}",
            f"{end:%a %d.%m.%Y %H:%M %Z}",
            plain(booking["minutes"]),
            agents[booking["agent"]],
            activity(article),
            article["Body"],
        )


def total_rows(tickets, bookings):
    totals = defaultdict(Decimal)
    for booking in bookings:
        company = tickets[booking["ticket"]]["CustomerID"]
        totals[company, f"{local(booking['end']):%Y-%m}"] += booking["minutes"]
    for (company, month), minutes in sorted(totals.items()):
        yield company, month, plain(minutes), f"{minutes / 60:.2f}"


def main(folder):
    tickets = read_tickets(folder)
    bookings = read_bookings(tickets, read_histories(folder))
    check(folder, tickets, bookings)
    print("# The recorded story: Nordlicht IT-Service GmbH, autumn 2026\n")
    print(
        "Generated by `tests/connectors/live/znuny_story.py`. Times are Europe/Berlin;"
    )
    print("a booking ends when it was made and starts its minutes earlier; the seconds")
    print("of half minutes are not shown.\n")
    print(f"## {len(tickets)} tickets\n")
    head = "id|number|customer|title|queue|state|created|closed|order|minutes"
    print(table(head.split("|"), ticket_rows(tickets)))
    print(f"## {len(bookings)} bookings\n")
    head = "ticket|number|customer|article|start|end|minutes|agent|activity|text"
    print(table(head.split("|"), booking_rows(tickets, bookings)))
    print("## Sums as booked\n")
    print(
        table(["customer", "month", "minutes", "hours"], total_rows(tickets, bookings))
    )


if __name__ == "__main__":
    main(sys.argv[1])
