"""The booted machine of the audit's suite, and words for what is asked and recorded in it."""
import json
import os
import pathlib
import subprocess
import time

from lib import processes
from lib.daemon import REPOSITORY
from lib.machine import SOCKET
from lib.openmetrics import Metrics

HERE = pathlib.Path(__file__).resolve().parent
BUILT = REPOSITORY / ".build" / "audit"
ATTACK = "/usr/local/bin/attack"
SETUID = "/usr/local/bin/attack-as-root"
LOAD = "/usr/local/bin/load"
OLDER_KERNEL = "/usr/lib/tokend-tests/older_kernel.so"
DROPIN = "/run/systemd/system/tokend.service.d/%s.conf"
SETTINGS = "[limits]\nconnections = 4096\nper_uid = 4096\n"
MANY = 700

PORTAL = """
[token.sync]
grant = "client_credentials"
scopes = ["read", "update"]
allow = [ { unit = "erp-sync.service" } ]

[token.root]
grant = "client_credentials"
scopes = ["read"]
allow = [ { user = "root" } ]
"""
ONE_OF_MANY = '[token.t%d]\ngrant = "client_credentials"\nscopes = ["read"]\nallow = [ { user = "root" } ]\n'


def compiled(name, source, *flags):
    BUILT.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", *flags, "-o", str(BUILT / name), str(source)], check=True)
    return BUILT / name


class AuditFixture:
    def __init__(self, machine):
        self.machine, self.host = machine, machine.host
        self.ask, self.restart, self.systemctl, self.control = machine.ask, machine.restart, machine.systemctl, machine.control

    def prepare(self):
        machine, host = self.machine, self.host
        machine.install()
        machine.start_identity_server()
        for inside, program in ((ATTACK, compiled("attack", HERE / "attack.c", "-static")), (SETUID, BUILT / "attack"),
                                (LOAD, compiled("load", REPOSITORY / "Benchmarks" / "load.c", "-static")),
                                (OLDER_KERNEL, compiled("older_kernel.so", HERE / "older_kernel.c", "-shared", "-fPIC"))):
            path = host.path(inside)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(program.read_bytes())
            path.chmod(0o4755 if inside == SETUID else 0o755)
        head = machine.register("machine", "portal")
        machine.write_application("portal", head + PORTAL)
        machine.write_application("many", head + "".join(ONE_OF_MANY % number for number in range(MANY)))
        self.settle("")
        self.systemctl("enable", "--now", "tokend.socket")

    # --- the daemon

    def settle(self, more):
        """The daemon's own settings; in force after a restart."""
        self.host.write("/etc/tokend/tokend.toml", more + SETTINGS)

    def drop_in(self, name, text):
        """A change to the unit; without `text` it is taken back."""
        path = self.host.path(DROPIN % name)
        if text is None:
            path.unlink(missing_ok=True)
        else:
            self.host.write(DROPIN % name, "[Service]\n" + text)
        self.host.run("systemctl", "daemon-reload")

    def main_pid(self):
        return self.machine.show("tokend.service", "MainPID")

    def processor_time(self):
        """Seconds that tokend has used."""
        fields = self.host.run("cat", "/proc/%s/stat" % self.main_pid()).stdout.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metrics(self):
        return Metrics(self.ask("METRICS"))

    # --- other units

    def unit(self, name, *command, **more):
        """Starts a command in a service of that name, its input and output here."""
        return self.host.start("systemd-run", "--quiet", "--collect", "--pipe", "--unit=" + name, "--service-type=exec", *command,
                               **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, **more})

    # --- the journal

    def now(self):
        """This moment, for --since."""
        return "@%.6f" % time.time()

    def decisions(self, since, *matches):
        """The sum of TOKEND_COUNT."""
        return sum(int(entry["TOKEND_COUNT"]) for entry in self.entries(since, *matches))

    def entries(self, since, *matches):
        listed = self.host.run("journalctl", "--no-pager", "--output=json", "--since=" + since, "SYSLOG_IDENTIFIER=tokend", *matches).stdout
        return [entry for entry in map(json.loads, listed.splitlines()) if "TOKEND_EVENT" in entry]

    def settled(self, since, expected, *matches):
        """The sum of TOKEND_COUNT once it is what is expected; otherwise as it is in the end."""
        found = 0

        def enough():
            nonlocal found
            found = self.decisions(since, *matches)
            return found >= expected
        processes.until(enough, 10, every=0.3)
        return found

    # --- asking

    def load(self, mode, connections, requests, line, names=1):
        """Makes that many requests and a tenth more; returns how many in all. Each was answered with OK."""
        self.host.run(LOAD, SOCKET, mode, connections, requests, line, names)
        return requests + requests // 10
