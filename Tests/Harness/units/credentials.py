"""LoadCredential= from the credential socket: a token, or no start."""
import re
import time

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


def sockets(checks, machine):
    verified = machine.host.run("systemd-analyze", "verify", "--man=no", "tokend.service", "tokend.socket", "tokend-credentials.socket",
                                "tokend-ready@portal.sync.service", check=False)
    checks.equal("systemd-analyze verify says nothing", (verified.returncode, verified.stdout + verified.stderr), (0, ""))
    checks.equal("one socket brings the other", machine.show("tokend-credentials.socket", "ActiveState"), "active")
    enabled = machine.systemctl("is-enabled", "tokend-credentials.socket").stdout.strip()
    checks.equal("and is enabled with it", enabled, "enabled")
    listing = machine.host.run("stat", "--format=%A %U:%G", CREDENTIALS).stdout.strip()
    checks.equal("it is root's alone", listing, "srw------- root:root")


def starts_the_daemon(checks, machine):
    machine.systemctl("stop", "tokend.service")
    status, printed = machine.job("cred-own.service")
    checks.equal("a unit's credential starts tokend", (status, machine.show("tokend.service", "ActiveState")), (0, "active"))
    credential, _, own = printed.partition("\n")
    checks.matches("the credential is the token and nothing else", credential, JWT)
    checks.equal("the same that the unit gets when it asks itself", own, credential + "\n")
    entries = told(machine, "cred-own.service", "handed-out", "TOKEND_REQUEST=LoadCredential")
    checks.equal("the journal says who got it, and how", [(entry["TOKEND_TOKEN"], entry["TOKEND_CONSUMER"]) for entry in entries],
                 [("portal.sync", "cred-own.service")])
    checks.matches("in a sentence", entries[0]["MESSAGE"] if entries else "",
                   re.compile(r"^portal\.sync handed out to cred-own\.service \(uid 0\) by LoadCredential, token [0-9a-f]{16}$"))
    issued = told(machine, "cred-own.service", "renewed")
    checks.equal("from one exchange", len(issued), 1)


def given(checks, machine):
    for unit, what in (("cred-named.service", "under a name of its own"), ("cred-slice.service", "in a slice of its own"),
                       ("cred-dynamic.service", "of a dynamic user"), ("cred-walled.service", "behind walls"), (ESCAPED, "with escapes in its name")):
        status, printed = machine.job(unit)
        checks.ok("a unit %s is given its token" % what, status == 0 and JWT.match(printed), (status, printed[:80], machine.show(unit, "ExecMainStatus")))
    entries = told(machine, ESCAPED, "handed-out")
    checks.equal("the journal has the instance's name as systemd writes it", len(entries), 1)
    for length, what, is_given in ((20, "so is a transient one", True), (83 - len("portal.sync"), "also with the longest name there is room for", True),
                                   (90 - len("portal.sync"), "a longer one is not", False)):
        unit = "cred-%s.service" % ("x" * (length - len("cred-.service")))
        run = machine.host.run("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--unit=" + unit, "-p", load("portal.sync"),
                               "-p", "User=daemon", "sh", "-c", 'cat "$CREDENTIALS_DIRECTORY/portal.sync"', check=False)
        checks.equal(what, (run.returncode, bool(JWT.match(run.stdout))), (0, True) if is_given else (243, False))


def of_other_kinds(checks, machine):
    minted = machine.control("grant mint app=%s user=m.petrova" % machine.about["clients"]["portal"]["client_id"])
    checks.matches("a sign-in is brought in", machine.ask("IMPORT person.user " + minted["refresh_token"]), re.compile("^OK id="))
    reference = machine.control("reference mint kind=PAT app=%s user=m.petrova" % machine.about["clients"]["portal"]["client_id"])["token"]
    checks.matches("and a reference token", machine.ask("IMPORT person.pat " + reference), re.compile("^OK id="))
    status, printed = machine.job("as-person.service")
    checks.ok("a unit is given a person's token", status == 0 and JWT.match(printed), (status, printed[:80]))
    status, printed = machine.job("as-reference.service")
    checks.equal("and a reference token, to the letter", (status, printed), (0, reference))


def refused(checks, machine):
    for unit, what, why in (
            ("stranger.service", "no rule is for", r'no entry of "portal\.sync" without user and group is for "stranger\.service"'),
            ("by-root.service", "only a rule with a user is for", r'no entry of "portal\.sync" without user and group is for "by-root\.service"'),
            ("cred-unknown.service", "asks for a token that does not exist", r'there is no token "portal\.synk", and \[credentials\]')):
        status, printed = machine.job(unit)
        checks.ok("a unit that %s does not start" % what, status != 0 and printed == "", (status, printed[:80]))
        checks.equal("because of its credential", machine.show(unit, "ExecMainStatus"), "243")
        entries = told(machine, unit, "refused", "TOKEND_REQUEST=LoadCredential")
        checks.matches("and the journal says why", entries[0]["MESSAGE"] if entries else "", re.compile(r"^(portal\.sync refused .* by LoadCredential|LoadCredential refused .*): denied: " + why))
        machine.systemctl("reset-failed", unit)


def waited_for(checks, machine):
    machine.control("fault token hang client=" + machine.about["clients"]["second"]["client_id"])
    machine.control("counters reset")
    machine.systemctl("start", "--no-block", "held@waits.service")
    machine.control("await hung 1")
    checks.equal("a unit waits for its token", machine.show("held@waits.service", "ActiveState"), "activating")
    machine.control("clear")
    ended(machine, "held@waits.service")
    checks.equal("and starts with it", (machine.show("held@waits.service", "Result"), bool(JWT.match(printed(machine, "held@waits.service")))),
                 ("success", True))


def limit_waited_out(checks, machine):
    """A unit that has caused all the exchanges that it may, and whose token is past half of its life."""
    machine.control("knob access-ttl 60")
    order = machine.host.path(SPEND)
    order.write_text("")
    machine.host.run("systemctl", "start", "held@limit.service", check=False)
    order.unlink()
    checks.ok("a unit spends its budget", told(machine, "held@limit.service", "refused", "TOKEND_DECISION=busy"),
              told(machine, "held@limit.service", "handed-out")[-1:])
    time.sleep(31)
    began = time.monotonic()
    status = machine.host.run("systemctl", "start", "held@limit.service", check=False).returncode
    checks.ok("and starts all the same, when the limit has passed or its token was renewed", status == 0 and JWT.match(printed(machine, "held@limit.service")),
              (status, time.monotonic() - began, machine.show("held@limit.service", "ExecMainStatus")))
    machine.control("knob access-ttl 3600")


def refused_at_a_stop(checks, machine):
    machine.control("fault token hang client=" + machine.about["clients"]["second"]["client_id"])
    machine.control("counters reset")
    machine.systemctl("start", "--no-block", "held@stopped.service")
    machine.control("await hung 1")
    checks.equal("tokend stops and starts while a unit waits", machine.restart(), 0)
    machine.control("clear")
    ended(machine, "held@stopped.service")
    checks.equal("the unit does not start with an empty credential",
                 (machine.show("held@stopped.service", "ExecMainStatus"), printed(machine, "held@stopped.service")), ("243", ""))
    machine.systemctl("reset-failed", "held@stopped.service")


def waited_for_over_a_crash(checks, machine):
    machine.control("fault token hang client=" + machine.about["clients"]["second"]["client_id"])
    machine.control("counters reset")
    before = _stored(machine)
    machine.systemctl("start", "--no-block", "held@crash.service")
    machine.control("await hung 1")
    kept = processes.until(lambda: _stored(machine) == before + 1, 10)
    checks.ok("systemd keeps the connection of a unit that waits", kept, (before, _stored(machine)))
    checks.ok("a killed tokend is followed by another one", crashed(machine))
    machine.control("clear")
    ended(machine, "held@crash.service")
    checks.equal("a crash does not start it with an empty credential: the next tokend answers",
                 (machine.show("held@crash.service", "Result"), bool(JWT.match(printed(machine, "held@crash.service")))), ("success", True))
    checks.ok("and nothing is kept for longer", processes.until(lambda: _stored(machine) == before, 10), (before, _stored(machine)))


def many_over_two_crashes(checks, machine):
    machine.control("fault token hang times=forever client=" + machine.about["clients"]["second"]["client_id"])
    before = _stored(machine)
    machine.systemctl("start", "--no-block", *MANY)
    checks.ok("systemd keeps the connections of %d units that wait" % len(MANY),
              processes.until(lambda: _stored(machine) == before + len(MANY), 30), (before, _stored(machine)))
    checks.ok("a killed tokend is followed by another one", crashed(machine))
    # it has begun to answer: the connections are its own
    checks.equal("which serves", machine.ask("PING"), "OK")
    machine.systemctl("stop", *MANY[::8])
    staying = [unit for unit in MANY if unit not in MANY[::8]]
    checks.ok("of those that stop nothing is kept, and of no others", processes.until(lambda: _stored(machine) == before + len(staying), 10)
              and not processes.until(lambda: _stored(machine) != before + len(staying), 1), (before, _stored(machine)))
    checks.ok("it is killed too", crashed(machine))
    machine.control("clear")
    for unit in staying:
        ended(machine, unit)
    checks.equal("none starts with anything but its token",
                 [(unit, text[:20]) for unit, text in ((unit, printed(machine, unit)) for unit in staying) if not JWT.match(text)], [])
    checks.ok("and nothing is kept for longer", processes.until(lambda: _stored(machine) == before, 10), (before, _stored(machine)))


def refused_without_a_daemon(checks, machine):
    settings = machine.host.path("/etc/tokend/tokend.toml")
    kept = settings.read_text()
    settings.write_text("nonsense = 1\n")
    machine.systemctl("stop", "tokend.service")
    status, printed_then = machine.job("cred-own.service")
    checks.equal("a unit does not start where tokend cannot", (status != 0, printed_then, machine.show("cred-own.service", "ExecMainStatus")), (True, "", "243"))
    settings.write_text(kept)
    checks.equal("once it is mended, a restart brings back the service", machine.restart(), 0)
    checks.equal("and the socket", machine.show("tokend-credentials.socket", "ActiveState"), "active")
    checks.equal("and the unit starts", machine.job("cred-own.service")[0], 0)


def half_of_a_life(checks, machine):
    machine.control("knob access-ttl 40")
    before = len(told(machine, "held@half.service", "renewed"))
    first = machine.job("held@half.service")[1]
    second = machine.job("held@half.service")[1]
    checks.ok("while it is fresh a token is given again", JWT.match(first) and first == second)
    machine.control("knob access-ttl 3600")
    # the token itself says when half of its life is over
    processes.until(lambda: machine.host.run("systemctl", "start", "held@half.service", check=False).returncode != 0
                    or printed(machine, "held@half.service") != first, 30, every=0.5)
    entries = told(machine, "held@half.service", "renewed")
    checks.equal("and once half of its life is over another is fetched", len(entries) - before, 2)
    if len(entries) >= 2:
        waited = (int(entries[-1]["__REALTIME_TIMESTAMP"]) - int(entries[-2]["__REALTIME_TIMESTAMP"])) / 1e6
        checks.ok("not sooner and not much later", 19 <= waited <= 28, waited)


def a_wait_begins(checks, machine):
    """Its minute passes beside everything else."""
    checks.equal("a unit starts whose server is away", machine.systemctl("start", "--no-block", "away.service").returncode, 0)


def a_wait_ends(checks, machine):
    ended(machine, "away.service", 75)
    checks.equal("where no token can be had, a unit fails", (machine.show("away.service", "ExecMainStatus"), printed(machine, "away.service")), ("243", ""))
    entries = told(machine, "away.service", "refused")
    if checks.equal("and the journal has it once", len(entries), 1):
        checks.matches("with the reason", entries[0]["MESSAGE"], re.compile(r": timeout: no token within 60 s: .*"))


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


PARTS = [sockets, starts_the_daemon, a_wait_begins, given, of_other_kinds, refused, waited_for, half_of_a_life]
# the long one comes after the minute of the wait, whose failure others reset
ENDING = [a_wait_ends, limit_waited_out, refused_at_a_stop, waited_for_over_a_crash, many_over_two_crashes, refused_without_a_daemon]
