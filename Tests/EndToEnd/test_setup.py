"""tokenctl setup on a fresh machine, and what a consumer's unit then does with its token, in a booted Debian."""
import json
import pathlib
import re

import pytest
from lib import processes
from lib.dialogue import Dialogue

CONFIGURATION, SECRET = "/etc/tokend/apps.d/portal.toml", "/etc/tokend/secrets.d/portal"
ALLOW_LIST = "/etc/systemd/system/tokend.service.d/50-address-allow-list.conf"
FILE_UNIT, FILE = "tokend-file@portal.sync.service", "/run/tokend-file/portal.sync/token"

# reads the file at its start and at each reload, as a program that knows nothing of tokend would
READER = """
[Unit]
Requires={unit}
After={unit}
[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'cp {file} /run/jobs/at-start && systemd-notify --ready && exec sleep infinity'
ExecReload=/bin/sh -c 'cat {file} > /run/jobs/at-reload.new && mv /run/jobs/at-reload.new /run/jobs/at-reload'
""".format(unit=FILE_UNIT, file=FILE)

JOBS = {
    "erp-import.service": ("/usr/bin/tokenctl exec portal.sync -- /bin/sh -c 'cat $$TOKEND_TOKEN_FILE; echo; id -u'", "erp-import", "DynamicUser=yes"),
    "erp-curl.service": ("/usr/bin/tokenctl exec portal.sync --header --fd 3 -- /usr/bin/curl --silent --show-error --cacert /etc/tokend/authority.pem "
                         "-H @/dev/fd/3 {me}", "daemon", ""),
    "stranger.service": ("/usr/bin/tokenctl exec portal.sync -- /bin/echo ran", "daemon", ""),
}


@pytest.fixture(scope="module")
def machine(machine):
    machine.install()
    machine.start_identity_server()
    machine.add_jobs({name: (command.format(me=machine.about["me"]) if "{me}" in command else command, user, more) for name, (command, user, more) in JOBS.items()})
    return machine


@pytest.mark.systemd
class TestSetup:
    @pytest.fixture(autouse=True)
    def names(self, machine):
        self.machine, self.host = machine, machine.host
        self.systemctl, self.show, self.job = machine.systemctl, machine.show, machine.job
        about = machine.about
        self.client = about["clients"]["machine"]
        self.given = ["--erpnet", about["erpnet"], "--ca-file", "/etc/tokend/authority.pem", "--client-id", self.client["client_id"], "--scope", "read"]
        self.allowed = [word for unit in (*JOBS, FILE_UNIT) if unit != "stranger.service" for word in ("--allow-unit", unit)] + ["--allow-user", "backup"]

    def sets_up(self, *arguments, secret=None, **more):
        return self.host.run("tokenctl", "setup", *arguments, check=False, input=self.client["client_secret"] if secret is None else secret, **more)

    def files(self):
        listed = self.host.run("find", "/etc/tokend", "-type", "f", "-newer", "/run/fresh", "-o", "-path", "/run/tokend-setup*", check=False).stdout
        return sorted(listed.split()) + self.host.run("find", "/run", "-maxdepth", "1", "-name", "tokend-setup*").stdout.split()

    # --- setting up

    def test_failures(self):
        """Each leaves the machine as it was."""
        self.host.run("touch", "/run/fresh")
        wrong = self.sets_up("portal.sync", *self.given, *self.allowed, "--secret-file", "-", "--yes", secret="wrong\n")
        assert wrong.returncode == 78, "a wrong secret is found out by asking the server"
        assert "invalid_client" in wrong.stderr and "nothing was changed" in wrong.stderr, "which is said, and what became of it"
        away = self.sets_up("portal.sync", "--issuer", "https://localhost:1/id", *self.given[2:], *self.allowed, "--secret-file", "-", "--yes")
        assert (away.returncode, "nothing was changed" in away.stderr) == (75, True), "a server that is away exits 75"
        odd = self.sets_up("portal.sync", *self.given[:2], "--client-id", "x", "--allow-unit", "cron.service", "--secret-file", "-", "--yes")
        assert ((odd.returncode, bool(re.search(r"(?m)^/etc/tokend/apps.d/portal.toml:\d+: .*cron", odd.stderr)), "tokend-setup" in odd.stderr)
                == (78, True, False)), "a rule that the daemon would refuse is refused"
        bare = self.sets_up("portal.sync", *self.given, "--secret-file", "-", "--yes")
        assert (bare.returncode, "--allow-unit" in bare.stderr) == (64, True), "without a terminal what is missing is named"
        assert (self.host.run("runuser", "-u", "games", "--", "tokenctl", "setup", "portal.sync", *self.given, *self.allowed, "--public", "--yes", check=False).returncode == 77), (
            "whoever is not root is told so")
        self.host.write("/run/systemd/system/tokend.service.d/broken.conf", "[Service]\nExecStartPre=/bin/false\n")
        self.systemctl("daemon-reload")
        broken = self.sets_up("portal.sync", *self.given, *self.allowed, "--secret-file", "-", "--yes", secret=self.client["client_secret"])
        assert (broken.returncode, "what was written is removed" in broken.stderr) == (78, True), "a service that does not start the first time fails it"
        self.host.path("/run/systemd/system/tokend.service.d/broken.conf").unlink()
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", "tokend.service")
        reserved = self.sets_up("store-key.sync", *self.given, *self.allowed, "--secret-file", "-", "--yes")
        assert (reserved.returncode, "sealed with" in reserved.stderr) == (64, True), "no secret becomes the key of the store by its name"
        assert self.host.run("runuser", "-u", "games", "--", "tokenctl", "setup", "--address-allow-list", check=False).returncode == 77, (
            "whoever is not root writes no list of addresses")
        assert self.files() == [], "none of them has left a file"
        assert ([(self.show(unit, "ActiveState"), self.systemctl("is-enabled", unit).stdout.strip()) for unit in ("tokend.socket", "tokend-credentials.socket")]
                == [("inactive", "disabled")] * 2), "nor left anything started or enabled"

    def test_dialogue(self):
        """What a person is asked, at a terminal."""
        # at a terminal of its own: Ctrl-C at ours would reach nsenter, too
        with Dialogue(self.host.command("script", "--quiet", "--return", "--command", "tokenctl setup --ca-file /etc/tokend/authority.pem", "/dev/null")) as talk:
            talk.answers("ERP.net instance", "http://wrong")
            talk.answers("must begin with https", self.given[1])
            talk.answers("a name for the token", "Portal")
            talk.answers("two parts of lower-case", "portal.sync")
            talk.answers("client's id", self.client["client_id"])
            talk.answers("scopes", "read update")
            talk.answers("units that may have it", "")
            talk.answers("users that may have it", "")
            talk.answers("nobody could have the token", "erp-import.service")
            talk.answers("users that may have it", "")
            talk.answers("it will not be shown", self.client["client_secret"])
            shown = talk.reads("[y/N]")
            assert 'scopes = ["read", "update"]' in shown and '{ unit = "erp-import.service" }' in shown, "the file is shown before anything is done"
            talk.types("\x03")
            assert talk.ends() == 130, "Ctrl-C there stops it"
            assert "stopped; nothing was changed" in talk.all, "nothing was changed, it says"
            assert self.client["client_secret"] not in talk.all, "the secret was never shown"
        assert self.files() == [], "and nothing was"
        self.machine.control("fault token slow delay=20")
        given = " ".join([*self.given, *self.allowed, "--yes"])
        with Dialogue(self.host.command("script", "--quiet", "--return", "--command", "tokenctl setup portal.sync " + given, "/dev/null")) as talk:
            talk.answers("it will not be shown", self.client["client_secret"])
            talk.reads("asking the identity server")
            met = processes.until(lambda: all(not fault.get("remaining") for fault in self.machine.control("faults")["faults"]), 30)
            assert met, "the identity server takes its time"
            talk.types("\x03")
            assert (talk.ends(), self.files()) == (130, []), "Ctrl-C while the server is asked stops it too"
        self.machine.control("clear")
        with Dialogue(self.host.command("tokenctl", "setup", "portal.sync", *self.given, *self.allowed)) as talk:
            talk.answers("it will not be shown", self.client["client_secret"])
            talk.answers("[y/N]", "y")
            status = talk.ends()
            assert status == 0, "the same, answered, sets up"
            assert re.search(r"NAME +STATE.*\n.*portal\.sync +\w+", talk.all.replace("\r", "")), "and shows the first token's state"
            assert "portal.sync: granted read, lives 3600 s" in talk.all, "the server's answer is in it"

    def test_what_is_there(self):
        assert self.files() == [CONFIGURATION, SECRET], "there are two files, and nothing beside them"
        modes = self.host.run("stat", "--format=%a %U", CONFIGURATION, SECRET).stdout.split("\n")[:2]
        assert modes == ["644 root", "600 root"], "the secret is root's alone"
        assert self.client["client_secret"] not in self.host.path(SECRET).read_text(), "and encrypted"
        assert self.client["client_secret"] not in self.host.path(CONFIGURATION).read_text(), "the configuration does not hold it"
        assert (self.systemctl("is-enabled", "tokend.socket").stdout.strip(), self.show("tokend.service", "ActiveState")) == ("enabled", "active"), (
            "the socket is enabled, the service up")
        status, printed = self.job("erp-import.service")
        assert status == 0 and printed.startswith("eyJ"), f"the unit that was allowed gets its first token: {printed[:60]}"

    def test_again(self):
        before = self.host.path(CONFIGURATION).read_bytes(), self.host.path(SECRET).read_bytes()
        there = self.sets_up("portal.sync", *self.given, *self.allowed, "--secret-file", "-", "--yes")
        assert (there.returncode, "--force replaces it, with all tokens in it" in there.stderr) == (73, True), "what is there is not overwritten"
        self.host.write("/run/systemd/system/tokend.service.d/broken.conf", "[Service]\nExecStartPre=/bin/false\n")
        self.systemctl("daemon-reload")
        broken = self.sets_up("portal.sync", *self.given, "--allow-user", "games", "--secret-file", "-", "--yes", "--force", "--offline")
        assert (broken.returncode, "what was there before is back" in broken.stderr) == (78, True), "a service that does not start fails it"
        assert (self.host.path(CONFIGURATION).read_bytes(), self.host.path(SECRET).read_bytes()) == before, (
            "with --force too the old files are back, to the byte")
        assert (self.host.run("ls", "-A", "/etc/tokend/apps.d", "/etc/tokend/secrets.d").stdout.split()
                == ["/etc/tokend/apps.d:", "portal.toml", "/etc/tokend/secrets.d:", "portal"]), "and nothing beside them"
        self.host.path("/run/systemd/system/tokend.service.d/broken.conf").unlink()
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", "tokend.service")
        forced = self.sets_up("portal.sync", *self.given, "--scope", "update", *self.allowed, "--secret-file", "-", "--yes", "--force")
        assert (forced.returncode, '"update"' in self.host.path(CONFIGURATION).read_text()) == (0, True), "--force replaces it where all is well"
        damaged = self.host.path(CONFIGURATION).read_text()
        self.machine.write_application("other", "nonsense = 1\n")
        wrong = self.sets_up("second.sync", *self.given, *self.allowed, "--secret-file", "-", "--yes")
        assert (wrong.returncode, "mend it first" in wrong.stderr) == (78, True), "a configuration that is already wrong is to be mended first"
        self.host.path("/etc/tokend/apps.d/other.toml").unlink()
        assert self.host.path(CONFIGURATION).read_text() == damaged, "and is left alone"
        self.host.path(CONFIGURATION).write_text("nonsense = 1\n")
        public = self.sets_up("portal.sync", *self.given, *self.allowed, "--public", "--sign-in", "http://127.0.0.1:53177/callback", "--shared", "--offline", "--yes", "--force")
        assert (public.returncode, self.files(), "removed: " + SECRET in public.stderr) == (0, [CONFIGURATION], True), (
            "--force mends the very file that is wrong, and leaves no secret that nobody uses")
        forced = self.sets_up("portal.sync", *self.given, "--scope", "update", *self.allowed, "--secret-file", "-", "--yes", "--force")
        assert (forced.returncode, self.host.path(CONFIGURATION).read_text()) == (0, damaged), "and back"

    def test_trial(self):
        """Another folder, as anybody."""
        folder = "/tmp/trial"
        self.host.run("runuser", "-u", "games", "--", "mkdir", folder)
        tried = self.host.run("runuser", "-u", "games", "--", "tokenctl", "setup", "portal.sync", "--config", folder, *self.given, "--allow-user", "games",
                              "--secret-file", "-", "--yes", check=False, input=self.client["client_secret"])
        assert tried.returncode == 0, f"anybody can try things out in a folder of theirs: {tried.stderr}"
        assert self.host.run("stat", "--format=%a %U", folder + "/portal.secret").stdout.strip() == "600 games", "where the secret is theirs alone"
        checked = self.host.run("runuser", "-u", "games", "--", "tokend", "--config", folder, "--check", "--online", check=False)
        assert checked.returncode == 0 and "portal.sync: granted read" in checked.stdout, f"and what came of it works: {checked.stdout}"
        native = self.machine.about["clients"]["native"]["client_id"]
        person = self.host.run(
            "runuser", "-u", "games", "--", "tokenctl", "setup", "people.user", "--config", folder, *self.given[:4], "--client-id", native, "--public",
            "--sign-in", "http://127.0.0.1:53177/callback", "--scope", "openid", "--scope", "read", "--scope", "offline_access", "--allow-user", "games",
            "--allow-group", "operator", "--shared", "--yes", check=False)
        assert person.returncode == 0 and "people.user: people sign in at" in person.stderr, f"so does a person's sign-in of a public client: {person.stderr}"
        written = self.host.path(folder + "/apps.d/people.toml").read_text()
        assert '{ user = "games", login = true }' in written and "shared = true" in written, "with a rule that lets them sign in"
        accented = self.host.run("runuser", "-u", "games", "--", "tokenctl", "setup", "odd.sync", "--config", folder, *self.given[:4], "--client-id", "a\"\u0301",
                                 "--public", "--offline", "--allow-user", "games", "--yes", check=False)
        assert "client.id: must be printable ASCII" in accented.stderr and "TOML" not in accented.stderr, "a quotation mark is escaped whatever stands on it"
        wrong = self.host.run("runuser", "-u", "games", "--", "tokenctl", "setup", "other.sync", "--config", folder, *self.given, "--allow-user", "games",
                              "--secret-file", "-", "--yes", check=False, input="wrong")
        left = self.host.run("find", folder, "/tmp", "-name", "*other*", "-o", "-name", "tokend-setup*").stdout.split()
        assert (wrong.returncode, left) == (78, []), "a failure leaves nothing there either"

        root = self.host.run("tokenctl", "setup", "portal.sync", "--config", "/tmp/roots", *self.given, "--allow-user", "games", "--secret-file", "-", "--yes",
                             check=False, input=self.client["client_secret"])
        assert root.returncode == 0, f"root tries things out as root, though the service is another user: {root.stderr}"
        assert self.host.run("tokend", "--config", "/tmp/roots", "--check", check=False).returncode == 0, "and so root's own check says"
        daemon = self.host.run("id", "--user", "tokend").stdout.strip()
        self.host.run("cp", "/tmp/roots/apps.d/portal.toml", "/etc/tokend/apps.d/rooted.toml")
        for what, arguments in (("where it is told for whom it is", ("--config", "/tmp/roots", "--user", daemon)), ("in its own folder", ()),
                                ("however that is spelled", ("--config", "/etc/../etc/tokend/"))):
            checked = self.host.run("tokend", "--check", *arguments, check=False)
            assert checked.returncode == 78 and "so the daemon cannot read it" in checked.stdout, (
                "%s: %s" % ("that the service could not read the secret is found out " + what, checked.stdout))
        self.host.path("/etc/tokend/apps.d/rooted.toml").unlink()

    # --- what consumers do

    def test_units(self):
        verified = self.host.run("systemd-analyze", "verify", "--man=no", FILE_UNIT, check=False)
        assert (verified.returncode, verified.stdout + verified.stderr) == (0, ""), "systemd-analyze verify says nothing"
        example = pathlib.Path(__file__).resolve().parents[2] / "systemd/example/units/erp-import.service"
        self.host.write("/etc/systemd/system/erp-example.service", example.read_text().replace("/usr/local/bin/erp-import", "/bin/true"))
        verified = self.host.run("systemd-analyze", "verify", "--man=no", "erp-example.service", check=False)
        assert (verified.returncode, verified.stdout + verified.stderr) == (0, ""), "nor of the example"

    def test_executed(self):
        status, printed = self.job("erp-import.service")
        token, user = printed.split()
        assert status == 0 and int(user) >= 61184, f"exec works in a unit with a user of its own making: {printed[-60:]}"
        status, printed = self.job("erp-curl.service")
        assert status == 0 and "error" not in printed.lower() and printed.strip(), (
            f"curl sends the header of its descriptor, and the API takes it: {printed[:200]}")
        status, printed = self.job("stranger.service")
        assert (status != 0, printed, self.show("stranger.service", "ExecMainStatus")) == (True, "", "77"), "a unit without a rule runs nothing"
        assert token not in self.host.run("sh", "-c", "cat /proc/*/environ | tr '\\0' '\\n'").stdout, "the token is in no environment"

    def test_kept_in_a_file(self):
        self.host.write("/etc/systemd/system/%s.d/options.conf" % FILE_UNIT, '[Service]\nEnvironment="OPTIONS=--owner games:operator --mode 0640 --reload-unit reader.service"\n')
        self.host.write("/etc/systemd/system/reader.service", READER)
        self.systemctl("daemon-reload")
        assert self.systemctl("start", "reader.service").returncode == 0, "a program that requires the file starts"
        first = self.host.path("/run/jobs/at-start").read_text()
        assert first.startswith("eyJ"), "after the file was there"
        assert self.host.run("stat", "--format=%a %U:%G", FILE).stdout.strip() == "640 games:operator", "the file is whose it should be"
        assert "is in " + FILE in self.show(FILE_UNIT, "StatusText"), "the status line says so"
        self.host.run("tokenctl", "renew", "portal.sync")
        seen = self.host.path("/run/jobs/at-reload")
        renewed = processes.until(lambda: seen.exists() and seen.read_text() not in ("", first), 30)
        assert renewed and seen.read_text() == self.host.path(FILE).read_text(), "a renewal is in the file, and its reader is reloaded"
        process, inode = self.show(FILE_UNIT, "MainPID"), self.host.path(FILE).stat().st_ino
        assert self.machine.restart() == 0, "tokend is restarted"
        told = processes.until(lambda: self.journal_says("well again"), 30)
        assert told and self.show(FILE_UNIT, "MainPID") == process and self.host.path(FILE).exists(), f"the file lives through it: {inode}"
        self.systemctl("stop", "reader.service", FILE_UNIT)
        assert not self.host.path(FILE).exists(), "a stop takes the file away"

    def test_kept_for_a_user(self):
        self.host.write("/etc/systemd/system/%s.d/options.conf" % FILE_UNIT, '[Service]\nUser=backup\nEnvironment="OPTIONS=--mode 0640 --reload-unit reader.service"\n')
        self.systemctl("daemon-reload")
        assert self.systemctl("start", FILE_UNIT).returncode == 0, "the unit runs as its reader"
        assert self.host.run("stat", "--format=%a %U", FILE).stdout.strip() == "640 backup", "whose the file is"
        assert processes.until(lambda: self.journal_says("needs a polkit rule"), 30), "a user whom polkit does not allow is told why nothing is reloaded"
        text = self.host.path(CONFIGURATION).read_text()
        self.machine.write_application("portal", re.sub(r".*(tokend-file|backup).*\n", "", text))
        assert self.systemctl("reload", "tokend.service").returncode == 0, "the rule goes"
        ended = processes.until(lambda: self.show(FILE_UNIT, "ActiveState") == "failed", 30)
        assert (ended, self.show(FILE_UNIT, "ExecMainStatus"), self.host.path(FILE).exists()) == (True, "77", False), "and with it the unit and its file"
        assert self.systemctl("start", FILE_UNIT).returncode != 0, "a start is refused then"
        self.machine.write_application("portal", text)
        self.systemctl("reload", "tokend.service")

    def journal_says(self, words):
        return any(words in str(entry.get("MESSAGE")) for entry in self.machine.journal("_SYSTEMD_UNIT=" + FILE_UNIT))

    # --- who got it

    def test_audited(self):
        since = self.host.run("date", "+%F %T").stdout.strip()
        for _ in range(5):
            self.job("erp-import.service")
        self.job("stranger.service")
        forged = "MESSAGE=x\nTOKEND_EVENT=handed-out\nTOKEND_TOKEN=portal.sync\nTOKEND_COUNT=1000\nTOKEND_CONSUMER_UNIT=erp-import.service\n"
        self.host.run("runuser", "-u", "games", "--", "logger", "--journald", input=forged)
        # what is counted and not yet written is written at a stop
        self.machine.restart()
        self.host.run("journalctl", "--sync")

        def audit(*arguments, who=()):
            return self.host.run(*who, "tokenctl", "audit", "--since", since, *arguments, check=False)
        rows = json.loads(audit("--unit", "erp-import.service", "--token", "portal.sync", "--json").stdout)
        assert sum(row["count"] for row in rows if row["event"] == "handed-out") == 5, (
            "the sums are what the unit got, and what another program wrote is not in them")
        assert ([row["count"] for row in json.loads(audit("--refused", "--json").stdout) if (row["decision"], row.get("unit")) == ("denied", "stranger.service")] == [1]), (
            "refusals are found")
        identity = next(row["id"] for row in rows if row["event"] == "handed-out")
        renewals = audit("--renewals", "--id", identity)
        assert re.search(r"renewed +issued .*%s" % identity, self.host.run("tokenctl", "audit", "--id", identity).stdout), (
            f"an id leads to where it came from: {renewals.stdout}")
        table = audit("--token", "portal.sync").stdout
        assert re.search(r"(?m)^5 +handed-out +ready +portal\.sync +%s +erp-import\.service +\d{4}-" % identity, table), "people get a table"
        barred = audit(who=("runuser", "-u", "games", "--"))
        assert (barred.returncode, barred.stdout, "systemd-journal" in barred.stderr) == (77, "", True), "who may not read the journal is told how to"
        member = audit("--refused", who=("runuser", "-u", "games", "-g", "games", "-G", "systemd-journal", "--"))
        assert member.returncode == 0 and "stranger.service" in member.stdout, f"a member of systemd-journal may: {member.stderr}"

    def allow_list_fails(self, earlier):
        list_file, process = self.host.path(ALLOW_LIST), self.show("tokend.service", "MainPID")
        mistaken = self.host.path("/etc/tokend/apps.d/mistaken.toml")
        mistaken.write_text("nothing = 1\n")
        self.host.path("/etc/resolv.conf").write_text("nameserver 192.0.2.54\n")
        refused = self.host.run("tokenctl", "setup", "--address-allow-list", check=False)
        assert refused.returncode == 78 and re.search(r"(?m)^/etc/tokend/apps.d/mistaken.toml:1: ", refused.stderr) and "%0A" not in refused.stderr, (
            "with a configuration that is not in order no list is written, and each problem is a line of its own")
        assert (list_file.read_text(), self.show("tokend.service", "MainPID")) == (earlier, process), "and nothing is touched"
        mistaken.unlink()
        # a start that fails once
        stumbling = self.host.path("/run/systemd/system/tokend.service.d/stumbling.conf")
        stumbling.parent.mkdir(parents=True, exist_ok=True)
        stumbling.write_text("[Service]\nExecStartPre=+/bin/sh -c 'test ! -e /run/stumble || { rm /run/stumble; exit 1; }'\n")
        self.host.path("/run/stumble").touch()
        failed = self.host.run("tokenctl", "setup", "--address-allow-list", check=False)
        assert failed.returncode == 71 and "the earlier list is back" in failed.stderr and "%0A" not in failed.stderr, (
            "where tokend does not start with a list the earlier one is back, and that is said")
        assert [path.read_text() for path in list_file.parent.iterdir()] == [earlier], "it is as it was, without a trace"
        assert (self.show("tokend.service", "ActiveState"), "192.0.2.54" in self.show("tokend.service", "IPAddressAllow")) == ("active", False), (
            "and tokend runs again")
        stumbling.unlink()
        self.host.run("systemctl", "daemon-reload")

    def allow_list_follows(self):
        """It is of those who are configured, and of nobody who is only mentioned."""
        other = self.sets_up("elsewhere.sync", "--issuer", "https://127.0.0.9:8443/id", "--client-id", "x", *self.allowed, "--public", "--shared", "--sign-in",
                           "http://127.0.0.1:53177/callback", "--yes", "--offline")
        text = self.host.path(ALLOW_LIST).read_text()
        assert other.returncode == 0 and "# 127.0.0.9\n" in text, "a setup brings the list that is there up to date: %s" % ((other, text),)
        assert re.findall(r"(?m)^# (\S+)$", text) == self.host.run("tokend", "--check", "--hosts").stdout.split(), (
            "with those that tokend names, and not where a browser comes back to")
        self.host.path("/etc/tokend/apps.d/elsewhere.toml").unlink()

    def test_allow_list(self):
        self.host.path("/etc/resolv.conf").write_text("nameserver 192.0.2.53\nnameserver fe80::1%eth0\n")
        listed = self.host.run("tokenctl", "setup", "--address-allow-list", check=False)
        assert listed.returncode == 0, f"a list of addresses is written: {listed.stderr}"
        assert "write the list anew" in listed.stderr, "and that it must be renewed is said"
        text = self.host.path(ALLOW_LIST).read_text()
        assert "IPAddressDeny=any" in text and re.search(r"(?m)^# localhost\nIPAddressAllow=.*127\.0\.0\.1", text) and "written anew" in text, (
            "it has the identity server's, and says so itself")
        assert "IPAddressAllow=192.0.2.53 fe80::1\n" in text, "and the name servers"
        assert "127.0.0.1" in self.show("tokend.service", "IPAddressAllow"), "the service has it"
        status, printed = self.job("erp-import.service")
        assert status == 0 and printed.startswith("eyJ"), "and still gets tokens"
        self.allow_list_fails(text)
        self.allow_list_follows()
        exposure = self.host.run("systemd-analyze", "security", "--no-pager", FILE_UNIT, check=False).stdout
        found = re.search(r"Overall exposure level for .*: ([\d.]+)", exposure)
        assert found and float(found[1]) <= 1.3, f"the file's unit is confined: {exposure[-200:]}"

    def test_nothing_secret(self):
        exported = self.host.run("journalctl", "--no-pager", "--output=export", "--all").stdout
        assert len(self.machine.handed_out) >= 2, "tokens were handed out"
        assert [token[:20] for token in self.machine.handed_out if token in exported] == [], "none of them is in the journal"
        assert self.client["client_secret"] not in exported, "nor the client's secret"
