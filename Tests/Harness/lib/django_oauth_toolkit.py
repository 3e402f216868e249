"""A throw-away django-oauth-toolkit, an identity server that nobody here wrote, over TLS on loopback.

Access tokens are opaque and refresh tokens rotate; a refresh ends the access token before. What its OpenID Connect document leaves out
(revocation, introspection) is in its RFC 8414 document only.
"""
import fcntl
import hashlib
import json
import os
import pathlib
import secrets
import signal
import sqlite3
import subprocess
import sys
import urllib.parse

from . import pki, processes
from .browser import Browser
from .relay import Relay

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROJECT = REPOSITORY / "Tests" / "Harness" / "django"
ENVIRONMENT = REPOSITORY / ".build" / "django-oauth-toolkit"
REQUIREMENTS = PROJECT / "requirements.txt"
SCOPES = ["api.read", "api.write"]
PEOPLE = {
    "alice": {"password": "wonder-Land_1", "email": "alice@example.test", "first_name": "Alice"},
    "bob": {"password": "builder-Yard_2", "email": "bob@example.test", "first_name": "Bob"},
}


def installed():
    marker = ENVIRONMENT / "installed.txt"
    return marker.exists() and marker.read_bytes() == REQUIREMENTS.read_bytes()


def install():
    """Makes the virtual environment from PyPI, unless it is there."""
    ENVIRONMENT.mkdir(parents=True, exist_ok=True)
    with open(ENVIRONMENT.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed():
            return
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([ENVIRONMENT / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir",
                        "--requirement", REQUIREMENTS], check=True, stdout=subprocess.DEVNULL)
        (ENVIRONMENT / "installed.txt").write_bytes(REQUIREMENTS.read_bytes())


class DjangoOAuthToolkit:
    status_of_a_wrong_secret = 78
    serves_two_at_once = True
    # and then some, so that the answer is not always lost
    seconds_of_a_refresh = 0.3

    def __init__(self, folder, port=0, lifetime=3, rotates=True, grace=0):
        """`lifetime` of access tokens in seconds; `grace`: seconds for which a spent refresh token gets its successor again."""
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lifetime, self.rotates, self.grace = lifetime, rotates, grace
        self.relay = Relay(processes.free_port(), port)
        self.base = "https://127.0.0.1:%d" % self.relay.port
        self.issuer = self.base + "/o"
        # beside what OpenID Connect discovery tells
        self.endpoints = {"revocation": self.issuer + "/revoke_token/", "introspection": self.issuer + "/introspect/"}
        home = "http://127.0.0.1:%d" % processes.free_port()
        people = {"grant": "authorization_code", "redirect_uris": [home + "/callback"], "post_logout_redirect_uris": [home + "/goodbye"]}
        self.clients = {
            "machine": {"client_id": "job-basic", "client_secret": "b4sic-Pa55phrase_of.this~client", "grant": "client_credentials"},
            # every character here means something in a form, a URL or a header
            "tricky": {"client_id": "job:tricky +%", "client_secret": "a+b c%20&d=e/f?g:h\"i'j\\k;l#m", "grant": "client_credentials"},
            "web": {"client_id": "people-web", "client_secret": "w3b-Pa55phrase_of.this~client", **people},
            "native": {"client_id": "people-native", **people},
            "hybrid": {"client_id": "people-hybrid", "client_secret": "hybr1d-Pa55phrase_of.this~client", **people, "grant": "hybrid"},
        }
        self.authority = pki.Authority(self.folder / "pki")
        self.process = None

    # --- its life

    def __enter__(self):
        try:
            install()
            self._prepare()
            self.start()
            self._describe()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.relay.close()
        if self.process:
            self.thaw()
            processes.stop(self.process, patience=5)

    def start(self):
        self.process = processes.start(
            [ENVIRONMENT / "bin" / "gunicorn", "--bind", "127.0.0.1:%d" % self.relay.upstream, "--workers", "1", "--threads", "8",
             "--timeout", "0", "--graceful-timeout", "1", "--worker-tmp-dir", self.folder, "--no-control-socket", "--access-logfile", "-",
             "--certfile", self.certificate, "--keyfile", self.key, "django.core.wsgi:get_wsgi_application()"],
            self.folder / "server.log", cwd=PROJECT, env=self._environment())
        if not processes.until(self._answers, 60, every=0.1):
            raise RuntimeError("django-oauth-toolkit does not answer; see %s" % self.folder)

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError("django-oauth-toolkit ended with status %d; see %s" % (self.process.returncode, self.folder))
        try:
            return self.metadata() is not None
        except OSError:
            return False

    def freeze(self):
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def kill(self):
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number):
        for pid in processes.family(self.process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def _environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return {**kept, "TOKEND_TEST_SITE": str(self.folder / "site.json"), "DJANGO_SETTINGS_MODULE": "settings", "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": str(PROJECT)}

    def _prepare(self):
        self.certificate, self.key = self.authority.server("server")
        signing_key, self.verification_key = self.folder / "signing.key", self.folder / "signing.pub"
        pki.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", signing_key)
        pki.openssl("pkey", "-in", signing_key, "-pubout", "-out", self.verification_key)
        (self.folder / "site.json").write_text(json.dumps({
            "secret_key": secrets.token_hex(32), "database": str(self._database), "witness": str(self.folder / "witness.log"),
            "signing_key": signing_key.read_text(), "scopes": SCOPES, "people": PEOPLE, "clients": self.clients, "lifetime": self.lifetime,
            "rotates": self.rotates, "grace": self.grace}))
        made = subprocess.run([ENVIRONMENT / "bin" / "python", PROJECT / "prepare.py"], cwd=PROJECT, env=self._environment(), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode != 0:
            raise RuntimeError("the site cannot be made:\n" + made.stdout)

    def _describe(self):
        """idp.json: all that another program needs to use this server."""
        (self.folder / "idp.json").write_text(json.dumps({
            "issuer": self.issuer, "endpoints": self.endpoints, "lifetime": self.lifetime, "ca_file": str(self.authority.certificate),
            "verification_key": str(self.verification_key), "scopes": SCOPES, "people": PEOPLE, "clients": self.clients,
            "pids": processes.family(self.process.pid)}, indent=2) + "\n")

    # --- a person at its pages

    def browser(self, home=None):
        return Browser(self.authority.certificate, home)

    def sign_in(self, browser, address, person="alice", consents=True):
        """Opens the address, says who it is and agrees, or presses Cancel; the page where that ends."""
        page = browser.open(address)
        if form := page.form("username", "password"):
            page = browser.submit(page, form, username=person, password=PEOPLE[person]["password"])
        if form := page.form("allow"):
            page = browser.submit(page, form, button="allow" if consents else None)
        return page

    # --- what it says and knows

    def metadata(self, place="/o/.well-known/openid-configuration"):
        page = self.browser().open(self.base + place)
        return json.loads(page.text) if page.status == 200 else None

    def userinfo(self, token):
        page = self.browser().open(self.issuer + "/userinfo/", headers={"Authorization": "Bearer " + token})
        return json.loads(page.text) if page.status == 200 else {}

    def introspect(self, token, _=None):
        """Whether it is good, as the server tells any client that asks."""
        known = self.clients["machine"]
        form = urllib.parse.urlencode({"token": token, "client_id": known["client_id"], "client_secret": known["client_secret"]})
        page = self.browser().open(self.endpoints["introspection"], "POST", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(page.text)["active"]

    says_why = True

    @property
    def forgives_a_replay(self):
        return self.grace > 0 or not self.rotates

    def witnessed(self, **like):
        """What came to the token and revocation endpoints, in order."""
        path = self.folder / "witness.log"
        entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [entry for entry in entries if all(entry.get(key) == value for key, value in like.items())]

    def refresh_tokens(self, client):
        """Its refresh tokens, oldest first: (fingerprint, family, whether it is good)."""
        rows = self._query(
            "SELECT t.token, t.token_family, t.revoked IS NULL FROM oauth2_provider_refreshtoken t JOIN oauth2_provider_application a "
            "ON a.id = t.application_id WHERE a.client_id = ? ORDER BY t.id", self.clients[client]["client_id"])
        return [(hashlib.sha256(token.encode()).hexdigest()[:16], family, bool(good)) for token, family, good in rows]

    def sendings(self, token):
        """How often one of `refresh_tokens` came."""
        return len(self.witnessed(what="asked", token=token[0], grant="refresh_token"))

    def refusals(self):
        return len([entry for entry in self.witnessed(what="answered", grant="refresh_token") if entry["status"] >= 400])

    def misuse(self):
        """Refresh tokens that came more than once, and refreshes that were refused."""
        asked = [entry["token"] for entry in self.witnessed(what="asked", grant="refresh_token")]
        return [token for token in set(asked) if asked.count(token) > 1] + [
            entry for entry in self.witnessed(what="answered", grant="refresh_token") if entry["status"] >= 400]

    def violations(self, tokens):
        """What no crash of a client excuses."""
        ours = {name for name, _, _ in tokens}
        asked = [entry["token"] for entry in self.witnessed(what="asked", grant="refresh_token") if entry["token"] in ours]
        successors = {entry["token"]: entry["issued"] for entry in self.witnessed(what="answered", grant="refresh_token", status=200)}
        used = {token: place for place, token in enumerate(asked)}
        return {
            "RT-12 no refresh token came more than twice": [token for token in ours if asked.count(token) > 2],
            "RT-02 none came again after its successor": [
                token for token in ours if successors.get(token) in asked and used[token] > asked.index(successors[token])],
            "RT-14 none came that had not been issued": [
                entry["token"] for entry in self.witnessed(what="asked", grant="refresh_token")
                if entry["token"] not in {name for client in self.clients for name, _, _ in self.refresh_tokens(client)}],
        }

    def thieve(self, client):
        """Somebody else uses a spent refresh token of this client; the status of the answer."""
        known = self.clients[client]
        spent = self._query(
            "SELECT t.token FROM oauth2_provider_refreshtoken t JOIN oauth2_provider_application a ON a.id = t.application_id "
            "WHERE a.client_id = ? AND t.revoked IS NOT NULL ORDER BY t.id DESC", known["client_id"])[0][0]
        form = urllib.parse.urlencode({"grant_type": "refresh_token", "refresh_token": spent, "client_id": known["client_id"],
                                       "client_secret": known["client_secret"]})
        return self.browser().open(self.issuer + "/token/", "POST", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"}).status

    def revoke_all(self, client):
        """As an administrator does who removes a grant."""
        with sqlite3.connect(self._database, timeout=20) as database:
            database.execute(
                "UPDATE oauth2_provider_refreshtoken SET revoked = CURRENT_TIMESTAMP WHERE revoked IS NULL AND application_id = "
                "(SELECT id FROM oauth2_provider_application WHERE client_id = ?)", (self.clients[client]["client_id"],))

    def _query(self, statement, *values):
        with sqlite3.connect("file:%s?mode=ro" % self._database, uri=True, timeout=20) as database:
            return database.execute(statement, values).fetchall()

    @property
    def _database(self):
        return self.folder / "database.sqlite3"
