"""The simulated identity server: a walk through what it offers with curl, openssl and Python's own TLS, each test where the one before has ended."""
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

import pytest
from lib.simulator import PACKAGE, build, program

TOKEN = "/id/connect/token"
METADATA = "/id/.well-known/openid-configuration"
AUTHORIZE = "/id/connect/authorize"
END_SESSION = "/id/connect/endsession"
CALLBACK = "http://127.0.0.1:53177/callback"
VERIFIER = "kV3r1f13r_for-orchid~example.0123456789abcdefghijklmnopqrstuvwxy"
PRODUCTS = "/api/domain/odata/General_Products_Products?$top=1"


class Simulator:
    """One running instance and its control socket."""

    def __init__(self, binary, folder, *arguments):
        self.folder = folder
        self.process = subprocess.Popen([binary, "--dir", folder, "--until-stdin-ends", *(arguments or ("--port", "0"))],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self.process.stdout.readline().strip()
        with open(os.path.join(folder, "idp.json"), encoding="utf-8") as file:
            self.idp = json.load(file)
        self.port = int(self.idp["erpnet"].rsplit(":", 1)[1])
        self.ca = self.idp["ca_file"]

    def control(self, *lines):
        """Sends lines, returns the last answer; every answer must be one JSON line."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.idp["control"])
            s.sendall("".join(line + "\n" for line in lines).encode())
            s.shutdown(socket.SHUT_WR)
            answers = s.makefile().read().splitlines()
        assert len(answers) == len(lines), answers
        return json.loads(answers[-1])

    def set(self, *lines):
        answer = self.control(*lines)
        assert answer["ok"], (lines, answer)
        return answer

    def client(self, role):
        return self.idp["clients"][role]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    def __init__(self, simulator):
        self.sim = simulator

    def http(self, method, path, body=None, headers=None, port=None, timeout=10, host="localhost"):
        context = ssl.create_default_context(cafile=self.sim.ca)
        context.hostname_checks_common_name = False
        connection = http.client.HTTPSConnection(host, port or self.sim.port, context=context, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def get(self, path, **more):
        return self.http("GET", path, **more)

    def token(self, role="machine", basic=False, scope=None, port=None, timeout=10, **change):
        client = dict(self.sim.client(role), **change)
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if scope is not None:
            form["scope"] = scope
        if basic:
            pair = ":".join(urllib.parse.quote_plus(client[k]) for k in ("client_id", "client_secret"))
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form.update({k: client[k] for k in ("client_id", "client_secret") if client[k] is not None})
        return self.http("POST", TOKEN, urllib.parse.urlencode(form), headers, port=port, timeout=timeout)

    def post(self, path, form, **more):
        return self.http("POST", path, urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"}, **more)

    def grant(self, role="portal", path=TOKEN, **form):
        """A request in the name of a client that signs people in."""
        client = self.sim.client(role)
        form.update({k: client[k] for k in ("client_id", "client_secret") if client[k] is not None})
        return self.post(path, form)

    def refresh(self, token, **form):
        return self.grant(grant_type="refresh_token", refresh_token=token, **form)

    def exchange(self, code, role="portal", **change):
        return self.grant(role, **dict({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}, **change))

    def grants(self, query=""):
        return self.sim.set("grants " + query)["grants"]

    def fails(self, what, expected, act):
        """That `act` ends in one of the expected exceptions."""
        with pytest.raises(expected):
            act()
            pytest.fail(what)


@pytest.fixture(scope="module")
def c():
    build()
    with tempfile.TemporaryDirectory(prefix="identity-") as folder:
        client = Client(Simulator(str(program()), os.path.join(folder, "one")))
        yield client
        if client.sim.process.poll() is None:
            client.sim.stop()


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def curl(sim, *arguments):
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "10", "--cacert", sim.ca, *arguments],
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


# discovery ------------------------------------------------------------------------------------------------------------

def test_discovery(c):
    sim = c.sim
    assert sim.ready == "READY " + sim.idp["issuer"], "READY names the issuer"
    for path in ("/sys/auto-discovery", "/tools/auto-discovery"):
        sites = {s["Type"]: s for s in c.get(path).json["WebSites"]}
        assert sites["ID"]["Url"] == sim.idp["issuer"] and sites["FutureThing"], "SIM-01 " + path
    sim.set("knob sys-auto-discovery off", "knob auto-discovery-shape old", "knob id-status NotWorking")
    assert c.get("/sys/auto-discovery").status == 404, "SIM-01 one address can be 404"
    old = c.get("/tools/auto-discovery").json
    assert list(old) == ["WebSites"] and old["WebSites"][0]["Status"] == "NotWorking", "SIM-01 old shape, ID site down"
    sim.set("knob reset")
    metadata = c.get(METADATA).json
    assert metadata["issuer"] == sim.idp["issuer"] and metadata["token_endpoint"].endswith(TOKEN), "SIM-02 metadata"
    for knob, issuer in (("slash", metadata["issuer"] + "/"), ("wrong", "https://other.example/id"), ("missing", None)):
        sim.set("knob issuer " + knob)
        assert c.get(METADATA).json.get("issuer") == issuer, "SIM-02 issuer " + knob
    sim.set("knob reset", 'metadata set token_endpoint "https://other.example/token"', "metadata remove jwks_uri")
    changed = c.get(METADATA).json
    assert changed["token_endpoint"] == "https://other.example/token" and "jwks_uri" not in changed, "SIM-02 members replaced and removed"
    sim.set("metadata reset")
    status, out, err = curl(sim, sim.idp["discovery"])
    assert status == 0 and json.loads(out) == metadata, f"curl reads the metadata with the CA file: {err}"


# tokens ---------------------------------------------------------------------------------------------------------------

def public_key(jwk, path):
    """A SubjectPublicKeyInfo written by hand, so that nothing of the simulator's own code is trusted."""
    def der(tag, content):
        size = len(content)
        length = bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 255])
        return bytes([tag]) + length + content

    def integer(text):
        value = decoded(text)
        return der(2, (b"\0" if value[0] & 128 else b"") + value)

    key = der(0x30, integer(jwk["n"]) + integer(jwk["e"]))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    info = der(0x30, algorithm + der(3, b"\0" + key))
    with open(path, "w", encoding="ascii") as file:
        file.write("-----BEGIN PUBLIC KEY-----\n%s-----END PUBLIC KEY-----\n" % base64.encodebytes(info).decode())


def verified(c, token):
    """Whether openssl verifies the token with the published key of its kid."""
    head, claims, signature = token.split(".")
    keys = {k["kid"]: k for k in c.get(METADATA + "/jwks").json["keys"]}
    kid = json.loads(decoded(head))["kid"]
    if kid not in keys:
        return False
    path = {n: os.path.join(c.sim.folder, "check-" + n) for n in ("public", "signature", "signed")}
    public_key(keys[kid], path["public"])
    with open(path["signature"], "wb") as file:
        file.write(decoded(signature))
    with open(path["signed"], "wb") as file:
        file.write(("%s.%s" % (head, claims)).encode())
    return subprocess.run(["openssl", "dgst", "-sha256", "-verify", path["public"], "-signature", path["signature"], path["signed"]],
                          capture_output=True).returncode == 0


def test_tokens(c):
    sim = c.sim
    answer = c.token(scope="read update")
    token = answer.json["access_token"]
    assert answer.status == 200 and set(answer.json) == {"access_token", "expires_in", "token_type", "scope"}, f"SIM-08 client credentials: {answer.body}"
    assert (answer.headers["Cache-Control"] == "no-store, no-cache, max-age=0" and answer.headers["Pragma"] == "no-cache"
            and answer.headers["Content-Type"] == "application/json; charset=UTF-8"), f"SIM-07 headers: {dict(answer.headers)}"
    assert verified(c, token), "SIM-14 openssl verifies the signature"
    head, claims, signature = token.split(".")
    forged = base64.urlsafe_b64encode(decoded(claims).replace(b'"read"', b'"sec" ')).decode().rstrip("=")
    assert not verified(c, ".".join((head, forged, signature))), "openssl refuses a changed payload"
    header, payload = json.loads(decoded(head)), json.loads(decoded(claims))
    assert header["alg"] == "RS256" and header["typ"] == "at+jwt" and len(header["kid"]) == 32, "SIM-14 header"
    assert (payload["iss"] == sim.idp["issuer"] and payload["scope"] == ["read", "update"] and payload["exp"] - payload["iat"] == 3600
            and payload["aud"][-1] == sim.idp["issuer"] + "/resources" and " " in payload["client_db"] and not {"sub", "sid"} & set(payload)), "SIM-14 claims"
    assert c.token(basic=True).status == 200, "SIM-06 Basic, form-encoded"
    assert c.token("tricky").status == 200, "SIM-06 the tricky secret in the body"
    assert c.token("tricky", basic=True).status == 200, "SIM-06 the tricky secret by Basic"
    refusals(c)
    sim.set("knob access-ttl 4")
    short = c.token().json
    assert short["expires_in"] == 4 and claims_of(short)["exp"] - claims_of(short)["iat"] == 4, "access-ttl"
    sim.set("knob reset")


def claims_of(answer):
    return json.loads(decoded(answer["access_token"].split(".")[1]))


def refusals(c):
    sim = c.sim
    for what, error, change in (
        ("wrong secret", "invalid_client", {"client_secret": "x"}),
        ("unknown client", "invalid_client", {"client_id": "x"}),
        ("no secret", "invalid_client", {"client_secret": None}),
    ):
        answer = c.token(**change)
        assert (answer.status, answer.json) == (400, {"error": error}), "SIM-13 %s is %s: %s" % (what, error, answer.body)
    for role, error in (("disabled", "invalid_client"), ("note", "invalid_client"), ("no-system-user", "unauthorized_client"),
                        ("orphan", "unauthorized_client"), ("native", "unauthorized_client")):
        answer = c.token(role)
        assert answer.json == {"error": error}, "SIM-13 client %s is %s: %s" % (role, error, answer.body)
    for scope in ("read update", "openid", "sec"):
        assert c.token("reader", scope=scope).json == {"error": "invalid_scope"}, "SIM-13 scope %s for the reader is invalid_scope" % scope
    assert c.get(TOKEN).json == {"error": "invalid_request"}, "SIM-06 GET is invalid_request"
    sim.set("app demo.app/sync secret=rotated")
    assert c.token().json == {"error": "invalid_client"} and c.token(client_secret="rotated").status == 200, "a rotated secret cuts over at once"
    sim.set("app demo.app/sync secret=" + sim.client("machine")["client_secret"])


def test_key_rotation(c):
    sim = c.sim
    old = c.token().json["access_token"]
    sim.set("keys rotate")
    new = c.token().json["access_token"]
    assert verified(c, old) and verified(c, new) and old.split(".")[0] != new.split(".")[0], "SIM-03 after a rotation both tokens verify"
    sim.set("keys unpublished fetches=1")
    hidden = c.token().json["access_token"]
    assert not verified(c, hidden) and verified(c, hidden), "SIM-03 a key is published after some fetches"


# people ---------------------------------------------------------------------------------------------------------------

def half_hash(text):
    """at_hash, c_hash and s_hash by Python's own hashing."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=")


def mark(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def payload(token):
    return json.loads(decoded(token.split(".")[1]))


def authorization(sim, role="portal", **change):
    """The address of an authorization request."""
    parameters = {"response_type": "code", "client_id": sim.client(role)["client_id"], "redirect_uri": CALLBACK, "state": "st-1", "nonce": "no-1",
                  "scope": "openid profile offline_access read", "code_challenge_method": "S256",
                  "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")}
    parameters.update(change)
    return sim.idp["erpnet"] + AUTHORIZE + "?" + urllib.parse.urlencode({k: v for k, v in parameters.items() if v is not None})


def login(sim, url, *arguments):
    """Exit status, what the `login` program printed (an object), what it complained of."""
    done = subprocess.run([str(PACKAGE / "login"), "--idp", os.path.join(sim.folder, "idp.json"), "--json", *arguments, url],
                          capture_output=True, text=True, timeout=30)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def fields_of(answer):
    text = {"query": lambda: urllib.parse.urlsplit(answer["url"]).query, "fragment": lambda: urllib.parse.urlsplit(answer["url"]).fragment,
            "form_post": lambda: answer["body"]}[answer["mode"]]()
    return dict(urllib.parse.parse_qsl(text))


def signing_in(c):
    sim = c.sim
    sim.set("reset")
    status, answer, err = login(sim, authorization(sim))
    fields = fields_of(answer) if answer else {}
    assert (status == 0 and answer["mode"] == "query" and answer["url"].startswith(CALLBACK + "?") and fields["state"] == "st-1" and len(fields["code"]) == 64
            and "." in fields["session_state"]), "SIM-17 signing in by the page leads back with a code: %s" % ((answer, err),)
    first = c.exchange(fields["code"]).json
    check_tokens(c, first, "code")
    assert c.exchange(fields["code"]).json == {"error": "invalid_grant"}, "SIM-09 the code is burnt"
    status, answer, err = login(sim, authorization(sim, response_type="code id_token", response_mode="form_post"))
    fields = fields_of(answer)
    assert status == 0 and answer["mode"] == "form_post" and answer["url"] == CALLBACK, f"SIM-17 form_post: {answer}"
    front = payload(fields["id_token"])
    assert (verified(c, fields["id_token"]) and front["c_hash"] == half_hash(fields["code"]) and front["s_hash"] == half_hash("st-1")
            and front["nonce"] == "no-1" and "at_hash" not in front), f"SIM-15 the ID token of the front channel: {front}"
    assert c.exchange(fields["code"]).status == 200, "SIM-17 and its code"
    status, answer, err = login(sim, authorization(sim, response_type="code id_token"))
    assert status == 0 and answer["mode"] == "fragment" and "id_token" in fields_of(answer), f"SIM-17 fragment: {answer}"
    for what, code, change in (("query with code id_token", "invalid_request", {"response_type": "code id_token", "response_mode": "query"}),
                               ("hybrid without a nonce", "invalid_request", {"response_type": "code id_token", "nonce": None}),
                               ("another redirect URI", "invalid_redirect_uri", {"redirect_uri": CALLBACK + "/"}),
                               ("an unknown client", "unauthorized_client", {"client_id": "x"}),
                               ("a scope beyond the ceiling", "invalid_scope", {"scope": "sec"})):
        status, answer, err = login(sim, authorization(sim, **change))
        assert status == 3 and code in err and answer is None, "SIM-18 %s stops on a page: %s" % (what, (answer, err))
    status, answer, err = login(sim, authorization(sim, "native", code_challenge=None))
    assert status == 3 and "code challenge" in err, f"SIM-17 a public client needs a challenge: {err}"
    status, answer, err = login(sim, authorization(sim, "native"))
    assert c.exchange(fields_of(answer)["code"], "native").status == 200, "SIM-09 a public client exchanges"
    assert login(sim, authorization(sim), "--password", "wrong")[0] == 3, "a wrong password stays on the page"


def check_tokens(c, answer, what):
    access, identity = payload(answer["access_token"]), payload(answer["id_token"])
    assert (verified(c, answer["access_token"]) and access["sub"] == "m.petrova" and len(access["sid"]) == 32 and access["is_admin"] == "false"
            and access["scope"] == ["openid", "profile", "read", "offline_access"]), "SIM-14 the access token of a %s: %s" % (what, access)
    assert (verified(c, answer["id_token"]) and identity["at_hash"] == half_hash(answer["access_token"])
            and identity["aud"] == c.sim.client("portal")["client_id"] and identity["exp"] - identity["iat"] == 300 and identity["sid"] == access["sid"]), (
        "SIM-15 the ID token of a %s: %s" % (what, identity))
    nonce = {"nonce": "no-1", "s_hash": half_hash("st-1")} if what == "code" else {}
    assert {k: identity[k] for k in ("nonce", "s_hash") if k in identity} == nonce, "SIM-11 nonce and state in the ID token of a %s: %s" % (what, identity)


def consent_and_sessions(c):
    sim = c.sim
    sim.set("reset", "knob consent on")
    jar = os.path.join(sim.folder, "cookies")
    status, answer, err = login(sim, authorization(sim), "--deny")
    assert status == 0 and answer["url"] == CALLBACK + "?error=access_denied&state=st-1#_=_", "SIM-18 cancelling: %s" % ((answer, err),)
    status, answer, err = login(sim, authorization(sim), "--cookies", jar)
    assert status == 0 and "code" in fields_of(answer), "SIM-17 over the consent page: %s" % ((answer, err),)
    status, answer, err = login(sim, authorization(sim), "--cookies", jar, "--deny")
    assert status == 0 and fields_of(answer)["error"] == "access_denied", "SIM-18 refusing consent: %s" % ((answer, err),)
    assert fields_of(login(sim, authorization(sim, prompt="none"), "--cookies", jar)[1])["error"] == "consent_required", (
        "SIM-18 prompt=none with a consent to ask for")
    sim.set("knob consent off")

    def sid(*arguments, **change):
        status, answer, err = login(sim, authorization(sim, **change), "--cookies", jar, *arguments)
        return payload(c.exchange(fields_of(answer)["code"]).json["access_token"])["sid"]

    silent = sid(prompt="none")
    assert silent == sid("--password", "never asked for"), "SIM-19 the SSO cookie signs in silently"
    assert sid(prompt="login") == silent, "SIM-19 prompt=login, the same person: the same sid"
    assert sid("--user", "a.admin", prompt="login") != silent, "SIM-19 prompt=login, another person: a new sid"
    assert fields_of(login(sim, authorization(sim, prompt="none"))[1])["error"] == "login_required", "SIM-19 without a cookie prompt=none is refused"
    assert fields_of(login(sim, authorization(sim), "--user", "c.guest")[1])["error"] == "access_denied", "people who may not are refused"
    assert [s["user"] for s in sim.set("sessions")["sessions"]] == ["m.petrova", "a.admin", "c.guest"], "sessions are listed: %s" % (sim.set("sessions"),)
    os.unlink(jar)


def auto_login(c):
    sim = c.sim
    sim.set("reset", "knob auto-login m.petrova")
    status, out, err = curl(sim, "-o", os.devnull, "-w", "%{http_code} %{redirect_url}", authorization(sim))
    assert status == 0 and out.startswith("302 " + CALLBACK + "?code="), "SIM-19 auto-login answers a plain GET: %s" % ((out, err),)
    status, out, err = curl(sim, authorization(sim, response_type="code id_token", response_mode="form_post"))
    assert status == 0 and 'name="id_token"' in out and "<noscript>" in out, "SIM-19 and with a page that posts itself: %s" % ((out, err),)
    for knob, expected in (("right", sim.idp["issuer"]), ("wrong", "https://other.example/id")):
        sim.set("knob iss-parameter " + knob)
        assert fields_of(login(sim, authorization(sim))[1])["iss"] == expected, "SIM-20 iss " + knob
    sim.set("knob iss-parameter off", "knob deny access_denied")
    assert fields_of(login(sim, authorization(sim))[1])["error"] == "access_denied", "SIM-18 a knob denies"
    sim.set("knob deny off")


def sign_in(c, **change):
    """A grant by auto-login: what the token endpoint answered."""
    return c.exchange(fields_of(login(c.sim, authorization(c.sim, **change))[1])["code"]).json


def refreshing(c):
    sim = c.sim
    first = sign_in(c)
    second = c.refresh(first["refresh_token"]).json
    check_tokens(c, second, "refresh")
    assert second["refresh_token"] != first["refresh_token"] and c.refresh(first["refresh_token"]).json == {"error": "invalid_grant"}, (
        "SIM-10 a new refresh token, the old one is refused")
    grant = c.grants()[-1]
    assert (grant["alive"] and grant["generation"] == 2 and grant["current"] == mark(second["refresh_token"])
            and grant["accepted"] == [mark(second["refresh_token"])] and grant["user"] == "m.petrova"), "grants shows which refresh token is alive"
    assert c.get("/profile/me", headers={"Authorization": "Bearer " + second["access_token"]}).json["login"] == "m.petrova", "SIM-24 /profile/me"
    for answer in (first, second):
        assert c.get(PRODUCTS, headers={"Authorization": "Bearer " + answer["access_token"]}).status == 200, "SIM-22 the API"
    assert sim.set("licences")["in_use"] == 1, "SIM-25 one licence slot for both"
    token = second["refresh_token"]
    for fault, processed in (("reset", False), ("reset when=after", True), ("close when=after", True), ("half-body", True), ("status code=503", False)):
        sim.set("fault token %s grant=refresh_token" % fault)
        try:
            assert c.refresh(token).status == 503, "SIM-12 %s: not served" % fault
        except (OSError, http.client.HTTPException):
            pass
        alive = c.grants("alive=true")[-1]["current"]
        assert (alive != mark(token)) == processed, "SIM-12 %s: the refresh was %scarried out" % (fault, "" if processed else "not ")
        token = token if not processed else sign_in(c)["refresh_token"]
    refresh_modes(c)
    kill_switches(c)


def refresh_modes(c):
    sim = c.sim
    sim.set("knob refresh-mode family-revoke", "counters reset")
    first = sign_in(c)["refresh_token"]
    second = c.refresh(first).json["refresh_token"]
    assert [c.refresh(t).json for t in (first, second)] == [{"error": "invalid_grant"}] * 2, "SIM-10 family-revoke"
    counters = sim.set("counters")["counters"]
    assert (counters["reused"], counters["families-revoked"], counters["refresh-refusals:demo.app/portal"]) == (1, 1, 2), "the reuse is counted"
    sim.set("knob refresh-mode grace-60")
    first = sign_in(c)["refresh_token"]
    assert [c.refresh(first).status for _ in range(2)] == [200, 200] and len(c.grants()[-1]["accepted"]) == 2, "SIM-10 grace"
    sim.set("clock advance 60")
    assert c.refresh(first).json == {"error": "invalid_grant"}, "SIM-10 grace ends"
    sim.set("clock reset", "knob refresh-mode no-rotation")
    first = sign_in(c)["refresh_token"]
    assert c.refresh(first).json["refresh_token"] == first, "SIM-10 no rotation, the same comes back"
    sim.set("knob unrotated-answer absent")
    assert "refresh_token" not in c.refresh(first).json, "SIM-10 no rotation, none comes back"
    sim.set("knob refresh-mode reject", "knob refresh-tokens off")
    assert "refresh_token" not in sign_in(c), "no refresh token at all"
    sim.set("knob refresh-tokens on", "knob refresh-ttl 100")
    first = sign_in(c)["refresh_token"]
    sim.set("clock advance 100")
    assert c.refresh(first).json == {"error": "invalid_grant"} and c.grants()[-1]["ended"] == "expired", "SIM-10 it expires"
    sim.set("clock reset", "knob refresh-ttl by-client-type")


def kill_switches(c):
    sim = c.sim
    for line, cause in (("session end all", "logout"), ("password m.petrova other-Word_1", "password-change"), ("grant delete all", "deleted"),
                        ("app demo.app/portal IsEnabled=false", "app-change")):
        token = sign_in(c)["refresh_token"]
        sim.set(line, "app demo.app/portal IsEnabled=true")
        assert c.refresh(token).json == {"error": "invalid_grant"} and c.grants()[-1]["ended"] == cause, "SIM-10 it dies of " + cause
    token = sign_in(c)["refresh_token"]
    assert c.get(METADATA).json["revocation_endpoint"] == sim.idp["endpoints"]["revocation"], "a listed revocation endpoint"
    answer = c.grant(path="/id/connect/revocation", token=token, token_type_hint="refresh_token")
    assert ((answer.status, answer.body) == (200, b"") and c.refresh(token).json == {"error": "invalid_grant"}
            and sim.set("counters")["counters"]["revocations"] == 1), "RFC 7009"


def bent_id_tokens(c):
    sim = c.sim
    for flaw in ("broken-signature", "no-signature", "alg-none", "hs256", "wrong-key"):
        sim.set("knob id-token-flaw " + flaw)
        assert not verified(c, sign_in(c)["id_token"]), "SIM-15 openssl refuses %s" % flaw
    sim.set("knob id-token-flaw hs256")
    head, claims, signature = sign_in(c)["id_token"].split(".")
    jwks = c.get(METADATA + "/jwks").json["keys"]
    path = os.path.join(sim.folder, "check-hs256")
    public_key(next(k for k in jwks if k["kid"] == json.loads(decoded(head))["kid"]), path)
    with open(path, "rb") as file:
        pem = subprocess.run(["openssl", "pkey", "-pubin"], stdin=file, capture_output=True, check=True).stdout
    assert hmac.new(pem, ("%s.%s" % (head, claims)).encode(), "sha256").digest() == decoded(signature), "SIM-15 hs256 is what a forger makes of the public key"
    sim.set("knob id-token-flaw none", 'id-token set iss "https://other.example/id"', "id-token set exp now-400", "id-token remove sub")
    bent = payload(sign_in(c)["id_token"])
    assert bent["iss"] == "https://other.example/id" and bent["exp"] < time.time() and "sub" not in bent, "SIM-15 claims are bent"
    sim.set("id-token reset")


def signing_out(c):
    sim = c.sim
    answer = sign_in(c)
    bye = "http://127.0.0.1:53177/bye"
    query = urllib.parse.urlencode({"id_token_hint": answer["id_token"], "post_logout_redirect_uri": bye, "state": "lo-1"})
    status, left, err = login(sim, sim.idp["erpnet"] + END_SESSION + "?" + query)
    assert status == 0 and left["url"] == bye + "?state=lo-1", "SIM-21 signing out leads back: %s" % ((left, err),)
    assert c.refresh(answer["refresh_token"]).json == {"error": "invalid_grant"}, "SIM-21 and ends the grant"
    assert b"Would you like to sign out?" in c.get(END_SESSION).body, "SIM-21 without a hint a page asks"
    status, left, err = login(sim, sim.idp["erpnet"] + END_SESSION)
    assert status == 0 and left["mode"] == "page" and "You are signed out" in left["body"], "SIM-21 and nothing leads back: %s" % ((left, err),)


def devices(c):
    sim = c.sim
    sim.set("reset", "knob device-grant on")

    def poll(begun):
        return c.grant(grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=begun["device_code"])

    for arguments, expected in (((), None), (("--deny",), "access_denied")):
        begun = c.grant(path="/id/connect/deviceauthorization", scope="openid profile offline_access read").json
        assert poll(begun).json == {"error": "authorization_pending"}, "a device waits"
        status, page, err = login(sim, begun["verification_uri_complete"], *arguments)
        assert status == 0 and page["mode"] == "page", "its page is filled in: %s" % ((page, err),)
        answer = poll(begun)
        assert answer.json.get("error") == expected and ("refresh_token" in answer.json) == (expected is None), f"the device hears of it: {answer.body}"


def many_refreshes(c):
    """A torture test refreshes thousands of times; the simulator is not to be what it waits for."""
    sim = c.sim
    token = sim.set("grant mint app=demo.app/portal user=m.petrova")["refresh_token"]
    client, count = sim.client("portal"), 200
    context = ssl.create_default_context(cafile=sim.ca)
    began = time.monotonic()
    with contextlib.closing(http.client.HTTPSConnection("localhost", sim.port, context=context, timeout=10)) as connection:
        for _ in range(count):
            form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client["client_id"], "client_secret": client["client_secret"]}
            connection.request("POST", TOKEN, urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
            token = json.loads(connection.getresponse().read())["refresh_token"]
    rate = count / (time.monotonic() - began) * 60
    assert rate > 2000, "more than 2000 refreshes a minute (%d)" % rate
    assert c.grants("alive=true")[-1]["current"] == mark(token), "and the last refresh token is the one alive"
    with open(sim.idp["audit"], encoding="utf-8") as file:
        text = file.read()
    assert token not in text and "wonder-Land" not in text and "eyJ" not in text, "SIM-26 no refresh token, code or password in the log"


def test_people(c):
    for part in (signing_in, consent_and_sessions, auto_login, refreshing, bent_id_tokens, signing_out, devices, many_refreshes):
        part(c)
    c.sim.set("reset")


# API ------------------------------------------------------------------------------------------------------------------

def test_api(c):
    sim = c.sim
    token = c.token(scope="read").json["access_token"]
    bearer = {"Authorization": "Bearer " + token}
    assert c.get(PRODUCTS, headers=bearer).status == 200, "SIM-22 the API accepts the token"
    assert c.http("POST", PRODUCTS, "{}", bearer).status == 403, "SIM-22 the API refuses writing without update"
    assert c.get(PRODUCTS).status == 401, "SIM-22 no token is 401"
    assert c.get(PRODUCTS, headers=dict(bearer, **{"X-Api-Key": "enrt_x"})).status == 400, "SIM-22 two methods are 400"
    sim.set("clock advance 3600")
    late = c.get(PRODUCTS, headers=bearer)
    assert late.status == 401 and "invalid_token" in late.headers["WWW-Authenticate"], "SIM-05 an advanced clock expires it"
    sim.set("clock reset")
    minted = sim.set("reference mint kind=PAT app=demo.app/portal user=m.petrova scope=read")
    key = {"X-Api-Key": minted["token"]}
    assert c.get(PRODUCTS, headers=key).status == 200, "SIM-22 a reference token"
    me = c.get("/profile/me", headers=key)
    assert me.status == 200 and me.json["login"] == "m.petrova" and me.headers["Cache-Control"] == "no-store", f"SIM-24 /profile/me of a PAT: {me.body}"
    assert c.get("/profile/me", headers=bearer).status == 403, "SIM-24 /profile/me of a service token is 403"
    sim.set("reference revoke " + minted["reference"]["id"])
    assert c.get(PRODUCTS, headers=key).status == 401, "SIM-23 revoked at once"
    sim.set("licences reset", "knob licences 1", "knob licence-status 503")
    c.get(PRODUCTS, headers=bearer)
    second = c.get(PRODUCTS, headers={"Authorization": "Bearer " + c.token().json["access_token"]})
    assert second.status == 503 and b"MaximumLicenseCountExceeded" in second.body, f"SIM-25 no free licence: {second.body}"
    assert {k: sim.set("licences")[k] for k in ("in_use", "opened", "refused")} == {"in_use": 1, "opened": 1, "refused": 1}, "SIM-25 counters"
    login = c.http("POST", "/api/domain/login", '{"user":"m.petrova","pass":"wonder-Land_1","app":"x","lang":"en"}')
    assert login.json["authorization"].startswith("ErpSession ") and sim.set("counters")["counters"]["login-requests"] == 1, (
        "SIM-30 the legacy login answers and is counted")
    sim.set("knob reset")


# faults ---------------------------------------------------------------------------------------------------------------

def test_status_faults(c):
    sim = c.sim
    sim.set("fault token status code=503 retry-after=7 times=2")
    assert [c.token().status for _ in range(3)] == [503, 503, 200], "SIM-28 503 twice, then well"
    for option, shown in (("20", "20"), ("absurd", "9" * 20), ("absent", None)):
        sim.set("fault token status code=429 retry-after=" + option)
        answer = c.token()
        assert answer.status == 429 and answer.headers["Retry-After"] == shown, "%s: %s" % ("SIM-28 429 with Retry-After " + option, answer.headers)
    sim.set("fault token status code=503 retry-after=date+60")
    answer = c.token()
    ahead = time.mktime(time.strptime(answer.headers["Retry-After"], "%a, %d %b %Y %H:%M:%S GMT")) - time.mktime(time.gmtime())
    assert 55 < ahead <= 61, "SIM-28 Retry-After as a date"
    sim.set("fault token status code=500", "fault token status code=502")
    assert c.token().status == 500, "SIM-28 500"
    answer = c.token()
    assert answer.status == 502 and b"<html>" in answer.body, "SIM-28 502 is a page"
    for code in (301, 302, 307, 308):
        sim.set("fault token redirect code=%d" % code)
        assert c.token().headers["Location"] == "https://127.0.0.1:%d/redirected" % sim.port, "SIM-28 redirect %d" % code
    sim.set("fault token redirect code=307", "audit reset")
    curl(sim, "-L", "-d", "client_secret=x", sim.idp["erpnet"] + TOKEN)
    assert [e["path"] for e in sim.set("audit")["entries"]] == [TOKEN, "/redirected"], "SIM-28 who follows a redirect is seen"
    sim.set("fault token status code=400 error=invalid_client times=forever client=demo.app/reader")
    assert c.token().status == 200 and c.token("reader").json == {"error": "invalid_client"}, "a fault for one client"
    sim.set("clear token")
    assert c.token("reader").status == 200, "a fault for ever ends when cleared"


def test_quirks(c):
    sim = c.sim

    def bent(quirk):
        sim.set("fault token quirk " + quirk)
        return c.token()

    for quirk, member, value in (
        ("expires-in=missing", "expires_in", None), ("expires-in=string", "expires_in", "3600"), ("expires-in=0", "expires_in", 0),
        ("expires-in=-5", "expires_in", -5), ("expires-in=huge", "expires_in", int("9" * 20)), ("expires-in=86400", "expires_in", 86400),
        ("token-type=missing", "token_type", None), ("token-type=bearer", "token_type", "bearer"), ("token-type=BEARER", "token_type", "BEARER"),
        ("token-type=mac", "token_type", "mac"), ("scope=missing", "scope", None), ("scope=empty", "scope", ""),
        ("scope=array", "scope", ["read", "update"]), ("access-token=missing", "access_token", None), ("access-token=empty", "access_token", ""),
    ):
        answer = bent(quirk)
        assert answer.status == 200 and answer.json.get(member) == value, "%s: %s" % ("SIM-16 " + quirk, answer.body)
    assert (lambda a: a.status == 200 and a.json == {"error": "invalid_grant"})(bent("body=error")), "SIM-16 error with 200"
    assert (lambda a: a.status == 200 and b"<html>" in a.body)(bent("body=html")), "SIM-16 HTML"
    assert bent("body=bom").body.startswith(b"\xef\xbb\xbf{"), "SIM-16 BOM"
    assert bent("body=duplicate").body.count(b'"access_token"') == 2, "SIM-16 duplicate members"
    assert len(bent("body=2mib").body) == 2 << 20, "SIM-16 2 MiB"
    assert bent("body=empty").body == b"", "SIM-16 empty"
    c.fails("SIM-16 truncated", json.JSONDecodeError, lambda: bent("body=truncated").json)
    c.fails("SIM-16 not UTF-8", UnicodeDecodeError, lambda: bent("body=latin1").json)
    assert bent("content-type=text/plain").headers["Content-Type"] == "text/plain", "SIM-16 content type"
    assert bent("content-type=missing").headers["Content-Type"] is None, "SIM-16 no content type"


def test_transport_faults(c):
    sim = c.sim
    sim.set("reset", "fault token slow delay=0.4", "fault token slow hold=0.4")
    for what in ("delay", "hold"):
        began = time.monotonic()
        assert c.token().status == 200 and time.monotonic() - began >= 0.4, "SIM-12 " + what
    sim.set("counters reset", "fault token reset", "fault token reset when=after", "fault token close")
    c.fails("SIM-12 reset before processing", ConnectionResetError, c.token)
    assert "token-grants" not in sim.set("counters")["counters"], "SIM-12 nothing was processed"
    c.fails("SIM-12 lost response: reset after processing", ConnectionResetError, c.token)
    assert sim.set("counters")["counters"].get("token-grants") == 1, "SIM-12 the request was processed"
    c.fails("SIM-12 closed without an answer", http.client.RemoteDisconnected, c.token)
    sim.set("fault token half-body", "fault token half-body then=reset", "fault token half-body then=hang")
    c.fails("SIM-12 half a body, then closed", http.client.IncompleteRead, c.token)
    c.fails("SIM-12 half a body, then reset", (ConnectionResetError, http.client.IncompleteRead), c.token)
    c.fails("SIM-12 half a body, then nothing", TimeoutError, lambda: c.token(timeout=0.5))
    assert sim.set("await gone 1 timeout=5")["ok"], "a client that leaves is seen"
    sim.set("fault metadata slow-body every=0.001")
    began = time.monotonic()
    assert c.get(METADATA).json["issuer"] == sim.idp["issuer"] and time.monotonic() - began > 0.5, "slow-loris body comes whole and late"
    sim.set("fault metadata endless-body")
    status, size, _ = curl(sim, "--max-time", "2", sim.idp["discovery"], "-o", os.devnull, "-w", "%{size_download}")
    assert status == 28 and int(size) > 100_000, "an endless body does not end: %s" % ((status, size),)
    sim.set("knob keep-alive off")
    assert c.get(METADATA).headers["Connection"] == "close", "keep-alive off closes"
    sim.set("reset")


def test_hanging(c):
    """A hang holds requests until it is cleared: the way to prove single flight without sleeping."""
    sim = c.sim
    sim.set("reset", "fault token hang times=2")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(c.token().status)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert sim.set("await hung 2 timeout=10")["count"] == 2, "await wakes when both hang"
    entries = sim.set("audit route=token")["entries"]
    assert [e["status"] for e in entries] == [None, None] and answers == [], "requests in flight are in the log without an end"
    assert sim.set("clear")["released"] == 2, "clear releases them"
    for thread in threads:
        thread.join(10)
    assert answers == [200, 200], "released requests are answered"
    assert sim.control("await token-requests 99 timeout=0.1")["ok"] is False, "await gives up in time"
    sim.set("fault token hang")
    c.fails("a hang outlasts the client", TimeoutError, lambda: c.token(timeout=0.3))
    assert sim.set("await gone 1 timeout=5")["ok"], "and its leaving is counted"


# TLS ------------------------------------------------------------------------------------------------------------------

def test_tls(c):
    sim = c.sim
    for kind in ("expired", "not-yet-valid", "wrong-host", "address-only", "untrusted"):
        listener = sim.set("listener " + kind)
        c.fails("SIM-27 %s is refused" % kind, ssl.SSLCertVerificationError, lambda: c.get(METADATA, port=listener["port"]))
        status, _, err = curl(sim, listener["issuer"] + "/.well-known/openid-configuration")
        assert status == 60, "SIM-27 %s is refused by curl: %s" % (kind, err)
        status, out, _ = curl(sim, "-k", listener["issuer"] + "/.well-known/openid-configuration")
        assert status == 0 and json.loads(out)["issuer"] == listener["issuer"], "SIM-27 %s is otherwise right" % kind
    names_only = sim.set("listener common-name")
    c.fails("SIM-27 a common name alone is refused by a strict client", ssl.SSLCertVerificationError,
            lambda: c.get(METADATA, port=names_only["port"]))
    status, out, _ = curl(sim, names_only["issuer"] + "/.well-known/openid-configuration")
    assert status == 0 and json.loads(out)["issuer"] == names_only["issuer"], "SIM-27 and accepted by a lax one"
    old = sim.set("listener tls11")
    c.fails("SIM-27 TLS 1.1 is refused", ssl.SSLError, lambda: c.get(METADATA, port=old["port"]))
    status, out, err = curl(sim, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", old["issuer"] + "/.well-known/openid-configuration")
    assert status == 0 and json.loads(out)["issuer"] == old["issuer"], f"SIM-27 TLS 1.1 is there for who wants it: {err}"
    status, _, _ = curl(sim, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", sim.idp["discovery"])
    assert status == 35, "the main listener has no TLS 1.1"
    plain = sim.set("listener plain")
    status, out, _ = curl(sim, plain["issuer"] + "/.well-known/openid-configuration")
    assert status == 0 and json.loads(out)["issuer"] == plain["issuer"], "HTTP without TLS"
    assert c.get(METADATA, host="127.0.0.1").status == 200, "127.0.0.1 is in the certificate"
    sim.set("counters reset")
    with contextlib.suppress(ssl.SSLError):
        c.get(METADATA, port=sim.set("listener untrusted")["port"])
    assert sim.set("await handshake-failures 1 timeout=5")["ok"], "a failed handshake is counted"
    sim.set("listener stop %d" % plain["port"])
    status, _, _ = curl(sim, plain["issuer"])
    assert status == 7, "a listener can be stopped"


# log and life ---------------------------------------------------------------------------------------------------------

def test_audit(c):
    sim = c.sim
    sim.set("reset")
    answer = c.token("tricky", basic=True, scope="read")
    secret = sim.client("tricky")["client_secret"]
    entry = sim.set("audit route=token")["entries"][-1]

    assert (entry["client"], entry["auth"], entry["fields"], entry["status"]) == ("demo.app/tricky", "basic", ["grant_type", "scope"], 200), (
        "SIM-26 the log knows who, how and what")
    assert entry["fingerprints"] == {"client_secret": mark(secret)} and entry["token"] == mark(answer.json["access_token"]), "SIM-26 fingerprints"
    with open(sim.idp["audit"], encoding="utf-8") as file:
        text = file.read()
    assert all(json.loads(line)["seq"] for line in text.splitlines()) and len(text) > 0, "SIM-26 the file has a JSON document on each line"
    secrets = [client["client_secret"] for client in sim.idp["clients"].values() if client["client_secret"]]
    assert not any(s in text for s in secrets + [answer.json["access_token"], "eyJ"]), "SIM-26 no secret and no token in the file"


def test_control(c):
    sim = c.sim
    for line in ("", "dance", "knob issuer round", "fault token", 'fault token "hang', "await x", "listener main", "clock sideways", "app nobody"):
        answer = sim.control(line)
        assert answer["ok"] is False and answer["error"], "refused with a sentence: %r" % line
    done = subprocess.run(["nc", "-NU", sim.idp["control"]], input="ping\nclock advance 5", capture_output=True, text=True, timeout=10)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 2 and answers[1]["offset"] == 5, f"nc gets a line for each line, the last without an end too: {done.stdout}"
    assert sim.set("idp")["idp"] == sim.idp, "idp repeats the file"
    sim.set("reset")


def test_two_at_once(c, folder):
    other = Simulator(str(program()), os.path.join(folder, "other"))
    try:
        token = c.token().json["access_token"]
        context = ssl.create_default_context(cafile=other.ca)
        connection = http.client.HTTPSConnection("localhost", other.port, context=context, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", PRODUCTS, headers={"Authorization": "Bearer " + token})
            status = connection.getresponse().status
        assert status == 401, "SIM-29 a second instance refuses the first one's token"
        c.fails("SIM-29 and has a CA of its own", ssl.SSLCertVerificationError, lambda: c.get(METADATA, port=other.port))
    finally:
        code = other.stop()
    assert code == 0 and not os.path.exists(other.idp["control"]), "SIGTERM ends it with 0 and takes the socket away"


def test_restart(c):
    """The same folder and port again: the same CA, and tokens stay good."""
    token = c.token().json["access_token"]
    refresh_token = c.sim.set("grant mint app=demo.app/portal user=m.petrova")["refresh_token"]
    with open(c.sim.ca, encoding="ascii") as file:
        authority = file.read()
    c.sim.stop()
    memory = os.path.join(c.sim.folder, "memory.json")
    assert os.stat(memory).st_mode & 0o777 == 0o600, "what it remembers is nobody else's to read"
    c.sim = Simulator(str(program()), c.sim.folder, "--port", str(c.sim.port), "--name", "identity.test")
    with open(c.sim.ca, encoding="ascii") as file:
        assert file.read() == authority, "the CA is kept"
    assert c.get(PRODUCTS, headers={"Authorization": "Bearer " + token}).status == 200, "a token of the run before is good"
    assert c.refresh(refresh_token).status == 200 and not os.path.exists(memory), "a refresh token of the run before is good"
    status, _, err = curl(c.sim, "--resolve", "identity.test:%d:127.0.0.1" % c.sim.port, "https://identity.test:%d/tools/ver" % c.sim.port)
    assert status == 0, f"--name puts a host into the certificate: {err}"
    c.sim.process.stdin.close()
    assert c.sim.process.wait(10) == 0, "the end of standard input ends it too"
