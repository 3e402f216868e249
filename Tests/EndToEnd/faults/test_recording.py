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

from .test_watching import QUICK, Watch

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


def test_a_watched_token(server):
    with Stage(server, QUICK) as stage:
        reader = Reader()
        stage.daemon.settings(REQUIRED)
        stage.application("app").start(stderr=reader.end)
        watch = Watch(stage)
        first = Served(watch.row())
        reader.stop()
        row = watch.row()
        assert row.startswith("ERR unavailable reason=audit retry-after=1 : "), "a new token that cannot be recorded ends the watch, with when to come again"
        assert watch.row() is None, "and the connection"
        again = Watch(stage).row()
        assert again.startswith("ERR unavailable reason=audit retry-after=1 : "), "who watches again before it can be is told the same"
        reader.go_on()
        rows = processes.until(lambda: [row for row in [Watch(stage).row()] if row.startswith("+ ")], 10)
        assert rows and Served(rows[0]).token != first.token, "and then gets the token"
        assert processes.until(lambda: reader.said(r"refused to uid 0: unavailable \(audit\)"), 5), "the refusal is told: %s" % (reader.said("event="),)


def test_a_token_in_a_file(server):
    with Stage(server, "knob access-ttl 8") as stage:
        reader = Reader()
        stage.daemon.settings(REQUIRED)
        stage.application("app").start(stderr=reader.end)
        path = stage.folder / "token"
        watch = subprocess.Popen([TOKENCTL, "--socket", str(stage.daemon.socket), "watch", "app.job", "--output", str(path)], stderr=subprocess.DEVNULL)
        try:
            assert processes.until(path.exists, 10), "the token is in the file"
            first = path.read_text()
            server.control("knob access-ttl 600")  # the successor outlives a slow machine
            reader.stop()
            processes.until(lambda: stage.counter("token-requests") == 2, 10)
            server.control("fault token status code=503 times=forever")
            assert processes.until(lambda: not path.exists(), 10), "it ends there while its successor cannot be recorded"
            reader.go_on()
            assert processes.until(path.exists, 10) and path.read_text() != first, "the successor comes as soon as it can be"
        finally:
            processes.stop(watch)


def test_the_end(server):
    with Stage(server) as stage:
        reader = Reader()
        stage.application("app").start(stderr=reader.end)
        reader.stop()
        began = time.monotonic()
        stage.daemon.stop()
        assert time.monotonic() - began < 10, "a log that nobody reads does not keep tokend from ending"


def test_an_end_with_losses(server):
    names = ["t%d" % number for number in range(30)]
    with Stage(server) as stage, contextlib.ExitStack() as held:
        reader = Reader()
        stage.application("app", {name: REFERENCE for name in names})
        stage.daemon.program = HURRIED  # only a debug build has fault points
        stage.start(stderr=reader.end, env={**os.environ, "TOKEND_FAULT": "wait@fsync=90000"})
        for number, name in enumerate(names):
            held.enter_context(stage.open()).send("IMPORT app.%s brought-in-%d\n" % (name, number))
        # whoever is answered afterwards comes after them
        assert stage.ask("PING") == "OK", "tokens are brought in that the disk does not take"
        reader.stop()
        process = stage.daemon.process
        process.terminate()
        assert processes.until(lambda: is_ending(stage), 20), "tokend is told to end"
        began = time.monotonic()
        process.terminate()
        process.wait(90)
        assert time.monotonic() - began < 20, "what it has to say of each does not keep it from ending"
        assert process.returncode == os.EX_IOERR, "it ends with 74, for they are lost"


def is_ending(stage):
    """It lets nobody in any more."""
    with stage.open(0.5) as caller:
        try:
            return caller.ask("PING") != "OK"
        except TimeoutError:
            return True
