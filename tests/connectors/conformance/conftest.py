"""Every system of ``shapes/`` passes the tests of this folder; a module with a list
``ONLY`` is about these."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent):
    sys.path.insert(0, str(folder))


def load_shapes():
    shapes = {}
    for path in sorted((HERE / "shapes").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"shape_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        shapes |= getattr(module, "SHAPES", None) or {path.stem: module.SHAPE}
    return shapes


SHAPES = load_shapes()


def pytest_generate_tests(metafunc):
    if "shape" in metafunc.fixturenames:
        # What it speaks like is put to the test once.
        faults = metafunc.module.__name__.endswith("test_faults")
        every = [name for name in SHAPES if not (faults and SHAPES[name].variant)]
        only = getattr(metafunc.module, "ONLY", every)
        metafunc.parametrize("shape", [SHAPES[name] for name in only], ids=only)


@pytest.fixture
def remote(shape):
    """A running server of one system, with an empty world."""
    from server import ShapeServer

    with ShapeServer(shape) as server:
        yield server
    assert not server.undocumented, "Requests are not as the system documents them."


@pytest.fixture
def world(remote):
    return remote.world


@pytest.fixture
def mirror(remote):
    """What is kept of the remote system; it synchronises."""
    from mirror import Mirror

    kept = Mirror(remote)
    yield kept
    kept.close()
