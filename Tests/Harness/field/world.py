"""One daemon and a server for each row."""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import tempfile
import traceback

from lib.daemon import CALLER, HURRIED, Daemon
from lib.pki import Authority
from . import server
from .row import Play
from .signing import SigningKey

# a replay, and a try after a refusal, come after half a second instead of minutes
PACE = "replay=0.5,quarantine=0.5"
AT_ONCE = 12


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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        for one in self.servers.values():
            one.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def play(self):
        """Each row with what did not hold in it, or None."""
        self.daemon.settings('[admin]\nallow = [ { user = "%s" } ]\n' % CALLER)
        names = {}
        for number, row in enumerate(self.rows, 1):
            name = names[row] = "f%03d" % number
            self.servers[name] = server.Server(self, name, **row.server)
            self.daemon.application(name, row.configuration(name, self.servers[name], self))
        problems = self._check(names.values())
        self.daemon.start()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            plays = [pool.submit(self._play, row, name, problems[name]) for row, name in names.items()]
            return list(zip(names, [play.result() for play in plays]))

    def _play(self, row, name, problems):
        try:
            return Play(row, name, self.servers[name], self.daemon, problems).run()
        except Exception:
            return traceback.format_exc()

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
        return sorted(secret for secret in secrets | {"s3cret-of-the-field-suite"} if len(secret) > 20 and secret in words)
