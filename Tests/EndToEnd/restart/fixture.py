"""tokend in a booted machine with a few tokens, callers that ask without a pause, and what was asked of the identity server."""
import contextlib
import re
import subprocess

from lib import processes
from lib.machine import SOCKET

SETTINGS = """
[limits]
connections = 4096
"""
HEAD = """
erpnet = "{erpnet}"
ca_file = "/etc/tokend/authority.pem"
timeout = 5

[client]
id = "{client_id}"
secret = {{ credential = "portal" }}
"""
TOKENS = """
[token.sync]
grant = "client_credentials"
scopes = ["read", "update"]
allow = [ { user = "root" }, { user = "backup", scopes = ["read"] } ]

[token.kept]
grant = "client_credentials"
scopes = ["read"]
keep = "always"
shared = true
allow = [ { user = "root" } ]
"""
RATE = 1000


class RestartFixture:
    def __init__(self, machine):
        self.machine, self.host = machine, machine.host
        client = machine.about["clients"]["machine"]
        machine.keep_secret("portal", client["client_secret"])
        self.head = HEAD.format(erpnet=machine.about["erpnet"], client_id=client["client_id"])
        self.configure(TOKENS)
        machine.systemctl("start", "tokend.socket", "tokend.service")

    def configure(self, tokens, settings=SETTINGS):
        self.machine.write_application("portal", self.head + tokens)
        self.host.write("/etc/tokend/tokend.toml", settings)

    # --- the service

    def process(self):
        return self.machine.show("tokend.service", "MainPID")

    def kill(self, number="KILL"):
        """Ends the daemon as a crash would, and waits for the next one to serve."""
        before = self.process()
        self.host.run("kill", "-" + number, before)
        return processes.until(lambda: self.process() not in (before, "0") and self.state() == "active", 20)

    def state(self):
        return self.machine.show("tokend.service", "ActiveState")

    def status_text(self):
        return self.machine.show("tokend.service", "StatusText")

    def told(self, wanted, seconds=15):
        """Waits until `systemctl status` says so; what it said last."""
        processes.until(lambda: wanted == self.status_text(), seconds, every=0.1)
        return self.status_text()

    def drop_in(self, text):
        """More lines for the service, until the block is left."""
        @contextlib.contextmanager
        def changed():
            path = "/run/systemd/system/tokend.service.d/test.conf"
            self.host.write(path, "[Service]\n" + text + "\n")
            self.host.run("systemctl", "daemon-reload")
            try:
                yield
            finally:
                self.host.path(path).unlink()
                self.host.run("systemctl", "daemon-reload")
        return changed()

    # --- the identity server

    def exchanges(self):
        """Requests for a token that ever reached it."""
        return self.machine.control("counters")["counters"].get("token-requests", 0)

    # --- callers

    def get(self, name="portal.sync"):
        """The token and its expiry, or the whole refusal."""
        reply = self.machine.ask("GET " + name)
        return tuple(re.fullmatch(r"OK (\S+) type=Bearer (expires=\d+) .*", reply).groups()) if reply.startswith("OK ") else reply

    def load(self):
        return Load(self.host)

    def handed_out(self, since):
        """How many hand-outs the journal counts."""
        entries = self.machine.journal("--since=@" + since, "TOKEND_EVENT=handed-out", "TOKEND_TOKEN=portal.sync")
        return sum(int(entry["TOKEND_COUNT"]) for entry in entries)

    def moment(self):
        return self.host.run("date", "+%s.%N").stdout.strip()


class Load:
    """A thousand requests a second, on kept and on new connections: `with Load(host) as load`, then `load.facts`."""

    def __init__(self, host):
        self.facts, self.words = {}, {}
        self._process = host.start("/usr/bin/load", SOCKET, "GET portal.sync", str(RATE), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self._process.stdout.readline() == "begun\n"
        return self

    def __exit__(self, *_):
        printed = self._process.communicate("", timeout=60)[0]
        self.words = dict(line.split("=", 1) for line in printed.splitlines())
        self.facts = {key: int(value) for key, value in self.words.items() if key != "first"}
