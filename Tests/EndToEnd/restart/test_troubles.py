"""What befalls a service: servers that are away, disks that are full, a journal that is gone. It says what is wrong, or simply goes on."""
import re
import subprocess

from lib import processes
from lib.machine import SOCKET

from .fixture import SETTINGS, TOKENS

SIGN_IN = """
[token.person]
grant = "authorization_code"
redirect_uri = "http://127.0.0.1:53177/callback"
scopes = ["openid", "offline_access"]
allow = [ { user = "root", login = true } ]
"""
WRONG = """
[token.wrong]
grant = "client_credentials"
scopes = ["nobody-knows-this"]
allow = [ { user = "root" } ]
"""


def states(scene):
    """The state of each credential; its consumers' rows are left out."""
    rows = re.findall(r"^\+ (\S+) (?!consumer=)state=(\S+)", scene.machine.ask("STATUS"), re.MULTILINE)
    return dict(rows)


def test_status_line(scene):
    """STATUS= tells what STATUS tells, through trouble and out of it."""
    scene.configure(TOKENS + SIGN_IN + WRONG)
    scene.machine.systemctl("stop", "tokend.service")
    scene.machine.control("fault token status code=503 times=forever")
    scene.machine.systemctl("start", "tokend.service")
    scene.get()
    # a server that is throttled or away is so for every token that it would have to be asked for
    outage = scene.told("4 tokens: 3 unavailable, 1 login-required")
    assert outage == "4 tokens: 3 unavailable, 1 login-required", "an outage and a missing sign-in are told in one line"
    assert states(scene) == {"portal.sync": "unavailable", "portal.kept": "unavailable", "portal.person": "login-required", "portal.wrong": "unavailable"}, (
        "as STATUS tells them")
    scene.machine.control("clear")
    for name in ("sync", "kept"):
        scene.machine.ask("RENEW portal." + name)
    scene.machine.ask("GET portal.wrong")
    scene.get()
    recovered = scene.told("4 tokens: 2 ready, 1 login-required, 1 refused")
    assert recovered == "4 tokens: 2 ready, 1 login-required, 1 refused", "so is the recovery, and what the server refuses"
    assert states(scene) == {"portal.sync": "ready", "portal.kept": "ready", "portal.person": "login-required", "portal.wrong": "refused"}, (
        "as STATUS tells them again")
    scene.configure(TOKENS)
    scene.machine.restart()


def test_network_late(scene):
    """The identity server starts after tokend, as a network that is slow to come."""
    scene.machine.systemctl("stop", "tokend.service")
    scene.machine.control("fault token hang times=forever")
    assert scene.machine.systemctl("start", "tokend.service").returncode == 0, "tokend is up at once though its identity server does not answer"
    waiting = scene.host.start("nc", "-N", "-U", SOCKET, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    waiting.stdin.write("GET portal.sync wait=60\n")
    waiting.stdin.close()
    scene.machine.control("await hung 1")
    scene.machine.control("clear")
    reply = waiting.stdout.read()
    waiting.wait()
    assert reply.startswith("OK "), "whoever waits has the token once it does"


def test_ready_policy(scene):
    """`first-tokens`: READY when what is kept always has come to an end, good or bad."""
    scene.configure(TOKENS, SETTINGS + '\n[ready]\npolicy = "first-tokens"\n')
    scene.machine.systemctl("stop", "tokend.service")
    scene.machine.control("fault token hang times=forever")
    scene.machine.systemctl("start", "--no-block", "tokend.service")
    scene.machine.control("await hung 1")
    assert scene.state() == "activating", "with the policy first-tokens the start waits for the first answer"
    assert scene.machine.ask("PING") == "OK", "and serves meanwhile"
    scene.machine.control("clear")
    assert processes.until(lambda: scene.state() == "active", 30), f"until it is there, or is no: {scene.state()}"
    assert (scene.machine.restart(), scene.state()) == (0, "active"), "a restart does not wait: what is kept is held already"
    scene.configure(TOKENS)
    scene.machine.restart()


def full_disk(scene):
    """A state folder without any room left, at a start and later."""
    scene.machine.systemctl("stop", "tokend.service")
    owner = scene.host.run("id", "--user", "tokend").stdout.strip()
    scene.host.run("mount", "-t", "tmpfs", "-o", "size=64k,mode=700,uid=%s,gid=%s" % (owner, owner), "full", "/var/lib/tokend")
    try:
        scene.host.run("sh", "-c", "dd if=/dev/zero of=/var/lib/tokend/ballast bs=4k 2>/dev/null; true")
        assert scene.machine.systemctl("start", "tokend.service").returncode == 0, "a full disk keeps no tokend from starting"
        assert isinstance(scene.get(), tuple), "nor from serving what needs no disk"
        refused = scene.machine.ask("IMPORT portal.pat enrt_0123456789abcdef")
        assert re.search(r"^ERR unavailable .*(?:No space left|room|full)", refused, re.I), "what has to be kept is refused, and says why"
        scene.host.run("rm", "/var/lib/tokend/ballast")
        assert re.search(r"^OK id=", scene.machine.ask("IMPORT portal.pat enrt_0123456789abcdef")), "until there is room"
    finally:
        scene.machine.systemctl("stop", "tokend.service")
        scene.host.run("umount", "/var/lib/tokend")
        scene.machine.systemctl("start", "tokend.service")


def test_with_reference(scene):
    scene.configure(TOKENS + '\n[token.pat]\ngrant = "reference"\nallow = [ { user = "root", login = true } ]\n')
    scene.machine.restart()
    full_disk(scene)
    scene.configure(TOKENS)
    scene.machine.restart()


def test_wrong_modes(scene):
    """A state folder that others can read, and a configuration that others can write."""
    scene.host.run("chmod", "755", "/var/lib/tokend")
    began = scene.moment()
    scene.machine.restart()
    mode = scene.host.run("stat", "--format=%a", "/var/lib/tokend").stdout.strip()
    assert (scene.state(), mode) == ("active", "700"), "systemd puts the state folder right"
    path = "/etc/tokend/apps.d/portal.toml"
    scene.host.run("chmod", "666", path)
    assert scene.machine.restart() != 0, "a configuration that others may write is refused"
    said = scene.host.run("journalctl", "--no-pager", "--output=cat", "--since=@" + began, "--identifier=tokend").stdout
    assert re.search(re.escape(path) + r".*chmod", said), "with the file and the remedy"
    scene.host.run("chmod", "644", path)
    assert scene.machine.restart() == 0, "and taken once it is mended"


def test_missing_credential(scene):
    scene.machine.write_application("other", scene.head.replace('"portal"', '"missing"') + TOKENS)
    began = scene.moment()
    assert scene.machine.restart() != 0, "a credential that nobody gave is refused at the start"
    said = scene.host.run("journalctl", "--no-pager", "--output=cat", "--since=@" + began, "--identifier=tokend").stdout
    assert re.search(r"/etc/tokend/apps\.d/other\.toml:\d+: .*missing", said), "by name, with file and line"
    scene.host.path("/etc/tokend/apps.d/other.toml").unlink()
    assert scene.machine.restart() == 0, "without that file it starts"


def test_no_bus(scene):
    scene.machine.systemctl("stop", "dbus.service", "dbus.socket")
    assert isinstance(scene.get(), tuple), "without D-Bus callers are served"
    assert scene.machine.restart() == 0, "and a restart works"
    assert isinstance(scene.get(), tuple), "and callers are served after it"
    scene.machine.systemctl("start", "dbus.socket")


def test_no_journal(scene):
    """Nothing is lost of what was decided while journald was gone."""
    since = scene.moment()
    scene.machine.systemctl("stop", "systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald-audit.socket", "systemd-journald.service")
    assert {type(scene.get()) for _ in range(20)} == {tuple}, "without journald callers are served"
    scene.machine.restart()
    assert {type(scene.get()) for _ in range(5)} == {tuple}, "by the next process too"
    scene.machine.systemctl("start", "systemd-journald.service")
    scene.machine.restart()
    assert scene.handed_out(since) == 25, "and the journal that is back counts each"
