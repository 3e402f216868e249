import os
import pathlib
import subprocess
import tempfile

import pytest
from lib.daemon import REPOSITORY


def packed(folder, version=None, umask=-1, **more):
    """What "make deb" makes, but for the time that xz takes."""
    settings = {"DEB_FOLDER": str(folder), **({"DEB_VERSION": version} if version else {}), **more}
    made = subprocess.run(["make", "--no-print-directory", "deb"], cwd=REPOSITORY, env={**os.environ, **settings},
                          stdout=subprocess.PIPE, text=True, check=True, umask=umask).stdout
    return pathlib.Path(made.splitlines()[-1])


class Package:
    """The files, before anybody installs them: one version and a later one."""

    def __init__(self, folder):
        self.first = packed(folder, DEB_COMPRESSION="gzip")
        self.version = self.field("Version")
        self.later = packed(folder, self.version + "+later", DEB_COMPRESSION="none")

    def field(self, name):
        return subprocess.run(["dpkg-deb", "--field", str(self.first), name], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def package():
    with tempfile.TemporaryDirectory(prefix="tokend-") as folder:
        yield Package(folder)
