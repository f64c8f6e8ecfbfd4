"""Every scenario of a file, through the real billing run, in its own savepoint."""

import pytest
from player import play
from rows import NotSupported
from vocabulary import UnknownKey

from odoo.addons.ticket_billing.tests.common import TicketBillingCase


@pytest.fixture(scope="module")
def company_case():
    """The company and its chart of accounts, once for all scenarios."""
    TicketBillingCase.setUpClass()
    yield TicketBillingCase
    TicketBillingCase.tearDownClass()
    TicketBillingCase.doClassCleanups()


@pytest.fixture
def case(company_case):
    """The set-up, to which everything is rolled back."""
    env = company_case.env
    with env.cr.savepoint() as savepoint:
        yield company_case
        savepoint.rollback()
        env.invalidate_all(flush=False)


def test_scenario(case, scenario: dict):
    try:
        differences = play(case, scenario)
    except NotSupported as error:
        pytest.fail(f"not supported yet: {error}", pytrace=False)
    except UnknownKey as error:
        pytest.fail(str(error), pytrace=False)
    if differences:
        pytest.fail("\n".join(differences), pytrace=False)
