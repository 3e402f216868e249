"""The whole life of a daemon, played so that every secret that can exist has existed; each is kept in a trove."""
import base64
import hashlib
import http.client
import json
import re
import secrets
import ssl
import urllib.parse

from lib import processes
from lib.daemon import CALLER

from .hunt import Trove
from .unit import UnitFixture

PORT = processes.free_port()
REDIRECT = "http://127.0.0.1:%d/callback" % PORT
# what the simulator is started with
OPTIONS = ("--redirect-uri", REDIRECT)
PERSON, OTHER = "m.petrova", "a.admin"
CLIENTS = {"machine": "demo.app/sync", "second": "demo.app/report", "tricky": "demo.app/tricky", "portal": "demo.app/portal"}

MAY = 'allow = [ { user = "%s", login = true } ]\n' % CALLER
SERVICE = 'grant = "client_credentials"\nscopes = ["read", "update"]\n' + MAY.replace(", login = true", "")
PERSONS = 'grant = "authorization_code"\nredirect_uri = "%s"\nscopes = ["openid", "profile", "offline_access", "read"]\n%s' % (REDIRECT, MAY)
REFERENCE = 'grant = "reference"\n' + MAY


def made_up(count=24):
    """Nobody's secret until now."""
    return secrets.token_urlsafe(count)


def fingerprint(token):
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Play(UnitFixture):
    """A daemon with every kind of token, and all secrets that it ever met."""

    def __init__(self, server):
        super().__init__(server, "knob access-ttl 4")
        self.trove = Trove()
        self.outputs = []
        # what is in force: a client secret for each application, and the tokens that were brought in
        self.client_secrets, self.references = {}, {}
        # the state and the nonce of a sign-in that has begun
        self.waiting = set()

    # --- the cast

    def configure(self):
        for role in CLIENTS:
            self.renew_client(role)
        # every character that form encoding changes
        self.renew_client("tricky", "s3cr:et +/%26=&?" + made_up())
        mint = self.server.control("reference mint kind=PAT app=demo.app/portal user=%s" % PERSON)
        self.references["portal.fixed"] = mint["token"]
        self.trove.add("reference token", mint["token"])
        value = self.daemon.secret("fixed.token", mint["token"] + "\n")
        self.write("svc", "machine", {"job": SERVICE, "brief": SERVICE})
        self.write("basic", "second", {"job": SERVICE}, "client_secret_basic")
        self.write("odd", "tricky", {"job": SERVICE})
        self.write("portal", "portal", {
            "me": PERSONS, "duo": PERSONS + 'response_type = "code id_token"\n', "pat": REFERENCE,
            "fixed": REFERENCE.replace(", login = true", "") + 'expires = "never"\nvalue = { file = "%s" }\n' % value})
        self.client_secrets["wrong"] = made_up()
        self.trove.add("wrong client secret", self.client_secrets["wrong"])
        self.write("wrong", "machine", {"job": SERVICE}, secret=self.client_secrets["wrong"])
        return self

    def renew_client(self, role, secret=None):
        secret = secret or made_up()
        self.trove.add("client secret", secret)
        self.client_secrets[role] = secret
        self.server.control('app %s "secret=%s"' % (CLIENTS[role], secret))

    def write(self, name, role, tokens, authentication="client_secret_post", secret=None):
        path = self.daemon.secret(name + ".secret", (secret or self.client_secrets[role]) + "\n")
        text = 'erpnet = "%s"\nca_file = "%s"\ntimeout = 10\n[client]\nid = "%s"\nauthentication = "%s"\nsecret = { file = "%s" }\n' % (
            self.server.about["erpnet"], self.server.about["ca_file"], CLIENTS[role], authentication, path)
        self.daemon.application(name, text + "".join("[token.%s]\n%s" % token for token in tokens.items()))

    # --- what is known

    def learn(self):
        """Everything that the server gave out or was shown until now; what is live of it."""
        told = self.server.control("secrets")["secrets"]
        for secret in told:
            self.trove.add(secret["kind"].replace("_", " "), secret["value"])
            if secret["kind"] == "access_token":
                # also in the payload, where nothing else is secret
                self.trove.add("jti of an access token", claims(secret["value"])["jti"], is_coded=False)
        return told

    def held(self):
        """What the daemon may hold now: sets of secrets, of each of which one lies in one place. What is configured was read again since it was
        first held, and may lie in two."""
        told = self.learn()
        ids = set(re.findall(r" id=([0-9a-f]{16})", self.ask("STATUS")))
        access = {secret["value"] for secret in told if secret["kind"] == "access_token" and fingerprint(secret["value"]) in ids}
        held = [{value} for value in (*self.client_secrets.values(), *self.references.values(), *access, *self.waiting)]
        # a sign-in that failed left a grant at the server that the daemon knows nothing of
        sessions = {claims(token).get("sid") for token in access}
        for grant in self.server.control("grants alive=true")["grants"]:
            if grant["sid"] in sessions:
                handles = [secret["value"] for secret in told if secret["kind"] == "refresh_token"]
                held.append({handle for handle in handles if fingerprint(handle) == grant["current"]})
                held.append(self.identity_tokens(told, grant["sid"]))
        spare = [{self.references["portal.fixed"]}]
        return [values for values in held if values], spare

    @staticmethod
    def identity_tokens(told, session):
        """Those of a session that came from the token endpoint; the last one that was taken is shown to the server at the end. One that comes with
        a refresh is only taken when the keys to check it are at hand."""
        tokens = [(secret["value"], claims(secret["value"])) for secret in told if secret["kind"] == "id_token"]
        return {token for token, said in tokens if said["sid"] == session and "c_hash" not in said}

    # --- asking; what is answered is kept, but for the words that must be a token

    def says(self, line):
        """A request to which a token is no answer."""
        reply = self.ask(line)
        self.outputs.append(reply)
        return reply

    def runs(self, *arguments, text="", kept=True):
        """A tokenctl command to which a token is no answer."""
        status, output, errors = self.tokenctl(*arguments, text=text)
        self.outputs += [errors.decode()] + ([output.decode()] if kept else [])
        return status, output.decode(), errors.decode()

    # --- a browser

    def visit(self, url):
        parts = urllib.parse.urlsplit(url)
        context = ssl.create_default_context(cafile=self.server.about["ca_file"])
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=30)
        try:
            connection.request("GET", parts.path + "?" + parts.query)
            answer = connection.getresponse()
            return answer.headers["Location"], answer.read().decode()
        finally:
            connection.close()

    def answer(self, url):
        """The query or the form that the server sends a browser back with."""
        location, page = self.visit(url)
        if location:
            return location.partition("?")[2].partition("#")[0]
        return urllib.parse.urlencode(dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)))

    def begin(self, name):
        """LOGIN: its id and the address to open, whose state and nonce are secrets from now on."""
        words = self.ask("LOGIN " + name).split(" ")
        if words[0] != "OK":
            raise RuntimeError(" ".join(words))
        query = dict(urllib.parse.parse_qsl(words[2].partition("?")[2]))
        self.trove.add("state", query["state"])
        self.trove.add("nonce", query.get("nonce"))
        return words[1], words[2]

    def sign_in(self, name, user=PERSON):
        self.server.control("knob auto-login " + user)
        login, url = self.begin(name)
        return self.says("CALLBACK %s %s" % (login, self.answer(url)))
