"""One report from the field: what a server does, and what tokend is expected to make of it."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import types
import urllib.parse

from lib import logins, processes
from lib.conversation import Conversation
from lib.daemon import CALLER, HURRIED, TOKENCTL

FAILED, HELD = "failed", "held"
# one uid may have eight sign-ins under way
SIGN_INS = threading.Semaphore(6)
# a reload reads the files of all rows
FILES = threading.Lock()


class Row:
    """`title` says what the server does and who does so; it may begin with the ids of behaviours. `was`: whether the steps FAILED or HELD with
    tokend 0.1.0.

    - `server`: what it does beside behaving well, as of `Server`.
    - `steps`: what is done and seen, in order; the functions below make them.
    - `grant`: "client_credentials", "authorization_code" or "reference". `scopes`, and `token`: more lines of [token.it]; `head`: lines before
      [client]; `client`: lines of [client] in place of a secret in the body; `authentication`: how the secret is sent; `issuer`: another one than
      the server's; `timeout`. `token`, `head`, `client` and `issuer` may be functions of the server.
    - `files`: texts of secret files that are the row's own; `server.files` has their paths. The one named `secret` holds the client's secret.
    - `beside`: whether there is a second application of the server, whose client is `other`.
    - `proxy`: how a proxy of the row's own behaves, as of `Proxy`; `server.proxy` is it.
    - `alone`: whether it is played after all others, with nothing beside it.
    """

    def __init__(self, title, was, server=None, steps=(), grant="client_credentials", scopes=("read",), token="", head="", client=None, issuer=None,
                 authentication="client_secret_post", timeout=5, files=None, beside=False, proxy=None, alone=False):
        self.title, self.was, self.server, self.steps = title, was, server or {}, list(steps)
        self._grant, self._scopes, self._token, self._head, self._client, self._issuer = grant, scopes, token, head, client, issuer
        self._authentication, self._timeout = authentication, timeout
        self.files, self.beside, self.proxy, self.alone = files or {}, beside, proxy, alone

    def configuration(self, name, server, world):
        """apps.d/NAME.toml, with the token NAME.it."""
        def text(value):
            return value(server) if callable(value) else value
        issuer = text(self._issuer) or server.issuer
        where = [] if issuer == "-" else ['issuer = "%s"' % issuer]
        secret = 'id = "app"\nauthentication = "%s"\nsecret = { file = "%s" }' % (self._authentication, server.files.get("secret", world.secret))
        lines = [*where, 'ca_file = "%s"' % world.authority.certificate, "timeout = %d" % self._timeout, text(self._head)]
        if self._grant != "reference" or self._client is not None:
            lines += ["[client]", secret if self._client is None else text(self._client)]
        lines += ["[token.it]", 'grant = "%s"' % self._grant]
        if self._scopes:
            lines.append("scopes = %s" % json.dumps(list(self._scopes)))
        token = text(self._token)
        # nobody brings in a token that the configuration names
        signs_in = ", login = true" if self._grant == "authorization_code" or (self._grant == "reference" and "value =" not in token) else ""
        if self._grant == "authorization_code":
            lines.append('redirect_uri = "http://127.0.0.1:53177/%s"' % name)
        lines += [token, 'allow = [ { user = "%s"%s } ]' % (CALLER, signs_in)]
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
        self.file = daemon.configuration / "apps.d" / (name + ".toml")

    @property
    def beside(self):
        """The same about the second application."""
        return Play(self.row, self.application + "b", self.server, self.daemon, self.problems)

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
    """A RENEW by an administrator, without percent-encoding."""
    return lambda play: _fit("RENEW", pattern, urllib.parse.unquote(play.ask("RENEW " + play.name)))


def state(pattern):
    """The row of STATUS, without percent-encoding."""
    return lambda play: _fit("STATUS", pattern, urllib.parse.unquote(play.ask("STATUS " + play.name)))


def ask(line, pattern):
    """Any other request; `NAME` stands for the token's name."""
    return lambda play: _fit(line, pattern, play.ask(line.replace("NAME", play.name)))


def sign_in(pattern="^OK subject=user-1( |$)", **changes):
    """LOGIN, a browser, CALLBACK. `changes` are parameters that the browser brings back: `None` takes one away."""
    def step(play):
        with SIGN_INS:
            return play_sign_in(play)

    def play_sign_in(play):
        offered = processes.until(lambda: re.sub("^ERR busy .*", "", play.ask("LOGIN " + play.name)), 20, every=0.5) or play.ask("LOGIN " + play.name)
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


def abandon(times, cancels=False):
    """LOGIN so many times, each of which nobody brings to its end; with `cancels`, CANCEL ends each at once. All are taken. For a row that
    is played alone: it takes the places of others."""
    def step(play):
        for number in range(1, times + 1):
            words = play.ask("LOGIN " + play.name).split(" ")
            fault = _fit("LOGIN number %d" % number, "^OK ", " ".join(words))
            if cancels and not fault:
                fault = _fit("CANCEL", "^OK$", play.ask("CANCEL " + words[1]))
            if fault:
                return fault
        return None
    return step


def beside(step):
    """The same step about the second application of the row."""
    return lambda play: step(play.beside)


def behaves(grant):
    """From now on the token endpoint answers this grant well."""
    def step(play):
        play.server.behave(grant)
    return step


def together(*steps):
    """One step after the other, for `later`."""
    return lambda play: next(filter(None, (step(play) for step in steps)), None)


def _replace(path, text):
    """At once: other rows reload at any moment, and read all files."""
    written = path.with_name("." + path.name)
    written.touch(path.stat().st_mode & 0o777)
    written.write_text(text)
    written.rename(path)


def unchanged(text):
    """For `reload`."""
    return text


def reload(edit, pattern=r"(?m)^OK \d+$"):
    """The application's file as `edit` makes it of its text, and RELOAD; without a file where that gives None."""
    def step(play):
        text = edit(play.file.read_text())
        with FILES:
            if text is None:
                play.file.unlink()
            else:
                _replace(play.file, text)
            return _fit("RELOAD", pattern, play.ask("RELOAD"))
    return step


def replaced(old, new):
    """For `reload`: this in place of that, which must be there."""
    def edit(text):
        if old not in text:
            raise ValueError("there is no %r in:\n%s" % (old, text))
        return text.replace(old, new)
    return edit


def write(name, text, *then):
    """A secret file of the row's own is replaced; `then` are steps before which no reload has read it."""
    def step(play):
        with FILES:
            _replace(play.server.files[name], text)
            return together(*then)(play)
    return step


def tokenctl(line, status, pattern):
    """A command of tokenctl, `NAME` being the token's name: its exit status, and what it prints."""
    def step(play):
        done = play.daemon.tokenctl(*line.replace("NAME", play.name).split(" "))
        said = done.stdout + done.stderr
        return _fit(line, pattern, said) or (None if done.returncode == status else "%s exits with %d, not %d:\n%s" % (line, done.returncode, status, said))
    return step


def paste(form, pattern):
    """`tokenctl login --paste`, and a person who pastes what `form` makes of the address that the browser ended at: what is said."""
    def step(play):
        place = types.SimpleNamespace(path=str(play.daemon.socket))
        with SIGN_INS, logins.Login(TOKENCTL, place, "--paste", name=play.name, stdin=subprocess.PIPE) as one:
            one.says("paste it here")
            address = re.search(r"https://\S+", one.errors.decode())[0]
            uri = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["redirect_uri"][0]
            with one.process.stdin as terminal:
                terminal.write(form(uri + "?" + urllib.parse.urlencode(play.server.authorize(address))).encode())
            _, output, errors = one.end()
        return _fit("tokenctl login --paste", pattern, output + errors)
    return step


def online(status, *patterns):
    """`--check --online` of this application alone: its exit status, and lines that it prints."""
    def step(play):
        with tempfile.TemporaryDirectory(prefix="online-") as folder:
            apps = pathlib.Path(folder, "apps.d")
            apps.mkdir()
            shutil.copy(play.file, apps / "app.toml")
            done = subprocess.run([HURRIED, "--check", "--online", "--config", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=90, check=False)
        fault = next(filter(None, (_fit("--check --online", "(?m)" + pattern, done.stdout) for pattern in patterns)), None)
        return fault or (None if done.returncode == status else "--check --online exits with %d, not %d:\n%s" % (done.returncode, status, done.stdout))
    return step


def later(step, seconds=15):
    """The same, as often as needed."""
    def again(play):
        faults = []
        processes.until(lambda: faults.append(step(play)) or faults[-1] is None, seconds, every=0.2)
        return faults[-1]
    return again


def during(seconds, step):
    """The same over and over for this long, as fast as it goes."""
    def over_and_over(play):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            fault = step(play)
            if fault:
                return fault
        return None
    return over_and_over


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
