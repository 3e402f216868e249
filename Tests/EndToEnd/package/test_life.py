"""The Debian package, from a first installation to a purge, in a booted Debian."""
import json
import pathlib
import re
import subprocess

import pytest
from lib import processes
from lib.daemon import Served
from lib.machine import SOCKET

PAT = "enrt_" + "1D41D469A1F04C7D8F2B7960ABCDEF01" * 2
PORTAL = """
erpnet = "{erpnet}"
ca_file = "/etc/tokend/authority.pem"

[client]
id = "{client_id}"
authentication = "client_secret_post"
secret = {{ credential = "portal" }}

[token.sync]
grant = "client_credentials"
scopes = ["read"]
allow = [ {{ user = "root" }} ]

[token.user]
grant = "authorization_code"
redirect_uri = "http://127.0.0.1:53177/callback"
scopes = ["openid", "read", "offline_access"]
allow = [ {{ user = "root", login = true }} ]

[token.pat]
grant = "reference"
expires = "never"
allow = [ {{ user = "root" }} ]
"""
CALLERS = pathlib.Path(__file__).with_name("callers")
OURS = ["tokend.socket", "tokend.service"]
FILE_UNIT = "tokend-file@portal.sync.service"
FILE = "/run/tokend-file/portal.sync/token"
ALLOW_LIST = "/etc/systemd/system/tokend.service.d/50-address-allow-list.conf"


@pytest.fixture(scope="module")
def machine(machine, package):
    for file in (package.first, package.later):
        machine.host.install(file, "/root")
    return machine


@pytest.mark.packaging
class TestPackage:
    @pytest.fixture(autouse=True)
    def names(self, machine, package):
        self.machine, self.host, self.package = machine, machine.host, package
        self.systemctl, self.show, self.ask = machine.systemctl, machine.show, machine.ask

    def apt(self, *arguments):
        done = self.host.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", *arguments, check=False)
        assert done.returncode == 0, "apt-get %s: %s" % (" ".join(map(str, arguments)), done.stdout + done.stderr)
        return done.stdout + done.stderr

    def install(self, package, *options):
        return self.apt("install", *options, "/root/" + package.name)

    def exists(self, *paths):
        return {path: self.host.run("test", "-e", path, check=False).returncode == 0 for path in paths}

    def owned(self):
        """What belongs to the daemon's user anywhere, in file systems that are kept or in memory."""
        found = self.host.run("find", "/", "/run", "/dev/shm", "/tmp", "-xdev", "-user", "tokend", check=False).stdout.split()
        return sorted({path for path in found if not path.startswith("/proc/")})

    def test_first_installation(self):
        self.install(self.package.first)
        assert self.host.run("dpkg", "--verify", "tokend").stdout == "", "dpkg finds every file as it was packed"
        assert (self.show("tokend.socket", "ActiveState"), self.show("tokend.socket", "UnitFileState")) == ("active", "enabled"), (
            "the socket is open, and will be after a boot")
        assert (self.show("tokend.service", "ActiveState"), self.show("tokend.service", "UnitFileState")) == ("inactive", "disabled"), (
            "the service rests until somebody asks")
        shipped = [pathlib.Path(path).name for path in self.host.run("dpkg", "--listfiles", "tokend").stdout.split() if "/systemd/system/token" in path]
        verified = self.host.run("systemd-analyze", "verify", "--man=no", *(name.replace("@.", "@portal.sync.") for name in shipped), check=False)
        assert (verified.returncode, verified.stdout + verified.stderr) == (0, ""), "systemd-analyze verify says nothing of any unit"
        assert "tokend" in self.host.run("journalctl", "--no-pager", "--list-catalog").stdout, "the journal's catalog knows tokend"
        modes = self.host.run("stat", "--format=%n %a %U", "/etc/tokend", "/etc/tokend/apps.d", "/etc/tokend/secrets.d").stdout.split("\n")
        assert modes[:3] == ["/etc/tokend 755 root", "/etc/tokend/apps.d 755 root", "/etc/tokend/secrets.d 700 root"], (
            "the folders for its configuration are there")

    def test_first_token(self):
        self.machine.start_identity_server()
        about = self.machine.about
        client = about["clients"]["portal"]
        self.machine.keep_secret("portal", client["client_secret"])
        self.machine.write_application("portal", PORTAL.format(erpnet=about["erpnet"], client_id=client["client_id"]))
        assert self.systemctl("enable", "--now", "tokend.socket").returncode == 0, "systemctl enable --now tokend.socket"
        assert re.search("^OK eyJ", self.ask("GET portal.sync")), "one application file, and there is a token"
        assert (client["client_secret"] not in self.host.run("grep", "--recursive", "--no-messages", "--text", "--fixed-strings", "-e", client["client_secret"], "/etc", "/var/lib/tokend", check=False).stdout), (
            "the client's secret is on the disk only in an encrypted credential")
        minted = self.machine.control('grant mint app=%s user=m.petrova scope="openid offline_access read"' % client["client_id"])
        for name, token in (("user", minted["refresh_token"]), ("pat", PAT)):
            done = self.host.run("tokenctl", "import", "portal." + name, input=token, check=False)
            assert (done.returncode, done.stderr) == (0, ""), "portal.%s is brought in" % name
        self.state_is_used("a first time")

    def state_is_used(self, when):
        assert re.search("^OK eyJ", self.ask("GET portal.user")), "%s the sign-in gives a token" % when
        reply = self.ask("GET portal.pat")
        assert (Served(reply).token if reply.startswith("OK ") else reply) == PAT, "%s the reference token is there" % when

    def test_what_its_user_owns(self):
        # the credentials are in a file system of their own, which its user can only read
        mine = [path for path in self.owned() if not re.match(r"/var/lib/tokend(-key)?(/|$)|/run/credentials/tokend.service$", path)]
        assert mine == [], "nothing else on the machine is its user's"
        assert {"/var/lib/tokend/grants", "/var/lib/tokend-key/key"} <= set(self.owned()), "what it must keep is"
        can = self.host.run("runuser", "-u", "tokend", "--", "find", "/etc", "/usr", "/run/tokend", "/var/lib/dpkg", "-xdev", "-writable", "-not", "-type", "l",
                            check=False).stdout.split()
        assert can == [SOCKET], "nor could its user write to the programs, the units or the configuration"

    def test_upgrade_under_load(self):
        self.host.run("sh", "-c", "echo '# a line of the administrator' >> /etc/tokend/tokend.toml")
        before = {name: self.show("tokend." + name, "InvocationID") for name in ("socket", "service")}
        path = self.host.path(SOCKET)
        with subprocess.Popen(self.host.command_from_here(CALLERS, path, "portal.sync"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as callers:
            assert callers.stdout.readline() == "calling\n", "callers call"
            self.install(self.package.later)
            after = {name: self.show("tokend." + name, "InvocationID") for name in ("socket", "service")}
            told = json.loads(callers.communicate(timeout=60)[0])
        print("      " + json.dumps(told)[:600])
        assert after["socket"] == before["socket"], "the socket stayed open"
        assert after["service"] != before["service"], "the service is another"
        assert {way: caller["bad"] for way, caller in told.items()} == {"new": [], "kept": [], "watch": []}, "no call was refused"
        assert told["new"]["served"] >= 20, "new connections were served all the time"
        assert all(2 <= told[way]["made"] <= 3 and told[way]["served"] >= 2 for way in ("kept", "watch")), (
            "the kept connection and the WATCH were made anew once or twice")
        assert self.host.run("dpkg-query", "--show", "--showformat=${Version}", "tokend").stdout == self.package.version + "+later", (
            "the later package is installed")
        assert "# a line of the administrator" in self.host.run("cat", "/etc/tokend/tokend.toml").stdout, "what the administrator wrote is there"
        self.state_is_used("after the upgrade")

    def test_upgrade_with_a_mistake(self):
        portal = self.host.path("/etc/tokend/apps.d/portal.toml")
        right, process = portal.read_text(), self.show("tokend.service", "MainPID")
        portal.write_text(right.replace("scopes", "scops", 1))
        said = self.install(self.package.later, "--reinstall")
        assert '"tokend --check" says why' in said, "with a configuration that cannot be used the upgrade says so"
        assert (self.show("tokend.service", "MainPID"), self.ask("PING")) == (process, "OK"), "and the tokend that runs goes on"
        portal.write_text(right)

    def test_the_administrator_decides(self):
        self.systemctl("disable", "tokend.socket")
        self.systemctl("enable", "tokend.service")  # enables the socket with it
        self.systemctl("disable", "tokend.socket")
        self.install(self.package.later, "--reinstall")
        assert self.show("tokend.socket", "UnitFileState") == "disabled", "a socket that was disabled stays disabled"
        assert self.show("tokend.service", "UnitFileState") == "enabled", "and a service that was enabled stays enabled"
        self.systemctl("disable", "--now", "tokend.service", "tokend.socket")
        self.install(self.package.later, "--reinstall")
        assert [self.show(unit, "ActiveState") for unit in OURS] == ["inactive", "inactive"], "what was stopped and disabled is not started"
        self.systemctl("enable", "--now", "tokend.socket")

    def test_removal(self):
        assert self.ask("PING") == "OK", "it runs"
        assert (self.systemctl("enable", "--now", FILE_UNIT).returncode, self.exists(FILE)) == (0, {FILE: True}), "and keeps a token in a file"
        assert self.host.run("tokenctl", "setup", "--address-allow-list", check=False).returncode == 0, "whom it may talk to is listed"
        self.systemctl("enable", "tokend.service")
        self.apt("remove", "tokend")
        assert self.systemctl("list-units", "--no-legend", "--state=active", "tokend-*@*").stdout == "", "no instance goes on"
        assert self.exists(FILE) == {FILE: False}, "and no token stays in a file"
        assert [self.show(unit, "ActiveState") for unit in OURS] == ["inactive", "inactive"], "a removal ends it"
        kept = self.exists("/etc/tokend/tokend.toml", "/etc/tokend/apps.d/portal.toml", "/etc/tokend/secrets.d/portal", "/var/lib/tokend/grants", "/var/lib/tokend-key")
        assert [path for path, is_there in kept.items() if not is_there] == [], "configuration and state stay"
        gone = self.exists("/usr/bin/tokend", "/usr/bin/tokenctl", "/usr/lib/systemd/system/tokend.service", SOCKET)
        assert [path for path, is_there in gone.items() if is_there] == [], "programs, units and socket do not"
        assert self.systemctl("list-units", "--failed", "--no-legend", "token*").stdout == "", "no unit has failed"

    def test_installed_again(self):
        self.install(self.package.later)
        def runs():
            return [self.show(unit, "ActiveState") for unit in (*OURS, FILE_UNIT)] == ["active"] * 3
        assert processes.until(runs, 60), "what was enabled runs again, before anybody asks"
        assert self.exists(FILE) == {FILE: True}, "and keeps its token in its file"
        self.state_is_used("installed again")

    def test_downgrade(self):
        self.install(self.package.first, "--allow-downgrades")
        assert self.host.run("dpkg-query", "--show", "--showformat=${Version}", "tokend").stdout == self.package.version, "a downgrade works"
        self.state_is_used("after the downgrade")

    def test_purge(self):
        self.systemctl("enable", "tokend.service")
        assert self.show(FILE_UNIT, "UnitFileState") == "enabled" and self.exists(ALLOW_LIST)[ALLOW_LIST], (
            "an instance is enabled, and the list of addresses is there")
        self.apt("purge", "tokend")
        left = self.exists("/etc/tokend", "/var/lib/tokend", "/var/lib/tokend-key", "/run/tokend/tokend.sock")
        assert [path for path, is_there in left.items() if is_there] == [], "nothing of it is left"
        assert self.owned() == [], "nor anything of its user's"
        links = self.host.run("find", "/etc/systemd/system", "/var/lib/systemd", "-name", "tokend*").stdout
        assert links == "", "nor a unit that is enabled"
        assert self.systemctl("is-system-running").stdout.strip() == "running", "the machine is running"
