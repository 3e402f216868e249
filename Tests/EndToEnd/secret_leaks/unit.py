"""tokend as its unit runs it: with the unit's environment, as another user than root, and with a journal of our own to write to."""
import array
import os
import pathlib
import pwd
import re
import socket
import subprocess
import threading
import time

from lib import processes
from lib.daemon import REPOSITORY, TOKENCTL, TOKEND, Daemon
from lib.stage import Stage

UNIT = REPOSITORY / "systemd" / "tokend.service"
USER = pwd.getpwnam("daemon")
# for bash: sh knows no descriptor above 9. $1 is the folder that stands for /run/systemd/journal, which nobody outside sees; $2 the listening socket
START = """
mount -t tmpfs tokend /run
mkdir -p /run/systemd/journal
mount --bind "$1" /run/systemd/journal
exec 3<&"$2"
shift 2
exec env -i PATH=/usr/bin:/bin LISTEN_FDS=1 LISTEN_FDNAMES=clients LISTEN_PID=$$ "$@"
"""


def environment():
    """What the unit sets; a name in WITHOUT is left out, so that the suite can be seen to fail."""
    lines = re.findall(r"^Environment=(\S+)$", UNIT.read_text(), re.MULTILINE)
    return [line for line in lines if line.partition("=")[0] not in os.environ.get("WITHOUT", "").split()]


class Journal:
    """/run/systemd/journal/socket: keeps every datagram, and the content of each memory file that came instead of one."""

    def __init__(self, folder):
        folder.mkdir()
        folder.chmod(0o755)
        self.folder, self._kept = folder, []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o666)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                datagram, control, _, _ = self._socket.recvmsg(1 << 20, socket.CMSG_SPACE(16))
            except OSError:
                return
            self._kept.append(datagram)
            for _, _, fds in control:
                for fd in array.array("i", fds):
                    with os.fdopen(fd, "rb") as file:
                        file.seek(0)
                        self._kept.append(file.read())

    def words(self):
        return b"\n".join(self._kept)

    def close(self):
        self._socket.close()


class Unit(Daemon):
    """The daemon with everything that the unit gives it but its cage."""

    def __init__(self, folder):
        self.journal = Journal(folder / "journal")
        super().__init__(folder)
        # root's, as tokend.socket makes it: tokenctl gives a secret to nobody else
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.socket))
        self.socket.chmod(0o666)
        self.listener.listen(64)
        self.wrapper = [
            "unshare", "--mount", "bash", "-ec", START, "bash", self.journal.folder, self.listener.fileno(), *environment(),
            "prlimit", "--memlock=8388608", "--core=0",
            "setpriv", "--reuid", USER.pw_uid, "--regid", USER.pw_gid, "--clear-groups", "--no-new-privs", "--pdeathsig", "KILL"]
        self.mode = "stderr"
        os.chown(self.folder, USER.pw_uid, USER.pw_gid)

    def secret(self, name, value):
        path = super().secret(name, value)
        os.chown(path, USER.pw_uid, USER.pw_gid)
        return path

    def start(self, patience=30):
        command = [*self.wrapper, TOKEND, "--config", self.configuration, "--state", self.folder / "state", "--socket", self.socket,
                   "--log", self.mode]
        self.process = processes.start(command, self.log, pass_fds=[self.listener.fileno()])
        if not processes.until(self._serves, patience):
            processes.stop(self.process)
            raise RuntimeError("tokend does not serve:\n" + self.words())
        return self

    @property
    def pid(self):
        return self.process.pid

    def told(self):
        """All that it ever wrote: standard output and error, and the journal."""
        return self.log.read_bytes() + self.journal.words()

    def folders(self):
        """Its own files, as {path: content}."""
        paths = [path for folder in ("state", "state-key") for path in sorted((self.folder / folder).rglob("*"))]
        return {str(path): path.read_bytes() for path in paths if path.is_file()}


class UnitFixture(Stage):
    """A stage whose daemon runs as its unit does."""

    def __init__(self, server, *lines):
        super().__init__(server, *lines)
        self.daemon = Unit(self.folder)
        self.witness = Witness()

    def __exit__(self, *_):
        super().__exit__(*_)
        self.daemon.listener.close()
        self.daemon.journal.close()

    def tokenctl(self, *arguments, text="", **more):
        """A command with its input, seen from outside while it runs: (status, output, errors)."""
        process = subprocess.Popen([TOKENCTL, "--socket", str(self.daemon.socket), *map(str, arguments)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.witness.watch(process.pid)
        output, errors = process.communicate(text.encode(), timeout=90)
        return process.returncode, output, errors


class Witness:
    """What everybody on the machine can read of a process while it runs."""

    NAMES = ("cmdline", "environ", "comm")

    def __init__(self):
        self.seen = {}
        self._lock = threading.Lock()

    def watch(self, pid):
        threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def _watch(self, pid):
        while self.look(pid):
            time.sleep(0.002)

    def look(self, pid):
        """Reads it once; false when it is no more, or a process that has ended."""
        found = [_read(pathlib.Path("/proc/%d/%s" % (pid, name))) for name in self.NAMES]
        with self._lock:
            self.seen.setdefault(pid, set()).update(filter(None, found))
        return found[0]

    def look_at_all(self, but=()):
        """Every process there is."""
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in but:
                self.look(int(name))

    def words(self):
        with self._lock:
            return b"\n".join(set().union(*self.seen.values()))


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
