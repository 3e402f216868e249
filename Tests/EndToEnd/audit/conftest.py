import pytest
from lib.booted import RELEASES
from lib.machine import Machine

from .fixture import AuditFixture


@pytest.fixture(scope="session", params=RELEASES[:1])
def scene(request):
    with Machine("audit", request.param, request.config.getoption("keep")) as machine:
        scene = AuditFixture(machine)
        scene.prepare()
        yield scene
