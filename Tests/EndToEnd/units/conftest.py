import pytest
from lib.booted import RELEASES
from lib.machine import Machine

from . import site, test_attacks, test_credentials, test_examples, test_gate, test_rules


@pytest.fixture(scope="session", params=RELEASES)
def machine(request):
    with Machine("units", request.param, request.config.getoption("keep")) as machine:
        machine.install()
        machine.start_identity_server()
        site.configure(machine)
        for part in (test_credentials, test_attacks, test_gate, test_rules, test_examples):
            part.prepare(machine)
        machine.host.run("systemctl", "daemon-reload")
        yield machine
