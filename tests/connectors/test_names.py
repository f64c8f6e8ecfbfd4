"""How alike two names are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_billing_connectors.tools.names import (
    likeness,
    mail_domain,
    words_of,
)


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Weber Maschinenbau", "Weber Maschinenbau GmbH & Co. KG", 100, 100),
        ("Kanzlei Dr. Seidel", "Dr. Seidel Kanzlei", 100, 100),
        ("Müller AG", "Mueller ag", 100, 100),
        ("Bäckerei Groß e.K.", "Baeckerei Gross", 100, 100),
        ("Ostwind Logistik", "Ostwind Logistk GmbH", 90, 99),
        ("Ostwind Logistik", "Morgenrot Café", 0, 45),
        ("GmbH", "GmbH", 100, 100),
        ("", "Weber", 0, 0),
    ],
)
def test_likeness(one, other, least, most):
    assert least <= likeness(one, other) <= most
    assert likeness(one, other) == pytest.approx(likeness(other, one), abs=15)


@given(st.text(max_size=40))
def test_a_name_is_like_itself(name):
    assert likeness(name, name) == (100 if words_of(name) else 0)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("Anna@Weber.example", "weber.example"),
        ("weber.example", "weber.example"),
        ("somebody@gmx.de", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_mail_domain(address, domain):
    assert mail_domain(address) == domain
