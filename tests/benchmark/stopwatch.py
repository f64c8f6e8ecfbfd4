"""Time and queries of blocks of code, and of methods while they run."""

from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter
from unittest.mock import patch


@dataclass
class Sample:
    """What one block took."""

    seconds: float
    queries: int


@contextmanager
def measured(env, samples: list[Sample]):
    """Append what the block takes, with its pending writes, to ``samples``."""
    queries, start = env.cr.sql_log_count, perf_counter()
    yield
    env.flush_all()
    samples.append(Sample(perf_counter() - start, env.cr.sql_log_count - queries))


@contextmanager
def profiled(env, methods: dict[tuple[str, str], str]):
    """Seconds per name while methods ``(model, method) -> name`` run.

    Each call pays for the writes it leaves behind, so that names do not pay for
    each other. Methods of one name must not call each other.
    """
    seconds = defaultdict(float)

    def watched(original, name):
        def method(records, *args, **kwargs):
            start = perf_counter()
            result = original(records, *args, **kwargs)
            env.flush_all()
            seconds[name] += perf_counter() - start
            return result

        return method

    with ExitStack() as stack:
        for (model, method), name in methods.items():
            cls = env.registry[model]
            original = getattr(cls, method)
            stack.enter_context(
                patch.object(cls, method, watched(original, name), create=True)
            )
        yield seconds
