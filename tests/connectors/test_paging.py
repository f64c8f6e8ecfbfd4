"""R-17, R-18, R-19: reading all changes once, whatever moves meanwhile."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticket_billing_connectors.transport.errors import LoopDetected
from ticket_billing_connectors.transport.paging import ChangeWalk, Window


class Source:
    """Records with a change time; ``before_load`` may change them in between."""

    def __init__(self, times, before_load=None):
        self.times = dict(times)
        self.searches = 0
        self.before_load = before_load

    def search(self, since, limit):
        self.searches += 1
        found = sorted((t, k) for k, t in self.times.items() if t >= since)
        return [key for _time, key in found[:limit]]

    def load(self, ids):
        if self.before_load:
            self.before_load(self)
        return [(key, self.times[key]) for key in ids if key in self.times]

    def walk(self, since=0, **window):
        walk = ChangeWalk(
            self.search,
            self.load,
            key=lambda record: record[0],
            changed=lambda record: record[1],
            window=Window(**window),
        )
        return walk.run(since)


@given(
    times=st.dictionaries(st.integers(0, 500), st.integers(0, 20), max_size=120),
    limit=st.integers(1, 7),
)
def test_every_record_comes_once_and_in_order(times, limit):
    chunks = list(Source(times).walk(limit=limit))
    records = [record for chunk in chunks for record in chunk.items]
    assert sorted(records) == sorted(times.items())
    assert [time for _key, time in records] == sorted(times.values())
    assert [chunk.last for chunk in chunks].count(True) == 1


@given(
    times=st.dictionaries(st.integers(0, 50), st.integers(0, 20), max_size=60),
    limit=st.integers(1, 5),
    stop=st.integers(0, 10),
)
def test_resuming_from_any_cursor_loses_nothing(times, limit, stop):
    source = Source(times)
    records, cursor = set(), 0
    for number, chunk in enumerate(source.walk(limit=limit)):
        records.update(chunk.items)
        cursor = chunk.cursor
        if number == stop:
            break
    for chunk in source.walk(since=cursor, limit=limit):
        records.update(chunk.items)
    assert records == set(times.items())


def test_many_records_with_one_timestamp():
    source = Source({key: 7 for key in range(5000)} | {9999: 8})
    chunks = list(source.walk(limit=50))
    records = [record for chunk in chunks for record in chunk.items]
    assert len(records) == 5001 and len(set(records)) == 5001
    assert source.searches < 30


def test_more_records_with_one_timestamp_than_a_page_can_hold():
    source = Source({key: 7 for key in range(100)})
    with pytest.raises(LoopDetected):
        list(source.walk(limit=10, max_limit=40))


@example(
    # Two that moved stay in the page, behind one that has not been read.
    limit=6,
    hits=[
        *((0, key) for key in (0, 1, 3, 4, 5, 6)),
        *((1, 2), (1, 7), (8, 1), (8, 2), (1, 6)),
    ],
)
@given(
    limit=st.integers(2, 6),
    hits=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 39)), max_size=25),
)
def test_records_that_change_while_being_read_hide_no_others(limit, hits):
    """At given loads, records get the newest time: they move to the end."""
    clock, loads = [100], [0]

    def change(source):
        for load, key in hits:
            if load == loads[0]:
                clock[0] += 1
                source.times[key] = clock[0]
        loads[0] += 1

    source = Source({key: key for key in range(40)}, change)
    seen = {}
    for chunk in source.walk(limit=limit):
        seen.update(chunk.items)
    assert set(seen) == set(range(40))


def test_a_source_that_repeats_one_page_forever():
    def same(since, limit):
        return [1, 2, 3][:limit]

    walk = ChangeWalk(
        same,
        lambda ids: [(i, i) for i in ids],
        key=lambda r: r[0],
        changed=lambda r: r[1],
        window=Window(limit=3),
    )
    with pytest.raises(LoopDetected):
        list(walk.run(0))


def test_too_many_pages():
    source = Source({key: key for key in range(100)})
    with pytest.raises(LoopDetected):
        list(source.walk(limit=2, max_pages=5))


def test_nothing_changed():
    (chunk,) = Source({}).walk(since=5)
    assert (chunk.items, chunk.cursor, chunk.last) == ([], 5, True)
