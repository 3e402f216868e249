"""A configuration that cannot be used: everything that is wrong with it at once, with its place, and no start."""
import os
import re
import subprocess

from lib.daemon import TOKEND
from lib.stage import Stage, token

CONFIGURATION = 78  # EX_CONFIG

PORTAL = """issuer = "https://id.example/id"
timeout = 0

[client]
id = "portal"
authentication = "client_secret_post"
secret = "canary-in-the-configuration"

[token.sync]
grant = "client_credentials"
scopes = ["read", "offline_access"]
alow = [ { user = "root" } ]

[token.BAD]
grant = "client_credentials"
allow = [ { unit = "cron.service" }, { scopes = ["read"] } ]
"""

EXPECTED = [
    (r"portal\.toml:2: timeout: .*600", "a number out of range"),
    (r"portal\.toml:7: client\.secret: must not be written into the configuration", "SEC-03 a secret in the configuration"),
    (r"portal\.toml:11: warning: token\.sync\.scopes\[1\]: .*offline_access", "CC-04 a scope of people"),
    (r"portal\.toml:12: token\.sync\.alow: unknown key; did you mean \"allow\"\?", "an unknown key"),
    (r"portal\.toml:14: token\.BAD: .*lower-case", "a name that cannot be asked for"),
    (r"portal\.toml:16: token\.BAD\.allow\[0\]\.unit: .*cron", "a unit that other people's programs run in"),
    (r"portal\.toml:16: token\.BAD\.allow\[1\]: must name", "an entry that would let everybody in"),
    (r"tokend\.toml:2: limits\.per_uid: ", "a limit that is no number"),
    (r"loose\.toml: .*0666.*chmod", "a file that others can write"),
    (r"open\.toml:\d+: client\.secret\.file: .*0644.*chmod 0600", "SEC-02 a secret that others can read"),
    (r"gone\.toml:\d+: client\.secret\.file: .*does not exist", "a secret that is not there"),
    (r"broken\.toml:3: ", "a syntax error, with its line"),
    (r"Wrong Name\.toml|\"Wrong%20Name", "a file whose name cannot be asked for"),
    (r"nosecret\.toml:\d+: token\.job\.grant: .*secret", "CC-01 client credentials without a credential"),
]


def broken(server):
    stage = Stage(server)
    daemon = stage.daemon
    daemon.settings('[limits]\nper_uid = "many"\n')
    daemon.application("portal", PORTAL)
    for name in ("loose", "open", "gone", "nosecret"):
        stage.application(name)
    folder = daemon.configuration / "apps.d"
    (folder / "loose.toml").chmod(0o666)
    (daemon.configuration / "open.secret").chmod(0o644)
    (daemon.configuration / "gone.secret").unlink()
    text = (folder / "nosecret.toml").read_text()
    (folder / "nosecret.toml").write_text(re.sub(r"(?m)^(authentication|secret) = .*\n", "", text))
    daemon.application("broken", 'issuer = "https://id.example"\n[client]\nid = = 1\n')
    daemon.application("Wrong Name", "")
    return stage


def test_every_problem_at_once(server):
    with broken(server) as stage:
        checked = stage.check()
        for pattern, what in EXPECTED:
            assert re.search(pattern, checked.stdout), "--check tells %s" % what
        assert checked.returncode == CONFIGURATION, "and exits with 78"
        assert all(re.search(r"\.toml|problem|error|warning", line) for line in checked.stdout.splitlines()), (
            f"each problem is one line with its file: {checked.stdout}")
        assert "canary" not in checked.stdout, "SEC-07 no secret is repeated"
        started = subprocess.run(
            [TOKEND, "--config", str(stage.daemon.configuration), "--state", str(stage.folder / "state"), "--socket", str(stage.daemon.socket)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False)
        lost = [what for pattern, what in EXPECTED if not re.search(pattern, started.stdout)]
        assert (lost, started.returncode) == ([], CONFIGURATION), "the daemon refuses to start and says the same"
        assert not stage.daemon.socket.exists() and not (stage.folder / "state").exists(), "it has touched nothing"


def test_loose_folders(server):
    with Stage(server) as stage:
        stage.application("app")
        assert stage.check().returncode == 0, "a good configuration passes"
        for folder in (stage.daemon.configuration, stage.daemon.configuration / "apps.d"):
            folder.chmod(0o777)
            checked = stage.check()
            assert checked.returncode == CONFIGURATION and re.search(r"0777.*chmod go-w", checked.stdout), (
                "a folder that others can write (%s) is refused: %s" % (folder.name, checked.stdout))
            folder.chmod(0o755)
        secret = stage.daemon.configuration / "app.secret"
        for mode in (0o640, 0o604, 0o660):
            secret.chmod(mode)
            assert stage.check().returncode == CONFIGURATION, "SEC-02 a secret with mode %04o is refused" % mode
        secret.chmod(0o600)
        os.chown(secret, 2, 2)
        checked = stage.check()
        assert checked.returncode == CONFIGURATION and "belongs to uid 2" in checked.stdout, f"one of another user is refused: {checked.stdout}"
        os.chown(secret, 0, 0)
        real = stage.daemon.configuration / "real.secret"
        secret.rename(real)
        secret.symlink_to(real)
        checked = stage.check()
        assert checked.returncode == CONFIGURATION and "symbolic link" in checked.stdout, f"a link is refused: {checked.stdout}"
        secret.unlink()
        os.mkfifo(secret, 0o600)
        checked = stage.check()
        assert checked.returncode == CONFIGURATION and "not a regular file" in checked.stdout, f"a pipe is refused at once: {checked.stdout}"


def test_nothing_configured(server):
    with Stage(server) as stage:
        stage.start()
        assert stage.ask("LIST") == "OK 0", "a daemon without tokens serves"
        stage.application("app", {"job": token()}).ask("RELOAD")
        assert stage.ask("GET app.job").startswith("OK "), "until there is one"
