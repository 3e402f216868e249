"""A simulated identity server and a tokend of its own beside it, for one part of a suite."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading

from . import processes
from .conversation import Conversation
from .daemon import CALLER, TOKEND, Daemon, Served

ROOT_MAY = '{ user = "%s" }' % CALLER


def token(scopes=("read",), allow=ROOT_MAY, more=""):
    """The body of a [token.NAME] table."""
    return "grant = \"client_credentials\"\nscopes = %s\nallow = [ %s ]\n%s\n" % (json.dumps(list(scopes)), allow, more)


class Stage:
    """`with Stage(server) as stage`: the server is as new but for what these control lines change, the daemon not yet started."""

    def __init__(self, server, *lines):
        self.server, self._lines = server, lines
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tokend-"))
        self.folder.chmod(0o755)  # other users connect too
        self.daemon = Daemon(self.folder)

    def __enter__(self):
        for line in ("reset", *self._lines):
            self.server.control(line)
        return self

    def __exit__(self, kind, *_):
        self.server.control("clear")
        self.daemon.stop()
        if kind:
            print("tokend said:\n" + self.daemon.last_words())
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- configuration

    def application(self, name, tokens=None, client="machine", server=None, location=None, timeout=20, more="", secret=None):
        """Writes apps.d/NAME.toml; `tokens` are bodies by name, by default one, `job`."""
        server = server or self.server
        known = server.about["clients"][client]
        secret = known["client_secret"] if secret is None else secret
        parts = [location or 'issuer = "%s"' % server.about["issuer"], 'ca_file = "%s"' % server.about["ca_file"],
                 "timeout = %d" % timeout, more, "[client]", 'id = "%s"' % known["client_id"]]
        if secret is not None:
            path = self.daemon.secret(name + ".secret", secret + "\n")
            parts += ['authentication = "client_secret_post"', 'secret = { file = "%s" }' % path]
        parts += ["[token.%s]\n%s" % entry for entry in (tokens or {"job": token()}).items()]
        self.daemon.application(name, "\n".join(parts) + "\n")
        return self

    def start(self, **more):
        self.daemon.start(**more)
        return self

    def check(self, *options, **more):
        """What `tokend --check` says of the configuration."""
        return subprocess.run([TOKEND, "--check", *options, "--config", str(self.daemon.configuration)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=90, check=False, **more)

    # --- asking

    def open(self, seconds=60):
        return Conversation(self.daemon.socket, seconds)

    def ask(self, line, seconds=60):
        with self.open(seconds) as conversation:
            return conversation.ask(line)

    def ask_together(self, line, count):
        """Connects `count` times, asks the same of each, and returns the connections: nobody has read yet."""
        conversations = [self.open() for _ in range(count)]
        for conversation in conversations:
            conversation.send(line + "\n")
        return conversations

    def in_background(self, line):
        return Background(self, line)

    def token(self, name="app.job", more=""):
        return Served(self.ask(("GET %s %s" % (name, more)).strip()))

    def gauge(self, name):
        """A number of METRICS, as root."""
        with self.open() as conversation:
            rows = conversation.send("METRICS\n").reply().splitlines()
        return next((float(row.split()[-1]) for row in rows if row.startswith("+ " + name + " ")), 0)

    # --- what happened at the server

    def counter(self, name):
        return self.server.control("counters")["counters"].get(name, 0)

    def entries(self, route="token"):
        return self.server.control("audit route=%s" % route)["entries"]

    def said(self, pattern, seconds=20):
        """The lines of the audit that match, once there is one."""
        def lines():
            return [line for line in self.daemon.words().splitlines() if pattern.search(line)]
        return processes.until(lines, seconds)


class Background:
    """A request whose reply is awaited elsewhere."""

    def __init__(self, stage, line):
        self.reply = None
        self._conversation = stage.open(120)
        self._conversation.send(line + "\n")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        self.reply = self._conversation.reply()

    def result(self, seconds=60):
        self._thread.join(seconds)
        self._conversation.close()
        return self.reply
