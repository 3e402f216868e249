"""One report from the field: what a server does, and what tokend is expected to make of it."""
import json
import re
import threading
import time
import urllib.parse

from lib import processes
from lib.conversation import Conversation
from lib.daemon import CALLER

FAILED, HELD = "failed", "held"
# one uid may have eight sign-ins under way
SIGN_INS = threading.Semaphore(6)


class Row:
    """`title` says what the server does and who does so; it may begin with the ids of behaviours. `was`: whether the steps FAILED or HELD with
    tokend 0.1.0.

    - `server`: what it does beside behaving well, as of `Server`.
    - `steps`: what is done and seen, in order; the functions below make them.
    - `grant`: "client_credentials", "authorization_code" or "reference". `scopes`, and `token`: more lines of [token.it]; `head`: lines before
      [client]; `client`: lines of [client] in place of a secret in the body; `issuer`: another one than the server's. `head` and `issuer` may
      be functions of the server.
    """

    def __init__(self, title, was, server=None, steps=(), grant="client_credentials", scopes=("read",), token="", head="", client=None, issuer=None):
        self.title, self.was, self.server, self.steps = title, was, server or {}, list(steps)
        self._grant, self._scopes, self._token, self._head, self._client, self._issuer = grant, scopes, token, head, client, issuer

    def configuration(self, name, server, world):
        """apps.d/NAME.toml, with the token NAME.it."""
        def text(value):
            return value(server) if callable(value) else value
        issuer = text(self._issuer) or server.issuer
        where = [] if issuer == "-" else ['issuer = "%s"' % issuer]
        client = self._client if self._client is not None else 'id = "app"\nauthentication = "client_secret_post"\nsecret = { file = "%s" }' % world.secret
        lines = [*where, 'ca_file = "%s"' % world.authority.certificate, "timeout = 5", text(self._head)]
        if self._grant != "reference":
            lines += ["[client]", client]
        lines += ["[token.it]", 'grant = "%s"' % self._grant]
        if self._scopes:
            lines.append("scopes = %s" % json.dumps(list(self._scopes)))
        signs_in = ", login = true" if self._grant != "client_credentials" else ""
        if self._grant == "authorization_code":
            lines.append('redirect_uri = "http://127.0.0.1:53177/%s"' % name)
        lines += [text(self._token), 'allow = [ { user = "%s"%s } ]' % (CALLER, signs_in)]
        return "\n".join(lines) + "\n"


def person(title, was, server=None, steps=(), scopes=("openid", "read", "offline_access"), **more):
    """A row in which somebody signs in."""
    return Row(title, was, server, steps, grant="authorization_code", scopes=scopes, **more)


class Play:
    """A row while it is played."""

    def __init__(self, row, name, server, daemon, problems):
        self.row, self.name, self.server, self.daemon = row, name + ".it", server, daemon
        self.problems = problems  # what --check says of the file
        self.application = name

    def ask(self, line):
        with Conversation(self.daemon.socket, 90) as conversation:
            return conversation.ask(line) or ""

    def entries(self):
        """The lines of the audit that are about this token."""
        return "\n".join(line for line in self.daemon.words().splitlines() if re.search(r"\b%s\b" % re.escape(self.application), line))

    def run(self):
        """What did not hold first; None if all did."""
        for step in self.row.steps:
            fault = step(self)
            if fault:
                return fault
        return None


def _fit(what, pattern, found):
    if not re.search(pattern, found):
        return "%s\n  found:    %s\n  expected: %s" % (what, found[:900], pattern)
    return None


# --- steps: each is a function of the play that returns what did not hold

def get(pattern, more="", wait=8):
    """A GET, and what its reply is like."""
    return lambda play: _fit("GET", pattern, play.ask(" ".join(["GET", play.name, "wait=%d" % wait, more]).strip()))


def renew(pattern):
    """A RENEW by an administrator."""
    return lambda play: _fit("RENEW", pattern, play.ask("RENEW " + play.name))


def state(pattern):
    """The row of STATUS."""
    return lambda play: _fit("STATUS", pattern, play.ask("STATUS " + play.name))


def ask(line, pattern):
    """Any other request; `NAME` stands for the token's name."""
    return lambda play: _fit(line, pattern, play.ask(line.replace("NAME", play.name)))


def sign_in(pattern="^OK subject=user-1( |$)", **changes):
    """LOGIN, a browser, CALLBACK. `changes` are parameters that the browser brings back: `None` takes one away."""
    def step(play):
        with SIGN_INS:
            return play_sign_in(play)

    def play_sign_in(play):
        offered = play.ask("LOGIN " + play.name)
        if not offered.startswith("OK "):
            return _fit("LOGIN", pattern, offered)
        _, login, address, *_ = offered.split(" ")
        back = {**play.server.authorize(address), **changes}
        form = "&".join("%s=%s" % (key, urllib.parse.quote(str(value(play.server) if callable(value) else value), safe=""))
                        for key, value in back.items() if value is not None)
        return _fit("CALLBACK", pattern, play.ask("CALLBACK %s %s" % (login, form)))
    return step


def login(pattern):
    """LOGIN alone, of a row where it is refused."""
    return ask("LOGIN NAME", pattern)


def later(step, seconds=15):
    """The same, as often as needed."""
    def again(play):
        faults = []
        processes.until(lambda: faults.append(step(play)) or faults[-1] is None, seconds, every=0.2)
        return faults[-1]
    return again


def said(pattern, seconds=5):
    """A line of the audit about this token."""
    return lambda play: None if processes.until(lambda: re.search(pattern, play.entries()), seconds) else _fit("the audit", pattern, play.entries())


def never_said(pattern):
    """No line of the audit about this token is like it, so far."""
    return lambda play: "the audit has %r:\n%s" % (pattern, play.entries()[-900:]) if re.search(pattern, play.entries()) else None


def asked(times, path="/token"):
    """How often the server was asked; a number or a range."""
    def step(play):
        found = len(play.server.asked(path))
        expected = times if isinstance(times, range) else range(times, times + 1)
        return None if found in expected else "%s was asked %d times, not %r" % (path, found, times)
    return step


def sent(path, test, what):
    """The last request to a path passes a test."""
    def step(play):
        requests = play.server.asked(path)
        return None if requests and test(requests[-1]) else "the request to %s %s: %s" % (path, what, requests[-1].form.keys() if requests else "none came")
    return step


def told(pattern):
    """What --check says of the application's file."""
    return lambda play: _fit("--check", pattern, play.problems)


def pause(seconds):
    """Time in which something must not happen."""
    def step(_):
        time.sleep(seconds)
    return step
