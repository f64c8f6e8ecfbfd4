"""Pricing core: pure functions from work and conditions to billing items.

Imports neither Odoo nor the network. See :func:`rate`.
"""

from .allotments import balance
from .charges import Travel, distance_travel, flat_travel, marked_up, zone_travel
from .corrections import correct, gather
from .credited import Credited, use_up
from .engine import rate
from .errors import (
    AmbiguousRate,
    ConfigurationError,
    NoRate,
    RatingError,
    UnknownLocation,
)
from .explain import reproduce
from .holidays import PublicHolidays
from .limits import correct_limits
from .lines import lines
from .minutes import billable_minutes
from .rates import find_conflicts
from .results import Balance, Item, Line, Rating, Step
from .types import (
    Allotment,
    CarryOver,
    Charge,
    Conditions,
    Entry,
    FlatFee,
    History,
    HolidayCalendar,
    Incident,
    Key,
    Rate,
    Rounding,
    Window,
)
from .windows import DayPlan, plan_week

__all__ = [
    "Allotment",
    "AmbiguousRate",
    "Balance",
    "CarryOver",
    "Charge",
    "Conditions",
    "ConfigurationError",
    "Credited",
    "DayPlan",
    "Entry",
    "FlatFee",
    "History",
    "HolidayCalendar",
    "Incident",
    "Item",
    "Key",
    "Line",
    "NoRate",
    "PublicHolidays",
    "Rate",
    "Rating",
    "RatingError",
    "Rounding",
    "Step",
    "Travel",
    "UnknownLocation",
    "Window",
    "balance",
    "billable_minutes",
    "correct",
    "correct_limits",
    "distance_travel",
    "find_conflicts",
    "flat_travel",
    "gather",
    "lines",
    "marked_up",
    "plan_week",
    "rate",
    "reproduce",
    "use_up",
    "zone_travel",
]
