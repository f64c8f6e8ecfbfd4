"""Minutes as people write them."""


def format_minutes(minutes: int) -> str:
    """Hours and minutes, for example ``1:05`` for 65."""
    sign = "-" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours}:{rest:02d}"
