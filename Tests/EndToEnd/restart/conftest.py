import pathlib
import subprocess

import pytest
from lib.booted import RELEASES
from lib.machine import Machine

from .fixture import RestartFixture

HERE = pathlib.Path(__file__).parent


def compiled(source, program, *options):
    subprocess.run(["cc", "-O2", *options, "-o", str(program), str(HERE.parent / source)], check=True)
    return program


@pytest.fixture(scope="session", params=RELEASES)
def scene(request, tmp_path_factory):
    with Machine("restart", request.param, request.config.getoption("keep")) as machine:
        machine.install()
        machine.start_identity_server()
        folder = tmp_path_factory.mktemp("programs")
        # neither needs anything of the machine it runs on
        machine.host.install(compiled("restart/load.c", folder / "load", "-static", "-pthread"), "/usr/bin")
        machine.host.install(compiled("torture/clock.c", folder / "clock.so", "-shared", "-fPIC"), "/usr/lib")
        yield RestartFixture(machine)
