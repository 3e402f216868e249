"""tokend against django-oauth-toolkit, an identity server that nobody here wrote."""
import contextlib
import pathlib
import tempfile

import pytest
from lib.daemon import Served
from lib.django_oauth_toolkit import DjangoOAuthToolkit

from .sign_ins import LOGIN_REQUIRED, REFUSED, DoubtTests, SignInTests, Torture, prepared

pytestmark = pytest.mark.django


@contextlib.contextmanager
def started(**options):
    with tempfile.TemporaryDirectory(prefix="dot-") as folder, DjangoOAuthToolkit(pathlib.Path(folder, "site"), **options) as server:
        yield server


@pytest.fixture(scope="module")
def server():
    with started() as server:
        yield server


class TestSignIns(SignInTests):
    @pytest.fixture(scope="class")
    def home(self, server):
        home = prepared(server, {"web": {}, "native": {}, "hybrid": {"more": 'response_type = "code id_token"'}})
        home.person("mistaken", "web", secret="not-the-secret")
        home.job("basic", "machine", basic=True)
        home.job("post", "machine", scopes=["api.read", "api.write"])
        home.job("tricky-basic", "tricky", basic=True)
        home.job("tricky-post", "tricky")
        home.job("wrong-secret", "machine", secret="not-the-secret")
        home.job("greedy", "machine", scopes=["api.everything"])
        with home:
            yield home

    def test_jobs(self):
        for name in ("basic", "post", "tricky-basic", "tricky-post"):
            reply = self.home.daemon.ask("GET %s.user" % name)
            assert reply.startswith("OK "), "CC-01 %s: netcat gets a token" % name
            assert self.server.introspect(Served(reply).token) is True, "CC-01 %s: which the server knows as good" % name
        for name, error in (("wrong-secret", "invalid_client"), ("greedy", "invalid_scope")):
            reply = self.home.daemon.ask("GET %s.user" % name)
            assert reply.startswith("ERR refused ") and "oauth-error=" + error in reply, "CC-05 ERR-01 %s is refused at once, by the server's word" % name
            assert self.home.daemon.tokenctl("get", name + ".user").returncode == REFUSED, "ERR-02 and tokenctl exits with %d" % REFUSED

    def test_denied(self):
        """The server names itself in every answer but this one, though it promises to."""
        visit = self.home.login("native", consents=False)
        assert visit.status == LOGIN_REQUIRED, "AC-17 a person who presses Cancel is not signed in"
        assert "cancelled or refused" in visit.errors, "AC-17 and is told so"

    def test_hybrid(self):
        """The server answers in the fragment, whatever mode is asked for: nothing of it reaches tokenctl."""
        before = len(self.server.witnessed())
        visit = self.home.login("hybrid")
        assert (visit.status, visit.page.status) == (LOGIN_REQUIRED, 405), "HYB-02 a hybrid answer that does not come as a form is none"
        redeemed = [entry for entry in self.server.witnessed()[before:] if entry["route"] == "token"]
        assert redeemed == [], "HYB-12 and its code is not redeemed"

    def test_session(self):
        """What tokenctl logout prints ends the person's session at the server, too."""
        said, served, browser = self.signing_out("web")
        assert self.server.introspect(served.token) is False, "REV-06 the access token has ended as well"
        address = [word for word in said.stdout.split() if word.startswith("https://")][-1]
        goodbye = self.server.clients["web"]["post_logout_redirect_uris"][0]
        assert "/o/logout/?id_token_hint=eyJ" in address, "REV-07 there is an address to end the session, with a hint of whose"
        browser.home = goodbye
        page = browser.open(address)
        if form := page.form("allow"):
            page = browser.submit(page, form, button="allow")
        assert page.url.startswith(goodbye), "REV-07 it leads to the registered address"
        page = browser.open(self.server.issuer + "/authorize/?" + self.home_query)
        assert page.form("username", "password"), "REV-07 the next sign-in asks for the password"

    @property
    def home_query(self):
        known = self.server.clients["web"]
        return ("response_type=code&client_id=%s&redirect_uri=%s&scope=openid&state=x&code_challenge=%s&code_challenge_method=S256"
                % (known["client_id"], known["redirect_uris"][0], "a" * 43))

    def test_public_logout(self):
        said, _, _ = self.signing_out("native")
        assert "server has revoked" in said.stdout, "REV-01 a public client can give its token back"

    def test_unpinned_logout(self):
        """Without [endpoints] the OpenID Connect document is all there is, and that names no place to revoke a token at."""
        with prepared(self.server, {"web": {"endpoints": {}}}) as home:
            self.home = home
            said, _, _ = self.signing_out("web")
            assert "signed out here" in said.stdout, "REV-04 what cannot be revoked is forgotten, and so it is said"
            assert "name no revocation_endpoint; if there is one, write it under [endpoints] as revocation" in home.daemon.words(), (
                "REV-04 the journal says what is missing")

    def test_silence(self):
        self.assert_silence()


class TestReuseProtection(DoubtTests):
    def test_stolen(self):
        """Somebody else uses a spent refresh token: the server ends the whole family."""
        self.home.login("web", confirm=True)
        self.home.renewed("web", self.home.token("web").token)
        assert self.server.thieve("web") == 400, "the server refuses a spent refresh token"
        reply = self.home.until("web", "ERR login-required ")
        assert reply.startswith("ERR login-required "), "RT-10 RT-17 a family that was ended for a theft ends in login-required"


def test_torture(server):
    Torture(server).run()


class TestGracePeriod(DoubtTests):
    test_revoked_grant = test_killed = None

    @pytest.fixture(scope="class")
    def server(self):
        with started(grace=60) as server:
            yield server


class TestNoRotation(DoubtTests):
    test_lost = None

    @pytest.fixture(scope="class")
    def server(self):
        with started(rotates=False) as server:
            yield server
