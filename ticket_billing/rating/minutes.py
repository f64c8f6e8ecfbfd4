"""From raw minutes to billable minutes."""

from collections.abc import Sequence

from .errors import ConfigurationError
from .explain import step
from .lines import owner
from .results import Step
from .segments import Segment, Work
from .types import Conditions, Key, Rounding


def check(rounding: Rounding) -> None:
    """Raise :class:`ConfigurationError` for figures that cannot round."""
    if rounding.increment < 1 or rounding.first_block < 0 or rounding.minimum < 0:
        raise ConfigurationError("rounding needs an increment of at least 1 minute")


def billable_minutes(raw: int, rounding: Rounding) -> int:
    """Round ``raw`` minutes: first block or minimum, then increments.

    Rounding up starts from the minimum, the other modes are applied before it.
    No work stays no work.
    """
    if raw <= 0:
        return 0
    base = max(raw, rounding.minimum) if rounding.mode == "up" else raw
    beyond = max(base - rounding.first_block, 0)
    billable = rounding.first_block + _round(beyond, rounding)
    return max(billable, rounding.minimum)


def _round(minutes: int, rounding: Rounding) -> int:
    increment = rounding.increment
    if rounding.mode == "up":
        return -(-minutes // increment) * increment
    if rounding.mode == "down":
        return minutes // increment * increment
    if rounding.mode == "nearest":
        return (2 * minutes + increment) // (2 * increment) * increment
    return minutes


def round_works(works: Sequence[Work], conditions: Conditions) -> None:
    """Set the billable minutes of all segments, rounding each scope once.

    Where a scope goes over several invoice lines, its surplus becomes a segment
    of its own; otherwise the last segment takes it.
    """
    rounding = conditions.rounding
    if rounding == Rounding():
        return
    scopes: dict[Key, list[Work]] = {}
    for work in works:
        scopes.setdefault(_scope(work, rounding.scope), []).append(work)
    explained: dict[int, Step] = {}
    for key, members in scopes.items():
        raw = sum(work.minutes for work in members)
        if raw not in explained:
            explained[raw] = _explain(raw, rounding)
        _round_scope(key, members, conditions, raw, explained[raw])


def _scope(work: Work, scope: str) -> Key:
    """What the minutes of ``work`` are rounded together with."""
    entry = work.entry
    is_free = work.kind == "goodwill"  # rounded apart from what is charged
    if scope == "invoice":
        return (is_free, "invoice")
    if scope == "ticket":
        return (is_free, "ticket", entry.ticket)
    if scope == "visit" and entry.visit is not None:
        return (is_free, "visit", entry.visit)
    return (is_free, "entry", entry.key)


def _explain(raw: int, rounding: Rounding) -> Step:
    return step(
        "rounding",
        raw=raw,
        billable=billable_minutes(raw, rounding),
        increment=rounding.increment,
        mode=rounding.mode,
        scope=rounding.scope,
        first_block=rounding.first_block,
        minimum=rounding.minimum,
    )


def _round_scope(
    key: Key, works: list[Work], conditions: Conditions, raw: int, explanation: Step
) -> None:
    for work in works:
        work.rounding = explanation
    surplus = explanation.figures["billable"] - raw
    if surplus and _is_visible(works, surplus, conditions):
        last = works[-1]
        end = last.segments[-1]
        last.segments.append(
            Segment(last, end.day, None, 0, surplus, end.surcharge, key)
        )
    else:
        spread([segment for work in works for segment in work.segments], surplus)


def _is_visible(works: list[Work], surplus: int, conditions: Conditions) -> bool:
    """Say whether the surplus belongs to more than one invoice line.

    Minutes that are rounded off must not be paid back where an allotment covered
    the work: then they are taken off the work itself.
    """
    if len(works) == 1 or (surplus < 0 and conditions.allotments):
        return False
    grouping = conditions.line_grouping
    return len({owner(work.entry, grouping) for work in works}) > 1


def spread(segments: Sequence[Segment], surplus: int) -> None:
    """Add ``surplus`` minutes to the last segment.

    Minutes that are rounded off (negative surplus) are taken from the end.
    """
    for segment in reversed(segments):
        change = max(surplus, -segment.billable)
        segment.billable += change
        surplus -= change
        if not surplus:
            break
