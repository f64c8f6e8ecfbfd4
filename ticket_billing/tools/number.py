"""Numbers as people write them."""

from decimal import Decimal

from odoo.tools.misc import get_lang


def format_number(env, value) -> str:
    """Write a number without trailing zeros, with the user's decimal sign."""
    text = format(Decimal(str(value)).normalize(), "f")
    return text.replace(".", get_lang(env).decimal_point)
