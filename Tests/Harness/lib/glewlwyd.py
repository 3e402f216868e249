"""A throw-away glewlwyd, an identity server that nobody here wrote, over TLS on loopback.

It has two issuers in one process, /api/short and /api/long, which differ in the lifetime of their access tokens, and
clients for the client credentials grant. Its ways are not the usual ones: a bad secret is a 403 without a body, a bad
scope is "scope_invalid", and a partly bad scope gets the rest.
"""
import http.cookiejar
import json
import pathlib
import shutil
import sqlite3
import ssl
import urllib.error
import urllib.request

from . import pki, processes

SCHEMA = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SCOPES = ["api.read", "api.write"]
ADMINISTRATOR = {"username": "admin", "password": "password"}  # what the packaged schema comes with
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
    def __init__(self, folder, port=None, short=5, long=600):
        """`short` and `long` are the lifetimes of access tokens of the two issuers, in seconds."""
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or processes.free_port()
        self.base = "https://localhost:%d" % self.port
        self.issuers = {"short": self.base + "/api/short", "long": self.base + "/api/long"}
        self.lifetimes = {"short": short, "long": long}
        self.authority = pki.Authority(self.folder / "pki")
        self.process = None

    def __enter__(self):
        try:
            self._start()
            self._configure()
            self._describe()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process:
            processes.stop(self.process, patience=5)

    def _start(self):
        certificate, key = self.authority.server("server")
        configuration = self.folder / "glewlwyd.conf"
        configuration.write_text(CONFIGURATION.format(
            port=self.port, base=self.base, folder=self.folder, modules="/usr/lib/glewlwyd", key=key, certificate=certificate,
            authority=self.authority.certificate))
        with sqlite3.connect(self.folder / "glewlwyd.db") as database:
            database.executescript(SCHEMA.read_text())
        self.process = processes.start(["glewlwyd", "--config-file=%s" % configuration], self.folder / "output.log")
        self._opener = self._browser()
        if not processes.until(self._answers, 30):
            raise RuntimeError("glewlwyd does not answer; see %s" % self.folder)

    def _browser(self):
        trust = ssl.create_default_context(cafile=self.authority.certificate)
        return urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError("glewlwyd ended with status %d; see %s" % (self.process.returncode, self.folder))
        try:
            with self._opener.open(self.base + "/config", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _call(self, path, body):
        request = urllib.request.Request(
            "%s/api/%s" % (self.base, path), method="POST", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        try:
            self._opener.open(request, timeout=10).close()
        except urllib.error.HTTPError as refusal:
            raise RuntimeError("glewlwyd refuses POST %s: %d %s" % (path, refusal.code, refusal.read()[:400])) from None

    def _configure(self):
        self.signing_key = self.folder / "signing.key"
        self.verification_key = self.folder / "signing.pub"
        pki.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.signing_key)
        pki.openssl("pkey", "-in", self.signing_key, "-pubout", "-out", self.verification_key)
        self._call("auth/", ADMINISTRATOR)
        for scope in SCOPES:
            self._call("scope/", {"name": scope, "display_name": scope, "description": scope, "password_required": False,
                                  "password_max_age": 0, "scheme": {}, "scheme_required": {}})
        for name in self.issuers:
            self._call("mod/plugin/", self._issuer(name))
        for client in CLIENTS.values():
            self._call("client/", {
                "client_id": client["client_id"], "client_secret": client["client_secret"], "name": client["client_id"],
                "enabled": True, "confidential": True, "authorization_type": ["client_credentials"],
                "token_endpoint_auth_method": client["authentication"], "scope": SCOPES, "redirect_uri": []})

    def _issuer(self, name):
        switches = {"code": False, "token": False, "id-token": False, "none": False, "password": False, "client": True,
                    "device": False, "refresh": False}
        return {"module": "oidc", "name": name, "display_name": name, "order_rank": 0, "readonly": False, "parameters": {
            "iss": self.issuers[name], "jwt-type": "rsa", "jwt-key-size": "256", "jwks-show": True,
            "key": self.signing_key.read_text(), "cert": self.verification_key.read_text(),
            "access-token-duration": self.lifetimes[name], "refresh-token-duration": 3600, "code-duration": 60,
            "refresh-token-rolling": False, "allow-non-oidc": True, "subject-type": "public", "allowed-scope": ["openid"],
            "pkce-allowed": True, "name-claim": "no", "email-claim": "no", "scope-claim": "no",
            **{"auth-type-%s-enabled" % kind: enabled for kind, enabled in switches.items()}}}

    def _describe(self):
        """idp.json: all that another program needs to use this server."""
        description = {
            "issuer": self.issuers["short"], "issuers": self.issuers, "lifetimes": self.lifetimes,
            "ca_file": str(self.authority.certificate), "verification_key": str(self.verification_key),
            "scopes": SCOPES, "clients": CLIENTS, "pids": [self.process.pid]}
        (self.folder / "idp.json").write_text(json.dumps(description, indent=2) + "\n")
