"""More than there is room for: a queue that never empties, no descriptor left, and a service manager that does not listen. A daemon in such
company starts, stops, keeps its watchdog, and tells nobody what is not so."""
import contextlib
import os
import pathlib
import pwd
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import time

from lib import processes
from lib.processes import until
from lib.servicemanager import ServiceManager, activation
from lib.stage import ROOT_MAY, Stage, token

NOBODY = pwd.getpwnam("nobody").pw_uid
BACKLOG = 4096
FLOOD = """
import os, socket, sys
os.setgid(%d); os.setuid(%d)
while True:
    with socket.socket(socket.AF_UNIX) as caller:
        try: caller.connect(sys.argv[1])
        except OSError: pass
""" % (NOBODY, NOBODY)


def listening(path, mode, backlog=BACKLOG):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    os.chmod(path, mode)
    listener.listen(backlog)
    return listener


@contextlib.contextmanager
def started(stage, manager, sockets, wrapper=(), watchdog=0):
    """The stage's daemon as systemd would start it."""
    daemon = stage.daemon
    command, numbers = activation(manager, sockets, watchdog)
    daemon.process = processes.start(
        [*command, *wrapper, daemon.program, "--config", daemon.configuration, "--state", daemon.folder / "state", "--log", "stderr"],
        daemon.log, pass_fds=numbers)
    try:
        yield daemon
    finally:
        daemon.stop()


def test_a_full_queue_at_the_start(server):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, listening(stage.daemon.socket, 0o666) as listener:
        stage.application("app")
        flood = [subprocess.Popen([sys.executable, "-c", FLOOD, stage.daemon.socket]) for _ in range(24)]
        try:
            full = until(lambda: is_full(stage.daemon.socket), 60)
            assert full, "before the start the queue is full of connections that nobody wants answered"
            with started(stage, manager, [("clients", listener.fileno())]) as daemon:
                assert manager.hears("READY=1", 15), f"a daemon whose queue is filled as fast as it empties it is READY within seconds: {daemon.words()}"
                daemon.process.terminate()
                assert manager.hears("STOPPING=1", 15), f"and hears SIGTERM: {daemon.words()}"
                ended = until(lambda: daemon.process.poll() is not None, 15)
                assert (ended, daemon.process.poll()) == (True, 0), "it ends within seconds, with 0"
        finally:
            for process in flood:
                process.kill()
            for process in flood:
                process.wait()


def is_full(path):
    with socket.socket(socket.AF_UNIX) as caller:
        caller.setblocking(False)
        try:
            caller.connect(str(path))
        except BlockingIOError:
            return True
    return False


FEW = ["prlimit", "--nofile=64:64"]
BUSY = re.compile(r"ERR busy retry-after=\d+ : the daemon has no descriptors left")


def crowd(stage, held, line):
    """More callers than the daemon has descriptors for. Some are turned away before they have spoken."""
    callers = [held.enter_context(stage.open()) for _ in range(80)]
    for caller in callers:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            caller.send(line + "\n")
    return callers


def test_no_descriptor_left(server):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, listening(stage.daemon.socket, 0o666) as listener:
        # a rule that names a unit makes it look at everybody's
        stage.application("app", {"job": token(allow=ROOT_MAY), "unit": token(allow='{ unit = "a.service" }')})
        with started(stage, manager, [("clients", listener.fileno())], FEW) as daemon:
            manager.hears("READY=1")
            assert stage.said(re.compile("connections = 16384 needs 18852 descriptors .*LimitNOFILE=")), (
                f"a daemon that may have 64 descriptors warns, naming LimitNOFILE=: {daemon.words()}")
            stage.token()
            with contextlib.ExitStack() as held:
                callers = crowd(stage, held, "GET app.job")
                assert stage.said(re.compile(r"limit-reached: busy \(descriptors\)")), f"80 connections are more than it has descriptors for: {daemon.words()}"
                early = [first_words(caller) for caller in callers]
                served = [words for words in early if words.startswith("OK ")]
                busy = [words for words in early if BUSY.match(words)]
                assert len(served) > 20, f"who is let in is served: {early}"
                assert len(busy) > 0 and len(served) + len(busy) + early.count("") == len(callers), (
                    f"who is not hears ERR busy or waits, and nobody that it is not for him: {early}")
        assert re.findall("event=refused .*denied.*", daemon.words()) == [], "nobody was denied"


def test_nothing_left_to_tell_systemd_with(server):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, listening(stage.daemon.socket, 0o666) as listener:
        # nobody's unit is looked for, so callers take the last descriptor too
        stage.application("app")
        with started(stage, manager, [("clients", listener.fileno())], FEW, watchdog=1) as daemon:
            manager.hears("READY=1")
            with contextlib.ExitStack() as held:
                crowd(stage, held, "PING")
                assert until(lambda: descriptors(daemon) == 64, 20), f"80 connections take all the descriptors: {descriptors(daemon)}"
                began = time.monotonic()
                assert manager.hears("WATCHDOG=1", 10, began, 6), f"as long as they are held the watchdog is fed: {daemon.words()}"
                daemon.process.send_signal(signal.SIGHUP)
                assert manager.hears("RELOADING=1", 10, began) and manager.hears("READY=1", 10, began), f"a reload is told: {manager.said[-5:]}"
                daemon.process.terminate()
                assert manager.hears("STOPPING=1", 10, began), f"and the end: {manager.said[-5:]}"


def descriptors(daemon):
    return len(os.listdir("/proc/%d/fd" % daemon.process.pid))


def first_words(conversation):
    conversation.socket.settimeout(1)
    try:
        return conversation.line() or ""
    except TimeoutError:
        return ""


UNIT = """
import os, socket, sys
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
with socket.socket(socket.AF_UNIX) as asker:
    asker.bind("\\0ab%x/unit/%s/app.job" % (os.getpid(), os.path.basename(sys.argv[1])))
    asker.connect(sys.argv[2])
    asker.shutdown(socket.SHUT_WR)
    print("asks", flush=True)
    credential = b""
    while part := asker.recv(65536):
        credential += part
print(credential.decode() if len(credential) <= 1 << 20 else "243/CREDENTIALS", flush=True)
"""


class Unit:
    """A service that loads app.job as its credential: what runs in its control group, as root, asks as systemd does for it."""

    def __init__(self):
        mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
        self.slice = pathlib.Path(next(mount[1] for mount in mounts if mount[2] == "cgroup2"), "tokenfaults%d.slice" % os.getpid())
        self.group = self.slice / "erp.service"
        self.asking = []

    def __enter__(self):
        self.group.mkdir(parents=True)
        return self

    def __exit__(self, *_):
        for process in self.asking:
            process.kill()
            process.wait()
        self.group.rmdir()
        self.slice.rmdir()

    def ask(self, path):
        process = subprocess.Popen([sys.executable, "-c", UNIT, self.group, path], stdout=subprocess.PIPE, text=True)
        self.asking.append(process)
        process.stdout.readline()  # it has connected
        return process


def answered(process, seconds=30):
    """The credential that the unit has; None if it still has to wait."""
    return process.stdout.readline().rstrip("\n") if select.select([process.stdout], [], [], seconds)[0] else None


@contextlib.contextmanager
def almost_full(stage, left):
    """Meanwhile the daemon may have so many descriptors more than it has."""
    pid = stage.daemon.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = settled(pid)
    free = [number for number in range(1024) if number not in taken]
    # no descriptor may have a number beyond it
    limit = free[left]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        assert set(range(limit)) - numbers(pid) == set(free[:left]), "%d descriptors are left" % left
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def numbers(pid):
    return {int(name) for name in os.listdir("/proc/%d/fd" % pid)}


def settled(pid):
    """Its descriptors, when nothing of what it did before is still under way."""
    seen = []

    def is_settled():
        seen.append(numbers(pid))
        return len(seen) > 5 and all(one == seen[-1] for one in seen[-5:])
    until(is_settled, 20)
    return seen[-1]


def test_the_last_descriptor(server):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, Unit() as unit, \
            listening(stage.daemon.socket, 0o666) as clients, listening(stage.folder / "credentials", 0o600) as credentials:
        stage.application("app", {"job": token(allow='{ unit = "erp.service" }, ' + ROOT_MAY)})
        with started(stage, manager, [("clients", clients.fileno()), ("credentials", credentials.fileno())]):
            manager.hears("READY=1")
            held = answered(unit.ask(stage.folder / "credentials"))
            assert held and held != "243/CREDENTIALS", "a unit has its credential"
            stage.token()
            # one to accept it, and two to look who it is
            for left in (0, 1, 2):
                with almost_full(stage, left):
                    process = unit.ask(stage.folder / "credentials")
                    assert answered(process, 1) is None, "with %d descriptors left a unit waits" % left
                assert answered(process) == held, "and has its credential when there are more"
                with almost_full(stage, left):
                    with stage.open() as caller:
                        reply = caller.line() or ""
                    assert BUSY.match(reply), "whoever else comes then hears ERR busy"
                reply = stage.ask("GET app.job")
                assert reply.startswith("OK "), "and is served when there are more"
            assert stage.said(re.compile(r"limit-reached: busy \(descriptors\)")), f"the journal has it: {stage.daemon.words()}"
            assert re.findall("event=refused .*", stage.daemon.words()) == [], "nobody was refused"


def test_units_nobody_can_look_at(server):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, Unit() as unit, \
            listening(stage.daemon.socket, 0o666) as clients, listening(stage.folder / "credentials", 0o600) as credentials:
        stage.application("app", {"job": token(allow='{ unit = "erp.service" }, ' + ROOT_MAY)})
        sockets = [("clients", clients.fileno()), ("credentials", credentials.fileno())]
        with started(stage, manager, sockets) as daemon:
            manager.hears("READY=1")
            held = answered(unit.ask(stage.folder / "credentials"))
            with almost_full(stage, 2):
                # all have come before it looks
                daemon.process.send_signal(signal.SIGSTOP)
                first, *others = [unit.ask(stage.folder / "credentials") for _ in range(3)]
                daemon.process.send_signal(signal.SIGCONT)
                name = manager.wait(lambda: waiting(manager), 20)
                assert answered(first, 1) is None, "of units that come when nobody can look at them, all wait"
                assert len(waiting(manager)) == 1, "one accepted, with its connection kept, the others in the queue"
                assert stage.said(re.compile(r"limit-reached: busy \(descriptors\)")), f"which the journal has: {daemon.words()}"
                first.kill()
                assert manager.wait(lambda: len(waiting(manager)) == 1 and waiting(manager) != name, 20), (
                    "one that goes leaves its descriptor to the next: %s" % ((name, waiting(manager)),))
                daemon.process.kill()
                daemon.process.wait()
        with started(stage, manager, [*sockets, *stored(manager)]):
            assert [answered(process) == held for process in others] == [True, True], "after a crash the next daemon answers who waits"


def waiting(manager):
    """The names of the connections that are kept."""
    return [name for name in manager.kept if name.startswith("waiting-")]


def stored(manager):
    return [(name, descriptor) for name, descriptors in manager.kept.items() for descriptor in descriptors]


def test_a_caller_nobody_looked_at(server):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, listening(stage.daemon.socket, 0o666) as listener:
        stage.application("app")
        with started(stage, manager, [("clients", listener.fileno())]) as daemon, stage.open() as caller:
            manager.hears("READY=1")
            assert caller.ask("PING") == "OK", "a caller is let in without a look at its unit"
            stage.application("app", {"job": token(allow='{ unit = "erp.service" }')})
            with almost_full(stage, 1):
                daemon.process.send_signal(signal.SIGHUP)
                assert stage.said(re.compile("event=configuration-loaded")), f"a reload brings a rule for a unit: {daemon.words()}"
                reply = caller.ask("GET app.job")
                assert BUSY.fullmatch(reply), "while there is no descriptor to look with, the caller hears so"
            reply = caller.ask("GET app.job")
            assert reply.startswith("ERR denied : "), "and afterwards, on the same connection, how it is"


def test_a_service_manager_that_does_not_listen(server):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, Unit() as unit, \
            listening(stage.daemon.socket, 0o666) as clients, listening(stage.folder / "credentials", 0o600) as credentials:
        stage.application("app", {"job": token(allow='{ unit = "erp.service" }')})
        server.control("fault token hang times=forever")
        with started(stage, manager, [("clients", clients.fileno()), ("credentials", credentials.fileno())]) as daemon:
            manager.hears("READY=1")
            with manager.deaf():
                process = unit.ask(stage.folder / "credentials")
                server.control("await hung 1")
                assert answered(process, 0.1) is None, "a unit waits for its credential"
            assert manager.wait(lambda: waiting(manager), 30), f"its connection is kept as soon as systemd listens again: {list(manager.kept)}"
            daemon.process.kill()
            daemon.process.wait()
        server.control("clear")
        # as where tokend-credentials.socket was masked meanwhile
        began = time.monotonic()
        with started(stage, manager, [("clients", clients.fileno()), *stored(manager)]):
            manager.hears("READY=1", 20, began)
            credential = answered(process)
            assert credential and credential != "243/CREDENTIALS", "the next daemon answers it, even if it is not to be asked any more"
            assert manager.wait(lambda: not waiting(manager), 20), f"and has it forgotten: {list(manager.kept)}"


def test_a_reload_before_the_start_is_over(server):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, listening(stage.daemon.socket, 0o666) as listener:
        stage.application("app", {"job": token(more='keep = "always"\nshared = true')})
        stage.daemon.settings('[ready]\npolicy = "first-tokens"\n')
        server.control("fault token hang times=forever")
        with started(stage, manager, [("clients", listener.fileno())]) as daemon:
            server.control("await hung 1")
            daemon.process.send_signal(signal.SIGHUP)
            loaded = stage.said(re.compile("event=configuration-loaded"))
            assert loaded, f"a daemon that waits for its first tokens reloads: {daemon.words()}"
            assert (manager.heard("RELOADING"), manager.heard("READY")) == ([], []), "says nothing of it, for READY would end the start"
            server.control("clear")
            assert manager.hears("READY=1", 40), f"is READY when they are there: {daemon.words()}"
            began = time.monotonic()
            daemon.process.send_signal(signal.SIGHUP)
            assert manager.hears("RELOADING=1", 10, began) and manager.hears("READY=1", 10, began), f"and tells the reloads from then on: {manager.said}"
