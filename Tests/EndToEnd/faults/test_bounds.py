"""What one caller can cause is bounded, in exchanges, in memory and in other people's time; and nobody who waits is lost."""
import json
import os
import pwd
import re
import resource
import threading
import time

from lib.conversation import acting_as
from lib.daemon import Served
from lib.processes import until
from lib.stage import Stage, token

NOBODY = pwd.getpwnam("nobody").pw_uid
RESPONSIVE = 5  # seconds: a machine under any load answers PING faster than a daemon that is held up


def test_absurd_promises(server):
    with Stage(server) as stage:
        stage.application("app").start()
        for verb in ("GET", "HEADER", "WATCH"):
            for seconds in (315360001, 9223372036, 9223372037, 9223372036854775807, 9223372036854775808, 10 ** 30):
                reply = stage.ask("%s app.job min-valid=%d" % (verb, seconds))
                assert reply.startswith("ERR bad-request : "), "%s min-valid=%d is ERR bad-request" % (verb, seconds)
        reply = stage.ask("GET app.job min-valid=315360000")
        assert reply.startswith("ERR refused reason=short-lived : "), "the longest promise that can be asked for is refused, because no token lives so long"
        assert stage.counter("token-requests") <= 1, "and costs no more than the exchange that told"
        assert (stage.daemon.process.poll(), stage.ask("PING")) == (None, "OK"), "the daemon lives"


class Pinger:
    """Sends PING after PING on one connection until told to stop."""

    def __init__(self, conversation):
        self.answered, self.worst = 0, 0.0
        self._conversation, self._over = conversation, threading.Event()
        self._thread = threading.Thread(target=self._ping, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(60)

    def _ping(self):
        while not self._over.is_set():
            started = time.monotonic()
            if self._conversation.ask("PING") != "OK":
                return
            self.worst = max(self.worst, time.monotonic() - started)
            self.answered += 1


def test_floods(server):
    for line, expected in (("LIST", "OK 0"), ("STATUS", "OK")):
        with Stage(server) as stage:
            stage.application("app", {"t%d" % number: token() for number in range(300)}).start()
            with acting_as(NOBODY):
                strangers = [stage.open() for _ in range(8)]
            count = (64 << 10) // (len(line) + 1)
            found = [None] * len(strangers)
            with stage.open() as root, Pinger(root) as pinger:
                readers = [threading.Thread(target=flood, args=(one, line, count, found, place)) for place, one in enumerate(strangers)]
                for reader in readers:
                    reader.start()
                for reader in readers:
                    reader.join(60)
            assert found == [(count, {expected})] * 8, "each of eight strangers who send 64 KiB of %s gets every answer" % line
            assert pinger.answered >= 100 and pinger.worst < RESPONSIVE, (
                "and another's PINGs are answered among them: %s" % ("%d answered, the slowest after %.1f s" % (pinger.answered, pinger.worst),))


def flood(conversation, line, count, found, place):
    conversation.send((line + "\n") * count).end_input()
    replies = conversation.rest()
    found[place] = len(replies), set(replies)


def test_watches_that_want_too_much(server):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.token()
        first = []
        for _ in range(30):
            with stage.open() as watch:
                first.append(watch.send("WATCH app.job min-valid=3600\n").line())
        together = [one.line() for one in stage.ask_together("WATCH app.job min-valid=3600", 30)]
        assert 1 < stage.counter("token-grants") <= 6, (
            "CC-07 thirty watchers who want more than there is, one after the other and then together, cause few exchanges")
        refused = [row for row in first + together if row.startswith("ERR")]
        assert len(refused) >= 54 and all(re.match(r"ERR busy retry-after=\d+ : ", row) for row in refused), "the others hear ERR busy, and when to come again"
        assert stage.ask("GET app.job").startswith("OK "), "and who wants less is served"


SUBSETS = [[name for place, name in enumerate(("read", "update", "a", "b", "c")) if number >> place & 1] for number in range(1, 32)]


def test_scopes_that_are_never_granted(server):
    for client, knob, what in (("machine", "subset", "a server that grants fewer scopes"), ("reader", "exact", "an application that holds only read")):
        with Stage(server, "knob scope-grant %s" % knob) as stage:
            stage.application("app", {"job": token(["read", "update", "a", "b", "c"])}, client=client).start()
            with stage.open() as conversation:
                replies = [conversation.ask("GET app.job wait=5 " + " ".join("scope=" + name for name in subset)) for subset in SUBSETS * 2]
                rows = conversation.ask("STATUS app.job").splitlines()[:-1]
            assert [reply for reply in replies if not re.match("OK |ERR (refused|busy|unavailable) ", reply)] == [], "from %s, every subset is answered" % what
            assert 1 <= stage.counter("token-requests") <= 6, "in at most six exchanges"
            assert 1 <= len(rows) <= 8, "and at most eight variants are kept: %s" % ("\n".join(rows),)


def anonymous_memory(stage):
    """Bytes."""
    with open("/proc/%d/smaps_rollup" % stage.daemon.process.pid, encoding="ascii") as told:
        return int(re.search(r"(?m)^Anonymous:\s+(\d+) kB", told.read())[1]) << 10


def test_many_different_lines(server):
    with Stage(server) as stage:
        stage.application("app").start()
        with stage.open() as conversation:
            for _ in range(500):
                conversation.ask("GET app.job")
            before, wrong = anonymous_memory(stage), []
            for first in range(200):
                conversation.send("".join("GET app.job wait=%d min-valid=%d\n" % (first, second) for second in range(100)))
                wrong += [reply for reply in (conversation.line() for _ in range(100)) if not reply.startswith("OK ")]
            grown = anonymous_memory(stage) - before
        assert wrong[:3] == [], "20,000 different lines for one token are answered"
        assert grown < 12 << 20, "and the replies kept for their repetition are bounded in memory: %s" % ("%.1f MB" % (grown / 1e6),)
        assert stage.counter("token-requests") == 1, "all with one exchange"


def test_a_caller_whose_parent_ends(server):
    with Stage(server) as stage:
        stage.application("app").start()
        output, inlet = os.pipe()
        parent = os.fork()
        if parent == 0:
            connect_and_leave(stage, output, inlet)
        os.close(inlet)
        os.waitpid(parent, 0)
        with open(output, encoding="ascii") as told:
            replies = json.loads(told.read() or "[]")
        assert len(replies) == 3 and replies[0].startswith("OK ") and len(set(replies)) == 1, (
            f"who inherits a connection and whose parent ends is served each time alike: {[reply[-120:] for reply in replies]}")


def connect_and_leave(stage, output, inlet):
    """The process that connects ends; its child asks once it has ended."""
    try:
        os.close(output)
        conversation = stage.open()
        ended, alive = os.pipe()
        if os.fork() == 0:
            os.close(alive)
            os.read(ended, 1)
            os.write(inlet, json.dumps([conversation.ask(line) for line in ("GET app.job", "GET app.job wait=1", "GET app.job")]).encode())
    finally:
        os._exit(0)


def test_replies_that_had_to_wait(server):
    with Stage(server, "fault token quirk expires-in=4") as stage:
        stage.application("app", {"quick": token(), "slow": token()}).start()
        held = stage.token("app.quick")
        server.control("fault token hang times=forever")
        with stage.open() as conversation:
            conversation.send("GET app.slow wait=60\nGET app.quick\n")
            server.control("await hung 1")
            until(lambda: time.time() > held.expires + 0.2, 20)
            server.control("clear")
            replies = [Served(conversation.line()) for _ in range(2)]
            assert replies[1].expires > time.time() and replies[1].token != held.token, (
                "a token that was ready behind one that was not has not expired when it is sent: %s" % ((held.expires, replies[1].expires, time.time()),))
            assert conversation.ask("PING") == "OK", "and the connection goes on"


def test_crowds(server):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    with Stage(server) as stage:
        stage.daemon.settings("[limits]\nper_uid = 600\n")
        stage.application("app", timeout=60).start()
        server.control("fault token hang times=forever")
        root = stage.open()
        with Pinger(root) as pinger:
            crowd = stage.ask_together("GET app.job wait=2\n" * 15 + "GET app.job wait=2", 500)
            replies = [one.line() for one in crowd for _ in range(16)]
        codes = {" ".join((reply or "closed").split()[:2]) for reply in replies}
        assert codes <= {"ERR timeout", "ERR busy"} and "ERR timeout" in codes, "five hundred connections with sixteen requests each are all answered"
        assert pinger.answered >= 20 and pinger.worst < RESPONSIVE, (
            "and PING is all the while: %s" % ("%d answered, the slowest after %.1f s" % (pinger.answered, pinger.worst),))
        for one in crowd:
            one.send("GET app.job wait=600\n" * 8)
        root.ask("PING")
        started = time.monotonic()
        assert stage.daemon.stop() == 0, "SIGTERM ends it with 0"
        assert time.monotonic() - started < 15, "in time"
        for one in (*crowd, root):
            one.close()
