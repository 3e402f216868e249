"""A reader of the audit that does not read: what is not recorded is not handed out, and nothing hangs for it."""
import contextlib
import fcntl
import os
import re
import subprocess
import threading
import time

from lib import processes
from lib.daemon import HURRIED, TOKENCTL, Served
from lib.stage import ROOT_MAY, Stage

from .watching import QUICK, Watch

F_SETPIPE_SZ = 1031
REFERENCE = 'grant = "reference"\nexpires = "never"\nheader = "X-Api-Key"\nallow = [ %s ]\n' % ROOT_MAY
REQUIRED = "[audit]\nrequired = true\n"


class Reader:
    """The other end of tokend's standard error: it reads until the pipe is to be full."""

    def __init__(self):
        self._out, self.end = os.pipe()
        fcntl.fcntl(self.end, F_SETPIPE_SZ, 4096)
        self._reads = threading.Event()
        self._reads.set()
        self._text = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        os.set_blocking(self._out, False)
        while True:
            self._reads.wait()
            with contextlib.suppress(BlockingIOError):
                self._text += os.read(self._out, 4096)
            time.sleep(0.01)

    def stop(self):
        self._reads.clear()
        time.sleep(0.1)  # a read that has begun
        full = os.open("/proc/self/fd/%d" % self.end, os.O_WRONLY | os.O_NONBLOCK)
        for size in (1024, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(full, b"\n" * size)
        os.close(full)

    def go_on(self):
        self._reads.set()

    def said(self, pattern):
        return [line for line in self._text.decode(errors="replace").splitlines() if re.search(pattern, line)]


def a_watched_token(checks, server, _):
    with Stage(server, QUICK) as stage:
        reader = Reader()
        stage.daemon.settings(REQUIRED)
        stage.application("app").start(stderr=reader.end)
        watch = Watch(stage)
        first = Served(watch.row())
        reader.stop()
        row = watch.row()
        checks.ok("a new token that cannot be recorded ends the watch, with when to come again",
                  row.startswith("ERR unavailable reason=audit retry-after=1 : "), row[:80])
        checks.equal("and the connection", watch.row(), None)
        again = Watch(stage).row()
        checks.ok("who watches again before it can be is told the same", again.startswith("ERR unavailable reason=audit retry-after=1 : "), again[:80])
        reader.go_on()
        rows = processes.until(lambda: [row for row in [Watch(stage).row()] if row.startswith("+ ")], 10)
        checks.ok("and then gets the token", rows and Served(rows[0]).token != first.token, rows)
        checks.ok("the refusal is told", processes.until(lambda: reader.said(r"refused to uid 0: unavailable \(audit\)"), 5), reader.said("event="))


def a_token_in_a_file(checks, server, _):
    with Stage(server, "knob access-ttl 8") as stage:
        reader = Reader()
        stage.daemon.settings(REQUIRED)
        stage.application("app").start(stderr=reader.end)
        path = stage.folder / "token"
        watch = subprocess.Popen([TOKENCTL, "--socket", str(stage.daemon.socket), "watch", "app.job", "--output", str(path)], stderr=subprocess.DEVNULL)
        try:
            checks.ok("the token is in the file", processes.until(path.exists, 10))
            first = path.read_text()
            server.control("knob access-ttl 600")  # the successor outlives a slow machine
            reader.stop()
            processes.until(lambda: stage.counter("token-requests") == 2, 10)
            server.control("fault token status code=503 times=forever")
            checks.ok("it ends there while its successor cannot be recorded", processes.until(lambda: not path.exists(), 10))
            reader.go_on()
            checks.ok("the successor comes as soon as it can be", processes.until(path.exists, 10) and path.read_text() != first)
        finally:
            processes.stop(watch)


def the_end(checks, server, _):
    with Stage(server) as stage:
        reader = Reader()
        stage.application("app").start(stderr=reader.end)
        reader.stop()
        began = time.monotonic()
        stage.daemon.stop()
        checks.ok("a log that nobody reads does not keep tokend from ending", time.monotonic() - began < 10, time.monotonic() - began)


def an_end_with_losses(checks, server, _):
    names = ["t%d" % number for number in range(30)]
    with Stage(server) as stage, contextlib.ExitStack() as held:
        reader = Reader()
        stage.application("app", {name: REFERENCE for name in names})
        stage.daemon.program = HURRIED  # only a debug build has fault points
        stage.start(stderr=reader.end, env={**os.environ, "TOKEND_FAULT": "wait@fsync=90000"})
        for number, name in enumerate(names):
            held.enter_context(stage.open()).send("IMPORT app.%s brought-in-%d\n" % (name, number))
        # whoever is answered afterwards comes after them
        checks.equal("tokens are brought in that the disk does not take", stage.ask("PING"), "OK")
        reader.stop()
        process = stage.daemon.process
        process.terminate()
        checks.ok("tokend is told to end", processes.until(lambda: is_ending(stage), 20))
        began = time.monotonic()
        process.terminate()
        process.wait(90)
        checks.ok("what it has to say of each does not keep it from ending", time.monotonic() - began < 20, time.monotonic() - began)
        checks.equal("it ends with 74, for they are lost", process.returncode, os.EX_IOERR)


def is_ending(stage):
    """It lets nobody in any more."""
    with stage.open(0.5) as caller:
        try:
            return caller.ask("PING") != "OK"
        except TimeoutError:
            return True


SECTIONS = [a_watched_token, a_token_in_a_file, the_end, an_end_with_losses]
