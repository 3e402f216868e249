"""Whoever asks the credential socket without being systemd."""
import pathlib
import re
import subprocess

from lib import processes
from .test_credentials import crashed, ended
from .site import CREDENTIALS, told

REFUSAL = "%d zeros\n" % ((1 << 20) + 1)
CLAIM = "@fecc004bd1591f60/unit/erp-sync.service/portal.sync"
PRETEND = "/usr/local/bin/pretend"
# as many connections as tokend takes at a time
MOST = 512


def prepare(machine):
    machine.host.write(PRETEND, (pathlib.Path(__file__).parent / "pretend").read_text(), 0o755)


def as_unit(machine, unit, address, manner="read"):
    """A root process of that unit, and what it got."""
    return machine.host.run("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--unit=" + unit, PRETEND, address, manner, check=False).stdout


def refusals(machine, unit, reason=None):
    return told(machine, unit, "refused", "TOKEND_REQUEST=LoadCredential", *(["TOKEND_REASON=" + reason] if reason else []))


def test_of_another_user(machine):
    def attempt():
        return machine.host.run("runuser", "-u", "backup", "--", PRETEND, CLAIM, "read", check=False)
    assert attempt().stderr == "connect: Permission denied\n", "another user does not reach the socket"
    machine.host.run("chmod", "666", CREDENTIALS)
    assert attempt().stdout == REFUSAL, "and gets a refusal if it does"
    machine.host.run("chmod", "600", CREDENTIALS)
    entries = machine.journal("_SYSTEMD_UNIT=tokend.service", "TOKEND_REASON=not-root")
    assert [(entry["TOKEND_CONSUMER_UID"], entry.get("TOKEND_CONSUMER_UNIT")) for entry in entries] == [("34", None)], (
        "the journal has its uid, and not the unit it claims")


def test_of_another_unit(machine):
    assert as_unit(machine, "attacker.service", CLAIM) == REFUSAL, "root in another unit gets a refusal"
    entries = refusals(machine, "attacker.service", "other-unit")
    assert len(entries) == 1, "the journal has the unit it is in"
    assert re.search(r'asks for "erp-sync\.service" and runs elsewhere', entries[0]["MESSAGE"] if entries else ""), "and the one it claims"
    assert machine.host.run(PRETEND, CLAIM, "read").stdout == REFUSAL, "so does root in none"
    assert told(machine, "erp-sync.service", "handed-out") == [], "and nobody got erp-sync's token"
    mine = "@fecc/unit/cred-itself.service/portal.sync"
    assert re.search(r"^a token of \d+ bytes\n\Z", as_unit(machine, "cred-itself.service", mine)), (
        "in its own unit root gets the unit's token, as it would from the other socket")


def test_of_another_form(machine):
    for number, address in enumerate((
            "-", "/run/jobs/somewhere", "@fecc/unit/cred-form.service", "@fecc/unit/cred-form.service/portal.sync/", "@FECC/unit/cred-form.service/portal.sync",
            "@/unit/cred-form.service/portal.sync", "@fecc/unit/cred-form.service/", "@portal.sync")):
        assert as_unit(machine, "cred-form.service", address) == REFUSAL, "an address of the form %r gets a refusal" % address
        if number == 0:
            assert len(refusals(machine, "cred-form.service", "address")) == 1, "the journal says so"
    assert told(machine, "cred-form.service", "handed-out") == [], "nobody got a token for one"


def test_that_speaks(machine):
    address = "@fecc/unit/speaker.service/portal.sync"
    # tokend hears the line before it has an answer
    machine.control("fault token slow delay=2")
    assert not as_unit(machine, "speaker.service", address, "speak").startswith("a token"), "a peer that sends something gets no token"
    machine.control("clear")
    assert (re.search(r"bad-request: the peer sends something, which systemd does not", "".join(entry["MESSAGE"] for entry in refusals(machine, "speaker.service")))), (
        "and the journal says so")


def deaf(machine, number):
    """That many peers in one process, once they have connected."""
    peer = machine.host.start(PRETEND, CLAIM, "deaf", str(number), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if peer.stdout.readline() != "connected\n":
        raise RuntimeError("the peers did not connect")
    return peer


def test_that_is_deaf(machine):
    pid = machine.show("tokend.service", "MainPID")
    before = connections(machine, pid)
    peer = deaf(machine, 10)
    held = processes.until(lambda: connections(machine, pid) == before + 10, 10)
    assert held, "tokend has ten peers that read nothing: %s" % ((before, connections(machine, pid)),)
    status, _ = machine.job("cred-slice.service")
    assert status == 0, "a unit is given its token all the same"
    assert machine.ask("PING") == "OK", "and so is everybody else"
    peer.stdin.close()
    peer.wait()
    assert processes.until(lambda: connections(machine, pid) == before, 10), (
        "when they leave nothing is kept of them: %s" % ((before, connections(machine, pid)),))


def test_that_are_too_many(machine):
    pid = machine.show("tokend.service", "MainPID")
    peer = deaf(machine, MOST + 50)
    held = processes.until(lambda: connections(machine, pid) == MOST, 10)
    assert held, "tokend takes %d connections and no more: %s" % (MOST, connections(machine, pid))
    machine.systemctl("start", "--no-block", "cred-slice.service")
    assert machine.ask("PING") == "OK", "everybody else is served"
    assert machine.show("cred-slice.service", "ActiveState") == "activating", "a unit is not refused for want of room: it waits"
    peer.stdin.close()
    peer.wait()
    ended(machine, "cred-slice.service")
    assert machine.show("cred-slice.service", "Result") == "success", "and starts when there is some"


def test_whose_refusal_is_cut(machine):
    """systemd would take the zeros before the end for the credential if they were fewer."""
    peer = machine.host.start("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--unit=late.service", PRETEND,
                              "@fecc/unit/late.service/portal.sync", "late", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert peer.stdout.readline() == "connected\n", "a unit asks, and does not read yet"
    assert processes.until(lambda: len(refusals(machine, "late.service")) == 1, 10), "it is refused"
    assert crashed(machine), "tokend is killed in the middle of it"
    assert processes.until(lambda: len(refusals(machine, "late.service")) == 2, 10), "the next one refuses again"
    assert re.search("ended in the middle of its answer", refusals(machine, "late.service")[-1]["MESSAGE"]), "and says why"
    peer.stdin.write("\n")
    peer.stdin.flush()
    zeros = re.match(r"(\d+) zeros\n\Z", peer.stdout.read())
    assert zeros and int(zeros[1]) > 1 << 20, f"the unit is not left with half of a refusal: {zeros and zeros[0]}"
    peer.stdin.close()
    peer.wait()


def connections(machine, pid):
    """Connections of the credential socket that tokend has accepted."""
    inodes = re.findall(r"socket:\[(\d+)\]", machine.host.run("sh", "-c", "ls -l /proc/%s/fd" % pid).stdout)
    rows = [row.split() for row in machine.host.run("cat", "/proc/net/unix").stdout.splitlines()]
    # 03: connected; its own end of a connection bears the listener's path
    return sum(1 for row in rows if row[-1] == CREDENTIALS and row[5] == "03" and row[6] in inodes)
