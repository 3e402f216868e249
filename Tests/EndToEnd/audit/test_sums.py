"""The sum of TOKEND_COUNT is the number of decisions, whatever happens to the journal and to tokend."""
import re
import subprocess
import sys

from lib import processes

from .fixture import ATTACK, MANY, SOCKET

HANDED_OUT = "TOKEND_EVENT=handed-out"
JOURNALD = ("systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald-audit.socket")
FAST = 100_000


def test_under_load(scene):
    """A hundred thousand requests a second, and a restart that writes what is left."""
    scene.restart()
    since, began = scene.now(), scene.processor_time()
    number = scene.load("pipeline", 64, 1_000_000, "GET portal.root")
    # others may keep the processors busy
    rate = number / (scene.processor_time() - began)
    assert rate >= FAST, "%d decisions are made, at more than %d in a second of tokend's processor time" % (number, FAST)
    metrics = scene.metrics()
    assert metrics.value("tokend_handed_out_total", token="portal.root") == number, "METRICS has counted each"
    written = scene.decisions(since, HANDED_OUT)
    waiting = metrics.value("tokend_audit_waiting")
    assert written < number and waiting >= number - written, (
        "the journal has few entries of them, and the others wait to be summed up: %s" % ((written, waiting),))
    scene.restart()
    assert scene.settled(since, number, HANDED_OUT, "TOKEND_TOKEN=portal.root") == number, "after a restart the journal has all"
    entries = scene.entries(since, HANDED_OUT, "TOKEND_TOKEN=portal.root")
    assert len(entries) <= 12, "in a few entries"


def test_through_restarts(scene):
    """Callers who go on asking while tokend is restarted."""
    since = scene.now()
    callers = scene.host.start(ATTACK, "count", SOCKET, "GET portal.root", "4", "6", stdout=subprocess.PIPE, text=True)
    callers.stdout.readline()
    statuses = [scene.restart() for _ in range(3)]
    answered = dict(re.findall(r"(\w+)=(\d+)", callers.communicate(timeout=60)[0]))
    assert statuses == [0, 0, 0], "three restarts while they ask"
    assert int(answered["answered"]) > FAST and int(answered["connections"]) > 4, "the callers were answered, and came back"
    scene.restart()
    expected = int(answered["answered"])
    assert scene.settled(since, expected, HANDED_OUT, "TOKEND_TOKEN=portal.root") == expected, "the journal has every token that was handed out"
    refused = int(answered["refused"])
    assert scene.settled(since, refused, "TOKEND_EVENT=refused", "TOKEND_TOKEN=portal.root") == refused, "and every refusal"


def test_journald_restarts(scene):
    since = scene.now()
    number = scene.load("pipeline", 16, 20_000, "GET portal.root")
    for _ in range(2):
        scene.systemctl("restart", "systemd-journald.service")
        number += scene.load("pipeline", 16, 20_000, "GET many.t%", MANY)
    scene.restart()
    assert scene.settled(since, number, HANDED_OUT) == number, "journald is restarted while they ask: nothing is missing"


def test_journald_hangs(scene):
    """More entries than its queue and the backlog hold: a stop forgets the tokens, so that each is asked for anew."""
    scene.systemctl("stop", "tokend.service")
    scene.restart()
    since = scene.now()
    journald = scene.machine.show("systemd-journald.service", "MainPID")
    scene.host.run("kill", "-STOP", journald)
    try:
        number = scene.load("pipeline", 16, 50_000, "GET many.t% wait=60", MANY)
        metrics = scene.metrics()
    finally:
        scene.host.run("kill", "-CONT", journald)
    assert metrics.value("tokend_audit_not_taken_total") > 0, "its queue is full: entries are not taken"
    assert metrics.value("tokend_audit_waiting") > MANY, "and tokend knows what is not recorded"
    gap = processes.until(lambda: scene.entries(since, "TOKEND_EVENT=audit-gap"), 15, every=0.3)
    assert gap, "the gap is told when it is over"
    assert int(gap[0]["TOKEND_HELD"]) > 0 and int(gap[0]["TOKEND_DURATION_MS"]) >= 1000, "with its length and the number of decisions"
    scene.restart()
    assert scene.settled(since, number, HANDED_OUT) == number, "every hand-out is in the journal"
    assert scene.settled(since, MANY, "TOKEND_EVENT=renewed") == MANY, "and every renewal"


def test_journald_is_away(scene):
    scene.restart()
    since = scene.now()
    scene.systemctl("stop", *JOURNALD)
    try:
        number = scene.load("pipeline", 16, 50_000, "GET many.t% wait=60", MANY)
        waiting = scene.metrics().value("tokend_audit_waiting")
    finally:
        scene.systemctl("start", *reversed(JOURNALD))
    assert waiting >= number, "without a journal everybody is served, and counted"
    scene.restart()
    assert scene.settled(since, number, HANDED_OUT) == number, "and it is all there when the journal is back"


def test_required(scene):
    """`[audit] required`: what cannot be recorded is not handed out."""
    unrecorded = re.compile("^ERR unavailable reason=audit retry-after=1 : ")
    scene.settle("[audit]\nrequired = true\n")
    scene.restart()
    assert re.search("^OK eyJ", scene.ask("GET many.t1")), "with a journal it is handed out"
    since = scene.now()
    scene.systemctl("stop", *JOURNALD)
    try:
        assert unrecorded.search(scene.ask("GET many.t2")), "without one it is not"
        assert unrecorded.search(scene.ask("HEADER many.t2")), "nor by HEADER"
        assert unrecorded.search(scene.ask("WATCH many.t2")), "nor by WATCH"
        assert scene.metrics().value("tokend_handed_out_total", token="many.t2") == 0, "METRICS counts no hand-out of it"
    finally:
        scene.systemctl("start", *reversed(JOURNALD))
    assert re.search("^OK eyJ", scene.ask("GET many.t2")), "as soon as it is back the token is handed out"
    assert scene.settled(since, 1, HANDED_OUT, "TOKEND_TOKEN=many.t2") == 1, "and recorded"
    scene.settle("")
    scene.restart()
    assert scene.settled(since, 3, "TOKEND_EVENT=refused", "TOKEND_TOKEN=many.t2", "TOKEND_REASON=audit") == 3, "as the refusals are"


FLOOD = """
import socket
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as flood:
    while True:
        try: flood.sendto(b"MESSAGE=flood\\nPRIORITY=7\\n", "/run/systemd/journal/socket")
        except OSError: pass
"""


def test_required_in_a_flood(scene):
    """A user of the machine who keeps the queue of journald's socket full stops no first hand-out, and none is lost."""
    scene.settle("[audit]\nrequired = true\n")
    scene.restart()
    since = scene.now()
    # from outside, because the machine has no interpreter: the socket is a file of its root
    path = str(scene.host.path("/run/systemd/journal/socket"))
    floods = [subprocess.Popen([sys.executable, "-c", FLOOD.replace("/run/systemd/journal/socket", path)]) for _ in range(8)]
    try:
        replies = [scene.ask("GET many.t%d" % number) for number in range(60)]
    finally:
        for flood in floods:
            flood.kill()
            flood.wait()
    odd = [reply[:60] for reply in replies if not reply.startswith("OK ")]
    assert odd == [], "while a user keeps journald's queue full, everybody is handed their first token"
    assert scene.metrics().value("tokend_audit_not_taken_total") > 0, "its queue was full"
    assert scene.settled(since, 60, HANDED_OUT) == 60, "and each is recorded with its fields, once"
    scene.settle("")
    scene.restart()


def test_limited(scene):
    """journald drops what is beyond its limit for the unit, and says so; tokend warns of such a limit."""
    since = scene.now()
    scene.restart()
    assert scene.entries(since, "TOKEND_REASON=audit-rate") == [], "the limit of the unit needs no warning"
    started = len(scene.entries(since))
    scene.load("pipeline", 16, 50_000, "GET many.t% wait=60", MANY)
    scene.restart()
    assert len(scene.entries(since)) - started >= 2 * MANY, "more than %d entries are taken in a few seconds" % (2 * MANY)
    scene.drop_in("limit", "LogRateLimitIntervalSec=30s\nLogRateLimitBurst=20\n")
    since = scene.now()
    scene.restart()
    told = scene.entries(since, "TOKEND_REASON=audit-rate")
    assert told and "beyond 20 entries in 30 s" in told[0]["MESSAGE"] and "LogRateLimitBurst=" in told[0]["MESSAGE"], "a lower one is named, with its remedy"
    scene.drop_in("limit", None)
    scene.restart()
