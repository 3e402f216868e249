"""tokend-ready@.service: what requires it starts when a token can be had, and not otherwise."""
import re

DEPENDENT = """
[Unit]
Description=%(unit)s
Requires=tokend-ready@%(token)s.service
After=tokend-ready@%(token)s.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/touch /run/jobs/%(unit)s
"""
UNITS = {"gated.service": "portal.sync", "gated-later.service": "portal.sync", "gated-vain.service": "person.never", "gated-nobody.service": "portal.none"}


def prepare(machine):
    for unit, token in UNITS.items():
        machine.host.write("/etc/systemd/system/" + unit, DEPENDENT % {"unit": unit, "token": token})


def _ran(machine, unit):
    return machine.host.path("/run/jobs/" + unit).exists()


def test_opens(machine):
    assert (machine.systemctl("start", "gated.service").returncode, _ran(machine, "gated.service")) == (0, True), "a unit behind the gate starts"
    assert machine.show("tokend-ready@portal.sync.service", "SubState") == "exited", "the gate stays open"
    began, ended = (int(machine.show(unit, name) or 0) for unit, name in (
        ("gated.service", "ExecMainStartTimestampMonotonic"), ("tokend-ready@portal.sync.service", "ExecMainExitTimestampMonotonic")))
    assert 0 < ended <= began, "and was passed first"
    handed = machine.journal("_SYSTEMD_UNIT=tokend.service", "TOKEND_EVENT=handed-out", "TOKEND_CONSUMER=uid 0")
    assert handed == [], "root was handed nothing"
    machine.control("fault token status code=503 times=forever")
    assert machine.systemctl("start", "gated-later.service").returncode == 0, "a server that is away later keeps nobody from starting"
    machine.control("clear")


def test_stays_shut(machine):
    gate = "tokend-ready@person.never.service"
    assert machine.systemctl("start", "gated-vain.service").returncode != 0, "where nobody has signed in the gate stays shut"
    assert (_ran(machine, "gated-vain.service"), machine.show("gated-vain.service", "ActiveState")) == (False, "inactive"), (
        "and what is behind it does not start")
    assert machine.show(gate, "ExecMainStatus") == "80", "the gate's status tells who can help"
    machine.host.run("journalctl", "--sync", check=False)
    status = machine.systemctl("status", "--no-pager", "--full", gate).stdout
    assert re.search(r"tokenctl\[\d+\]: tokenctl: person\.never: login-required: .*tokenctl login person\.never", status), "systemctl status says what to do"
    gate = "tokend-ready@portal.none.service"
    assert machine.systemctl("start", "gated-nobody.service").returncode != 0, "a token that does not exist opens no gate"
    assert machine.show(gate, "ExecMainStatus") == "77", "with a status of its own"
    machine.host.run("journalctl", "--sync", check=False)
    status = machine.systemctl("status", "--no-pager", "--full", gate).stdout
    assert re.search(r'no token "portal\.none" is configured', status), "and says so"
    machine.systemctl("reset-failed")


def test_takes_any_name(machine):
    gate = "tokend-ready@-x.service"
    assert machine.systemctl("start", "--", gate).returncode != 0, "a name with a dash in front opens no gate"
    assert machine.show(gate, "ExecMainStatus") == "77", "because there is no such token"
    machine.systemctl("reset-failed")


def test_is_for_administrators(machine):
    denied = machine.host.run("runuser", "-u", "backup", "--", "tokenctl", "wait", "--wait", "1", "portal.sync", check=False)
    assert denied.returncode == 77, "whoever is neither an administrator nor has a rule is told nothing"


# a restart of the socket is one of tokend
