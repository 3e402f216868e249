"""What tokend promises of sign-ins, checked against a real server. Each check says which behaviour it is about.

A server says of itself whether it `forgives_a_replay`, `rotates`, `says_why` it refuses a refresh and `serves_two_at_once`; what became of its tokens: `refresh_tokens(client)`,
oldest first, each with name, family and whether it is good; and how it was spoken to: `misuse()`, `refusals()`, `sendings(token)`.
"""
import random
import re
import time
import urllib.parse

from . import processes
from .daemon import Served, Watch
from .dialogue import at_terminal
from .signins import SignIns

LOGIN_REQUIRED, REFUSED = 80, 78
HURRY = "replay=0.5,quarantine=0.5,catch-up=0.2"
LOST = re.compile(r"^ERR login-required reason=answer-lost ")
PATIENCE = 4  # seconds that a hurried daemon waits for an answer


class SignInChecks:
    """Parts for `home`, a SignIns with the applications `web` (confidential) and `native` (public)."""

    def __init__(self, checks, server, home):
        self.checks, self.server, self.home = checks, server, home

    # --- signing in

    def signing_in(self):
        for name in ("web", "native"):
            visit = self.home.login(name)
            if not self.checks.equal("AC-20 %s: tokenctl login ends well" % name, visit.status, 0):
                self.checks.ok("%s: what it said" % name, False, visit)
                continue
            self._request(name, visit)
            served = self.home.token(name)
            self.checks.equal("AC-28 %s: tokenctl says who the server says it is" % name, visit.subject, self.server.userinfo(served.token).get("sub"))
            self.checks.ok("TR-07 %s: the scopes are those granted" % name, "api.read" in served.scopes, served.fields)
            # one that was renewed just now is not good any more
            good = processes.until(lambda: self.server.introspect(self.home.token(name).token, name), 10)
            self.checks.equal("RT-14 %s: the server knows the token as good" % name, good, True)
            self.checks.equal("RT-14 %s: one refresh token is good at the server" % name, self._good(name), 1)
            self.checks.equal("tokenctl get %s prints a token" % name, self.home.daemon.tokenctl("get", name + ".user").returncode, 0)

    def _request(self, name, visit):
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(visit.address).query))
        self.checks.equal("AC-01 AC-04 %s: S256 is asked for" % name, asked.get("code_challenge_method"), "S256")
        self.checks.ok("AC-03 %s: the challenge is a SHA-256" % name, re.fullmatch(r"[\w-]{43}", asked.get("code_challenge", "")), asked)
        self.checks.ok("AC-05 AC-06 %s: state and nonce are there and differ" % name,
                       min(len(asked.get("state", "")), len(asked.get("nonce", ""))) >= 22 and asked["state"] != asked["nonce"], asked)

    def _good(self, client):
        return sum(good for _, _, good in self.server.refresh_tokens(client))

    # --- rotation

    def rotation(self, times=8):
        """Two sign-ins, side by side where the server can, with a restart in the middle."""
        before = {name: len(self.server.refresh_tokens(name)) for name in ("web", "native")}
        ids = {name: [] for name in before}
        self._watch(times // 2, ids)
        self.home.daemon.stop()
        self.home.daemon.start()
        self._watch(times - times // 2, ids)
        for name, seen in ids.items():
            self.checks.ok("RT-08 %s: %d tokens came one after the other" % (name, times), len(seen) >= times, seen)
            self.checks.equal("RT-09 %s: each is another one" % name, len(set(seen)), len(seen))
            tokens = self.server.refresh_tokens(name)[before[name] - 1:]
            self.checks.ok("RT-02 %s: the server gave a successor for each" % name, len(tokens) >= times, tokens)
            self.checks.equal("RT-02 RT-04 %s: all in one family, across the restart" % name, len({family for _, family, _ in tokens}), 1)
            self.checks.equal("RT-06 %s: only the last one is good" % name, [good for _, _, good in tokens].count(True), 1)
        self.checks.equal("RT-02 RT-06 the server was never sent one twice", self.server.misuse(), [])

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

    def another_person(self):
        before = self.server.refresh_tokens("web")
        visit = self.home.login("web", "bob")
        self.checks.equal("AC-28 another person is not taken without a yes", visit.status, LOGIN_REQUIRED)
        self.checks.ok("AC-28 and what was held goes on", self.home.daemon.ask("GET web.user").startswith("OK "))
        visit = self.home.login("web", "bob", confirm=True)
        self.checks.equal("AC-28 --confirm takes the other person", visit.status, 0)
        self.checks.equal("AC-28 whom the server knows", visit.subject, self.server.userinfo(self.home.token("web").token).get("sub"))
        family = before[-1][1]
        forgotten = processes.until(lambda: not any(good and f == family for _, f, good in self.server.refresh_tokens("web")), 20)
        self.checks.ok("RT-14 REV-05 the server has forgotten the sign-in before", forgotten, self.server.refresh_tokens("web"))
        self.home.login("web", confirm=True)

    # --- signing out

    def signing_out(self, name="web"):
        """Ends with nobody signed in; gives back what tokenctl said."""
        browser = self.server.browser()
        self.home.login(name, browser=browser, confirm=True)
        served, client = self.home.token(name), self.home.daemon
        said = at_terminal(client.command("logout", name + ".user"))
        self.checks.equal("REV-01 %s: tokenctl logout ends well" % name, said.returncode, 0)
        after = client.tokenctl("get", name + ".user")
        self.checks.equal("REV-06 %s: nothing is served any more" % name, (after.returncode, after.stdout), (LOGIN_REQUIRED, ""))
        if "server has revoked" in said.stdout:
            current = [good for _, _, good in self.server.refresh_tokens(name)][-1]
            self.checks.equal("REV-01 %s: the server has forgotten the refresh token" % name, current, False)
        client.stop()
        client.start()
        self.checks.equal("REV-08 %s: nor after a restart" % name, client.tokenctl("get", name + ".user").returncode, LOGIN_REQUIRED)
        return said, served, browser

    # --- what goes wrong

    def wrong_secret(self):
        before = len(self.server.refresh_tokens("web"))
        visit = self.home.login("mistaken")
        self.checks.equal("ERR-06 a wrong secret ends the sign-in", visit.status, self.server.status_of_a_wrong_secret)
        self.checks.equal("ERR-06 with nothing on stdout", visit.output, "")
        self.checks.equal("AC-13 its code was not redeemed", len(self.server.refresh_tokens("web")), before)

    def silence(self):
        words = self.home.daemon.words()
        secrets = [client["client_secret"] for client in self.server.clients.values() if "client_secret" in client]
        self.checks.equal("LOG-01 no client secret is in what tokend wrote", [secret for secret in secrets if secret in words], [])
        self.checks.ok("LOG-01 nor a JWT, a code or a verifier", not re.search(r"eyJ[\w-]{20,}|code=|verifier", words), self.home.daemon.log)


class DoubtChecks:
    """Grants that end, and answers that are lost, with a hurried tokend; `home` has only the application `web`."""

    def __init__(self, checks, server, home):
        self.checks, self.server, self.home = checks, server, home

    def revoked_grant(self):
        """The server refuses a refresh for good: it is asked a few times more, late, and then a person."""
        self.home.login("web", confirm=True)
        self.home.token("web")
        asked = self.server.refusals()
        self.server.revoke_all("web")
        reply = self.home.until("web", "ERR login-required ")
        self.checks.ok("RT-10 a revoked sign-in ends in login-required", reply.startswith("ERR login-required "), reply[:300])
        self.checks.equal("RT-10 after four refusals and no more", self.server.refusals() - asked, 4)
        time.sleep(1.5)
        self.checks.equal("ERR-06 and then it is left alone", self.server.refusals() - asked, 4)
        said = self.home.daemon.tokenctl("get", "web.user")
        self.checks.equal("RT-10 tokenctl sends the person to sign in", (said.returncode, said.stdout), (LOGIN_REQUIRED, ""))
        self.home.daemon.stop()
        self.home.daemon.start()
        self._signs_in_again()

    def _signs_in_again(self):
        visit = self.home.login("web", confirm=True)
        self.checks.equal("RT-10 a new sign-in mends it", visit.status, 0)
        served = self.home.token("web")
        self.checks.ok("RT-02 and rotates", self.home.renewed("web", served.token))

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

    def frozen(self):
        """It is stopped with the request at its door, and acts on it when nobody listens any more."""
        sent = self._doubtful(self.server.freeze)
        time.sleep(PATIENCE / 2)
        self.server.thaw()
        self._replayed_once("a server that was stopped", sent)

    def lost(self):
        """It answers, and nobody hears it."""
        self._replayed_once("an answer that was lost", self._doubtful())

    def _replayed_once(self, what, sent):
        if self.server.forgives_a_replay:
            self._goes_on(what)
        else:
            reply = self.home.until("web", "ERR login-required ")
            self.checks.matches("RT-12 %s: the replay is refused, and a person is asked" % what, reply, LOST)
        if self.server.rotates:
            # a refusal without a word is believed when it has come four times
            expected = 2 if self.server.says_why else 5
            self.checks.equal("RT-12 %s: the token was sent no oftener than needed" % what, self._sendings(sent), expected)

    def _sendings(self, sent):
        """How often the refresh token came; where the server does not count: the one that it took, and those that it refused after that."""
        counted = self.server.sendings(sent)
        return 1 + self.server.refusals() - self._refused if counted is None else counted

    def _goes_on(self, what):
        served = self.home.renewed("web", self._before)  # the token from before the doubt may still be good
        if self.checks.ok("RT-12 %s: the replay brings a token" % what, served, self.home.daemon.words()[-1500:]):
            rotates = self.home.renewed("web", served.token)
            self.checks.ok("RT-02 %s: and so it goes on" % what, rotates, self.home.daemon.words()[-1500:])

    def killed(self):
        """It dies before it acts, and is started again: the token is as good as before."""
        self._doubtful(self.server.kill)
        self.server.start()
        self._goes_on("a server that was killed")

    def parts(self):
        return [self.revoked_grant, self.frozen, self.lost, self.killed]


class Torture:
    """SIGKILLs the daemon while refresh tokens rotate, and holds what the server saw against what may happen."""

    def __init__(self, checks, server, kills=24, seed=None):
        self.checks, self.server, self.kills = checks, server, kills
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
            self.checks.ok("RT-04 after %d kills the sign-in still rotates" % self.kills, home.renewed("web", served.token), home.daemon.words()[-2000:])
        tokens = self.server.refresh_tokens("web")[before:]
        families = {family for _, family, _ in tokens}
        self.checks.equal("RT-04 each lost answer cost one sign-in, and nothing else did", len(families), self.lost + 1)
        print("torture: %d of %d kills lost an answer" % (self.lost, self.kills), flush=True)
        self.checks.equal("RT-02 at the end one refresh token is good", sum(good for _, _, good in tokens), 1)
        for what, found in self.server.violations(tokens).items():
            self.checks.equal(what, found, [])

    def _live(self, home):
        """A caller gets a token, or hears that a person has to come, and why; the token."""
        reply = home.until("web", "OK |ERR login-required ")
        if not reply.startswith("OK "):
            self.lost += 1
            self.checks.matches("RT-12 a sign-in ends for a lost answer alone", reply, LOST)
            if (visit := home.login("web")).status != 0:
                self.checks.ok("and the person signs in again", False, visit)
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


def run_doubts(checks, server, title, kind=DoubtChecks, parts=DoubtChecks.parts):
    with prepared(server, {"web": {}}, HURRY, PATIENCE) as home:
        for part in parts(kind(checks, server, home)):
            checks.section("%s: %s" % (title, part.__name__.replace("_", " ")), part)
        show_trouble(checks, home)


def show_trouble(checks, home):
    if checks.failed:
        print("--- what tokend said\n" + home.daemon.words()[-6000:])
