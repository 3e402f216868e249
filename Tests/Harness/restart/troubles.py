"""What befalls a service: servers that are away, disks that are full, a journal that is gone. It says what is wrong, or simply goes on."""
import re
import subprocess

from lib import processes
from lib.machine import SOCKET

from .scene import SETTINGS, TOKENS

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


def status_line(scene):
    """STATUS= tells what STATUS tells, through trouble and out of it."""
    scene.configure(TOKENS + SIGN_IN + WRONG)
    scene.machine.systemctl("stop", "tokend.service")
    scene.machine.control("fault token status code=503 times=forever")
    scene.machine.systemctl("start", "tokend.service")
    scene.get()
    # a server that is throttled or away is so for every token that it would have to be asked for
    outage = scene.told("4 tokens: 3 unavailable, 1 login-required")
    scene.checks.equal("an outage and a missing sign-in are told in one line", outage, "4 tokens: 3 unavailable, 1 login-required")
    scene.checks.equal("as STATUS tells them", states(scene), {
        "portal.sync": "unavailable", "portal.kept": "unavailable", "portal.person": "login-required", "portal.wrong": "unavailable"})
    scene.machine.control("clear")
    for name in ("sync", "kept"):
        scene.machine.ask("RENEW portal." + name)
    scene.machine.ask("GET portal.wrong")
    scene.get()
    recovered = scene.told("4 tokens: 2 ready, 1 login-required, 1 refused")
    scene.checks.equal("so is the recovery, and what the server refuses", recovered, "4 tokens: 2 ready, 1 login-required, 1 refused")
    scene.checks.equal("as STATUS tells them again", states(scene), {
        "portal.sync": "ready", "portal.kept": "ready", "portal.person": "login-required", "portal.wrong": "refused"})
    scene.configure(TOKENS)
    scene.machine.restart()


def network_late(scene):
    """The identity server starts after tokend, as a network that is slow to come."""
    scene.machine.systemctl("stop", "tokend.service")
    scene.machine.control("fault token hang times=forever")
    scene.checks.equal("tokend is up at once though its identity server does not answer", scene.machine.systemctl("start", "tokend.service").returncode, 0)
    waiting = scene.host.start("nc", "-N", "-U", SOCKET, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    waiting.stdin.write("GET portal.sync wait=60\n")
    waiting.stdin.close()
    scene.machine.control("await hung 1")
    scene.machine.control("clear")
    reply = waiting.stdout.read()
    waiting.wait()
    scene.checks.ok("whoever waits has the token once it does", reply.startswith("OK "), reply[:100])


def ready_policy(scene):
    """`first-tokens`: READY when what is kept always has come to an end, good or bad."""
    scene.configure(TOKENS, SETTINGS + '\n[ready]\npolicy = "first-tokens"\n')
    scene.machine.systemctl("stop", "tokend.service")
    scene.machine.control("fault token hang times=forever")
    scene.machine.systemctl("start", "--no-block", "tokend.service")
    scene.machine.control("await hung 1")
    scene.checks.equal("with the policy first-tokens the start waits for the first answer", scene.state(), "activating")
    scene.checks.equal("and serves meanwhile", scene.machine.ask("PING"), "OK")
    scene.machine.control("clear")
    scene.checks.ok("until it is there, or is no", processes.until(lambda: scene.state() == "active", 30), scene.state())
    scene.checks.equal("a restart does not wait: what is kept is held already", (scene.machine.restart(), scene.state()), (0, "active"))
    scene.configure(TOKENS)
    scene.machine.restart()


def full_disk(scene):
    """A state folder without any room left, at a start and later."""
    scene.machine.systemctl("stop", "tokend.service")
    owner = scene.host.run("id", "--user", "tokend").stdout.strip()
    scene.host.run("mount", "-t", "tmpfs", "-o", "size=64k,mode=700,uid=%s,gid=%s" % (owner, owner), "full", "/var/lib/tokend")
    try:
        scene.host.run("sh", "-c", "dd if=/dev/zero of=/var/lib/tokend/ballast bs=4k 2>/dev/null; true")
        scene.checks.equal("a full disk keeps no tokend from starting", scene.machine.systemctl("start", "tokend.service").returncode, 0)
        scene.checks.ok("nor from serving what needs no disk", isinstance(scene.get(), tuple), scene.get())
        refused = scene.machine.ask("IMPORT portal.pat enrt_0123456789abcdef")
        scene.checks.matches("what has to be kept is refused, and says why", refused, re.compile(r"^ERR unavailable .*(?:No space left|room|full)", re.I))
        scene.host.run("rm", "/var/lib/tokend/ballast")
        scene.checks.matches("until there is room", scene.machine.ask("IMPORT portal.pat enrt_0123456789abcdef"), re.compile(r"^OK id="))
    finally:
        scene.machine.systemctl("stop", "tokend.service")
        scene.host.run("umount", "/var/lib/tokend")
        scene.machine.systemctl("start", "tokend.service")


def with_reference(scene):
    scene.configure(TOKENS + '\n[token.pat]\ngrant = "reference"\nallow = [ { user = "root", login = true } ]\n')
    scene.machine.restart()
    full_disk(scene)
    scene.configure(TOKENS)
    scene.machine.restart()


def wrong_modes(scene):
    """A state folder that others can read, and a configuration that others can write."""
    scene.host.run("chmod", "755", "/var/lib/tokend")
    began = scene.moment()
    scene.machine.restart()
    mode = scene.host.run("stat", "--format=%a", "/var/lib/tokend").stdout.strip()
    scene.checks.equal("systemd puts the state folder right", (scene.state(), mode), ("active", "700"))
    path = "/etc/tokend/apps.d/portal.toml"
    scene.host.run("chmod", "666", path)
    scene.checks.ok("a configuration that others may write is refused", scene.machine.restart() != 0)
    said = scene.host.run("journalctl", "--no-pager", "--output=cat", "--since=@" + began, "--identifier=tokend").stdout
    scene.checks.matches("with the file and the remedy", said, re.compile(re.escape(path) + r".*chmod"))
    scene.host.run("chmod", "644", path)
    scene.checks.equal("and taken once it is mended", scene.machine.restart(), 0)


def missing_credential(scene):
    scene.machine.write_application("other", scene.head.replace('"portal"', '"missing"') + TOKENS)
    began = scene.moment()
    scene.checks.ok("a credential that nobody gave is refused at the start", scene.machine.restart() != 0)
    said = scene.host.run("journalctl", "--no-pager", "--output=cat", "--since=@" + began, "--identifier=tokend").stdout
    scene.checks.matches("by name, with file and line", said, re.compile(r"/etc/tokend/apps\.d/other\.toml:\d+: .*missing"))
    scene.host.path("/etc/tokend/apps.d/other.toml").unlink()
    scene.checks.equal("without that file it starts", scene.machine.restart(), 0)


def no_bus(scene):
    scene.machine.systemctl("stop", "dbus.service", "dbus.socket")
    scene.checks.ok("without D-Bus callers are served", isinstance(scene.get(), tuple))
    scene.checks.equal("and a restart works", scene.machine.restart(), 0)
    scene.checks.ok("and callers are served after it", isinstance(scene.get(), tuple))
    scene.machine.systemctl("start", "dbus.socket")


def no_journal(scene):
    """Nothing is lost of what was decided while journald was gone."""
    since = scene.moment()
    scene.machine.systemctl("stop", "systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald-audit.socket", "systemd-journald.service")
    scene.checks.equal("without journald callers are served", {type(scene.get()) for _ in range(20)}, {tuple})
    scene.machine.restart()
    scene.checks.equal("by the next process too", {type(scene.get()) for _ in range(5)}, {tuple})
    scene.machine.systemctl("start", "systemd-journald.service")
    scene.machine.restart()
    scene.checks.equal("and the journal that is back counts each", scene.handed_out(since), 25)


SECTIONS = [status_line, network_late, ready_policy, with_reference, wrong_modes, missing_credential, no_bus, no_journal]
