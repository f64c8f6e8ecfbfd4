"""Two people confirm the same suggested time, or one whose process dies."""

from signal import SIGKILL

import pytest
from processes import WorkerFailed

MODEL = "ticket.billing.suggestion"


@pytest.fixture
def suggestion(one):
    [contract] = one.call("create_customers", count=1)
    tokens = {"refresh_token": "none"}
    connector = one.call(
        "create_oauth_connector", url="http://127.0.0.1:1", tokens=tokens
    )
    return one.call("create_suggestion", connector=connector, contract=contract)


def test_confirmed_at_once(one, two, suggestion):
    one.arm(MODEL, "_confirm", "pause")
    one.start("confirm_suggestion", suggestion=suggestion)
    one.await_pause()
    # It is locked: the second is told so.
    with pytest.raises(WorkerFailed, match="LockError"):
        two.call("confirm_suggestion", suggestion=suggestion)
    one.resume()
    one.result()
    two.call("confirm_suggestion", suggestion=suggestion)
    assert two.call("get_confirmed", suggestion=suggestion) == ("confirmed", [60])


def test_killed_while_confirming(one, mortal, suggestion):
    mortal.arm(MODEL, "_confirm", "kill")
    mortal.start("confirm_suggestion", suggestion=suggestion)
    assert mortal.await_death() == SIGKILL
    assert one.call("get_confirmed", suggestion=suggestion) == ("open", [])
    one.call("confirm_suggestion", suggestion=suggestion)
    assert one.call("get_confirmed", suggestion=suggestion) == ("confirmed", [60])
