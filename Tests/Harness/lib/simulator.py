"""The simulated ERP.net Identity of Tests/IdentitySimulator, started beside a test or inside a booted machine."""
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile

from . import processes

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PACKAGE = REPOSITORY / "Tests" / "IdentitySimulator"


def program():
    """The built simulator."""
    return pathlib.Path(os.environ.get("IDENTITY_SIMULATOR", PACKAGE / ".build" / "debug" / "identity-simulator"))


def build():
    """Builds it where it is not; a few minutes the first time."""
    if not program().exists():
        subprocess.run(["swift", "build", "--package-path", str(PACKAGE)], check=True)


def toolchain_libraries():
    """The libraries it needs that belong to the Swift toolchain; a machine without Swift has to be given them."""
    listed = subprocess.run(["ldd", str(program())], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.findall(r"=> (\S+) ", listed)
    return [path for path in found if not path.startswith(("/lib", "/usr/lib/x86_64", "/usr/lib/aarch64"))]


class Simulator:
    def __init__(self, folder, *options):
        """`options`: more of its command line, as `--access-ttl 5`."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._options = options
        self.process = None

    def __enter__(self):
        log = self.folder / "simulator.log"
        self.process = processes.start([program(), "--port", "0", "--dir", self.folder, *self._options], log)
        if not processes.until(lambda: self.process.poll() is not None or "READY " in log.read_text(), 60) or self.process.poll() is not None:
            self.__exit__()
            raise RuntimeError("the simulator did not start:\n" + log.read_text())
        self.about = json.loads((self.folder / "idp.json").read_text())
        return self

    def __exit__(self, *_):
        processes.stop(self.process, patience=5)

    def control(self, line):
        """One line to its control socket, and the answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.folder / "control.sock"))
            connection.sendall(line.encode() + b"\n")
            answer = json.loads(connection.makefile().readline())
        if not answer.get("ok"):
            raise RuntimeError("the simulator refuses %r: %s" % (line, answer))
        return answer


@contextlib.contextmanager
def started(*options):
    """One in a new folder."""
    build()
    with tempfile.TemporaryDirectory(prefix="idp-") as folder:
        os.chmod(folder, 0o755)  # a daemon that is another user reads its certificate
        with Simulator(pathlib.Path(folder, "idp"), *options) as server:
            yield server
