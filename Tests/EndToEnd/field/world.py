"""One daemon and a server for each row."""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import traceback

from lib.daemon import CALLER, HURRIED, Daemon
from lib.pki import Authority
from . import proxy, server
from .row import Play
from .signing import SigningKey

# what comes after minutes or an hour comes after half a second, the hourly try after seven, and an unfinished sign-in ends after 15
PACE = "replay=0.5,quarantine=0.5,revocation=0.5,refusal=7,sign-in=15"
AT_ONCE = 32


class World:
    def __init__(self, rows):
        self.rows = rows
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="field-"))
        self.folder.chmod(0o755)
        self.authority = Authority(self.folder / "ca")
        self.context = server.context(*self.authority.server("server"))
        self.keys = {algorithm: SigningKey(self.folder / "ca", algorithm) for algorithm in ("RS256", "ES256")}
        self.daemon = Daemon(self.folder, pace=PACE)
        self.secret = self.daemon.secret("secret", "s3cret-of-the-field-suite\n")
        self.servers = {}
        self.seconds = {}  # how long each row took

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        for one in self.servers.values():
            one.close()
            if one.proxy:
                one.proxy.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def play(self):
        """Each row with what did not hold in it, or None."""
        self.daemon.settings('[admin]\nallow = [ { user = "%s" } ]\n' % CALLER)
        names = {}
        for number, row in enumerate(self.rows, 1):
            name = names[row] = "f%03d" % number
            one = self.servers[name] = server.Server(self, name, **row.server)
            one.files = {what: self.daemon.secret("%s.%s" % (name, what), text) for what, text in row.files.items()}
            one.proxy = proxy.Proxy(**row.proxy) if row.proxy is not None else None
            text = row.configuration(name, one, self)
            self.daemon.application(name, text)
            if row.beside:
                self.daemon.application(name + "b", text.replace('id = "app"', 'id = "other"'))
        problems = self._check(names.values())
        self.daemon.start()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            plays = {row: pool.submit(self._play, row, name, problems[name]) for row, name in names.items() if not row.alone}
            faults = {row: play.result() for row, play in plays.items()}
        return [(row, self._play(row, name, problems[name]) if row.alone else faults[row]) for row, name in names.items()]

    def _play(self, row, name, problems):
        began = time.monotonic()
        try:
            return Play(row, name, self.servers[name], self.daemon, problems).run()
        except Exception:
            return traceback.format_exc()
        finally:
            self.seconds[row] = time.monotonic() - began

    def _check(self, names):
        """What --check says of each file. A file that it refuses is taken away, or the daemon would not start for any row."""
        said = subprocess.run([HURRIED, "--check", "--config", str(self.daemon.configuration)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60, check=False).stdout
        problems = {name: "\n".join(re.findall(r"^\S*/%s\.toml.*$" % name, said, re.MULTILINE)) for name in names}
        for name, lines in problems.items():
            if any(not re.match(r"\S+ (?:[\w.\[\]-]+: )?warning: ", line) for line in lines.splitlines()):
                (self.daemon.configuration / "apps.d" / (name + ".toml")).unlink()
        return problems

    def leaks(self):
        """The tokens, codes and secrets that stand in the daemon's log."""
        words = self.daemon.words()
        secrets = {secret for one in self.servers.values() for secret in one.secrets}
        files = {path.read_text().strip("\ufeff\n ") for one in self.servers.values() for path in one.files.values()}
        return sorted(secret for secret in secrets | files | {"s3cret-of-the-field-suite"} if len(secret) > 20 and secret in words)
