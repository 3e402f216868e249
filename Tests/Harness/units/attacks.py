"""Whoever asks the credential socket without being systemd."""
import pathlib
import re
import subprocess

from lib import processes
from .credentials import crashed, ended
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


def of_another_user(checks, machine):
    def attempt():
        return machine.host.run("runuser", "-u", "backup", "--", PRETEND, CLAIM, "read", check=False)
    checks.equal("another user does not reach the socket", attempt().stderr, "connect: Permission denied\n")
    machine.host.run("chmod", "666", CREDENTIALS)
    checks.equal("and gets a refusal if it does", attempt().stdout, REFUSAL)
    machine.host.run("chmod", "600", CREDENTIALS)
    entries = machine.journal("_SYSTEMD_UNIT=tokend.service", "TOKEND_REASON=not-root")
    checks.equal("the journal has its uid, and not the unit it claims",
                 [(entry["TOKEND_CONSUMER_UID"], entry.get("TOKEND_CONSUMER_UNIT")) for entry in entries], [("34", None)])


def of_another_unit(checks, machine):
    checks.equal("root in another unit gets a refusal", as_unit(machine, "attacker.service", CLAIM), REFUSAL)
    entries = refusals(machine, "attacker.service", "other-unit")
    checks.equal("the journal has the unit it is in", len(entries), 1)
    checks.matches("and the one it claims", entries[0]["MESSAGE"] if entries else "", re.compile(r'asks for "erp-sync\.service" and runs elsewhere'))
    checks.equal("so does root in none", machine.host.run(PRETEND, CLAIM, "read").stdout, REFUSAL)
    checks.equal("and nobody got erp-sync's token", told(machine, "erp-sync.service", "handed-out"), [])
    mine = "@fecc/unit/cred-itself.service/portal.sync"
    checks.matches("in its own unit root gets the unit's token, as it would from the other socket",
                   as_unit(machine, "cred-itself.service", mine), re.compile(r"^a token of \d+ bytes\n\Z"))


def of_another_form(checks, machine):
    for number, address in enumerate((
            "-", "/run/jobs/somewhere", "@fecc/unit/cred-form.service", "@fecc/unit/cred-form.service/portal.sync/", "@FECC/unit/cred-form.service/portal.sync",
            "@/unit/cred-form.service/portal.sync", "@fecc/unit/cred-form.service/", "@portal.sync")):
        checks.equal("an address of the form %r gets a refusal" % address, as_unit(machine, "cred-form.service", address), REFUSAL)
        if number == 0:
            checks.equal("the journal says so", len(refusals(machine, "cred-form.service", "address")), 1)
    checks.equal("nobody got a token for one", told(machine, "cred-form.service", "handed-out"), [])


def that_speaks(checks, machine):
    address = "@fecc/unit/speaker.service/portal.sync"
    # tokend hears the line before it has an answer
    machine.control("fault token slow delay=2")
    checks.ok("a peer that sends something gets no token", not as_unit(machine, "speaker.service", address, "speak").startswith("a token"))
    machine.control("clear")
    checks.matches("and the journal says so", "".join(entry["MESSAGE"] for entry in refusals(machine, "speaker.service")),
                   re.compile(r"bad-request: the peer sends something, which systemd does not"))


def deaf(machine, number):
    """That many peers in one process, once they have connected."""
    peer = machine.host.start(PRETEND, CLAIM, "deaf", str(number), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if peer.stdout.readline() != "connected\n":
        raise RuntimeError("the peers did not connect")
    return peer


def that_is_deaf(checks, machine):
    pid = machine.show("tokend.service", "MainPID")
    before = connections(machine, pid)
    peer = deaf(machine, 10)
    held = processes.until(lambda: connections(machine, pid) == before + 10, 10)
    checks.ok("tokend has ten peers that read nothing", held, (before, connections(machine, pid)))
    status, _ = machine.job("cred-slice.service")
    checks.equal("a unit is given its token all the same", status, 0)
    checks.equal("and so is everybody else", machine.ask("PING"), "OK")
    peer.stdin.close()
    peer.wait()
    checks.ok("when they leave nothing is kept of them", processes.until(lambda: connections(machine, pid) == before, 10),
              (before, connections(machine, pid)))


def that_are_too_many(checks, machine):
    pid = machine.show("tokend.service", "MainPID")
    peer = deaf(machine, MOST + 50)
    held = processes.until(lambda: connections(machine, pid) == MOST, 10)
    checks.ok("tokend takes %d connections and no more" % MOST, held, connections(machine, pid))
    machine.systemctl("start", "--no-block", "cred-slice.service")
    checks.equal("everybody else is served", machine.ask("PING"), "OK")
    checks.equal("a unit is not refused for want of room: it waits", machine.show("cred-slice.service", "ActiveState"), "activating")
    peer.stdin.close()
    peer.wait()
    ended(machine, "cred-slice.service")
    checks.equal("and starts when there is some", machine.show("cred-slice.service", "Result"), "success")


def whose_refusal_is_cut(checks, machine):
    """systemd would take the zeros before the end for the credential if they were fewer."""
    peer = machine.host.start("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--unit=late.service", PRETEND,
                              "@fecc/unit/late.service/portal.sync", "late", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    checks.equal("a unit asks, and does not read yet", peer.stdout.readline(), "connected\n")
    checks.ok("it is refused", processes.until(lambda: len(refusals(machine, "late.service")) == 1, 10))
    checks.ok("tokend is killed in the middle of it", crashed(machine))
    checks.ok("the next one refuses again", processes.until(lambda: len(refusals(machine, "late.service")) == 2, 10))
    checks.matches("and says why", refusals(machine, "late.service")[-1]["MESSAGE"], re.compile("ended in the middle of its answer"))
    peer.stdin.write("\n")
    peer.stdin.flush()
    zeros = re.match(r"(\d+) zeros\n\Z", peer.stdout.read())
    checks.ok("the unit is not left with half of a refusal", zeros and int(zeros[1]) > 1 << 20, zeros and zeros[0])
    peer.stdin.close()
    peer.wait()


def connections(machine, pid):
    """Connections of the credential socket that tokend has accepted."""
    inodes = re.findall(r"socket:\[(\d+)\]", machine.host.run("sh", "-c", "ls -l /proc/%s/fd" % pid).stdout)
    rows = [row.split() for row in machine.host.run("cat", "/proc/net/unix").stdout.splitlines()]
    # 03: connected; its own end of a connection bears the listener's path
    return sum(1 for row in rows if row[-1] == CREDENTIALS and row[5] == "03" and row[6] in inodes)


PARTS = [of_another_user, of_another_unit, of_another_form, that_speaks, that_is_deaf, that_are_too_many, whose_refusal_is_cut]
