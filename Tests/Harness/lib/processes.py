"""Programs that run beside a test and end with it."""
import contextlib
import ctypes
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1


def free_port():
    """A port of 127.0.0.1 that nobody holds now, and that the kernel gives to nobody who asks for any (ip(7), ip_local_port_range): it is still free
    when a program that is started with it comes to it."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def until(condition, seconds, every=0.05):
    """The first true answer of `condition` within `seconds`; the last one otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer or time.monotonic() >= deadline:
            return answer
        time.sleep(every)


def start(command, log, **more):
    """Starts a program with its output in a file; the kernel ends it should this process die."""
    libc = ctypes.CDLL(None)
    with open(log, "ab") as output:
        return subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL,
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
            **{"stdout": output, "stderr": output, **more})


def stop(process, patience=45):
    """SIGTERM, and SIGKILL for one that does not listen; returns the exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def family(pid):
    """A process and all that descend from it."""
    found = [pid]
    for known in found:
        for children in pathlib.Path("/proc/%d/task" % known).glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, children.read_text().split())
    return found


def die_cleanly_on_signals():
    """SIGTERM and SIGHUP end the program through its `finally` blocks."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
