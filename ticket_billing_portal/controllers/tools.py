"""Small helpers of the portal pages."""


def format_minutes(minutes: int) -> str:
    """Whole minutes as hours and minutes, for example ``"1:05"``."""
    return f"{minutes // 60}:{minutes % 60:02d}"
