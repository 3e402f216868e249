"""tokend as a test or a demonstration runs it: its own configuration, socket and log in one folder, asked as a script would."""
import os
import pathlib
import pwd
import re
import subprocess
import threading
import time

from . import processes

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BUILT = REPOSITORY / ".build" / "install"
HURRIED = os.environ.get("TOKEND_HURRIED", str(REPOSITORY / ".build" / "debug" / "tokend"))
TOKEND = os.environ.get("TOKEND", str(BUILT / "tokend"))
TOKENCTL = os.environ.get("TOKENCTL", str(BUILT / "tokenctl"))
CALLER = pwd.getpwuid(os.getuid()).pw_name


class Daemon:
    def __init__(self, folder, wrapper=(), program=TOKEND, pace=None):
        """`folder` must have a short path: a socket's may have 107 bytes. `wrapper` is a command that runs tokend. `pace` makes it a
        debug build that hurries as TOKEND_PACE says: `replay=0.5,quarantine=0.5`, in seconds."""
        self.folder = pathlib.Path(folder)
        self.configuration = self.folder / "config"
        self.socket = self.folder / "tokend.sock"
        self.log = self.folder / "tokend.log"
        self.wrapper, self.program = list(wrapper), program
        if pace:
            self.wrapper, self.program = [*self.wrapper, "env", "TOKEND_PACE=" + pace], HURRIED
        self.process = None
        (self.configuration / "apps.d").mkdir(parents=True, exist_ok=True)

    # --- what it is told

    def secret(self, name, value):
        """A file only its owner may read; returns its path."""
        path = self.configuration / name
        path.touch(mode=0o600)
        path.write_text(value)
        return path

    def application(self, name, text):
        self._write(self.configuration / "apps.d" / (name + ".toml"), text)

    def settings(self, text):
        self._write(self.configuration / "tokend.toml", text)

    def _write(self, path, text):
        path.write_text(text)
        path.chmod(0o644)

    # --- its life

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, patience=30, **more):
        command = [*self.wrapper, self.program, "--config", self.configuration, "--state", self.folder / "state",
                   "--socket", self.socket, "--log", "stderr"]
        self.process = processes.start(command, self.log, **more)
        if not processes.until(self._serves, patience):
            processes.stop(self.process)
            raise RuntimeError("tokend does not serve:\n" + self.words())
        return self

    def _serves(self):
        if self.process.poll() is not None:
            raise RuntimeError("tokend ended with status %d:\n%s" % (self.process.returncode, self.words()))
        return self.socket.exists() and self.ask("PING") == "OK"

    def stop(self):
        return processes.stop(self.process) if self.process else None

    def words(self):
        """What it has said so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def last_words(self):
        return self.words()[-6000:]

    # --- asking it

    def ask(self, *lines, seconds=60):
        """What netcat gets for these lines, as text without the last line feed."""
        return netcat(self.socket, "".join(line + "\n" for line in lines), seconds)

    def command(self, *arguments):
        """A command of tokenctl that asks this daemon."""
        return [TOKENCTL, "--socket", str(self.socket), *arguments]

    def tokenctl(self, *arguments, seconds=90):
        return subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds, check=False)


def netcat(socket, text, seconds=60):
    asked = subprocess.run(["nc", "-N", "-U", str(socket)], input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           text=True, timeout=seconds, check=False)
    return asked.stdout.rstrip("\n")


class Served:
    """An "OK <token> key=value…" reply or a "+ <token> …" row, taken apart."""

    def __init__(self, line):
        words = line.split(" ")
        if words[0] not in ("OK", "+") or len(words) < 2:
            raise ValueError("no token in %r" % line[:200])
        self.token = words[1]
        fields = [word.partition("=")[::2] for word in words[2:]]
        self.scopes = [value for key, value in fields if key == "scope"]
        self.fields = dict(fields)
        self.expires = int(self.fields["expires"]) if self.fields.get("expires", "never") != "never" else None
        self.arrived = time.time()


class Watch:
    """A WATCH in the background: the rows that came, each with its time."""

    def __init__(self, daemon, name):
        self.rows = []
        self._process = subprocess.Popen(["nc", "-N", "-U", str(daemon.socket)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdin.write("WATCH %s\n" % name)
        self._process.stdin.close()
        self._changed = threading.Condition()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        for line in self._process.stdout:
            with self._changed:
                self.rows.append((time.time(), line.rstrip("\n")))
                self._changed.notify_all()

    def tokens(self):
        return [(moment, Served(line)) for moment, line in self.rows if re.match(r"\+ [^-]", line)]

    def wait_for(self, count, seconds):
        """The rows that carry a token, as soon as there are `count`, or those that came in time."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.tokens()) >= count, seconds)
        return self.tokens()

    def end(self):
        self._process.terminate()
        self._process.wait()
