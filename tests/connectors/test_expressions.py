"""What users may write as JMESPath, and what placeholders of texts are filled with."""

import time

import jmespath
import pytest

from ticket_billing_connectors.systems.expressions import (
    MAX_LENGTH,
    BadExpression,
    check_expression,
)
from ticket_billing_connectors.systems.templates import fill

DOUBLED = "|[@,@][]"


@pytest.mark.parametrize(
    "expression",
    [
        "custom_fields[?name=='Billing'].value | [0]",
        "closed_at || updated_at",
        "join(' ', [first_name, last_name])",
        "[number, title, status.name]",
        "sort_by(notes, &created)[-1].{text: text, by: author.name}",
        "@" + DOUBLED * 6,
    ],
)
def test_what_is_needed_can_be_written(expression):
    check_expression(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "a..b",
        "a" * (MAX_LENGTH + 1),
        "@" + DOUBLED * 7,
        "@" + DOUBLED * 30,
        "@" + "|{a:@,b:@}.values(@)" * 12,
        "[[@,@,@,@,@],[@,@,@,@,@],[@,@,@,@,@],[@,@,@,@,@]]",
        "(" * 125 + "@" + ")" * 124,
        "!" * 60 + "@",
        # Neither Python nor regular expressions.
        "__import__('os').system('id')",
        "row['id'] if row else 0",
        "match(title, '(a+)+$')",
    ],
)
def test_what_goes_too_far_is_refused_at_once(expression):
    began = time.monotonic()
    with pytest.raises(BadExpression):
        check_expression(expression)
    assert time.monotonic() - began < 1


def test_the_worst_that_is_allowed_ends_soon():
    rows = [{"id": number, "text": "x" * 100} for number in range(5_000)]
    for expression in ("@" + DOUBLED * 6, "!" * 40 + "@", "sort_by(@,&text)[::-1]"):
        check_expression(expression)
        began = time.monotonic()
        jmespath.search(expression, rows)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "template",
    [
        "{id.__class__}",
        "{id!r}",
        "{id:>9999999999}",
        "%(id)s",
        "${id}",
        "{{ id }}",
        "<t t-out='id'/>",
    ],
)
def test_placeholders_are_names_and_nothing_else(template):
    assert fill(template, {"id": "81"}) in (template, template.replace("{id}", "81"))


def test_what_is_filled_in_is_not_filled_again():
    assert fill("{text} {id}", {"text": "{secret}", "id": 1}) == "{secret} 1"
