"""Two processes bill the same customers at once: everything once, nobody waits."""

import pytest
from processes import WorkerFailed
from test_killed_runs import INVOICER, RUN, check_billed_once

CLAIM = ("ticket.billing.contract", "_claim")


def settle(worker, contracts: list[int]) -> list[dict]:
    """What there is once nothing is left to do."""
    ended = worker.call("run_scheduled")
    assert (ended["error"], ended["failures"], ended["active"]) == (None, 0, True)
    return worker.call("look", contracts=contracts)


def test_two_runs_of_a_customer_in_the_same_second(one, two):
    contracts = one.call("create_customers", count=1)
    runs = [worker.call("create_run") for worker in (one, two)]
    one.arm(INVOICER, "_create_items", "pause")
    one.start("bill", run=runs[0])
    one.await_pause()
    # The other one does not wait: the customer stays to do.
    assert two.call("bill", run=runs[1]) == "running"
    one.resume()
    assert one.result() == "done"
    [fact] = settle(two, contracts)
    check_billed_once([fact])
    assert fact["lines"] == ["billed", "nothing"]


def test_run_that_began_before_the_other_had_ended(one, two):
    """It sees the database as it was before, and must not act on that."""
    contracts = one.call("create_customers", count=1)
    runs = [worker.call("create_run") for worker in (one, two)]
    two.arm(*CLAIM, "pause", before=True)
    two.start("bill", run=runs[1])
    two.await_pause()
    assert one.call("bill", run=runs[0]) == "done"
    two.resume()
    two.result()
    check_billed_once(settle(two, contracts))


def test_index_is_the_last_line_of_defence(one, mortal):
    """Without claims the database itself refuses the second item of an entry."""
    contracts = one.call("create_customers", count=1)
    runs = [worker.call("create_run") for worker in (one, mortal)]
    mortal.arm(*CLAIM, "disable")
    mortal.arm(RUN, "_bill_group", "pause", before=True)
    mortal.start("bill", run=runs[1])
    mortal.await_pause()
    assert one.call("bill", run=runs[0]) == "done"
    mortal.resume()
    assert mortal.result() == "partly"
    [fact] = one.call("look", contracts=contracts)
    check_billed_once([fact])
    [message] = fact["messages"]
    assert "has a live billing item already" in message
    assert one.call("bill", run=runs[1]) == "done"
    check_billed_once(one.call("look", contracts=contracts))


def test_create_in_two_windows(one, two):
    contracts = one.call("create_customers", count=1)
    run = one.call("create_run")
    one.arm(INVOICER, "_create_items", "pause")
    one.start("bill", run=run)
    one.await_pause()
    with pytest.raises(WorkerFailed, match="in another window"):
        two.call("bill", run=run)
    one.resume()
    assert one.result() == "done"
    with pytest.raises(WorkerFailed, match="is Done: this step is not possible now"):
        two.call("bill", run=run)
    check_billed_once(two.call("look", contracts=contracts))


def test_release_in_two_windows(one, two):
    contracts = one.call("create_customers", count=1)
    run = one.call("create_run")
    one.call("bill", run=run)
    one.arm("account.move", "_post", "pause")
    one.start("release", run=run)
    one.await_pause()
    with pytest.raises(WorkerFailed, match="in another window"):
        two.call("release", run=run)
    one.resume()
    one.result()
    two.call("release", run=run)
    check_billed_once(two.call("look", contracts=contracts))


def test_preview_beside_a_run(one, two):
    """What is being billed gets no proposals that stand in the way."""
    contracts = one.call("create_customers", count=2)
    run = one.call("create_run")
    one.arm(INVOICER, "_create_items", "pause", before=True)
    one.start("run_scheduled")
    one.await_pause()
    two.call("preview", run=run)
    one.resume()
    assert one.result()["error"] is None
    check_billed_once(settle(two, contracts))


def test_scheduled_action_beside_a_manual_run(one, two):
    shared = one.call("create_customers", count=3)
    manual = one.call("create_customers", count=2, trigger="manual")
    run = two.call("create_run")
    one.arm(INVOICER, "_create_items", "pause")
    one.start("run_scheduled")
    one.await_pause()
    assert two.call("bill", run=run) == "running"
    check_billed_once(two.call("look", contracts=manual))
    one.resume()
    assert one.result()["error"] is None
    facts = settle(two, shared + manual)
    check_billed_once(facts)
    assert all("todo" not in fact["lines"] for fact in facts)
    assert set(two.call("get_runs", contracts=shared)) == {"done"}


@pytest.mark.parametrize("fault", ["conflict", "deadlock"])
def test_conflict_of_the_third_customer(one, fault):
    contracts = one.call("create_customers", count=4)
    third = one.call("get_partner", contract=contracts[2])
    # In the batch, and once more alone.
    one.arm(RUN, "_bill_group", fault, partner=third, times=2)
    check_billed_once(settle(one, contracts))


def test_retries_have_an_end(one):
    contracts = one.call("create_customers", count=3)
    third = one.call("get_partner", contract=contracts[2])
    # One batch and five tries alone.
    one.arm(RUN, "_bill_group", "conflict", partner=third, times=6)
    *others, unlucky = settle(one, contracts)
    check_billed_once(others)
    assert (unlucky["invoices"], unlucky["activities"]) == (0, 1)
    assert unlucky["lines"] == ["held"]
    assert one.call("get_runs", contracts=contracts) == ["partly"]
    run = one.call("create_run")
    one.call("bill", run=run)
    [unlucky] = one.call("look", contracts=contracts[2:])
    check_billed_once([unlucky])
    assert unlucky["activities"] == 0


def test_broken_extension_holds_one_customer_only(one):
    """An error beside the savepoints: the action goes on and stays active."""
    contracts = one.call("create_customers", count=3, release="post")
    second = one.call("get_partner", contract=contracts[1])
    one.arm(RUN, "_post_automatically", "crash", partner=second, times=2)
    first, broken, third = settle(one, contracts)
    check_billed_once([first, third])
    assert (broken["invoices"], broken["lines"]) == (0, ["held"])
    assert "broken by a module" in broken["messages"][0]
    assert broken["activities"] == 1
    run = one.call("create_run")
    one.call("bill", run=run)
    check_billed_once(one.call("look", contracts=contracts))


# ------------------------------------------------------------- work while billing


def pause_after_collecting(worker) -> None:
    worker.arm(RUN, "_get_work", "pause")
    worker.start("run_scheduled")
    worker.await_pause()


def test_work_added_during_a_run_goes_to_the_next(one, two):
    contracts = one.call("create_customers", count=1)
    pause_after_collecting(one)
    two.call("log_more", contracts=contracts, minutes=30)
    one.resume()
    assert one.result()["error"] is None
    [fact] = two.call("look", contracts=contracts)
    assert (fact["invoices"], fact["billed"], fact["worked"]) == (1, 60, 90)
    [fact] = settle(two, contracts)
    assert (fact["invoices"], fact["billed"], fact["net"]) == (2, 90, 135.0)


def test_minutes_changed_during_a_run_are_not_lost(one, two):
    contracts = one.call("create_customers", count=2)
    pause_after_collecting(one)
    two.call("change_minutes", contract=contracts[0], minutes=100)
    one.resume()
    changed, other = settle(two, contracts) if one.result() else []
    check_billed_once([changed], 150.0, 100)
    check_billed_once([other])


def test_entry_is_locked_for_who_began_before_it_was_billed(one, two):
    contracts = one.call("create_customers", count=1)
    two.arm("account.analytic.line", "_check_billing_unlocked", "pause")
    two.start("change_minutes", contract=contracts[0], minutes=100)
    two.await_pause()
    check_billed_once(settle(one, contracts))
    two.resume()
    with pytest.raises(WorkerFailed, match="is settled"):
        two.result()
    check_billed_once(one.call("look", contracts=contracts))


def test_ticket_reopened_during_a_run(one, two):
    contracts = one.call("create_customers", count=1, trigger="ticket_closed")
    one.call("set_stage", contract=contracts[0], stage="done")
    pause_after_collecting(one)
    two.call("set_stage", contract=contracts[0], stage="in_progress")
    two.call("log_more", contracts=contracts, minutes=30)
    one.resume()
    assert one.result()["error"] is None
    [fact] = settle(two, contracts)
    assert (fact["invoices"], fact["billed"], fact["worked"]) == (1, 60, 90)
    two.call("set_stage", contract=contracts[0], stage="done")
    [fact] = settle(two, contracts)
    assert (fact["invoices"], fact["billed"], fact["net"]) == (2, 90, 135.0)
