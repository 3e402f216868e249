"""tokend against glewlwyd, an identity server that nobody here wrote."""
import base64
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

import pytest
from lib import processes
from lib.daemon import CALLER, Daemon, Served, Watch
from lib.glewlwyd import CLIENTS, SCOPES, Glewlwyd

from .sign_ins import REFUSED, DoubtTests, SignInTests, Torture, prepared

pytestmark = pytest.mark.glewlwyd
REFUSED_STATUS, TRY_AGAIN_STATUS = 78, 75
# name: (issuer, client, secret when not the right one, scopes)
APPLICATIONS = {
    "basic": ("long", "basic", None, SCOPES),
    "post": ("long", "post", None, ["api.read"]),
    "tricky": ("long", "tricky", None, ["api.read"]),
    "short": ("short", "post", None, ["api.read"]),
    "mistaken": ("long", "basic", "not-the-secret", ["api.read"]),
    "greedy": ("long", "post", None, ["api.everything"]),
    "hopeful": ("long", "post", None, ["api.read", "api.everything"]),
}


def configure(daemon, server):
    for name, (issuer, client, secret, scopes) in APPLICATIONS.items():
        known = CLIENTS[client]
        path = daemon.secret(name + ".secret", (secret or known["client_secret"]) + "\n")
        daemon.application(name, """
issuer = "%s"
ca_file = "%s"

[client]
id = "%s"
authentication = "%s"
secret = { file = "%s" }

[token.job]
grant = "client_credentials"
scopes = %s
allow = [ { user = "%s" } ]
""" % (server.issuers[issuer], server.authority.certificate, known["client_id"], known["authentication"][0], path,
            json.dumps(scopes), CALLER))


def signed_by(server, token):
    """Whether openssl finds the server's signature under a token."""
    content, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    with tempfile.TemporaryDirectory() as folder:
        signature_file = pathlib.Path(folder, "signature")
        signature_file.write_bytes(raw)
        verified = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", str(server.verification_key), "-signature", str(signature_file)],
            input=content.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return verified.returncode == 0


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="tokend-") as folder, Glewlwyd(pathlib.Path(folder, "glewlwyd")) as server:
        yield server


class TestJobs:
    @pytest.fixture(scope="class")
    def daemon(self, server):
        with tempfile.TemporaryDirectory(prefix="tokend-") as folder:
            daemon = Daemon(folder)
            configure(daemon, server)
            with daemon:
                yield daemon

    @pytest.fixture(autouse=True)
    def names(self, server, daemon):
        self.server, self.daemon = server, daemon

    def test_tokens(self):
        for name in ("basic", "post", "tricky"):
            reply = self.daemon.ask("GET %s.job" % name)
            assert reply.startswith("OK "), "%s: netcat gets a token" % name
            served = Served(reply)
            assert signed_by(self.server, served.token), "%s: it carries the server's signature" % name
            assert claims(served.token).get("client_id") == CLIENTS[name]["client_id"], "%s: it is the client's" % name
            assert abs(served.expires - claims(served.token)["exp"]) <= 2, "%s: expires= is the token's own end" % name
            assert sorted(served.scopes) == sorted(APPLICATIONS[name][3]), "%s: the scopes are those granted" % name
            by_tokenctl = self.daemon.tokenctl("get", name + ".job")
            assert by_tokenctl.stdout == served.token + "\n", "%s: tokenctl prints the same token and nothing else" % name
            assert by_tokenctl.returncode == 0, "%s: tokenctl exits with 0" % name

    def test_header(self):
        header = self.daemon.tokenctl("header", "basic.job").stdout
        assert re.fullmatch(r"Authorization: Bearer [\w.-]+\n", header), "header is ready to send"

    def test_refusals(self):
        first = self.daemon.ask("GET mistaken.job wait=20")
        assert re.search(r"^ERR unavailable retry-after=\d+ : .*answered 403", first), "a 403 that says nothing is not believed at once"
        for name, what, code, status in (("mistaken", "a secret that is refused with 403 and no body again", "unavailable", TRY_AGAIN_STATUS),
                                         ("greedy", "a scope that the server does not know", "refused", REFUSED_STATUS)):
            reply = self.daemon.ask("GET %s.job wait=0" % name if code == "unavailable" else "GET %s.job wait=20" % name)
            assert reply.startswith("ERR %s " % code), "%s is ERR %s" % (what, code)
            by_tokenctl = self.daemon.tokenctl("get", name + ".job", "--wait", "0")
            assert by_tokenctl.returncode == status, "and tokenctl exits with %d" % status
            assert by_tokenctl.stdout == "", "and prints nothing on stdout"
            assert by_tokenctl.stderr.strip(), "and says so on stderr"

    def test_partly_granted(self):
        reply = self.daemon.ask("GET hopeful.job wait=20")
        assert "scope=api.everything" not in reply, f"a scope that was not granted is never claimed: {reply[:100] + reply[-200:]}"
        assert re.match(r"OK .* scope=api\.read|ERR refused ", reply), "what was granted is served, or refused by name"

    def test_renewal(self):
        watch = Watch(self.daemon, "short.job")
        try:
            rows = watch.wait_for(4, 30)
        finally:
            watch.end()
        assert len(rows) >= 4, f"a 5 s token is renewed three times within 30 s: {watch.rows}"
        ids = [row.fields.get("id") for _, row in rows]
        assert len(set(ids)) == len(ids), "every row carries another token"
        late = [index for index, ((_, before), (moment, _)) in enumerate(zip(rows, rows[1:])) if moment > before.expires + 1]
        assert late == [], "each successor came before its predecessor ended"

    def test_outage(self):
        held = Served(self.daemon.ask("GET basic.job"))
        os.kill(self.server.process.pid, signal.SIGSTOP)
        try:
            self._while_it_hangs(held)
        finally:
            os.kill(self.server.process.pid, signal.SIGCONT)
        back = self.daemon.tokenctl("wait", "short.job", seconds=150)
        assert back.returncode == 0, "once it answers again, tokens come again"
        again = self.daemon.ask("GET short.job")
        assert again.startswith("OK ") and Served(again).expires > time.time(), "and they are valid"

    def _while_it_hangs(self, held):
        started = time.monotonic()
        for _ in range(20):
            served = self.daemon.ask("GET basic.job")
            assert served.startswith("OK " + held.token + " "), "the held token is served while the server hangs"
        seconds = time.monotonic() - started
        # each of them would wait for a second at least
        assert seconds < 18, "without waiting for the server (20 connections in less than 18 s): %s" % ("%.2f s" % seconds,)
        gone = processes.until(lambda: not self.daemon.ask("GET short.job wait=0").startswith("OK"), 15, every=0.2)
        assert gone, "a token that has ended is not served: %s" % (self.daemon.ask("GET short.job wait=0")[:100],)
        started = time.monotonic()
        missing = self.daemon.ask("GET short.job wait=2")
        seconds = time.monotonic() - started
        assert re.match(r"ERR (timeout|unavailable) ", missing) and seconds < 5, "its caller hears so within wait="
        assert self.daemon.tokenctl("get", "short.job", "--wait", "1").returncode == TRY_AGAIN_STATUS, "tokenctl exits with %d" % TRY_AGAIN_STATUS
        assert self.daemon.ask("PING") == "OK", "PING is answered"

    def test_farewell(self):
        early = socket.socket(socket.AF_UNIX)
        early.connect(str(self.daemon.socket))
        self.daemon.ask("PING")  # whoever connected before has been accepted
        early.settimeout(5)
        self.daemon.process.terminate()
        assert processes.until(lambda: "stopping" in self.daemon.words(), 5, every=0.01), "SIGTERM is taken"
        early.sendall(b"PING\nGET basic.job\n")
        answers = early.makefile().read()
        assert re.search(r"^OK\n(OK eyJ|ERR stopping )[^\n]*\n\Z", answers), "whoever was accepted before is still answered"
        assert self.daemon.stop() == 0, "SIGTERM ends it with 0"

    def test_silence(self):
        words = self.daemon.words()
        secrets = [client["client_secret"] for client in CLIENTS.values()] + ["not-the-secret"]
        assert [secret for secret in secrets if secret in words] == [], "no secret is in what tokend wrote"
        assert not re.search(r"eyJ[\w-]{20,}", words), "no token either: %s" % ("a JWT is in %s" % self.daemon.log,)


class TestSignIns(SignInTests):
    @pytest.fixture(scope="class")
    def home(self, server):
        home = prepared(server, {"web": {}, "native": {}})
        home.person("mistaken", "web", secret="not-the-secret")
        home.person("hybrid", "web", 'response_type = "code id_token"', issuer=server.issuers["hybrid"])
        home.person("misnamed", "web", 'response_type = "code id_token"')
        with home:
            yield home

    def test_hybrid(self):
        """`code id_token`, posted as a form. Where the server names itself in it, it does so percent-encoded twice."""
        visit = self.home.login("hybrid")
        assert visit.status == 0, "HYB-02 HYB-04 tokenctl login takes a posted form"
        assert (visit.page.status, visit.page.url.rpartition("/")[2]) == (200, "done"), "HYB-02 the person's browser ends at tokenctl's page"
        served = self.home.token("hybrid")
        assert signed_by(self.server, served.token), f"HYB-08 and the token is the server's: {served.fields}"
        assert self.home.renewed("hybrid", served.token), "HYB-08 which is renewed"
        visit = self.home.login("misnamed")
        assert visit.status == REFUSED, "AC-07 a server that misnames itself is not believed"
        assert "from 'https%3A%2F%2F" in visit.errors, "AC-07 and the person is told what it called itself"

    def test_denied(self):
        """Whoever does not agree comes back with less than was asked for."""
        before = len(self.server.refresh_tokens("native"))
        visit = self.home.login("native", consents=False)
        assert visit.status == REFUSED, "TR-08 a sign-in without the scopes that were asked for is none"
        assert "reason=missing-scope" in visit.errors and '"api.read"' in visit.errors, "TR-08 and the missing scope is named"
        assert len(self.server.refresh_tokens("native")) == before + 1, "REV-05 its code was redeemed, and nobody is left with it"

    def test_discarded(self):
        """The same with a client that may revoke: what nobody will use is given back."""
        visit = self.home.login("web", consents=False)
        assert visit.status == REFUSED, "TR-08 the same for a client with a secret"
        gone = processes.until(lambda: not self.server.refresh_tokens("web")[-1][2], 20)
        assert gone, "REV-05 the server is told that nobody will use it: %s" % (self.server.refresh_tokens("web")[-1],)

    def test_session(self):
        said, _, browser = self.signing_out("web")
        assert "server has revoked" in said.stdout, "REV-01 the server has revoked it"
        address = [word for word in said.stdout.split() if word.startswith("https://")][-1]
        assert "/end_session?id_token_hint=eyJ" in address, "REV-07 there is an address to end the session, with a hint of whose"
        page = browser.open(address)
        assert page.query().get("prompt", "").startswith("end"), f"REV-07 which the server understands: {page.url}"

    def test_public_logout(self):
        said, _, _ = self.signing_out("native")
        assert "signed out here" in said.stdout, "REV-04 a public client may not revoke: it is forgotten here, and so it is said"

    def test_silence(self):
        self.assert_silence()


class TestDoubts(DoubtTests):
    pass


def test_torture(server):
    Torture(server).run()
