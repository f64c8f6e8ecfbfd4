"""Live data through an upgrade, the removal of the add-on, and an old backup."""

import sys
from pathlib import Path

import pytest
from processes import CHECKOUT, open_server
from test_concurrent_runs import settle
from test_killed_runs import check_billed_once

sys.path.append(str(CHECKOUT / "tests" / "connectors"))

from replay_server import ReplayServer

RECORDINGS = Path(CHECKOUT) / "tests" / "connectors" / "recordings" / "znuny"
CUSTOMERS = ["WEBER", "SEIDEL", "MORGENROT"]
DAY = "2026-11-24"


@pytest.fixture
def own_server():
    with open_server("_own") as server:
        yield server


def test_upgrade_keeps_and_removal_leaves_the_invoices(own_server):
    [worker] = own_server.spawn()
    contracts = worker.call("create_customers", count=2, release="post")
    facts = settle(worker, contracts)
    check_billed_once(facts)
    posted = worker.call("get_posted")
    own_server.close()
    own_server.environment.run_odoo(
        "Upgrading", own_server.database, "--update", "ticket_billing"
    )
    worker, other = own_server.spawn(2)
    assert worker.call("look", contracts=contracts) == facts
    worker.call("run_scheduled")
    assert worker.call("get_posted") == posted
    # PostgreSQL analyses tables when it likes: the removal waits for it.
    other.arm("ir.config_parameter", "get_param", "pause")
    other.start("hold_modules")
    other.await_pause()
    worker.start("uninstall_for_good", module="ticket_billing")
    assert worker.is_busy(3)
    other.resume()
    other.result()
    worker.result()
    own_server.close()
    [worker] = own_server.spawn()
    assert worker.call("get_posted") == posted
    own_server.close()
    own_server.environment.run_odoo(
        "Installing again", own_server.database, "--init", "ticket_billing"
    )
    # The same work, recorded again as by a connector, is on no second invoice.
    [worker] = own_server.spawn()
    contracts = worker.call("create_customers", count=2, release="post")
    worker.call("run_scheduled")
    assert worker.call("get_posted") == posted
    for fact in worker.call("look", contracts=contracts):
        assert (fact["invoices"], fact["lines"]) == (0, ["held"])
    worker.call("release_work_before_reinstallation")
    worker.call("bill", run=worker.call("create_run"))
    for fact in worker.call("look", contracts=contracts):
        assert (fact["invoices"], fact["net"]) == (1, 90)


def bill_all(worker, connector: int) -> dict:
    """What the ledger says after a synchronisation and a run."""
    assert worker.call("synchronise", DAY, connector=connector) == "done"
    worker.call("bill", DAY, run=worker.call("create_run", DAY))
    return worker.call("get_ledger")


def test_backup_older_than_the_last_synchronisation(own_server):
    with ReplayServer(RECORDINGS) as replay:
        later = {key: replay.tickets.pop(key) for key in sorted(replay.tickets)[-8:]}
        [worker] = own_server.spawn()
        connector = worker.call("create_connector", url=replay.url, customers=CUSTOMERS)
        before = bill_all(worker, connector)
        assert before["net"] > 0
        backup = own_server.back_up()
        try:
            replay.tickets.update(later)
            [worker] = own_server.spawn()
            after = bill_all(worker, connector)
            assert after["net"] > before["net"]
            [restored] = backup.spawn()
            assert restored.call("get_ledger") == before
            assert bill_all(restored, connector) == after
            # And nothing more the next time.
            assert bill_all(restored, connector) == after
        finally:
            backup.close()
            backup.environment.databases.drop(backup.database)
