"""tokend as it is installed, in a booted Debian with a simulated identity server."""
import json
import re
import subprocess

import pytest
from lib import processes
from lib.daemon import REPOSITORY, Served
from lib.machine import SOCKET

EXPOSURE = 1.4

PORTAL = """
[token.sync]
grant = "client_credentials"
scopes = ["read", "update"]
allow = [
    { unit = "erp-sync.service" },
    { unit = "erp-report@*.service", scopes = ["read"] },
]

[token.people]
grant = "client_credentials"
scopes = ["read", "update"]
allow = [
    { user = "backup", scopes = ["read"] },
    { group = "operator" },
]
"""
BEFORE_RELOAD = '\n[token.later]\ngrant = "client_credentials"\nscopes = ["read"]\nallow = [ { user = "root" } ]\n'
MISTAKE = '\n[token.wrong]\ngrant = "client_credentials"\nscops = ["read"]\n'

ASK = "printf 'GET portal.sync\\\\n' | nc -NU %s" % SOCKET
NETCAT = '/bin/sh -c "%s"' % ASK
# asks from a control group below the unit's own, which bears the name of a unit with a rule
DISGUISED = ("/bin/sh -c \"g=/sys/fs/cgroup$$(sed -n s/^0:://p /proc/self/cgroup)/app.slice/erp-sync.service; mkdir -p $$g && "
             "echo $$$$ > $$g/cgroup.procs && grep ^0: /proc/self/cgroup && %s\"" % ASK)
# leaves a child behind that asks after the unit has ended
LATE = "/bin/sh -c \"(while systemctl --quiet is-active erp-report@late; do :; done; %s > /run/jobs/late) & \"" % ASK
JOBS = {
    "erp-sync.service": ("/usr/bin/tokenctl get portal.sync", "daemon", ""),
    "erp-report@.service": (NETCAT, "daemon", ""),
    "erp-report@sliced.service": (NETCAT, "daemon", "Slice=erp-jobs.slice"),
    "erp-report@late.service": (LATE, "root", "KillMode=process"),
    "stranger.service": ("/usr/bin/tokenctl get portal.sync", "daemon", ""),
    "strange-netcat.service": (NETCAT, "daemon", ""),
    "delegated.service": (DISGUISED, "root", "Delegate=yes"),
    "user@1.service": (DISGUISED, "root", "Delegate=yes\nSlice=user-1.slice"),
    "by-user.service": ("/usr/bin/tokenctl get portal.people", "backup", ""),
}


@pytest.fixture(scope="module")
def machine(machine):
    machine.install()
    machine.start_identity_server()
    machine.portal = machine.register("machine", "portal") + PORTAL
    machine.write_application("portal", machine.portal)
    machine.add_jobs(JOBS)
    return machine


@pytest.mark.systemd
class TestService:
    @pytest.fixture(autouse=True)
    def names(self, machine):
        self.machine, self.host, self.portal = machine, machine.host, machine.portal
        self.systemctl, self.show, self.ask, self.job = machine.systemctl, machine.show, machine.ask, machine.job
        self.journal, self.control, self.restart = machine.journal, machine.control, machine.restart

    def write_portal(self, text):
        self.machine.write_application("portal", text)

    def test_units(self):
        verified = self.host.run("systemd-analyze", "verify", "--man=no", "tokend.service", "tokend.socket", check=False)
        assert (verified.returncode, verified.stdout + verified.stderr) == (0, ""), "systemd-analyze verify says nothing"
        analysed = self.host.run("systemd-analyze", "security", "--no-pager", "tokend.service", check=False).stdout
        exposure = re.search(r"Overall exposure level for tokend.service: ([\d.]+)", analysed)
        assert exposure and float(exposure[1]) <= EXPOSURE, "systemd-analyze security says %.1f at most: %s" % (EXPOSURE, analysed[-200:])

    def test_socket_activation(self):
        assert self.systemctl("enable", "--now", "tokend.socket").returncode == 0, "the socket can be enabled and started"
        assert self.show("tokend.service", "ActiveState") == "inactive", "nobody has asked: the service rests"
        assert self.ask("PING") == "OK", "the first caller starts it and is answered"
        assert self.show("tokend.service", "ActiveState") == "active", "the service is up"
        listing = self.host.run("stat", "--format=%A %U:%G", SOCKET, "/run/tokend").stdout.split("\n")
        assert listing[:2] == ["srw-rw-rw- root:root", "drwxr-xr-x root:root"], "the socket is for all, its folder is root's"

    def test_asked_online(self):
        """The check says which command has the service's credentials; that command does."""
        checked = self.host.run("tokend", "--check", "--online", check=False)
        assert checked.returncode == 0 and re.search(r"(?m)^portal\.sync: not tried: ", checked.stdout), (
            f"without the service's credentials a token is not tried, and the check says so: {checked.stdout}")
        remedy = checked.stdout.splitlines()[-1].partition("as root, this tries them too: ")[2]
        given = self.host.run("/bin/sh", "-c", remedy or "false", check=False)
        assert re.search(r"(?m)^portal\.sync: granted read, lives 3600 s$", given.stdout), "the command it names tries it"
        assert given.returncode == 0, "and has its exit status"

    def test_confinement(self):
        status = self.host.run("cat", "/proc/%s/status" % self.show("tokend.service", "MainPID")).stdout
        facts = dict(re.findall(r"^(\w+):\s*(.*)$", status, re.MULTILINE))
        user = self.host.run("id", "--user", "tokend").stdout.strip()
        assert facts["Uid"].split() == [user] * 4, "it runs as its own user"
        assert (int(facts["CapEff"], 16), int(facts["CapBnd"], 16)) == (0, 0), "without capabilities"
        assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2"), "without a way to gain any, behind a system call filter"
        # glibc ends each tunable where it stands when it takes it
        environment = self.host.run("cat", "/proc/%s/environ" % self.show("tokend.service", "MainPID")).stdout.replace("\0", ":")
        assert "GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0:" in environment, "glibc overwrites what it frees"
        state = self.host.run("stat", "--format=%a %U", "/var/lib/tokend").stdout.strip()
        assert state == "700 tokend", "what it keeps is its own"

    def test_admitted(self):
        status, printed = self.job("erp-sync.service")
        assert status == 0, "a unit with a rule gets its token by tokenctl"
        assert re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]+\n", printed), "which prints the token and nothing else"
        status, printed = self.job("erp-report@daily.service")
        assert status == 0, "an instance that a glob admits gets one by netcat"
        assert printed.startswith("OK eyJ") and Served(printed.strip()).scopes == ["read"], "with the scopes of its rule"

    def test_refused(self):
        status, printed = self.job("stranger.service")
        assert status != 0, "a unit without a rule fails"
        assert self.show("stranger.service", "ExecMainStatus") == "77", "because tokenctl ended with 77"
        assert printed == "", "and got nothing"
        _, printed = self.job("strange-netcat.service")
        assert re.search(r'^ERR denied : .*"portal\.sync"', printed), "by netcat it is told no"
        assert re.search(r"^ERR denied : ", self.ask("GET portal.sync")), "root without a rule is told no"

    def test_identified(self):
        _, printed = self.job("erp-report@sliced.service")
        assert printed.startswith("OK eyJ"), "a unit in a slice of its own is that unit"
        self.job("erp-report@late.service")
        late = self.host.path("/run/jobs/late")
        processes.until(lambda: late.exists() and late.read_text().endswith("\n"), 10)
        assert self.show("erp-report@late.service", "ActiveState") == "inactive", "a unit has ended"
        assert late.exists() and late.read_text().startswith("OK eyJ"), "what it left running is still that unit's"
        told = self.journal("TOKEND_EVENT=handed-out", "TOKEND_CONSUMER_UNIT=erp-report@late.service")
        assert [entry.get("TOKEND_TOKEN") for entry in told] == ["portal.sync"], "and the journal says so"
        for unit, what in (("delegated.service", "a delegated group"), ("user@1.service", "a user's manager")):
            _, printed = self.job(unit)
            group, _, reply = printed.partition("\n")
            assert group.endswith("/%s/app.slice/erp-sync.service" % unit), "a process of %s takes another unit's name" % what
            assert re.search(r"^ERR denied : ", reply), "and is told no"
        told = self.journal("TOKEND_EVENT=refused", "TOKEND_CONSUMER_UNIT=delegated.service")
        assert [entry.get("TOKEND_DECISION") for entry in told] == ["denied"], "the journal has its true name"
        told = self.journal("TOKEND_CONSUMER_UNIT=erp-sync.service")
        assert {entry.get("TOKEND_CONSUMER_UID") for entry in told} - {None} == {"1"}, "and nobody else's deeds under the other"
        scoped = self.host.run("systemd-run", "--quiet", "--scope", "--unit=erp-sync.service.scope", "sh", "-c", ASK.replace("\\\\", "\\"))
        assert re.search(r"^ERR denied : ", scoped.stdout), "a scope is no unit"

    def test_people(self):
        def ask(*identity):
            return self.host.run("runuser", *identity, "--", "sh", "-c", "printf 'GET portal.people\\n' | nc -NU %s" % SOCKET).stdout.strip()
        for what, reply, scopes in (("a user with a rule", ask("-u", "backup"), ["read"]),
                                    ("a member of a group with a rule", ask("-u", "games", "-g", "games", "-G", "operator"), ["read", "update"]),
                                    ("a user whose own group it is", ask("-u", "news", "-g", "operator"), ["read", "update"])):
            assert reply.startswith("OK eyJ"), "%s gets a token" % what
            assert Served(reply).scopes == scopes, "with its scopes"
        assert re.search(r'^ERR denied : uid 5 may not use "portal.people"$', ask("-u", "games")), "others are told no"
        status, printed = self.job("by-user.service")
        assert status == 0 and printed.startswith("eyJ"), "a unit that runs as that user may too"

    def test_audit(self):
        for unit, event, decision in (("erp-sync.service", "handed-out", "ready"), ("erp-report@daily.service", "handed-out", "ready"),
                                      ("stranger.service", "refused", "denied")):
            entries = self.journal("_SYSTEMD_UNIT=tokend.service", "TOKEND_CONSUMER_UNIT=" + unit)
            told = [entry for entry in entries if (entry.get("TOKEND_EVENT"), entry.get("TOKEND_DECISION")) == (event, decision)]
            assert told, "the journal says what %s got: %s" % (unit, json.dumps(entries)[:600])
            entry = told[0]
            assert entry.get("TOKEND_TOKEN") == "portal.sync", "%s: which token it was" % unit
            assert entry.get("TOKEND_CONSUMER_UID") == "1", "%s: by which user" % unit
            wanted = {"MESSAGE", "MESSAGE_ID", "TOKEND_COUNT", "TOKEND_CONSUMER_PID", "TOKEND_CONSUMER_COMM"}
            assert sorted(wanted - set(entry)) == [], "%s: with all its fields" % unit
        issued = self.journal("_SYSTEMD_UNIT=tokend.service", "TOKEND_EVENT=renewed", "TOKEND_TOKEN=portal.sync")
        consumers = {entry.get("TOKEND_CONSUMER") for entry in issued}
        assert len(consumers) >= 4, "several consumers were served"
        assert len({entry.get("TOKEND_TOKEN_ID") for entry in issued}) == len(consumers), "each has a token of its own"
        if list((REPOSITORY / "systemd").glob("*.catalog")):
            explained = self.host.run("journalctl", "--no-pager", "-x", "_SYSTEMD_UNIT=tokend.service", "TOKEND_DECISION=denied").stdout
            assert re.search(r"(░░|--) Subject: ", explained), "journalctl -x explains the refusal"

    def test_reload(self):
        self.write_portal(self.portal + BEFORE_RELOAD)
        assert self.systemctl("reload", "tokend.service").returncode == 0, "a good change is taken by reload"
        assert re.search(r"^OK eyJ", self.ask("GET portal.later")), "and works at once"
        process = self.show("tokend.service", "MainPID")
        self.write_portal(self.portal + BEFORE_RELOAD + MISTAKE)
        assert self.systemctl("reload", "tokend.service").returncode != 0, "a mistake fails the reload"
        assert (self.show("tokend.service", "ActiveState"), self.show("tokend.service", "MainPID")) == ("active", process), "the service goes on"
        assert re.search(r"^OK eyJ", self.ask("GET portal.later")), "with the old configuration"
        said = "\n".join(str(entry.get("MESSAGE")) for entry in self.journal("TOKEND_EVENT=configuration-refused"))
        assert re.search(r'portal\.toml:\d+.*"?scops', said), "the journal names file, line and key"
        self.write_portal(self.portal + BEFORE_RELOAD)
        assert self.systemctl("reload", "tokend.service").returncode == 0, "and a mended file is taken"

    def test_refused_start(self):
        self.write_portal(self.portal + MISTAKE)
        assert self.restart() != 0, "a mistake fails a start: READY is not said"
        assert self.show("tokend.service", "ExecMainStatus") == "78", "with status 78"
        said = self.host.run("journalctl", "--no-pager", "--output=cat", "--priority=err", "--identifier=tokend").stdout
        assert re.search(r"^/etc/tokend/apps\.d/portal\.toml:\d+: .*scops", said, re.MULTILINE), "and the journal's errors say why"
        assert int(self.show("tokend.service", "NRestarts")) == 0, "and is not tried again and again"
        self.write_portal(self.portal + BEFORE_RELOAD)
        assert self.restart() == 0, "a mended file starts"
        assert self.ask("PING") == "OK", "READY means that it serves"

    def test_refused_while_callers_wait(self):
        self.systemctl("stop", "tokend.service")
        self.write_portal(self.portal + MISTAKE)
        began = self.host.run("date", "+%s.%N").stdout.strip()
        caller = self.host.run("tokenctl", "ping", check=False)
        assert caller.returncode == 69, "whoever calls a tokend that cannot start hears that nobody answers"
        assert (self.show("tokend.socket", "ActiveState"), self.show("tokend.socket", "Result")) == ("failed", "trigger-limit-hit"), (
            "since systemd has given up")
        starts = [entry for entry in self.journal("--since=@" + began, "UNIT=tokend.service")
                  if str(entry.get("MESSAGE")).startswith("Starting ")]
        # the limit is 20 in 10 s: a machine on which they take longer has some more
        assert 1 <= len(starts) <= 100, "after a number of starts that is bounded"
        self.write_portal(self.portal + BEFORE_RELOAD)
        assert self.restart() == 0, "once it is mended, a restart brings back the service"
        assert (self.show("tokend.socket", "ActiveState"), self.ask("PING")) == ("active", "OK"), "and its socket"

    def test_missing_secret(self):
        secret = self.host.path("/etc/tokend/secrets.d/portal")
        kept = secret.read_bytes()
        secret.write_bytes(b"damaged\n")
        assert self.restart() != 0, "a credential that cannot be decrypted keeps it from starting"
        secret.write_bytes(kept)
        assert self.restart() == 0, "until it can"

    def test_watchdog(self):
        assert self.show("tokend.service", "WatchdogUSec") == "30s", "the watchdog is set"
        self.host.write("/run/systemd/system/tokend.service.d/quick.conf", "[Service]\nWatchdogSec=1\n")
        self.host.run("systemctl", "daemon-reload")
        self.restart()
        process = self.show("tokend.service", "MainPID")
        died = processes.until(lambda: self.show("tokend.service", "MainPID") != process, 4, every=0.2)
        assert not died, "tokend feeds it: it lives through four of its periods"
        self.host.run("kill", "-STOP", process)
        back = processes.until(lambda: self.show("tokend.service", "MainPID") not in (process, "0"), 30, every=0.2)
        assert back, "a tokend that hangs is replaced"
        assert self.ask("PING") == "OK", "and the next caller is served"
        self.host.path("/run/systemd/system/tokend.service.d/quick.conf").unlink()
        self.host.run("systemctl", "daemon-reload")
        self.restart()

    def test_drain(self):
        self.control("fault token slow delay=2")
        waiting = self.host.start("nc", "-N", "-U", SOCKET, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        waiting.stdin.write("GET portal.later\n")
        waiting.stdin.close()
        begun = processes.until(lambda: any(not fault.get("remaining") for fault in self._faults()) or not self._faults(), 10)
        assert begun, f"an exchange is in flight: {self._faults()}"
        assert self.systemctl("stop", "tokend.service").returncode == 0, "systemctl stop ends it in order"
        reply = waiting.stdout.read()
        waiting.wait()
        assert re.search(r"^(OK eyJ|ERR stopping )[^\n]*\n\Z", reply), "whoever waited has a whole answer"
        assert (self.show("tokend.service", "Result"), self.show("tokend.service", "ExecMainStatus")) == ("success", "0"), "no trace of a crash"

    def _faults(self):
        return self.control("faults")["faults"]

    def test_restarts_unseen(self):
        self.systemctl("start", "tokend.service")
        caller = self.host.start(
            "sh", "-c", "i=0; while [ $i -lt 200 ]; do echo PING | nc -NU %s || echo failed; i=$((i+1)); done" % SOCKET,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        restarted = [self.restart() for _ in range(3)]
        answers = caller.communicate(timeout=120)[0].splitlines()
        assert restarted == [0, 0, 0], "three restarts succeed"
        assert [answer for answer in answers if not re.match(r"OK$|ERR stopping ", answer)] == [], "of 200 calls meanwhile none was refused"
        assert len(answers) >= 200, "and each was answered"

    def test_nothing_secret(self):
        exported = self.host.run("journalctl", "--no-pager", "--output=export", "--all").stdout
        secret = self.machine.about["clients"]["machine"]["client_secret"]
        assert len(self.machine.handed_out) >= 2, "tokens were handed out"
        assert [token[:20] for token in self.machine.handed_out if token in exported] == [], "none of them is in the journal"
        assert secret not in exported, "nor the client's secret"

    def test_whole_machine(self):
        assert self.show("tokend.service", "ActiveState") == "active", "no unit of ours has failed"
        self.host.run("systemctl", "reset-failed", "stranger.service")
        state = self.systemctl("is-system-running").stdout.strip()
        assert state == "running", "the machine is running"
