"""tokend as it is tortured: a debug build, quick to try again, killed at a step or a call of its store; and what it leaves on the disk."""
import os
import pathlib
import signal
import time

from lib import processes
from lib.conversation import Conversation
from lib.daemon import CALLER, HURRIED, Daemon

BLOCK = 4096


class Files:
    """What lies on the disk of one credential: which record, which intent, and how much of a successor."""

    NONE, INTENT, TORN, WHOLE = "none", "intent", "torn", "whole"

    def __init__(self, folder, name):
        self.record = self._identity(folder / name)
        path = folder / (name + ".next")
        self.next = self._identity(path)
        self.written = None
        self.content = self.NONE
        if self.next:
            bytes_ = path.read_bytes()
            # until a successor is whole the file is as long as the largest one would need
            if len(bytes_) < ROOM:
                self.content = self.WHOLE
            else:
                self.content = self.TORN if bytes_[BLOCK:].strip(b"\0") else self.INTENT
            self.written = self.next[1] / 1e9 - time.time() + time.monotonic()

    @staticmethod
    def _identity(path):
        try:
            facts = path.stat()
        except FileNotFoundError:
            return None
        return facts.st_ino, facts.st_mtime_ns

    def __repr__(self):
        return "died with record %s, next %s (%s)" % (self.record, self.next, self.content)


# of an intent's file before a successor has ended it: a block, the longest record, and what sealing adds at least
ROOM = BLOCK + 95 * 1024


class Victim(Daemon):
    """`tokens` names of credentials of one application, `app`."""

    def __init__(self, folder, server, tokens, keep="always", pace="replay=0.1,catch-up=0.2", timeout=None, client=None):
        super().__init__(folder)
        self.server, self.pace, self.environment = server, pace, {}
        self.names = ["app." + token for token in tokens]
        client = client or server.client
        secret = self.secret("app.secret", client["client_secret"] + "\n")
        scopes = ", ".join('"%s"' % scope for scope in server.scopes)
        tables = [
            '[token.%s]\ngrant = "authorization_code"\nredirect_uri = "%s"\nscopes = [%s]\n%sallow = [ { user = "%s", login = true } ]\n'
            % (token, client["redirect_uris"][0], scopes, 'keep = "%s"\n' % keep if keep else "", CALLER) for token in tokens]
        self.application("app", server.application(secret, timeout or server.timeout, client) + "\n".join(tables))
        self.settings('[admin]\nallow = [ { user = "%s" } ]\n' % CALLER)
        self.state = self.folder / "state"
        self.spawned = None

    def spawn(self, fault="", wrapper=(), **environment):
        """Starts it and waits for nothing; `fault` as TOKEND_FAULT takes it."""
        variables = {**os.environ, "TOKEND_PACE": self.pace, **environment}
        if fault:
            variables["TOKEND_FAULT"] = fault
        command = [*wrapper, HURRIED, "--config", self.configuration, "--state", self.state, "--socket", self.socket, "--log", "stderr"]
        self.spawned = time.monotonic()
        self.process = processes.start(command, self.log, env=variables)
        return self

    def serves_before(self, deadline):
        """Whether it answers, as soon as it does; False once it is dead or the time is over."""
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with Conversation(self.socket, 30) as conversation:
                    return conversation.ask("PING") == "OK"
            except OSError:
                time.sleep(0.003)
        return False

    def begin(self, fault="", patience=30, **environment):
        """Starts it and waits until it serves."""
        self.spawn(fault, **environment)
        if not self.serves_before(time.monotonic() + patience):
            raise RuntimeError("tokend does not serve (status %s):\n%s" % (self.process.poll(), self.words()[-3000:]))
        return self

    def dies_before(self, deadline):
        while self.process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, 0.004))
        return True

    def kill(self):
        """SIGKILL; True if it was still alive."""
        was_alive = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        return was_alive

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def open(self, seconds=60):
        return Conversation(self.socket, seconds)

    def say(self, line, seconds=60):
        with self.open(seconds) as conversation:
            return conversation.ask(line)

    def states(self):
        """(state, reason) by name."""
        found = {}
        reply = self.say("STATUS")
        if reply is None or not reply.splitlines()[-1].startswith("OK"):
            raise ConnectionError("the daemon has gone")
        for row in reply.splitlines():
            words = row.split(" ")
            if row.startswith("+ ") and not any(word.startswith("consumer=") for word in words):
                fields = dict(word.partition("=")[::2] for word in words[2:])
                found[words[1]] = fields.get("state"), fields.get("reason", "")
        return found

    def files(self, name):
        return Files(pathlib.Path(self.state) / "grants", name)
