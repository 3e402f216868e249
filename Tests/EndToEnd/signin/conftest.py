import pytest
from lib.simulator import started

from .fixture import OPTIONS


@pytest.fixture(scope="session")
def server():
    """A simulated ERP.net Identity, which each test resets."""
    with started(*OPTIONS) as server:
        yield server
