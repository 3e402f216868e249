"""Who is taken for which unit, with a real user manager beside the system's."""
import re

from lib import processes
from .site import load, told

# what pam_systemd would tell it
MANAGER = "[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i DBUS_SESSION_BUS_ADDRESS=\n"
ASKS = """[Service]
Type=oneshot
StandardOutput=truncate:/home/alice/said
ExecStart=/bin/sh -c "grep ^0: /proc/self/cgroup; tokenctl get portal.sync 2>&1; tokenctl get portal.people"
"""
LOADS = "[Service]\nType=oneshot\n%s\nExecStart=/bin/true\n" % load("portal.people")


def prepare(machine):
    machine.host.write("/etc/systemd/system/user@.service.d/runtime.conf", MANAGER)
    machine.host.write("/etc/systemd/user/erp-sync.service", ASKS)
    machine.host.write("/etc/systemd/user/loading.service", LOADS)


def _uid(machine):
    return machine.host.run("id", "--user", "alice").stdout.strip()


def _as_alice(machine, *command):
    return machine.host.run("runuser", "-u", "alice", "--", "env", "XDG_RUNTIME_DIR=/run/user/" + _uid(machine), *command, check=False)


def test_user_units(machine):
    uid = _uid(machine)
    machine.host.run("install", "-d", "-m", "700", "-o", "alice", "-g", "alice", "/run/user/" + uid)
    machine.systemctl("start", "--no-block", "user@%s.service" % uid)
    up = processes.until(lambda: _as_alice(machine, "systemctl", "--user", "is-system-running").stdout.strip() in ("running", "degraded"), 20, every=0.2)
    assert up, "a user's own manager runs: %s" % (machine.host.run("journalctl", "--no-pager", "-u", "user@%s.service" % uid, "-n", "20").stdout,)
    said = ""
    assert _as_alice(machine, "systemctl", "--user", "start", "erp-sync.service").returncode == 0, "and starts a unit of hers"
    said = machine.host.path("/home/alice/said").read_text()
    group, _, rest = said.partition("\n")
    assert re.search(r"/user@%s\.service/app\.slice/erp-sync\.service$" % uid, group), "a unit of alice's takes the name of one with a rule"
    assert re.search(r"^tokenctl: portal\.sync: denied: uid %s " % uid, rest), "and is told no"
    assert re.search(r"\neyJ[\w.-]+\n?\Z", rest), "it is alice, and gets what alice may have"
    entries = machine.journal("_SYSTEMD_UNIT=tokend.service", "TOKEND_EVENT=handed-out", "TOKEND_TOKEN=portal.people")
    assert {entry["TOKEND_CONSUMER"] for entry in entries} == {"uid " + uid}, "under her uid"
    assert [entry for entry in told(machine, "erp-sync.service", "refused") if entry.get("TOKEND_CONSUMER_UID") == uid] == [], "nobody took it for the unit"
    loading = _as_alice(machine, "systemctl", "--user", "start", "loading.service")
    assert loading.returncode != 0, "a unit of a user's manager cannot load a credential there"


def test_transient(machine):
    ask = ["sh", "-c", "tokenctl get portal.sync"]

    def run(*options):
        return machine.host.run("systemd-run", "--quiet", "--wait", "--pipe", "--collect", *options, *ask, check=False)
    assert re.search(r"^eyJ", run("--unit=cred-run@once.service").stdout), "a transient unit is the unit it is named"
    assert run("--unit=run-once.service").returncode == 77, "under a name without a rule it is nobody"
    assert re.search(r"^eyJ", run("--unit=cred-run@dynamic.service", "-p", "DynamicUser=yes").stdout), "a dynamic user changes nothing"
    assert re.search(r"^eyJ", run("--unit=cred-run@slice.service", "--slice=a-b-c.slice").stdout), "nor does a slice"
    assert re.search(r"^eyJ", run(r"--unit=cred-run@x\x2dy.service").stdout), "nor do escapes"
    for unit in ("cred-run@once.service", r"cred-run@x\x2dy.service"):
        assert [entry["TOKEND_CONSUMER"] for entry in told(machine, unit, "handed-out")] == [unit], "%s is in the journal" % unit
