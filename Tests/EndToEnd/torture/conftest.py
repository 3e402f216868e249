import pathlib
import random
import tempfile

import pytest

from .servers import SimulatedServer


@pytest.fixture(scope="session")
def memory():
    """A folder in memory: what is proved is the order of steps, and a real disk would make thousands of kills take a night."""
    before, shared = tempfile.tempdir, pathlib.Path("/dev/shm")
    tempfile.tempdir = str(shared) if shared.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        yield pathlib.Path(folder)
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def simulated(request, memory):
    with SimulatedServer(memory / request.module.__name__.rpartition(".")[2], access_ttl=3600) as server:
        yield server


@pytest.fixture
def server(simulated):
    simulated.reset()
    return simulated


@pytest.fixture(scope="session")
def seed(pytestconfig):
    """The same order of deaths again, as far as a machine repeats itself."""
    seed = pytestconfig.getoption("seed") or random.SystemRandom().randrange(1, 1_000_000)
    print("--seed %d" % seed)
    return seed
