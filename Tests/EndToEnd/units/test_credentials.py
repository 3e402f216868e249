"""LoadCredential= from the credential socket: a token, or no start."""
import re

from lib import processes
from .site import CREDENTIALS, load, shown, told

JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+\Z")
# what a unit finds, and what it is told when it asks itself
BOTH = '/bin/sh -c "cat $${CREDENTIALS_DIRECTORY}/portal.sync; echo; tokenctl get portal.sync"'
SPEND = "/run/spend-the-budget"
# more than there would be room for in a descriptor store of 64
MANY = ["held@many-%d.service" % number for number in range(80)]
ESCAPED = r"cred-template@home-a\x2db-%s.service" % ("x" * 20)

JOBS = {
    "cred-own.service": (BOTH, "daemon", load("portal.sync")),
    "cred-named.service": (shown("erp"), "daemon", load("portal.sync", "erp")),
    "cred-slice.service": (shown("portal.sync"), "daemon", load("portal.sync") + "\nSlice=erp-jobs.slice"),
    "cred-dynamic.service": (shown("portal.sync"), "root", load("portal.sync") + "\nUser=\nDynamicUser=yes"),
    "cred-walled.service": (shown("portal.sync"), "root",
                            load("portal.sync") + "\nPrivateNetwork=yes\nPrivateUsers=yes\nProtectSystem=strict\nRootDirectoryStartOnly=no"),
    "cred-template@.service": (shown("portal.sync"), "daemon", load("portal.sync")),
    "cred-unknown.service": (shown("portal.synk"), "daemon", load("portal.synk")),
    "by-root.service": (shown("portal.sync"), "root", load("portal.sync")),
    "stranger.service": (shown("portal.sync"), "daemon", load("portal.sync")),
    "as-person.service": (shown("person.user"), "daemon", load("person.user")),
    "as-reference.service": (shown("person.pat"), "daemon", load("person.pat")),
    "held@.service": (shown("held.sync"), "daemon", load("held.sync")),
    # causes all the exchanges that it may while there is an order to do so
    "held@limit.service": ("/bin/sh -c 'if [ -e %s ]; then for n in 1 2 3 4 5 6 7 8; do tokenctl get held.sync --min-valid 59 --wait 5; sleep 1.2; done "
                           "> /dev/null; else cat ${CREDENTIALS_DIRECTORY}/held.sync; fi'" % SPEND, "daemon", load("held.sync")),
    "away.service": (shown("away.sync"), "daemon", load("away.sync")),
}


def prepare(machine):
    machine.add_jobs(JOBS)


def crashed(machine):
    """Kills tokend, and waits for the next one."""
    process = machine.show("tokend.service", "MainPID")
    machine.systemctl("kill", "--signal=KILL", "tokend.service")
    return processes.until(lambda: machine.show("tokend.service", "MainPID") not in (process, "0")
                           and machine.show("tokend.service", "ActiveState") == "active", 20)


def _stored(machine):
    return int(machine.show("tokend.service", "NFileDescriptorStore"))


def printed(machine, unit):
    path = machine.host.path("/run/jobs/" + unit)
    return path.read_text() if path.exists() else ""


def ended(machine, unit, seconds=30):
    """Waits until a unit is neither starting nor running."""
    return processes.until(lambda: machine.show(unit, "ActiveState") in ("inactive", "failed"), seconds, every=0.2)


def test_sockets(machine):
    verified = machine.host.run("systemd-analyze", "verify", "--man=no", "tokend.service", "tokend.socket", "tokend-credentials.socket",
                                "tokend-ready@portal.sync.service", check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, ""), "systemd-analyze verify says nothing"
    assert machine.show("tokend-credentials.socket", "ActiveState") == "active", "one socket brings the other"
    enabled = machine.systemctl("is-enabled", "tokend-credentials.socket").stdout.strip()
    assert enabled == "enabled", "and is enabled with it"
    listing = machine.host.run("stat", "--format=%A %U:%G", CREDENTIALS).stdout.strip()
    assert listing == "srw------- root:root", "it is root's alone"


def test_starts_the_daemon(machine):
    machine.systemctl("stop", "tokend.service")
    status, printed = machine.job("cred-own.service")
    assert (status, machine.show("tokend.service", "ActiveState")) == (0, "active"), "a unit's credential starts tokend"
    credential, _, own = printed.partition("\n")
    assert JWT.search(credential), "the credential is the token and nothing else"
    assert own == credential + "\n", "the same that the unit gets when it asks itself"
    entries = told(machine, "cred-own.service", "handed-out", "TOKEND_REQUEST=LoadCredential")
    assert [(entry["TOKEND_TOKEN"], entry["TOKEND_CONSUMER"]) for entry in entries] == [("portal.sync", "cred-own.service")], (
        "the journal says who got it, and how")
    assert (re.search(r"^portal\.sync handed out to cred-own\.service \(uid 0\) by LoadCredential, token [0-9a-f]{16}$", entries[0]["MESSAGE"] if entries else "")), (
        "in a sentence")
    issued = told(machine, "cred-own.service", "renewed")
    assert len(issued) == 1, "from one exchange"


def test_a_wait_begins(machine):
    """Its minute passes beside everything else."""
    assert machine.systemctl("start", "--no-block", "away.service").returncode == 0, "a unit starts whose server is away"


def test_given(machine):
    for unit, what in (("cred-named.service", "under a name of its own"), ("cred-slice.service", "in a slice of its own"),
                       ("cred-dynamic.service", "of a dynamic user"), ("cred-walled.service", "behind walls"), (ESCAPED, "with escapes in its name")):
        status, printed = machine.job(unit)
        assert status == 0 and JWT.match(printed), "a unit %s is given its token: %s" % (what, (status, printed[:80], machine.show(unit, "ExecMainStatus")))
    entries = told(machine, ESCAPED, "handed-out")
    assert len(entries) == 1, "the journal has the instance's name as systemd writes it"
    for length, what, is_given in ((20, "so is a transient one", True), (83 - len("portal.sync"), "also with the longest name there is room for", True),
                                   (90 - len("portal.sync"), "a longer one is not", False)):
        unit = "cred-%s.service" % ("x" * (length - len("cred-.service")))
        run = machine.host.run("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--unit=" + unit, "-p", load("portal.sync"),
                               "-p", "User=daemon", "sh", "-c", 'cat "$CREDENTIALS_DIRECTORY/portal.sync"', check=False)
        assert (run.returncode, bool(JWT.match(run.stdout))) == ((0, True) if is_given else (243, False)), what


def test_of_other_kinds(machine):
    minted = machine.control("grant mint app=%s user=m.petrova" % machine.about["clients"]["portal"]["client_id"])
    assert re.search("^OK id=", machine.ask("IMPORT person.user " + minted["refresh_token"])), "a sign-in is brought in"
    reference = machine.control("reference mint kind=PAT app=%s user=m.petrova" % machine.about["clients"]["portal"]["client_id"])["token"]
    assert re.search("^OK id=", machine.ask("IMPORT person.pat " + reference)), "and a reference token"
    status, printed = machine.job("as-person.service")
    assert status == 0 and JWT.match(printed), "a unit is given a person's token: %s" % ((status, printed[:80]),)
    status, printed = machine.job("as-reference.service")
    assert (status, printed) == (0, reference), "and a reference token, to the letter"


def test_refused(machine):
    for unit, what, why in (
            ("stranger.service", "no rule is for", r'no entry of "portal\.sync" without user and group is for "stranger\.service"'),
            ("by-root.service", "only a rule with a user is for", r'no entry of "portal\.sync" without user and group is for "by-root\.service"'),
            ("cred-unknown.service", "asks for a token that does not exist", r'there is no token "portal\.synk", and \[credentials\]')):
        status, printed = machine.job(unit)
        assert status != 0 and printed == "", "a unit that %s does not start: %s" % (what, (status, printed[:80]))
        assert machine.show(unit, "ExecMainStatus") == "243", "because of its credential"
        entries = told(machine, unit, "refused", "TOKEND_REQUEST=LoadCredential")
        assert re.search(r"^(portal\.sync refused .* by LoadCredential|LoadCredential refused .*): denied: " + why, entries[0]["MESSAGE"] if entries else ""), (
            "and the journal says why")
        machine.systemctl("reset-failed", unit)


def test_waited_for(machine):
    machine.control("fault token hang client=" + machine.about["clients"]["second"]["client_id"])
    machine.control("counters reset")
    machine.systemctl("start", "--no-block", "held@waits.service")
    machine.control("await hung 1")
    assert machine.show("held@waits.service", "ActiveState") == "activating", "a unit waits for its token"
    machine.control("clear")
    ended(machine, "held@waits.service")
    assert (machine.show("held@waits.service", "Result"), bool(JWT.match(printed(machine, "held@waits.service")))) == ("success", True), "and starts with it"


def test_half_of_a_life(machine):
    machine.control("knob access-ttl 40")
    before = len(told(machine, "held@half.service", "renewed"))
    first = machine.job("held@half.service")[1]
    second = machine.job("held@half.service")[1]
    assert JWT.match(first) and first == second, "while it is fresh a token is given again"
    machine.control("knob access-ttl 3600")
    # the token itself says when half of its life is over
    processes.until(lambda: machine.host.run("systemctl", "start", "held@half.service", check=False).returncode != 0
                    or printed(machine, "held@half.service") != first, 30, every=0.5)
    entries = told(machine, "held@half.service", "renewed")
    assert len(entries) - before == 2, "and once half of its life is over another is fetched"
    if len(entries) >= 2:
        waited = (int(entries[-1]["__REALTIME_TIMESTAMP"]) - int(entries[-2]["__REALTIME_TIMESTAMP"])) / 1e6
        assert 19 <= waited <= 28, "not sooner and not much later"


def test_a_wait_ends(machine):
    ended(machine, "away.service", 75)
    assert (machine.show("away.service", "ExecMainStatus"), printed(machine, "away.service")) == ("243", ""), "where no token can be had, a unit fails"
    entries = told(machine, "away.service", "refused")
    assert len(entries) == 1, "and the journal has it once"
    assert re.search(r": timeout: no token within 60 s: .*", entries[0]["MESSAGE"]), "with the reason"
