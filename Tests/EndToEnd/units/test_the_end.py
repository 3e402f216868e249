"""What stops tokend, kills it or restarts its socket: after everything else."""
import time

from lib import processes

from .site import told
from .test_credentials import JWT, MANY, SPEND, _stored, crashed, ended, printed


def test_limit_waited_out(machine):
    """A unit that has caused all the exchanges that it may, and whose token is past half of its life."""
    machine.control("knob access-ttl 60")
    order = machine.host.path(SPEND)
    order.write_text("")
    machine.host.run("systemctl", "start", "held@limit.service", check=False)
    order.unlink()
    assert told(machine, "held@limit.service", "refused", "TOKEND_DECISION=busy"), (
        "a unit spends its budget: %s" % (told(machine, "held@limit.service", "handed-out")[-1:],))
    time.sleep(31)
    began = time.monotonic()
    status = machine.host.run("systemctl", "start", "held@limit.service", check=False).returncode
    assert (status == 0 and JWT.match(printed(machine, "held@limit.service"))), (
        "and starts all the same, when the limit has passed or its token was renewed: %s" % ((status, time.monotonic() - began, machine.show("held@limit.service", "ExecMainStatus")),))
    machine.control("knob access-ttl 3600")


def test_refused_at_a_stop(machine):
    machine.control("fault token hang client=" + machine.about["clients"]["second"]["client_id"])
    machine.control("counters reset")
    machine.systemctl("start", "--no-block", "held@stopped.service")
    machine.control("await hung 1")
    assert machine.restart() == 0, "tokend stops and starts while a unit waits"
    machine.control("clear")
    ended(machine, "held@stopped.service")
    assert (machine.show("held@stopped.service", "ExecMainStatus"), printed(machine, "held@stopped.service")) == ("243", ""), (
        "the unit does not start with an empty credential")
    machine.systemctl("reset-failed", "held@stopped.service")


def test_waited_for_over_a_crash(machine):
    machine.control("fault token hang client=" + machine.about["clients"]["second"]["client_id"])
    machine.control("counters reset")
    before = _stored(machine)
    machine.systemctl("start", "--no-block", "held@crash.service")
    machine.control("await hung 1")
    kept = processes.until(lambda: _stored(machine) == before + 1, 10)
    assert kept, "systemd keeps the connection of a unit that waits: %s" % ((before, _stored(machine)),)
    assert crashed(machine), "a killed tokend is followed by another one"
    machine.control("clear")
    ended(machine, "held@crash.service")
    assert (machine.show("held@crash.service", "Result"), bool(JWT.match(printed(machine, "held@crash.service")))) == ("success", True), (
        "a crash does not start it with an empty credential: the next tokend answers")
    assert processes.until(lambda: _stored(machine) == before, 10), "and nothing is kept for longer: %s" % ((before, _stored(machine)),)


def test_many_over_two_crashes(machine):
    machine.control("fault token hang times=forever client=" + machine.about["clients"]["second"]["client_id"])
    before = _stored(machine)
    machine.systemctl("start", "--no-block", *MANY)
    assert processes.until(lambda: _stored(machine) == before + len(MANY), 30), (
        "systemd keeps the connections of %d units that wait: %s" % (len(MANY), (before, _stored(machine))))
    assert crashed(machine), "a killed tokend is followed by another one"
    # it has begun to answer: the connections are its own
    assert machine.ask("PING") == "OK", "which serves"
    machine.systemctl("stop", *MANY[::8])
    staying = [unit for unit in MANY if unit not in MANY[::8]]
    assert (processes.until(lambda: _stored(machine) == before + len(staying), 10)
            and not processes.until(lambda: _stored(machine) != before + len(staying), 1)), (
        "of those that stop nothing is kept, and of no others: %s" % ((before, _stored(machine)),))
    assert crashed(machine), "it is killed too"
    machine.control("clear")
    for unit in staying:
        ended(machine, unit)
    assert [(unit, text[:20]) for unit, text in ((unit, printed(machine, unit)) for unit in staying) if not JWT.match(text)] == [], (
        "none starts with anything but its token")
    assert processes.until(lambda: _stored(machine) == before, 10), "and nothing is kept for longer: %s" % ((before, _stored(machine)),)


def test_refused_without_a_daemon(machine):
    settings = machine.host.path("/etc/tokend/tokend.toml")
    kept = settings.read_text()
    settings.write_text("nonsense = 1\n")
    machine.systemctl("stop", "tokend.service")
    status, printed_then = machine.job("cred-own.service")
    assert (status != 0, printed_then, machine.show("cred-own.service", "ExecMainStatus")) == (True, "", "243"), "a unit does not start where tokend cannot"
    settings.write_text(kept)
    assert machine.restart() == 0, "once it is mended, a restart brings back the service"
    assert machine.show("tokend-credentials.socket", "ActiveState") == "active", "and the socket"
    assert machine.job("cred-own.service")[0] == 0, "and the unit starts"


def test_outlives_the_socket(machine):
    gate, unit = "tokend-ready@portal.sync.service", "gated.service"
    before = [machine.show(name, "InvocationID") for name in (gate, unit)]
    assert machine.systemctl("restart", "tokend.socket").returncode == 0, "the socket is restarted"
    assert [machine.show(name, "InvocationID") for name in (gate, unit)] == before, "neither the gate nor what is behind it is"
    assert [machine.show(name, "ActiveState") for name in (gate, unit)] == ["active", "active"], "and both are up"


def test_nothing_secret(machine):
    exported = machine.host.run("journalctl", "--no-pager", "--output=export", "--all").stdout
    issued = [secret["value"] for secret in machine.control("secrets")["secrets"] if secret["kind"] not in ("state", "nonce")]
    assert len(issued) >= 10, "tokens were issued"
    assert [value[:20] for value in issued if value in exported] == [], "none of them is in the journal"
