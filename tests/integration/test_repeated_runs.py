"""Runs again and again, by a wrong clock, in locked periods, after deletions."""

import datetime

import pytest
from processes import WorkerFailed
from test_concurrent_runs import settle
from test_killed_runs import check_billed_once


def get_today() -> datetime.date:
    """Not kept: the tests may run over midnight."""
    return datetime.date.today()


def test_repeated_and_with_the_clock_set_back(one):
    contracts = one.call("create_customers", count=2)
    facts = settle(one, contracts)
    check_billed_once(facts)
    before = one.call("count", model="account.move")
    for _number in range(9):
        one.call("run_scheduled")
    yesterday = str(get_today() - datetime.timedelta(days=1))
    assert one.call("run_scheduled", day=yesterday)["error"] is None
    assert one.call("count", model="account.move") == before
    assert one.call("look", contracts=contracts) == facts


def test_numbers_have_no_gap(one):
    """Nothing that fails, is deleted or cancelled leaves a number without document."""
    contracts = one.call("create_customers", count=6, release="post")
    broken = one.call("get_partner", contract=contracts[1])
    one.arm(
        "ticket.billing.run", "_post_automatically", "crash", partner=broken, times=2
    )
    drafts = one.call("create_customers", count=1)
    settle(one, contracts + drafts)
    one.call("delete_drafts", contracts=drafts)
    one.call("cancel_invoices", contracts=contracts[:1])
    # Deleted, its work is billed again; cancelled, it keeps its number.
    one.call("log_more", contracts=contracts[2:4], minutes=30)
    settle(one, contracts + drafts)
    numbers = one.call("get_numbers")
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    [deleted] = one.call("look", contracts=drafts)
    check_billed_once([deleted])


@pytest.mark.parametrize(
    "lock", ["fiscalyear_lock_date", "tax_lock_date", "sale_lock_date"]
)
def test_locked_period_holds_the_work(one, lock):
    contracts = one.call("create_customers", count=1)
    one.call("lock", field=lock, until=str(get_today()))
    try:
        [held] = settle(one, contracts)
    finally:
        one.call("lock", field=lock, until=None)
    assert (held["invoices"], held["lines"]) == (0, ["held"])
    assert "locked period" in held["messages"][0]
    assert held["activities"] == 1
    run = one.call("create_run")
    one.call("bill", run=run)
    [fact] = one.call("look", contracts=contracts)
    check_billed_once([fact])
    assert fact["activities"] == 0


def test_period_locked_between_billing_and_posting(one):
    contracts = one.call("create_customers", count=1)
    settle(one, contracts)
    run = one.call("get_run_ids", contracts=contracts)[-1]
    one.call("lock", field="sale_lock_date", until=str(get_today()))
    try:
        one.call("release", run=run)
    finally:
        one.call("lock", field="sale_lock_date", until=None)
    [fact] = one.call("look", contracts=contracts)
    assert fact["names"] in (["/"], [False])
    assert any("locked period" in message for message in fact["messages"])
    one.call("release", run=run)
    [fact] = one.call("look", contracts=contracts)
    assert fact["names"] not in (["/"], [False])


def test_first_open_day_where_the_policy_says_so(one):
    contracts = one.call("create_customers", count=1, locked_period="next")
    [before] = one.call("get_days", contracts=contracts)
    one.call("lock", field="fiscalyear_lock_date", until=str(get_today()))
    try:
        [fact] = settle(one, contracts)
    finally:
        one.call("lock", field="fiscalyear_lock_date", until=None)
    check_billed_once([fact])
    tomorrow = str(get_today() + datetime.timedelta(days=1))
    assert fact["dates"] == [[tomorrow, tomorrow, before]]
    assert "first open day" in one.call("get_chatter", contracts=contracts)


def test_uninstalling_is_refused_while_there_is_a_ledger(one):
    contracts = one.call("create_customers", count=1)
    check_billed_once(settle(one, contracts))
    for module in ("ticket_billing", "helpdesk_mgmt"):
        with pytest.raises(WorkerFailed, match="would bill the same work a second"):
            one.call("uninstall", module=module)
    # What does not take the ledger along may go.
    one.call("uninstall", module="ticket_billing_portal", undo=True)
