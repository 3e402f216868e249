"""People who sign in: how a token of theirs is configured, and the ways through the simulated Identity site."""
import base64
import http.client
import json
import re
import ssl
import subprocess
import types
import urllib.parse

from lib import logins, processes, simulator
from lib.daemon import CALLER, TOKENCTL, Daemon
from lib.stage import Stage

PERSON, OTHER = "m.petrova", "a.admin"
PORT = processes.free_port()
REDIRECT = "http://127.0.0.1:%d/callback" % PORT
# what every simulator of this suite is started with
OPTIONS = ("--redirect-uri", REDIRECT)
SCOPES = ("openid", "profile", "offline_access", "read")
MAY_LOGIN = '{ user = "%s", login = true }' % CALLER
HYBRID = 'response_type = "code id_token"'


def person(scopes=SCOPES, allow=MAY_LOGIN, more="", redirect=REDIRECT):
    """The body of a [token.NAME] table for somebody who signs in."""
    return 'grant = "authorization_code"\nredirect_uri = %s\nscopes = %s\nallow = [ %s ]\n%s\n' % (
        json.dumps(redirect), json.dumps(list(scopes)), allow, more)


def claims(token):
    """What a JWT says; nobody but a test looks."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def fields(address):
    """The query of an address, or a form."""
    return dict(urllib.parse.parse_qsl(address.partition("?")[2] or address))


class SignInFixture(Stage):
    """A simulated Identity and a tokend whose tokens belong to people."""

    def people(self, tokens=None, name="app", client="portal", erpnet=True, **more):
        """Writes apps.d/NAME.toml for people; by default one token, `me`."""
        location = 'erpnet = "%s"' % self.server.about["erpnet"] if erpnet else None
        return self.application(name, tokens or {"me": person()}, client=client, location=location, **more)

    def hurried(self, pace):
        """From here on a debug build, whose waits of minutes and hours are as short as `pace` says."""
        self.daemon = Daemon(self.folder, pace=pace)
        return self

    # --- at the server

    def visit(self, url):
        """One request of a browser: status, where it is sent, the page."""
        parts = urllib.parse.urlsplit(url)
        context = ssl.create_default_context(cafile=self.server.about["ca_file"])
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=30)
        try:
            connection.request("GET", parts.path + "?" + parts.query)
            answer = connection.getresponse()
            return answer.status, answer.headers["Location"], answer.read().decode()
        finally:
            connection.close()

    def answer(self, url):
        """The query or the form that the server sends a browser back with, when `auto-login` or `deny` answers at once."""
        status, location, page = self.visit(url)
        if location:
            return location.partition("?")[2].partition("#")[0]
        form = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
        if not form:
            raise RuntimeError("the site answers %d: %s" % (status, page[:400]))
        return urllib.parse.urlencode(form)

    def walks(self, url, *options):
        """The simulator's person goes the way over its pages: what the browser would do next, or the words that the site stopped with."""
        command = [simulator.PACKAGE / "login", "--idp", self.server.folder / "idp.json", "--json", *options, url]
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {"mode": "stopped", "url": "", "words": done.stderr.strip()}

    def grants(self, **which):
        return self.server.control(" ".join(["grants", *("%s=%s" % pair for pair in which.items())]))["grants"]

    def alive(self):
        return [grant for grant in self.grants() if grant["alive"]]

    # --- with the daemon, over its socket

    def begin(self, name="app.me", more=""):
        """LOGIN: its id and the address to open."""
        reply = self.ask(("LOGIN %s %s" % (name, more)).strip())
        words = reply.split(" ")
        if words[0] != "OK":
            raise RuntimeError(reply)
        return words[1], words[2]

    def brings(self, login, answer):
        return self.ask("CALLBACK %s %s" % (login, answer))

    def sign_in(self, name="app.me", user=None):
        """The whole way without a page; the daemon's last word."""
        if user:
            self.server.control("knob auto-login " + user)
        login, url = self.begin(name)
        return self.brings(login, self.answer(url))

    def signed_in(self, name="app.me", user=PERSON):
        reply = self.sign_in(name, user)
        if not reply.startswith("OK subject="):
            raise RuntimeError(reply)
        return self

    def refresh_that_hangs(self, name="app.me"):
        """A RENEW whose refresh token is with the server, which says nothing before it is told "clear"."""
        self.server.control("fault token hang grant=refresh_token")
        renewing = self.in_background("RENEW " + name)
        self.server.control("await hung 1")
        return renewing

    def status(self, name="app.me"):
        """The credential's own row, taken apart."""
        row = self.ask("STATUS " + name).splitlines()[0]
        return dict(urllib.parse.unquote(item).partition("=")[::2] for item in row.split(" ")[2:])

    def until_state(self, state, name="app.me", seconds=20):
        return processes.until(lambda: self.status(name)["state"] == state, seconds)

    # --- with tokenctl

    def login(self, *arguments, name="app.me", yes=True, **options):
        """`tokenctl login` while it runs; `yes`: it does not ask whether the first person is the right one."""
        arguments += ("--yes",) if yes else ()
        return logins.Login(TOKENCTL, types.SimpleNamespace(path=str(self.daemon.socket)), *arguments, name=name, **options)

    def address(self, login):
        """The address that a running login has printed."""
        start = self.server.about["erpnet"]
        processes.until(lambda: start in login.errors.decode(), 20)
        return next(line.strip() for line in login.errors.decode().replace("\r\n", "\n").splitlines() if line.startswith(start))

    def delivers(self, where):
        """The browser takes the server's answer home, and is sent on: the last page."""
        if where["mode"] == "form_post":
            response = logins.post(PORT, urllib.parse.urlsplit(where["url"]).path, where["body"])
        else:
            response = logins.get(PORT, where["url"].partition(":%d" % PORT)[2].partition("#")[0])
        return logins.get(PORT, response.headers["location"]) if response.status == 303 else response

    def tokenctl(self, *arguments, text=None):
        """A command with its input, ended."""
        return subprocess.run([TOKENCTL, "--socket", str(self.daemon.socket), *map(str, arguments)], input=text or "", stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=90, check=False)

    # --- at the API

    def call(self, header, url=None, method="GET"):
        """The status and the body of the Domain API for one header line of ours."""
        parts = urllib.parse.urlsplit(url or self.server.about["api"].rstrip("/") + "/General_Products_Products")
        context = ssl.create_default_context(cafile=self.server.about["ca_file"])
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=30)
        name, _, value = header.partition(": ")
        try:
            connection.request(method, parts.path, headers={name: value})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def refreshes(self):
        """The requests that spent a refresh token: which one, by its fingerprint."""
        return [entry["fingerprints"]["refresh_token"] for entry in self.entries() if entry["grant_type"] == "refresh_token"]
