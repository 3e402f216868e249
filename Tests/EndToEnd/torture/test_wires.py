"""The connection is cut before, during and after the answer; the answer is slow, or a refusal that passes."""
import time

from .fixture import REPLAY, TortureFixture, pairs, side_by_side

TIMEOUT = 2
# what becomes of the grant
KEPT, REPLAYED, LOST, PATIENT = "the successor is kept", "a replay brings it", "a replay is refused, then answer-lost", "the same token again"

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


def broken(server, what, fault, outcome, end):
    """One way of breaking, in one life or over a restart; what is wrong with what becomes of it."""
    # an answer that is to be taken must not be late on a slow machine
    timeout = 20 if outcome == KEPT else TIMEOUT
    with TortureFixture(server, keep="always", timeout=timeout) as scene:
        victim = scene.victim.begin()
        scene.fault(fault)
        reply = scene.import_()
        if not reply.startswith("OK "):
            return "IMPORT says %r" % reply
        scene.waits_for_fault()
        if end == "killed":
            victim.kill()
        elif end == "stopped":
            victim.stop()
        if end != "alive":
            time.sleep(0.05)
            victim.begin()
        found = scene.waits_for({KEPT: 1 + (end != "alive"), REPLAYED: 2, LOST: 2, PATIENT: 4}[outcome])
        if outcome == KEPT and end == "killed" and pairs(found) == [(0, 200), (0, 400)]:
            # killed before the answer was there
            outcome = LOST
        said = [expectation(found, outcome, end), distance(found, outcome, end)]
        said += [lost(scene, len(found))] if outcome == LOST else [works_on(scene)]
        return "\n".join([text for text in said if text] + [str(found)]) if any(said) else ""


def expectation(found, outcome, end):
    first = found[0].status if found else None
    expected = {
        KEPT: [(0, 200)] + [(1, 200)] * (end != "alive"), REPLAYED: [(0, first), (0, 200)], LOST: [(0, 200), (0, 400)],
        PATIENT: [(0, first)] * 3 + [(0, 200)]}[outcome]
    return "" if pairs(found) == expected else "expected %s, found %s" % (expected, pairs(found))


def distance(found, outcome, end):
    """A replay is not early; the time of a send that outlives the daemon has whole seconds."""
    if outcome not in (REPLAYED, LOST) or len(found) < 2:
        return ""
    pause = found[1].at - found[0].at
    return "" if pause >= TIMEOUT + REPLAY - (0.8 if end == "alive" else 1.8) else "the replay came after %.2f s" % pause


def lost(scene, count):
    """The server has refused the replay. A start asks it once more, and hears the same; it asks again only where that answer came too late for it."""
    for life in range(2):
        reply = scene.get_at_last()
        if not reply.startswith("ERR login-required reason=answer-lost "):
            return "in life %d a GET says %r" % (life, reply[:200])
        sends = scene.sends()
        asked = sends[count:]
        pauses = [later.at - earlier.at for earlier, later in zip(asked, asked[1:])]
        expected = {(0, 400)} if life else set()
        if set(pairs(sends)[count:]) != expected or any(pause < TIMEOUT + REPLAY - 0.8 for pause in pauses):
            return "in life %d: %s" % (life, sends)
        if life == 0:
            scene.again()
    return ""


def works_on(scene):
    """What came is in use, and outlives a SIGKILL."""
    reply = scene.get_at_last()
    if not reply.startswith("OK "):
        return "a GET says %r" % reply[:200]
    before = scene.sends()
    scene.again()
    found = scene.waits_for(len(before) + 1)
    if len(found) != len(before) + 1 or found[-1].token != before[-1].successor or found[-1].status != 200:
        return "after a restart: %s" % found
    return "" if scene.lives() else "the server has ended the grant"


def test_connection_cuts(server):
    side_by_side([
        ("%s, then %s: %s" % (what, end, outcome), lambda case=(what, fault, outcome, end): broken(server, *case))
        for what, fault, outcome in CASES for end in ENDS if not (outcome == PATIENT and end != "alive")])


OUTAGES = [
    ("502", "status code=502"), ("504", "status code=504"), ("408", "status code=408"), ("a cut", "reset when=before"), ("an orderly end", "close when=before"),
]
TRIES = 4


def outage(server, fault, end):
    """Nobody answers four times in a row; the daemon dies or is stopped after the second."""
    with TortureFixture(server, keep="always", timeout=TIMEOUT) as scene:
        victim = scene.victim.begin()
        scene.fault("%s times=%d" % (fault, TRIES))
        reply = scene.import_()
        if not reply.startswith("OK "):
            return "IMPORT says %r" % reply
        scene.waits_for(2)
        if end != "alive":
            victim.kill() if end == "killed" else victim.stop()
            victim.begin()
        found = scene.waits_for(TRIES, 60)
        reply = scene.get(1)
        if len(found) == TRIES and not reply.startswith(("ERR unavailable ", "OK ")):
            return "while nobody answers a GET says %r" % reply
        found = scene.waits_for(TRIES + 1, 60)
        expected = [(0, found[0].status)] * TRIES + [(0, 200)]
        pauses = [later.at - earlier.at for earlier, later in zip(found, found[1:])]
        said = []
        if pairs(found) != expected:
            said.append("expected %s, found %s" % (expected, pairs(found)))
        if any(pause < TIMEOUT + REPLAY - (0.8 if end == "alive" else 1.8) for pause in pauses):
            said.append("a replay came too early: %s" % pauses)
        said.append(works_on(scene))
        return "\n".join([text for text in said if text] + [str(found)]) if any(said) else ""


def test_a_gateway_that_fails_for_long(server):
    """No answer is no refusal: the grant is not lost, however often nobody answers."""
    side_by_side([
        ("RT-12 %s four times in a row, %s: the grant lives on" % (what, end), lambda case=(fault, end): outage(server, *case))
        for what, fault in OUTAGES for end in ENDS])
