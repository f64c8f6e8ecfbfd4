"""How many time entries the pricing core rates per second, and how that grows.

Prints lines ``ratio <name> <number>``; needs neither Odoo nor a database:

    python tests/benchmark/bench_rating.py

Processor time of one core is counted, so that a busy machine changes little.
``growth`` is time per entry at the larger size by time per entry at the smaller one.
"""

import argparse
import gc
import sys
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ticket_billing"))

from rating import (  # noqa: E402
    Allotment,
    Conditions,
    Entry,
    Rate,
    Rounding,
    Window,
    rate,
)

SIZE = 100_000
GROWTH = 10
ENTRIES_PER_TICKET = 5
# Awkward on purpose, as in dataset.py.
MINUTES = (7, 50, 23, 91, 15, 38, 122, 64, 5, 45, 17, 210)
PLAIN = {
    "timezone": "Europe/Berlin",
    "rounding": Rounding(15, "up"),
    "rates": (
        Rate("standard", Decimal("95.00")),
        Rate("travel", Decimal("60.00"), work_type="travel"),
        Rate("anna", Decimal("118.00"), employee="anna"),
    ),
}
FULL = {
    **PLAIN,
    "windows": (
        Window("night", Decimal(50), time(20), time(6)),
        Window("saturday", Decimal(25), weekdays=frozenset({5})),
        Window("holiday", Decimal(100), weekdays=frozenset({6}), holidays=True),
    ),
    "default_location": "DE-BY",
    "allotments": (Allotment("hours", Decimal(60_000)),),
}


def make_entries(count: int) -> list[Entry]:
    """Work by day and by night, over a year."""
    start = datetime(2026, 1, 1, 7, tzinfo=UTC)
    people, types = cycle(("anna", "bert", "cora")), cycle(("remote", "travel", None))
    pace = timedelta(days=365) / count
    entries = []
    for key, minutes in enumerate(islice(cycle(MINUTES), count)):
        begin = start + timedelta(minutes=int(key * pace / timedelta(minutes=1)))
        entries.append(
            Entry(
                key=key,
                ticket=key // ENTRIES_PER_TICKET,
                minutes=minutes,
                day=begin.date(),
                start=begin,
                stop=begin + timedelta(minutes=minutes),
                employee=next(people),
                work_type=next(types),
            )
        )
    return entries


def seconds(conditions: Conditions, count: int, repeat: int = 1) -> float:
    """Processor time of rating ``count`` entries: the best of ``repeat`` times."""
    entries = make_entries(count)
    times = []
    for _number in range(repeat):
        gc.collect()
        begin = process_time()
        rate(conditions, entries)
        times.append(process_time() - begin)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=SIZE)
    size = parser.parse_args().entries
    for name, values in (("plain", PLAIN), ("full", FULL)):
        conditions = Conditions(**values)
        small = seconds(conditions, size, repeat=3)
        print(f"ratio core_{name}_entries_per_second {size / small:.0f}", flush=True)
        large = seconds(conditions, size * GROWTH)
        print(f"ratio core_{name}_growth {large / small / GROWTH:.2f}", flush=True)


if __name__ == "__main__":
    main()
