"""`code id_token`: what comes through the browser is believed before the code is sent, what comes with the token before it is used."""

from .fixture import HYBRID, PERSON, SignInFixture, fields, person

AUTO = "knob auto-login " + PERSON
BOTH = {"me": person(more=HYBRID), "plain": person()}

# a flaw of the signature, and the sentence that names it
FLAWS = [
    ("broken-signature", "the ID token has a wrong signature"),
    ("wrong-key", "the ID token has a wrong signature"),
    ("no-signature", "the ID token has a wrong signature"),
    ("alg-none", "the ID token is signed with 'none', which the server's metadata do not list or which is insecure"),
    ("hs256", "the ID token is signed with 'HS256', which the server's metadata do not list or which is insecure"),
    ("wrong-typ", "the ID token is of the type 'at+jwt', which is another kind of token"),
    ("wrong-kid", "the ID token is signed with a key that the server does not publish; if its keys have just changed, try again in a minute"),
]

# a claim, what it is set to, the sentence; where a claim cannot be set it is removed
CLAIMS = [
    ("IDT-09 HYB-03", "set nonce \"another\"", "the ID token has an unexpected 'nonce'"),
    ("IDT-09", "remove nonce", "the ID token has no usable 'nonce'"),
    ("IDT-01", "set iss \"https://elsewhere.example/id\"", "the ID token is from another issuer, 'https://elsewhere.example/id'"),
    ("IDT-02", "set aud \"demo.app/sync\"", "the ID token has an unexpected 'aud'"),
    ("IDT-02", "set aud [\"demo.app/portal\",\"demo.app/sync\"]",
     "the ID token is for 'demo.app/sync' as well; if that is meant, add it to id_token_audiences under [client]"),
    ("IDT-03", "set azp \"demo.app/sync\"", "the ID token has an unexpected 'azp'"),
    ("IDT-08", "set exp now-400", "the ID token has expired already; compare the clock of this machine with the server's"),
    ("IDT-08", "set iat now+4000", "the ID token has an 'iat' in the future; compare the clock of this machine with the server's"),
    ("IDT-08", "set nbf now+4000", "the ID token has an 'nbf' in the future; compare the clock of this machine with the server's"),
    ("IDT-12", "set sub 17", "the ID token has a 'sub' that is not a string, which OpenID Connect requires; have the server send it as a string, "
     "or leave 'openid' out of the token's scopes: then no person is named"),
    ("HYB-10", "set s_hash \"AAAAAAAAAAAAAAAAAAAAAA\"", "the ID token has an unexpected 's_hash'"),
]
FRONT_ALONE = [
    ("HYB-06", "set c_hash \"AAAAAAAAAAAAAAAAAAAAAA\"", "the ID token has an unexpected 'c_hash'"),
    ("HYB-05", "remove c_hash", "the ID token has no usable 'c_hash'"),
]
CODE_ALONE = [
    ("IDT-10", "set at_hash \"AAAAAAAAAAAAAAAAAAAAAA\"", "the ID token has an unexpected 'at_hash'"),
    ("HYB-07", "set sub \"a.admin\"", "the ID token has an unexpected 'sub'"),
]


def spent(scene):
    return scene.counter("token-requests")


def code(sentence):
    """What passes by itself (a clock, a key that is not published yet) is tried again."""
    if "compare the clock" in sentence:
        return "ERR unavailable retry-after=10 : "
    return "ERR unavailable retry-after=60 : " if "does not publish" in sentence else "ERR refused : "


def is_refused(scene, name, place, what, sentence):
    """One sign-in with a bad token in one place, and what it must not lead to."""
    before, revoked = spent(scene), scene.counter("revocations")
    reply = scene.sign_in(name)
    assert reply == code(sentence) + sentence, "%s, %s: it is refused with what is wrong" % (what, place)
    if place == "front":
        assert spent(scene) == before, "HYB-04 and the code was not sent"
    else:
        scene.server.control("await revocations %d" % (revoked + 1))
        assert (spent(scene), scene.alive(), scene.status(name)["state"]) == (before + 1, [], "login-required"), (
            "HYB-08 of what the code brought nothing is kept, here or there")


def test_signatures(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people(BOTH).start()
        asked = fields(scene.begin()[1])
        assert (asked["response_type"], asked["response_mode"], len(asked["nonce"])) == ("code id_token", "form_post", 43), (
            "HYB-02 HYB-03 code id_token is to come as a form, and a nonce is asked with it")
        for flaw, sentence in FLAWS:
            server.control("knob id-token-flaw " + flaw)
            for name, place in (("app.me", "front"), ("app.me", "code"), ("app.plain", "code")):
                server.control("knob id-token-flaw-in " + place)
                is_refused(scene, name, place, "IDT-04 IDT-05 IDT-06 %s" % flaw, sentence)
        for flaw, what in (("no-kid", "JWKS-04 one that names no key, where there is one"), ("no-typ", "one of no type")):
            for place in ("front", "code"):
                server.control("knob id-token-flaw %s" % flaw)
                server.control("knob id-token-flaw-in " + place)
                reply = scene.sign_in()
                assert reply.startswith("OK subject=" + PERSON), "%s, is believed: %s" % (what, place)
        words = scene.daemon.words()
        assert 'sign-in for "app.me" by uid 0 came to nothing: ' + FLAWS[0][1] in words, "the log says why it came to nothing"
        assert "eyJ" not in words, "LOG-01 and shows no token"


def test_claimed(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people(BOTH).start()
        for place, table in (("front", CLAIMS + FRONT_ALONE), ("code", CLAIMS + CODE_ALONE)):
            server.control("knob id-token-flaw-in " + place)
            for behaviour, change, sentence in table:
                server.control("id-token " + change)
                is_refused(scene, "app.me", place, "%s %s" % (behaviour, change), sentence)
                server.control("id-token reset")
        reply = scene.sign_in()
        assert reply.startswith("OK subject=" + PERSON), "without a flaw the same sign-in succeeds"


def test_wanting(server):
    with SignInFixture(server, AUTO, "knob id-tokens not-in-front") as scene:
        scene.people(BOTH).start()
        reply = scene.sign_in()
        assert reply.startswith("ERR refused : the answer has no id_token") and spent(scene) == 0, (
            "HYB-12 a code without the ID token that was asked for beside it is not redeemed")
        server.control("knob id-tokens off")
        reply = scene.sign_in("app.plain")
        assert reply.startswith("ERR refused : the ID token is missing") and spent(scene) == 1, "TR-19 no ID token though openid was granted: refused"
        server.control("knob id-tokens on")
        login, url = scene.begin()
        answer = scene.answer(url)
        token = fields(answer)["id_token"]
        reply = scene.brings(login, answer.replace(token, "no.token"))
        assert reply.startswith("ERR refused : ") and spent(scene) == 1, "IDT-13 an ID token that is none is refused"
        first, second = scene.begin(), scene.begin()
        other = fields(scene.answer(second[1]))["id_token"]
        answer = scene.answer(first[1])
        reply = scene.brings(first[0], answer.replace(fields(answer)["id_token"], other))
        assert reply.startswith("ERR refused : the ID token has an unexpected ") and spent(scene) == 1, (
            "HYB-03 HYB-06 the ID token of another sign-in does not go with this code")


# what a refresh brings must be about the sign-in that it goes on with
ON_REFRESH = [
    ("IDT-17 IDT-04", "knob id-token-flaw broken-signature", "the ID token has a wrong signature"),
    ("IDT-17", "id-token set sub \"a.admin\"", "the ID token has an unexpected 'sub'"),
    ("IDT-17", "id-token set iss \"https://elsewhere.example/id\"", "the ID token is from another issuer, 'https://elsewhere.example/id'"),
    ("IDT-17", "id-token set aud \"demo.app/sync\"", "the ID token has an unexpected 'aud'"),
    ("IDT-17", "id-token set nonce \"another\"", "the ID token has an unexpected 'nonce'"),
]


def test_on_refresh(server):
    for behaviour, line, sentence in ON_REFRESH:
        with SignInFixture(server, AUTO, "knob access-ttl 1", "knob id-token-flaw-in refresh") as scene:
            scene.people(BOTH).start()
            scene.signed_in()
            scene.until_state("idle")
            server.control(line)
            reply = scene.ask("GET app.me")
            assert reply == "ERR refused : " + sentence, "%s %s: what the refresh brought is not handed out" % (behaviour, line)
            server.control("knob id-token-flaw none")
            server.control("id-token reset")
            scene.daemon.stop()
            scene.start()
            reply = scene.ask("GET app.me")
            assert reply.startswith("OK ") and (scene.counter("refresh-grants"), scene.counter("reused")) == (2, 0), (
                "RT-04 but its refresh token was kept: once the server is well the sign-in goes on")


def test_wishes(server):
    more = 'prompt = "login"\nlogin_hint = "m.petrova"\nmax_age = 3600'
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(more=more)}).start()
        asked = fields(scene.begin()[1])
        assert (asked["prompt"], asked["login_hint"], asked["max_age"]) == ("login", PERSON, "3600"), "AC-26 prompt, login_hint and max_age are handed on"
        for change, sentence in (("remove auth_time", "the ID token has no usable 'auth_time'"),
                                 ("set auth_time now-4000", "the ID token has an 'auth_time' that is too old; sign in again")):
            server.control("id-token " + change)
            reply = scene.sign_in()
            assert reply == "ERR refused : " + sentence, "AC-26 IDT-11 with max_age the ID token must say when the person signed in: %s" % change
            server.control("id-token reset")
        assert scene.sign_in().startswith("OK subject=" + PERSON), "and where it does so the sign-in succeeds"
