"""More than there is room for: a queue that never empties, no descriptor left, and a service manager that does not listen. A daemon in such
company starts, stops, keeps its watchdog, and tells nobody what is not so."""
import contextlib
import os
import pathlib
import pwd
import re
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


def a_full_queue_at_the_start(checks, server, _):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, listening(stage.daemon.socket, 0o666) as listener:
        stage.application("app")
        flood = [subprocess.Popen([sys.executable, "-c", FLOOD, stage.daemon.socket]) for _ in range(24)]
        try:
            full = until(lambda: is_full(stage.daemon.socket), 60)
            checks.ok("before the start the queue is full of connections that nobody wants answered", full)
            with started(stage, manager, [("clients", listener.fileno())]) as daemon:
                checks.ok("a daemon whose queue is filled as fast as it empties it is READY within seconds", manager.hears("READY=1", 15), daemon.words())
                daemon.process.terminate()
                checks.ok("and hears SIGTERM", manager.hears("STOPPING=1", 15), daemon.words())
                ended = until(lambda: daemon.process.poll() is not None, 15)
                checks.equal("it ends within seconds, with 0", (ended, daemon.process.poll()), (True, 0))
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


def nothing_left_to_tell_systemd_with(checks, server, _):
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, listening(stage.daemon.socket, 0o666) as listener:
        # nobody's unit is looked for, so callers take the last descriptor too
        stage.application("app")
        with started(stage, manager, [("clients", listener.fileno())], FEW, watchdog=1) as daemon:
            manager.hears("READY=1")
            with contextlib.ExitStack() as held:
                crowd(stage, held, "PING")
                checks.ok("80 connections take all the descriptors", until(lambda: descriptors(daemon) == 64, 20), descriptors(daemon))
                began = time.monotonic()
                checks.ok("as long as they are held the watchdog is fed", manager.hears("WATCHDOG=1", 10, began, 6), daemon.words())
                daemon.process.send_signal(signal.SIGHUP)
                checks.ok("a reload is told", manager.hears("RELOADING=1", 10, began) and manager.hears("READY=1", 10, began), manager.said[-5:])
                daemon.process.terminate()
                checks.ok("and the end", manager.hears("STOPPING=1", 10, began), manager.said[-5:])


def descriptors(daemon):
    return len(os.listdir("/proc/%d/fd" % daemon.process.pid))


SECTIONS = [a_full_queue_at_the_start, nothing_left_to_tell_systemd_with]
