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


def opens(checks, machine):
    checks.equal("a unit behind the gate starts", (machine.systemctl("start", "gated.service").returncode, _ran(machine, "gated.service")), (0, True))
    checks.equal("the gate stays open", machine.show("tokend-ready@portal.sync.service", "SubState"), "exited")
    began, ended = (int(machine.show(unit, name) or 0) for unit, name in (
        ("gated.service", "ExecMainStartTimestampMonotonic"), ("tokend-ready@portal.sync.service", "ExecMainExitTimestampMonotonic")))
    checks.ok("and was passed first", 0 < ended <= began, (ended, began))
    handed = machine.journal("_SYSTEMD_UNIT=tokend.service", "TOKEND_EVENT=handed-out", "TOKEND_CONSUMER=uid 0")
    checks.equal("root was handed nothing", handed, [])
    machine.control("fault token status code=503 times=forever")
    checks.equal("a server that is away later keeps nobody from starting", machine.systemctl("start", "gated-later.service").returncode, 0)
    machine.control("clear")


def stays_shut(checks, machine):
    gate = "tokend-ready@person.never.service"
    checks.ok("where nobody has signed in the gate stays shut", machine.systemctl("start", "gated-vain.service").returncode != 0)
    checks.equal("and what is behind it does not start", (_ran(machine, "gated-vain.service"), machine.show("gated-vain.service", "ActiveState")),
                 (False, "inactive"))
    checks.equal("the gate's status tells who can help", machine.show(gate, "ExecMainStatus"), "80")
    machine.host.run("journalctl", "--sync", check=False)
    status = machine.systemctl("status", "--no-pager", "--full", gate).stdout
    checks.matches("systemctl status says what to do", status, re.compile(r"tokenctl\[\d+\]: tokenctl: person\.never: login-required: .*tokenctl login person\.never"))
    gate = "tokend-ready@portal.none.service"
    checks.ok("a token that does not exist opens no gate", machine.systemctl("start", "gated-nobody.service").returncode != 0)
    checks.equal("with a status of its own", machine.show(gate, "ExecMainStatus"), "77")
    machine.host.run("journalctl", "--sync", check=False)
    status = machine.systemctl("status", "--no-pager", "--full", gate).stdout
    checks.matches("and says so", status, re.compile(r'no token "portal\.none" is configured'))
    machine.systemctl("reset-failed")


def outlives_the_socket(checks, machine):
    gate, unit = "tokend-ready@portal.sync.service", "gated.service"
    before = [machine.show(name, "InvocationID") for name in (gate, unit)]
    checks.equal("the socket is restarted", machine.systemctl("restart", "tokend.socket").returncode, 0)
    checks.equal("neither the gate nor what is behind it is", [machine.show(name, "InvocationID") for name in (gate, unit)], before)
    checks.equal("and both are up", [machine.show(name, "ActiveState") for name in (gate, unit)], ["active", "active"])


def takes_any_name(checks, machine):
    gate = "tokend-ready@-x.service"
    checks.ok("a name with a dash in front opens no gate", machine.systemctl("start", "--", gate).returncode != 0)
    checks.equal("because there is no such token", machine.show(gate, "ExecMainStatus"), "77")
    machine.systemctl("reset-failed")


def is_for_administrators(checks, machine):
    denied = machine.host.run("runuser", "-u", "backup", "--", "tokenctl", "wait", "--wait", "1", "portal.sync", check=False)
    checks.equal("whoever is neither an administrator nor has a rule is told nothing", denied.returncode, 77)


PARTS = [opens, stays_shut, takes_any_name, is_for_administrators]
# a restart of the socket is one of tokend
ENDING = [outlives_the_socket]
