"""The connection is cut before, during and after the answer; the answer is slow, or a refusal that passes."""
import time

from .scenes import REPLAY, TOKEN, Scene, pairs

TIMEOUT = 2
# what becomes of the grant
KEPT, REPLAYED, LOST, PATIENT = "the successor is kept", "the one replay brings it", "one replay, then answer-lost", "the same token again"

CASES = [
    ("a cut before the server did anything", "reset when=before", REPLAYED),
    ("an orderly end before it did anything", "close when=before", REPLAYED),
    ("a cut in the middle of the answer", "half-body then=reset", LOST),
    ("an end in the middle of the answer", "half-body then=close", LOST),
    ("silence in the middle of the answer", "half-body then=hang", LOST),
    ("a cut after the server rotated", "reset when=after", LOST),
    ("an orderly end after it rotated", "close when=after", LOST),
    ("an answer that comes too late", "slow hold=4", LOST),
    ("a body of single bytes, too slow", "slow-body every=0.1", LOST),
    ("a body of single bytes, in time", "slow-body every=0.0002", KEPT),
    ("a slow answer", "slow hold=1", KEPT),
    ("a page of a gateway, 502", "status code=502", REPLAYED),
    ("a page of a gateway, 504", "status code=504", REPLAYED),
    ("408", "status code=408", REPLAYED),
    ("429 three times", "status code=429 retry-after=1 times=3", PATIENT),
    ("500 three times", "status code=500 times=3", PATIENT),
    ("503 three times", "status code=503 times=3", PATIENT),
]
ENDS = ["alive", "killed", "stopped"]


class Case:
    """One way of breaking, in one life or over a restart."""

    def __init__(self, server, what, fault, outcome, end):
        self.what, self.fault, self.outcome, self.end = "%s, then %s" % (what, end), fault, outcome, end
        self.server = server
        self.scene = Scene(server, keep="always", timeout=TIMEOUT)

    def begin(self):
        """Brings it to the first send, which meets the fault."""
        victim = self.scene.victim.begin()
        met = self.server.counter("faults-met")
        self.server.control("fault token %s grant=refresh_token" % self.fault)
        self.scene.import_()
        self.server.control("await faults-met %d timeout=20" % (met + 1))
        if "times=" in self.fault:
            # one answer for this life; the rest follow at their own pace, and nobody else may meet them
            self.server.control("await faults-met %d timeout=60" % (met + 3))
        if self.end == "killed":
            victim.kill()
        elif self.end == "stopped":
            victim.stop()
        if self.end != "alive":
            time.sleep(0.05)
            victim.begin()

    def check(self, checks):
        scene = self.scene
        expected = {KEPT: 1, REPLAYED: 2, LOST: 2, PATIENT: 4}[self.outcome]
        restarted = self.outcome == KEPT and self.end != "alive"
        found = scene.waits_for(expected + restarted, 30)
        (check := Check(checks, "%s: %s" % (self.what, self.outcome), found))
        if self.outcome == KEPT and self.end == "killed":
            return self.check_race(check, found)
        first = found[0].status if found else None
        if self.outcome == KEPT:
            check.that(pairs(found) == [(0, 200), (1, 200)][:1 + restarted])
        elif self.outcome == REPLAYED:
            check.that(pairs(found) == [(0, first), (0, 200)] and first != 200)
        elif self.outcome == LOST:
            check.that(pairs(found) == [(0, 200), (0, 400)])
        else:
            check.that(pairs(found) == [(0, first)] * 3 + [(0, 200)])
        if self.outcome in (REPLAYED, LOST) and len(found) > 1:
            pause = found[1].at - found[0].at
            check.that(pause >= TIMEOUT + REPLAY - (0.05 if self.end == "alive" else 1), "the replay came after %.2f s" % pause)
        return self.check_end(check, len(found))

    def check_race(self, check, found):
        """Killed before the answer came, or after: either way exact."""
        if pairs(found)[:2] == [(0, 200), (0, 400)]:
            self.outcome = LOST
        else:
            check.that(pairs(found)[:2] == [(0, 200), (1, 200)])
        self.check_end(check, len(found))

    def check_end(self, check, count):
        scene = self.scene
        if self.outcome == LOST:
            for life in range(2):
                reply = scene.get(1)
                check.that(reply.startswith("ERR login-required reason=answer-lost "), "life %d: %r" % (life, reply))
                scene.again()
            time.sleep(0.3)
            check.that(len(scene.sends()) == count, "a third send: %s" % scene.sends())
        else:
            scene.again()
            found = scene.waits_for(count + 1)
            check.that(found and found[-1].status == 200 and found[-1].token == found[-2].successor, found)
            check.that(scene.lives(), "the server has ended the grant")
        check.end()


class Check:
    """Several things that make one expectation."""

    def __init__(self, checks, what, detail):
        self.checks, self.what, self.detail, self.wrong = checks, what, detail, []

    def that(self, held, detail=""):
        if not held:
            self.wrong.append(str(detail))

    def end(self):
        self.checks.ok(self.what, not self.wrong, "\n".join(self.wrong + [str(self.detail)]))


def connection_cuts(checks, server):
    play(checks, [Case(server, *case, end) for case in CASES if case[2] != PATIENT for end in ENDS])


def storms(checks, server):
    """One after the other: what is to be met three times must be met by the same grant."""
    for case in CASES:
        if case[2] == PATIENT:
            play(checks, [Case(server, *case, "alive")])


def play(checks, cases):
    """Each has its own daemon and grant: their waits are one."""
    try:
        for case in cases:
            case.begin()
        for case in cases:
            checks.section(case.what, case.check, checks)
    finally:
        for case in cases:
            case.scene.__exit__()


def two_unknown_outcomes(checks, server):
    """Nothing is sent a third time, though the server would have taken it: it might as well have ended the grant."""
    with Scene(server, keep="always") as scene:
        scene.victim.begin()
        server.control("fault token reset when=before grant=refresh_token times=2")
        scene.import_()
        found = scene.waits_for(2)
        checks.equal("a replay whose outcome is unknown too is the last send", pairs(found), [(0, None), (0, None)])
        reply = scene.get(1)
        checks.ok("and says so", reply.startswith("ERR login-required reason=answer-lost "), reply)
        scene.again()
        scene.again()
        checks.equal("over restarts too", len(scene.sends()), 2)
        reply = scene.get(1)
        checks.ok("where it says the same", reply.startswith("ERR login-required reason=answer-lost "), reply)
        reply = scene.import_()
        checks.ok("a new grant ends it", reply.startswith("OK "), reply)
        checks.ok("and works", scene.get().startswith("OK "), TOKEN)


SECTIONS = [connection_cuts, storms, two_unknown_outcomes]
