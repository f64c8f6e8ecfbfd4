"""Processes that bill are killed with SIGKILL: both invoice and mark, or neither."""

import os
from signal import SIGKILL

RUN = "ticket.billing.run"
INVOICER = "ticket.billing.invoicer"


def check_billed_once(facts: list[dict], net=90.0, minutes=60) -> None:
    for fact in facts:
        assert (fact["invoices"], fact["net"]) == (1, net), fact
        assert fact["billed"] == fact["worked"] == minutes, fact


def test_killed_between_invoice_and_marks(one, mortal):
    contracts = one.call("create_customers", count=3)
    mortal.arm(INVOICER, "_create_items", "kill", before=True)
    mortal.start("run_scheduled")
    assert mortal.await_death() == SIGKILL
    for fact in one.call("look", contracts=contracts):
        assert (fact["invoices"], fact["billed"]) == (0, 0)
    assert one.call("run_scheduled")["error"] is None
    check_billed_once(one.call("look", contracts=contracts))


def test_killed_after_the_commit(one, mortal):
    """The invoices are there; nobody makes them again."""
    contracts = one.call("create_customers", count=2, release="send")
    mortal.arm(RUN, "_bill_scheduled", "kill")
    mortal.start("run_scheduled")
    assert mortal.await_death() == SIGKILL
    facts = one.call("look", contracts=contracts)
    check_billed_once(facts)
    assert [fact["lines"] for fact in facts] == [["billed"], ["billed"]]
    one.call("run_scheduled")
    assert one.call("look", contracts=contracts) == facts


def test_large_run_is_resumed(one, mortal):
    """Killed after 60 % of the batches, the rest is billed by the next call.

    TICKET_BILLING_CUSTOMERS=500 TICKET_BILLING_ENTRIES=20 is the full size.
    """
    customers = int(os.environ.get("TICKET_BILLING_CUSTOMERS", "60"))
    entries = int(os.environ.get("TICKET_BILLING_ENTRIES", "3"))
    contracts = one.call(
        "create_customers", count=customers, entries=entries, line_grouping="ticket"
    )
    batches = int(0.6 * -(-customers // 25))
    mortal.arm(RUN, "_bill_scheduled", "kill", skip=batches - 1)
    mortal.start("run_scheduled")
    assert mortal.await_death() == SIGKILL
    facts = one.call("look", contracts=contracts)
    done = [fact for fact in facts if fact["invoices"]]
    check_billed_once(done, 90.0 * entries, 60 * entries)
    assert len(done) == 25 * batches
    assert {fact["billed"] for fact in facts if not fact["invoices"]} == {0}
    ended = one.call("run_scheduled")
    assert ended["error"] is None
    facts = one.call("look", contracts=contracts)
    check_billed_once(facts, 90.0 * entries, 60 * entries)
    assert all(fact["lines"] == ["billed"] for fact in facts)
    # Reported batch by batch.
    assert ended["progress"] == len(contracts) - len(done)
