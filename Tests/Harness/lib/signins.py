"""People who sign in to a real identity server through the real tokend and tokenctl, and what the server has to show for it."""
import json
import pathlib
import re
import shutil
import tempfile
import types

from . import logins, processes
from .conversation import Conversation
from .daemon import CALLER, TOKENCTL, Daemon, Served


class SignIns:
    """A tokend whose applications are clients of one server."""

    def __init__(self, server, pace=None, timeout=20):
        self.server, self.timeout = server, timeout
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tokend-"))
        self.daemon = Daemon(self.folder, pace=pace)
        self._connections = []

    def __enter__(self):
        self.daemon.start()
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        for connection in self._connections:
            connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what it is told

    def application(self, name, client, body, issuer=None, secret=None, basic=False, endpoints=None):
        """apps.d/NAME.toml with the token NAME.user; `body` is what is particular to that."""
        known = self.server.clients[client]
        secret = secret or known.get("client_secret")
        ways = {"authentication": "none"} if not secret else {"authentication": "client_secret_basic" if basic else "client_secret_post"}
        parts = ["issuer = %s" % json.dumps(issuer or self.server.issuer), "ca_file = %s" % json.dumps(str(self.server.authority.certificate)),
                 "timeout = %d" % self.timeout, "[client]", "id = %s" % json.dumps(known["client_id"]), 'authentication = "%(authentication)s"' % ways]
        if secret:
            parts.append("secret = { file = %s }" % json.dumps(str(self.daemon.secret(name + ".secret", secret + "\n"))))
        if endpoints if endpoints is not None else self.server.endpoints:
            parts += ["[endpoints]", *("%s = %s" % (key, json.dumps(url)) for key, url in (endpoints or self.server.endpoints).items())]
        signs_in = ", login = true" if "authorization_code" in body else ""
        parts += ["[token.user]", body, 'allow = [ { user = "%s"%s } ]' % (CALLER, signs_in)]
        self.daemon.application(name, "\n".join(parts) + "\n")

    def person(self, name, client, more="", scopes=("openid", "api.read"), **particulars):
        """An application somebody signs in to."""
        known = self.server.clients[client]
        goodbye = known.get("post_logout_redirect_uris")
        self.application(name, client, "\n".join([
            'grant = "authorization_code"', "scopes = %s" % json.dumps(list(scopes)), "redirect_uri = %s" % json.dumps(known["redirect_uris"][0]),
            "post_logout_redirect_uri = %s" % json.dumps(goodbye[0]) if goodbye else "", more]), **particulars)

    def job(self, name, client, scopes=("api.read",), **particulars):
        self.application(name, client, 'grant = "client_credentials"\nscopes = %s' % json.dumps(list(scopes)), **particulars)

    # --- people

    def login(self, name, person="alice", browser=None, consents=True, confirm=False):
        """tokenctl login, and a browser that goes where it says; what came of it."""
        arguments = ["--no-browser", "--json", "--timeout", "60", "--confirm" if confirm else "--yes"]
        for _ in range(3):
            visit = self._visit(name, arguments, person, browser or self.server.browser(), consents)
            # glewlwyd does not get it right where it serves two at the same moment
            if "oauth-error=server_error" not in visit.errors:
                break
        return visit

    def _visit(self, name, arguments, person, browser, consents):
        stage = types.SimpleNamespace(path=str(self.daemon.socket))
        with logins.Login(TOKENCTL, stage, *arguments, name=name + ".user") as login:
            login.waits()
            address = re.search(rb"https://\S+", login.errors)[0].decode()
            page = self.server.sign_in(browser, address, person, consents)
            if page.status != 200 or not page.url.startswith("http://127.0.0.1:"):
                login.interrupt()  # nothing will come back
            status, output, errors = login.end(60)
        return Visit(address, page, status, output, errors)

    def token(self, name, more=""):
        return Served(self.daemon.ask(("GET %s.user %s" % (name, more)).strip()))

    def in_background(self, line):
        """Asks, and does not wait for the reply."""
        connection = Conversation(self.daemon.socket)
        connection.send(line + "\n")
        self._connections.append(connection)

    def until(self, name, pattern, seconds=30):
        """Asks for the token until the reply fits; the last one."""
        def reply():
            self._last = self.daemon.ask("GET %s.user wait=1" % name)
            return re.match(pattern, self._last)
        processes.until(reply, seconds, every=0.1)
        return self._last

    def renewed(self, name, token, seconds=30):
        """The next token that is handed over after this one; None if none comes."""
        def another():
            reply = self.daemon.ask("GET %s.user wait=5" % name)
            return reply if reply.startswith("OK ") and not reply.startswith("OK %s " % token) else None
        reply = processes.until(another, seconds, every=0.1)
        return Served(reply) if reply else None


class Visit:
    """What one `tokenctl login` came to."""

    def __init__(self, address, page, status, output, errors):
        self.address, self.page, self.status, self.output, self.errors = address, page, status, output, errors

    def __repr__(self):
        return "exit %d, %r, browser: %r\n%s" % (self.status, self.output, self.page, self.errors[-1500:])

    @property
    def subject(self):
        return json.loads(self.output)["subject"] if self.status == 0 else None
