"""From raw minutes to billable minutes."""

from collections.abc import Mapping, Sequence

from .errors import ConfigurationError
from .explain import step
from .lines import owner
from .results import Step
from .segments import Segment, Work
from .types import Conditions, History, Key, Rounding


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


def round_works(
    works: Sequence[Work], conditions: Conditions, history: History
) -> None:
    """Set the billable minutes of all segments, rounding each scope once.

    Where a scope goes over several invoice lines, its surplus becomes a segment
    of its own; otherwise the last segment takes it. What was rounded by an earlier
    run stays as it is.
    """
    rounding = conditions.rounding
    for work in works:
        if work.entry.billable is not None:
            spread(work.segments, work.entry.billable - work.minutes)
    if rounding == Rounding():
        return
    scopes: dict[Key, list[Work]] = {}
    for work in works:
        if work.entry.billable is not None:
            continue
        scopes.setdefault(_scope(work, rounding.scope), []).append(work)
    remembered = _remembered(rounding, history)
    explained: dict[tuple, Step] = {}
    for key, members in scopes.items():
        raw = sum(work.minutes for work in members)
        before = remembered.get(key)
        if (raw, before) not in explained:
            explained[raw, before] = _explain(raw, rounding, before)
        _round_scope(key, members, conditions, raw, explained[raw, before])


def _remembered(rounding: Rounding, history: History) -> Mapping[Key, tuple[int, int]]:
    """Raw and billable minutes that earlier runs settled, by scope."""
    if rounding.memory != "lifetime" or rounding.scope != "ticket":
        return {}
    tickets = history.rounded_tickets.items()
    return {_ticket_scope(ticket): minutes for ticket, minutes in tickets}


def _ticket_scope(ticket: Key, is_free: bool = False) -> Key:
    return (is_free, "ticket", ticket)


def _scope(work: Work, scope: str) -> Key:
    """What the minutes of ``work`` are rounded together with."""
    entry = work.entry
    is_free = work.kind == "goodwill"  # rounded apart from what is charged
    if scope == "invoice":
        return (is_free, "invoice", entry.invoice)
    if scope == "ticket":
        return _ticket_scope(entry.ticket, is_free)
    if scope == "visit" and entry.visit is not None:
        return (is_free, "visit", entry.visit)
    return (is_free, "entry", entry.key)


def _explain(raw: int, rounding: Rounding, before: tuple[int, int] | None) -> Step:
    raw_before, billable_before = before or (0, 0)
    billable = billable_minutes(raw_before + raw, rounding) - billable_before
    memory = {}
    if before:
        memory = {"raw_before": raw_before, "billable_before": billable_before}
    return step(
        "rounding",
        raw=raw,
        billable=max(billable, 0),
        increment=rounding.increment,
        mode=rounding.mode,
        scope=rounding.scope,
        first_block=rounding.first_block,
        minimum=rounding.minimum,
        **memory,
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
    the work, nor where earlier runs billed them: then they are taken off the work
    itself.
    """
    if len(works) == 1:
        return False
    if surplus < 0 and (conditions.allotments or works[0].is_remembered):
        return False
    return len({owner(work.entry, conditions) for work in works}) > 1


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
