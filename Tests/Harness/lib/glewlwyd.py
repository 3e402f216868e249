"""A throw-away glewlwyd, an identity server that nobody here wrote, over TLS on loopback.

It has several issuers in one process: /api/short and /api/long, which differ in the lifetime of their access tokens, are for the client
credentials grant; at /api/people people sign in, and at /api/hybrid too. Its ways are not the usual ones: a bad secret is a 403 without a
body, a bad scope is "scope_invalid", a partly bad scope gets the rest, and a refresh token that is not good is a 400 without a body.
"""
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import urllib.parse

from . import pki, processes
from .browser import Browser
from .relay import Relay

SCHEMA = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SCOPES = ["api.read", "api.write"]
ADMINISTRATOR = {"username": "admin", "password": "password"}  # what the packaged schema comes with
PEOPLE = {
    "alice": {"password": "wonder-Land_1", "email": "alice@example.test", "name": "Alice"},
    "bob": {"password": "builder-Yard_2", "email": "bob@example.test", "name": "Bob"},
}
BASIC, POST = "client_secret_basic", "client_secret_post"
CLIENTS = {
    "basic": {"client_id": "job-basic", "client_secret": "b4sic-Pa55phrase_of.this~client", "authentication": [BASIC]},
    "post": {"client_id": "job-post", "client_secret": "p0st-Pa55phrase_of.this~client", "authentication": [POST]},
    # every character here means something in a form, a URL or a header
    "tricky": {"client_id": "job-tricky", "client_secret": "a+b c%20&d=e/f?g:h\"i'j\\k;l#m", "authentication": [POST]},
}

CONFIGURATION = """
port = {port}
bind_address = "127.0.0.1"
external_url = "{base}"
login_url = "login.html"
api_prefix = "api"
cookie_secure = 1
session_key = "GLEWLWYD2_SESSION_ID"
session_expiration = 3600
admin_scope = "g_admin"
profile_scope = "g_profile"
log_mode = "file"
log_level = "INFO"
log_file = "{folder}/server.log"
user_module_path = "{modules}/user"
user_middleware_module_path = "{modules}/user_middleware"
client_module_path = "{modules}/client"
user_auth_scheme_module_path = "{modules}/scheme"
plugin_module_path = "{modules}/plugin"
use_secure_connection = true
secure_connection_key_file = "{key}"
secure_connection_pem_file = "{certificate}"
secure_connection_ca_file = "{authority}"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3"; path = "{folder}/glewlwyd.db"; }};
"""


def installed():
    return shutil.which("glewlwyd") is not None and SCHEMA.exists()


class Glewlwyd:
    status_of_a_wrong_secret = 78
    seconds_of_a_refresh = 0.12
    forgives_a_replay, rotates = False, True
    # a dead refresh token is a 400 without a body
    says_why = False
    # two threads mix up the numbers of their new rows, and one of the two answers is an error
    serves_two_at_once = False
    # what discovery does not tell
    endpoints = {}

    def __init__(self, folder, port=0, short=5, long=600, people=3):
        """`short`, `long` and `people` are the lifetimes of access tokens of the issuers, in seconds."""
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.relay = Relay(processes.free_port(), port or 0)
        self.base = "https://localhost:%d" % self.relay.port
        self.lifetimes = {"short": short, "long": long, "people": people, "hybrid": people}
        self.issuers = {name: "%s/api/%s" % (self.base, name) for name in self.lifetimes}
        self.issuer = self.issuers["people"]
        home = "http://127.0.0.1:%d" % processes.free_port()
        ways = {"redirect_uris": [home + "/callback"], "post_logout_redirect_uris": [home + "/goodbye"]}
        self.clients = {
            "web": {"client_id": "people-web", "client_secret": "w3b-Pa55phrase_of.this~client", "authentication": [POST, BASIC], **ways},
            "native": {"client_id": "people-native", "authentication": ["none"], **ways},
        }
        self.authority = pki.Authority(self.folder / "pki")
        self.process = None

    # --- its life

    def __enter__(self):
        try:
            self._prepare()
            self.start()
            self._configure()
            self._describe()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.relay.close()
        if self.process:
            processes.stop(self.process, patience=5)

    def _prepare(self):
        certificate, key = self.authority.server("server")
        (self.folder / "glewlwyd.conf").write_text(CONFIGURATION.format(
            port=self.relay.upstream, base=self.base, folder=self.folder, modules="/usr/lib/glewlwyd", key=key, certificate=certificate,
            authority=self.authority.certificate))
        with sqlite3.connect(self._database) as database:
            # whoever looks into it must not hold it up: it waits for no lock
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(SCHEMA.read_text())

    def start(self):
        self.process = processes.start(["glewlwyd", "--config-file=%s" % (self.folder / "glewlwyd.conf")], self.folder / "output.log")
        if not processes.until(self._answers, 30):
            raise RuntimeError("glewlwyd does not answer; see %s" % self.folder)

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError("glewlwyd ended with status %d; see %s" % (self.process.returncode, self.folder))
        try:
            return self.browser().open(self.base + "/config").status == 200
        except OSError:
            return False

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    # --- what it is told

    def _call(self, path, body):
        page = self._administrator.send_json("%s/api/%s" % (self.base, path), body)
        if page.status != 200:
            raise RuntimeError("glewlwyd refuses POST %s: %r" % (path, page))

    def _configure(self):
        self.signing_key = self.folder / "signing.key"
        self.verification_key = self.folder / "signing.pub"
        pki.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.signing_key)
        pki.openssl("pkey", "-in", self.signing_key, "-pubout", "-out", self.verification_key)
        self._administrator = self.browser()
        self._call("auth/", ADMINISTRATOR)
        for scope in SCOPES:
            self._call("scope/", {"name": scope, "display_name": scope, "description": scope, "password_required": False,
                                  "password_max_age": 0, "scheme": {}, "scheme_required": {}})
        for name, person in PEOPLE.items():
            self._call("user/", {"username": name, "enabled": True, "scope": ["g_profile", "openid", *SCOPES], **person})
        for name in self.issuers:
            self._call("mod/plugin/", self._issuer(name))
        for client in CLIENTS.values():
            self._client(client, ["client_credentials"], confidential=True)
        for client in self.clients.values():
            self._client(client, ["code", "id_token", "refresh_token", "delete_token"], confidential="client_secret" in client,
                         post_logout_redirect_uris=client["post_logout_redirect_uris"][0])

    def _client(self, client, grants, confidential, **more):
        secret = {"client_secret": client["client_secret"]} if confidential else {}
        self._call("client/", {
            "client_id": client["client_id"], "name": client["client_id"], "enabled": True, "confidential": confidential,
            "authorization_type": grants, "token_endpoint_auth_method": client["authentication"], "scope": SCOPES,
            "redirect_uri": client.get("redirect_uris", []), **secret, **more})

    def _issuer(self, name):
        for_people = name in ("people", "hybrid")
        switches = {"code": for_people, "token": False, "id-token": for_people, "none": False, "password": False, "client": not for_people,
                    "device": False, "refresh": for_people}
        return {"module": "oidc", "name": name, "display_name": name, "order_rank": 0, "readonly": False, "parameters": {
            "iss": self.issuers[name], "jwt-type": "rsa", "jwt-key-size": "256", "jwks-show": True,
            "key": self.signing_key.read_text(), "cert": self.verification_key.read_text(),
            "access-token-duration": self.lifetimes[name], "refresh-token-duration": 3600, "code-duration": 60,
            "refresh-token-rolling": False, "refresh-token-one-use": "always", "auth-type-code-revoke-replayed": True,
            "allow-non-oidc": True, "subject-type": "public", "allowed-scope": ["openid"],
            "pkce-allowed": True, "pkce-method-plain-allowed": False, "pkce-required-public-client": True,
            "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
            "session-management-allowed": True, "session-cookie-name": "GLEWLWYD_SESSION_" + name, "session-cookie-expiration": 3600,
            # in a form it is percent-encoded twice, and then no client can believe it
            "oauth-as-iss-id": name != "hybrid",
            "name-claim": "no", "email-claim": "no", "scope-claim": "no",
            **{"auth-type-%s-enabled" % kind: enabled for kind, enabled in switches.items()}}}

    def _describe(self):
        """idp.json: all that another program needs to use this server."""
        description = {
            "issuer": self.issuers["short"], "issuers": self.issuers, "lifetimes": self.lifetimes,
            "ca_file": str(self.authority.certificate), "verification_key": str(self.verification_key),
            "scopes": SCOPES, "clients": {**CLIENTS, **self.clients}, "people": PEOPLE, "pids": [self.process.pid]}
        (self.folder / "idp.json").write_text(json.dumps(description, indent=2) + "\n")

    # --- a person at its pages

    def browser(self, home=None):
        return Browser(self.authority.certificate, home)

    def sign_in(self, browser, address, person="alice", consents=True):
        """Opens the address, says who it is and agrees; the page where that ends. There is no button to refuse: whoever does not agree
        goes back with what needs no consent, which is `openid`."""
        page = browser.open(address)
        for _ in range(4):
            asked = page.query()
            if "callback_url" not in asked:
                break
            browser.send_json(self.base + "/api/auth/", {"username": person, "password": PEOPLE[person]["password"]})
            granted = asked.get("scope", "") if consents else ""
            browser.send_json("%s/api/auth/grant/%s" % (self.base, asked["client_id"]), {"scope": granted}, "PUT")
            page = browser.open(asked["callback_url"] + "&g_continue")
        if form := page.form("code", "state"):
            page = browser.submit(page, form)
        return page

    # --- what it says and knows

    def userinfo(self, token):
        page = self.browser().open(self.issuer + "/userinfo", headers={"Authorization": "Bearer " + token})
        return json.loads(page.text) if page.status == 200 else {}

    def introspect(self, token, client="web"):
        """Whether it is good, as the server tells the client that it gave it to."""
        known = self.clients[client]
        if "client_secret" not in known:
            return bool(self.userinfo(token))
        form = urllib.parse.urlencode({"token": token, "client_id": known["client_id"], "client_secret": known["client_secret"]})
        page = self.browser().open(self.issuer + "/introspect", "POST", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(page.text)["active"]

    def refresh_tokens(self, client):
        """Its refresh tokens, oldest first: (hash, family, whether it is good)."""
        return [(name, family, bool(good)) for name, family, good in self._query(
            "SELECT gpor_token_hash, gpor_jti, gpor_enabled FROM gpo_refresh_token WHERE gpor_client_id = ? AND gpor_plugin_name = 'people' "
            "ORDER BY gpor_id", self.clients[client]["client_id"])]

    def sendings(self, _):
        """It does not keep count."""

    def refusals(self):
        return len(self.misuse())

    def misuse(self):
        """Refresh tokens that came and were not good."""
        return [line for line in self.words().splitlines() if "Security - Token invalid" in line]

    def words(self):
        return (self.folder / "server.log").read_text(errors="replace")

    def violations(self, tokens):
        """What no crash of a client excuses."""
        last = tokens[-1][1]
        return {"RT-02 whoever was lost has nothing good left": [family for _, family, good in tokens if good and family != last]}

    def revoke_all(self, client):
        """As an administrator does who removes a grant."""
        with sqlite3.connect(self._database, timeout=20) as database:
            database.execute("UPDATE gpo_refresh_token SET gpor_enabled = 0 WHERE gpor_enabled = 1 AND gpor_client_id = ?", (self.clients[client]["client_id"],))

    def _query(self, statement, *values):
        with sqlite3.connect("file:%s?mode=ro" % self._database, uri=True, timeout=20) as database:
            return database.execute(statement, values).fetchall()

    @property
    def _database(self):
        return self.folder / "glewlwyd.db"
