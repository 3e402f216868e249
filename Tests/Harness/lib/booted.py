"""A Debian machine of our own: its systemd boots in a container, and everything in it is thrown away afterwards.

The root is made once by mmdebstrap and never written to again: each boot lays an overlay in memory over it. The
container's mounts live in a mount namespace of its own and its processes in a control group of its own, so that ending
the group is all the cleaning there is. Needs root, mmdebstrap, systemd-container and control groups v2.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
FOLDER = REPOSITORY / ".build" / "host"
RELEASES = ("bookworm", "trixie")
PACKAGES = [
    "systemd", "systemd-sysv", "dbus", "libnss-systemd", "libssl3", "libsystemd0", "libcurl4", "ca-certificates",
    "openssl", "curl", "netcat-openbsd", "procps", "cron", "libstdc++6",
]

# $1 group, $2 base root, $3 folder for the mounts, $4 machine name
BOOT = """
for group in $1; do echo $$ > "$group/cgroup.procs"; done
mount -t tmpfs -o mode=755 tokend-host "$3"
mkdir "$3/upper" "$3/work" "$3/root"
mount -t overlay -o "lowerdir=$2,upperdir=$3/upper,workdir=$3/work" tokend-host "$3/root"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
# the secure heap locks memory, which nspawn denies by default
exec systemd-nspawn --directory="$3/root" --machine="$4" --register=no --keep-unit --boot --private-network \
    --system-call-filter=@memlock --console=pipe
"""


class HostError(Exception):
    pass


def missing():
    """What keeps a machine from being booted here, as a list of sentences; empty when nothing does."""
    faults = []
    if os.geteuid() != 0:
        faults.append("needs root")
    for command in ("mmdebstrap", "systemd-nspawn", "nsenter", "unshare", "lowdown"):
        if not shutil.which(command):
            faults.append('the command "%s" is not installed; "make deps" brings it' % command)
    if not _mounts("cgroup2"):
        faults.append("control groups v2 are not mounted")
    return faults


def _mounts(kind):
    with open("/proc/self/mounts", encoding="utf-8") as table:
        return [pathlib.Path(row.split()[1]) for row in table if row.split()[2] == kind]


def _systemd_v1():
    """The named v1 hierarchy of a hybrid machine, which nspawn also looks at."""
    path = pathlib.Path("/sys/fs/cgroup/systemd")
    return [path] if path in _mounts("cgroup") else []


def base_root(release=RELEASES[0]):
    """The folder of the untouched root; made on first use, in about 20 s."""
    recipe = hashlib.sha256(" ".join([release] + PACKAGES).encode()).hexdigest()[:12]
    root = FOLDER / ("root-" + recipe)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            _make(root, release)
    return root


def _make(root, release):
    unfinished = root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    made = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=apt", "--include=" + ",".join(PACKAGES), release, str(unfinished)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise HostError("mmdebstrap could not make the root:\n" + made.stdout[-4000:])
    # mmdebstrap leaves these as they are on the machine it runs on
    (unfinished / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (unfinished / "etc/hostname").write_text("tokend-host\n")
    (unfinished / "etc/resolv.conf").write_text("")
    unfinished.rename(root)


class Host:
    """One booted machine, known by its name; another process finds it again by the same name."""

    def __init__(self, name="host", release=RELEASES[0]):
        self.name, self.release = name, release
        self.folder = FOLDER / name
        self.console = self.folder / "console.log"
        # another clone's machine of the same name is another machine
        self.machine = "tokend-%s-%s" % (name, hashlib.sha256(str(FOLDER).encode()).hexdigest()[:8])
        self._leader = None

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.down()

    # --- starting and ending

    def up(self, limit=120):
        """Boots and returns systemd's own word on it: "running" or "degraded"."""
        faults = missing()
        if faults:
            raise HostError("no machine can be booted here: " + "; ".join(faults))
        base = base_root(self.release)
        self.down()
        mounts = self.folder / "mounts"
        mounts.mkdir(parents=True, exist_ok=True)
        for group in self._groups():
            group.mkdir()
        with open(self.console, "wb") as console:
            supervisor = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "sh", "-euc", BOOT, "boot",
                 " ".join(map(str, self._groups())), str(base), str(mounts), self.machine],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        (self.folder / "supervisor").write_text("%d\n" % supervisor.pid)
        try:
            return self._wait_until_booted(supervisor, time.monotonic() + limit)
        except BaseException:
            self.down()
            raise

    def _wait_until_booted(self, supervisor, deadline):
        state = "silent"
        while time.monotonic() < deadline:
            if supervisor.poll() is not None:
                raise HostError("the machine did not boot:\n" + self.console.read_text(errors="replace")[-4000:])
            if self._find_leader(supervisor.pid):
                state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    return state
            time.sleep(0.1)
        raise HostError('the machine was still "%s" at the end of its time; see %s' % (state, self.console))

    def down(self):
        """Ends every process of the machine; its mounts end with the last of them."""
        for group in self._groups():
            if group.exists():
                self._empty(group)
                for folder, _, _ in os.walk(group, topdown=False):
                    os.rmdir(folder)
        self._leader = None
        for leftover in ("supervisor", "mounts"):
            path = self.folder / leftover
            if path.is_dir():
                path.rmdir()
            elif path.exists():
                path.unlink()

    def _empty(self, group):
        kill = group / "cgroup.kill"
        if kill.exists():
            kill.write_text("1")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            members = [int(line) for folder, _, _ in os.walk(group)
                       for line in pathlib.Path(folder, "cgroup.procs").read_text().split()]
            if not members:
                return
            for member in members:
                try:
                    os.kill(member, signal.SIGKILL)
                    os.waitpid(member, os.WNOHANG)
                except (ProcessLookupError, ChildProcessError):
                    pass
            time.sleep(0.05)
        raise HostError("processes of the machine will not end: %s" % members)

    def _groups(self):
        return [mount / self.machine for mount in _mounts("cgroup2")[:1] + _systemd_v1()]

    # --- being inside

    def leader(self):
        """The process id, outside, of the machine's process 1."""
        if self._leader is None:
            try:
                supervisor = int((self.folder / "supervisor").read_text())
            except OSError:
                raise HostError('no machine named "%s" is up; "host up" boots it' % self.name) from None
            if not self._find_leader(supervisor):
                raise HostError('the machine "%s" has ended; "host up" boots it again' % self.name)
        return self._leader

    def _find_leader(self, supervisor):
        try:
            children = pathlib.Path("/proc/%d/task/%d/children" % (supervisor, supervisor)).read_text().split()
        except OSError:
            return False
        for child in children:
            try:
                if os.readlink("/proc/%s/exe" % child).endswith("/systemd/systemd"):
                    self._leader = int(child)
            except OSError:
                pass
        return self._leader is not None

    def path(self, inside):
        """Where a path of the machine is found from outside."""
        return pathlib.Path("/proc/%d/root" % self.leader(), str(inside).lstrip("/"))

    def command(self, *arguments, spaces="--all"):
        """The command line that runs `arguments` inside, as root, in a control group that is no unit's."""
        enter = 'echo $$ > "$0/cgroup.procs" && exec nsenter --target "$1" $2 -- "${@:3}"'
        return ["bash", "-c", enter, str(self._console_group()), str(self.leader()), spaces, *map(str, arguments)]

    def command_from_here(self, *arguments):
        """The same for a program that is not installed inside: it sees the files of this machine, and is one of that machine's processes."""
        return self.command(*arguments, spaces="--pid --net --ipc --cgroup")

    def _console_group(self):
        group = self._groups()[0] / "payload" / "console"
        try:
            group.mkdir(exist_ok=True)
        except FileNotFoundError:
            return self._groups()[0]  # still booting
        return group

    def run(self, *arguments, check=True, **more):
        """Runs a command inside and returns it completed, its output as text."""
        done = subprocess.run(
            self.command(*arguments), text=True, check=False, errors="replace",
            **{"stdin": None if "input" in more else subprocess.DEVNULL, "stdout": subprocess.PIPE,
               "stderr": subprocess.PIPE, "timeout": 180, **more})
        if check and done.returncode != 0:
            raise HostError('"%s" ended with %d inside:\n%s%s' % (
                " ".join(map(str, arguments)), done.returncode, done.stdout or "", done.stderr or ""))
        return done

    def start(self, *arguments, **more):
        """Starts a command inside and returns the running process."""
        return subprocess.Popen(self.command(*arguments), **{"stdin": subprocess.DEVNULL, **more})

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def install(self, source, inside="/"):
        """Copies a file, or the content of a folder, into the machine, keeping modes."""
        pack = ["tar", "--create", "--file=-"]
        source = pathlib.Path(source)
        pack += ["--directory", str(source), "."] if source.is_dir() else ["--directory", str(source.parent), source.name]
        self.run("mkdir", "--parents", inside)
        packed = subprocess.run(pack, stdout=subprocess.PIPE, check=True).stdout
        unpacked = subprocess.run(
            self.command("tar", "--extract", "--no-same-owner", "--no-overwrite-dir", "--file=-", "--directory", inside),
            input=packed, stderr=subprocess.PIPE, check=False)
        if unpacked.returncode != 0:
            raise HostError('could not install "%s" in "%s": %s' % (source, inside, unpacked.stderr.decode(errors="replace")))
