import pytest
from lib.simulator import started


@pytest.fixture(scope="session")
def server():
    """A simulated identity server, which each test resets."""
    with started() as server:
        yield server


@pytest.fixture(scope="session")
def other():
    """Another one, with an authority of its own."""
    with started() as server:
        yield server
