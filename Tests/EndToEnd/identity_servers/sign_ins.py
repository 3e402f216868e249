"""What tokend promises of sign-ins, checked against a real server. Each check says which behaviour it is about.

A server says of itself whether it `forgives_a_replay`, `rotates`, `says_why` it refuses a refresh and `serves_two_at_once`; what became of its tokens: `refresh_tokens(client)`,
oldest first, each with name, family and whether it is good; and how it was spoken to: `misuse()`, `refusals()`, `sendings(token)`.
"""
import random
import re
import time
import urllib.parse

import pytest
from lib import processes
from lib.daemon import Served, Watch
from lib.dialogue import at_terminal
from lib.signins import SignIns

LOGIN_REQUIRED, REFUSED = 80, 78
HURRY = "replay=0.5,quarantine=0.5,catch-up=0.2"
LOST = re.compile(r"^ERR login-required reason=answer-lost ")
PATIENCE = 4  # seconds that a hurried daemon waits for an answer


class SignInTests:
    """For a `home` with the applications `web` (confidential) and `native` (public)."""

    @pytest.fixture(autouse=True)
    def names(self, server, home):
        self.server, self.home = server, home

    # --- signing in

    def test_signing_in(self):
        for name in ("web", "native"):
            visit = self.home.login(name)
            assert visit.status == 0, "AC-20 %s: tokenctl login ends well: %s" % (name, visit)
            self._request(name, visit)
            served = self.home.token(name)
            assert self._is_of(name, visit.subject), "AC-28 %s: tokenctl says who the server says it is: %s" % (name, visit)
            assert "api.read" in served.scopes, "TR-07 %s: the scopes are those granted: %s" % (name, served.fields)
            good = processes.until(lambda: self.server.introspect(self.home.token(name).token, name), 10)
            assert good is True, "RT-14 %s: the server knows the token as good" % name
            assert self._good(name) == 1, "RT-14 %s: one refresh token is good at the server" % name
            assert self.home.daemon.tokenctl("get", name + ".user").returncode == 0, "tokenctl get %s prints a token" % name

    def _request(self, name, visit):
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(visit.address).query))
        assert asked.get("code_challenge_method") == "S256", "AC-01 AC-04 %s: S256 is asked for" % name
        assert re.fullmatch(r"[\w-]{43}", asked.get("code_challenge", "")), "AC-03 %s: the challenge is a SHA-256" % name
        assert min(len(asked.get("state", "")), len(asked.get("nonce", ""))) >= 22 and asked["state"] != asked["nonce"], (
            "AC-05 AC-06 %s: state and nonce are there and differ" % name)

    def _is_of(self, name, subject):
        """Whether the server says so of its token. One that was renewed just now is not good any more."""
        return processes.until(lambda: self.server.userinfo(self.home.token(name).token).get("sub") == subject, 10)

    def _good(self, client):
        return sum(good for _, _, good in self.server.refresh_tokens(client))

    # --- rotation

    def test_rotation(self, times=8):
        """Two sign-ins, side by side where the server can, with a restart in the middle."""
        before = {name: len(self.server.refresh_tokens(name)) for name in ("web", "native")}
        ids = {name: [] for name in before}
        self._watch(times // 2, ids)
        self.home.daemon.stop()
        self.home.daemon.start()
        self._watch(times - times // 2, ids)
        for name, seen in ids.items():
            assert len(seen) >= times, "RT-08 %s: %d tokens came one after the other" % (name, times)
            assert len(set(seen)) == len(seen), "RT-09 %s: each is another one" % name
            tokens = self.server.refresh_tokens(name)[before[name] - 1:]
            assert len(tokens) >= times, "RT-02 %s: the server gave a successor for each" % name
            assert len({family for _, family, _ in tokens}) == 1, "RT-02 RT-04 %s: all in one family, across the restart" % name
            assert [good for _, _, good in tokens].count(True) == 1, "RT-06 %s: only the last one is good" % name
        assert self.server.misuse() == [], "RT-02 RT-06 the server was never sent one twice"

    def _watch(self, count, ids):
        for names in [list(ids)] if self.server.serves_two_at_once else [[name] for name in ids]:
            watches = {name: Watch(self.home.daemon, name + ".user") for name in names}
            try:
                for name, watch in watches.items():
                    ids[name] += [row.fields["id"] for _, row in watch.wait_for(count, 60)]
            finally:
                for watch in watches.values():
                    watch.end()

    # --- another person

    def test_another_person(self):
        before = self.server.refresh_tokens("web")
        visit = self.home.login("web", "bob")
        assert visit.status == LOGIN_REQUIRED, "AC-28 another person is not taken without a yes"
        assert self.home.daemon.ask("GET web.user").startswith("OK "), "AC-28 and what was held goes on"
        visit = self.home.login("web", "bob", confirm=True)
        assert visit.status == 0, "AC-28 --confirm takes the other person"
        assert self._is_of("web", visit.subject), f"AC-28 whom the server knows: {visit}"
        family = before[-1][1]
        forgotten = processes.until(lambda: not any(good and f == family for _, f, good in self.server.refresh_tokens("web")), 20)
        assert forgotten, "RT-14 REV-05 the server has forgotten the sign-in before: %s" % (self.server.refresh_tokens("web"),)
        self.home.login("web", confirm=True)

    # --- signing out

    def signing_out(self, name="web"):
        """Ends with nobody signed in; gives back what tokenctl said."""
        browser = self.server.browser()
        self.home.login(name, browser=browser, confirm=True)
        served, client = self.home.token(name), self.home.daemon
        said = at_terminal(client.command("logout", name + ".user"))
        assert said.returncode == 0, "REV-01 %s: tokenctl logout ends well" % name
        after = client.tokenctl("get", name + ".user")
        assert (after.returncode, after.stdout) == (LOGIN_REQUIRED, ""), "REV-06 %s: nothing is served any more" % name
        if "server has revoked" in said.stdout:
            current = [good for _, _, good in self.server.refresh_tokens(name)][-1]
            assert current is False, "REV-01 %s: the server has forgotten the refresh token" % name
        client.stop()
        client.start()
        assert client.tokenctl("get", name + ".user").returncode == LOGIN_REQUIRED, "REV-08 %s: nor after a restart" % name
        return said, served, browser

    # --- what goes wrong

    def test_wrong_secret(self):
        before = len(self.server.refresh_tokens("web"))
        visit = self.home.login("mistaken")
        assert visit.status == self.server.status_of_a_wrong_secret, "ERR-06 a wrong secret ends the sign-in"
        assert visit.output == "", "ERR-06 with nothing on stdout"
        assert len(self.server.refresh_tokens("web")) == before, "AC-13 its code was not redeemed"

    def assert_silence(self):
        words = self.home.daemon.words()
        secrets = [client["client_secret"] for client in self.server.clients.values() if "client_secret" in client]
        assert [secret for secret in secrets if secret in words] == [], "LOG-01 no client secret is in what tokend wrote"
        assert not re.search(r"eyJ[\w-]{20,}|code=|verifier", words), f"LOG-01 nor a JWT, a code or a verifier: {self.home.daemon.log}"


class DoubtTests:
    """Grants that end, and answers that are lost, with a hurried tokend."""

    @pytest.fixture(scope="class")
    def home(self, server):
        with prepared(server, {"web": {}}, HURRY, PATIENCE) as home:
            yield home

    @pytest.fixture(autouse=True)
    def names(self, server, home):
        self.server, self.home = server, home

    def test_revoked_grant(self):
        """The server refuses a refresh for good: it is asked a few times more, late, and then a person."""
        self.home.login("web", confirm=True)
        self.home.token("web")
        asked = self.server.refusals()
        self.server.revoke_all("web")
        reply = self.home.until("web", "ERR login-required ")
        assert reply.startswith("ERR login-required "), "RT-10 a revoked sign-in ends in login-required"
        assert self.server.refusals() - asked == 4, "RT-10 after four refusals and no more"
        time.sleep(1.5)
        assert self.server.refusals() - asked == 4, "ERR-06 and then it is left alone"
        said = self.home.daemon.tokenctl("get", "web.user")
        assert (said.returncode, said.stdout) == (LOGIN_REQUIRED, ""), "RT-10 tokenctl sends the person to sign in"
        self.home.daemon.stop()
        self.home.daemon.start()
        self._signs_in_again()

    def _signs_in_again(self):
        visit = self.home.login("web", confirm=True)
        assert visit.status == 0, "RT-10 a new sign-in mends it"
        served = self.home.token("web")
        assert self.home.renewed("web", served.token), "RT-02 and rotates"

    def _doubtful(self, hook=lambda: None):
        """Signs in, and lets the answer to a refresh be lost; returns the refresh token that was sent."""
        self.home.login("web", confirm=True)
        self._before, self._refused = self.home.token("web").token, self.server.refusals()
        sent = []

        def strike():
            sent.append(self.server.refresh_tokens("web")[-1])
            hook()
        done = self.server.relay.arm(strike)
        self.home.in_background("RENEW web.user")
        if not done.wait(20):
            self.server.relay.arm(None)
            raise RuntimeError("no refresh came")
        return sent[0]

    def test_frozen(self):
        """It is stopped with the request at its door, and acts on it when nobody listens any more."""
        sent = self._doubtful(self.server.freeze)
        time.sleep(PATIENCE / 2)
        self.server.thaw()
        self._replayed_once("a server that was stopped", sent)

    def test_lost(self):
        """It answers, and nobody hears it."""
        self._replayed_once("an answer that was lost", self._doubtful())

    def _replayed_once(self, what, sent):
        if self.server.forgives_a_replay:
            self._goes_on(what)
        else:
            reply = self.home.until("web", "ERR login-required ")
            assert LOST.search(reply), "RT-12 %s: the replay is refused, and a person is asked" % what
        if self.server.rotates:
            # a refusal without a word is believed when it has come four times
            expected = 2 if self.server.says_why else 5
            assert self._sendings(sent) == expected, "RT-12 %s: the token was sent no oftener than needed" % what

    def _sendings(self, sent):
        """How often the refresh token came; where the server does not count: the one that it took, and those that it refused after that."""
        counted = self.server.sendings(sent)
        return 1 + self.server.refusals() - self._refused if counted is None else counted

    def _goes_on(self, what):
        served = self.home.renewed("web", self._before)  # the token from before the doubt may still be good
        assert served, "RT-12 %s: the replay brings a token: %s" % (what, self.home.daemon.words()[-1500:])
        rotates = self.home.renewed("web", served.token)
        assert rotates, "RT-02 %s: and so it goes on: %s" % (what, self.home.daemon.words()[-1500:])

    def test_killed(self):
        """It dies before it acts, and is started again: the token is as good as before."""
        self._doubtful(self.server.kill)
        self.server.start()
        self._goes_on("a server that was killed")


class Torture:
    """SIGKILLs the daemon while refresh tokens rotate, and holds what the server saw against what may happen."""

    def __init__(self, server, kills=24, seed=None):
        self.server, self.kills = server, kills
        self.seed = seed if seed is not None else random.randrange(1 << 30)
        self.lost = 0

    def run(self):
        chance = random.Random(self.seed)
        print("torture: seed %d" % self.seed, flush=True)
        before = len(self.server.refresh_tokens("web"))
        home = SignIns(self.server, pace=HURRY, timeout=PATIENCE)
        home.person("web", "web")
        with home:
            home.login("web")
            for _ in range(self.kills):
                self._live(home)
                self._strike(home, chance)
                home.daemon.start()
            served = self._live(home)
            assert home.renewed("web", served.token), "RT-04 after %d kills the sign-in still rotates: %s" % (self.kills, home.daemon.words()[-2000:])
        tokens = self.server.refresh_tokens("web")[before:]
        families = {family for _, family, _ in tokens}
        assert len(families) == self.lost + 1, "RT-04 each lost answer cost one sign-in, and nothing else did"
        print("torture: %d of %d kills lost an answer" % (self.lost, self.kills), flush=True)
        assert sum(good for _, _, good in tokens) == 1, "RT-02 at the end one refresh token is good"
        for what, found in self.server.violations(tokens).items():
            assert found == [], what

    def _live(self, home):
        """A caller gets a token, or hears that a person has to come, and why; the token."""
        reply = home.until("web", "OK |ERR login-required ")
        if not reply.startswith("OK "):
            self.lost += 1
            assert LOST.search(reply), "RT-12 a sign-in ends for a lost answer alone"
            visit = home.login("web")
            assert visit.status == 0, f"and the person signs in again: {visit}"
            reply = home.until("web", "OK ")
        return Served(reply)

    def _strike(self, home, chance):
        """Kills it at any moment of a refresh."""
        home.in_background("RENEW web.user")
        time.sleep(chance.random() * self.server.seconds_of_a_refresh)
        home.daemon.process.kill()
        home.daemon.process.wait()


def prepared(server, people, pace=None, timeout=20):
    """A SignIns with these applications; the key is also the client's."""
    home = SignIns(server, pace, timeout)
    for name, particulars in people.items():
        home.person(name, name, **particulars)
    return home
