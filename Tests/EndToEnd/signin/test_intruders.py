"""What comes to a sign-in that waits and is not its answer: other processes, old answers, answers of somebody else's server."""
import pwd
import re

from lib import logins
from lib.conversation import acting_as

from .fixture import HYBRID, PERSON, PORT, SignInFixture, fields, person

BIN = pwd.getpwnam("bin").pw_uid
AUTO = "knob auto-login " + PERSON


def test_from_another_process(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        with scene.login("--no-browser") as login:
            login.waits()
            address = scene.address(login)
            for answer in ("code=stolen&state=guessed", "code=stolen", "error=access_denied&state=guessed"):
                page = logins.get(PORT, "/callback?" + answer)
                assert (page.status, page.title) == (400, "This answer belongs to another sign-in"), (
                    "AC-05 LOOP-14 an answer without the right state is left aside: %s" % answer)
            assert logins.get(PORT, "/elsewhere?code=stolen&state=" + fields(address)["state"]).status == 404, (
                "AC-27 LOOP-07 so is another path, with the right state or not")
            last = scene.delivers({"mode": "query", "url": "http://127.0.0.1:%d/callback?%s" % (PORT, scene.answer(address))})
            status, output, errors = login.end()
        assert status == 0 and last.title == "You are signed in", "AC-05 and the login that waited comes to its end: %s" % ((status, output, errors),)
        assert (scene.counter("code-grants"), scene.counter("code-refusals")) == (1, 0), "none of them reached the identity server"


def test_over_the_socket(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        login, url = scene.begin()
        answer, other = scene.answer(url), scene.begin()
        replies = [scene.brings(login, what) for what in (
            answer.replace("state=", "state=x"), re.sub("&?state=[^&]*", "", answer), scene.answer(other[1]), "https://elsewhere.example/callback?" + answer)]
        assert all(reply.startswith("ERR refused reason=state : ") for reply in replies), (
            f"AC-05 AC-27 a wrong state, none, that of another sign-in or another address: it goes on waiting: {replies}")
        with acting_as(BIN):
            stranger = scene.open()
        with stranger:
            reply = stranger.ask("CALLBACK %s %s" % (login, answer))
            assert reply.startswith("ERR denied reason=unknown-login : "), "another user's right answer is none: the id is of use to nobody else"
        reply = scene.brings(login, answer + "&colour=blue&shape=")
        assert reply.startswith("OK subject=" + PERSON), "AC-16 what nobody knows in an answer is passed over"
        again = [scene.brings(login, answer), scene.brings(other[0], answer)]
        assert (again[0].startswith("ERR denied reason=unknown-login : ") and again[1].startswith("ERR refused reason=state : ")
                and scene.counter("token-requests") == 1), "AC-13 the same answer once more is not redeemed again"
        login, url = scene.begin()
        answer = scene.answer(url)
        reply = scene.brings(login, answer + "&code=2")
        assert reply.startswith("ERR refused : ") and "repeated parameter" in reply, "AC-15 a parameter that comes twice ends the sign-in"
        login, url = scene.begin()
        replies = [scene.brings(login, "code=%d&state=guess" % number) for number in range(21)]
        assert replies[20].startswith("ERR denied") and replies[18].startswith("ERR refused reason=state"), (
            "AC-05 after 20 answers of other sign-ins it is given up")
        assert scene.counter("token-requests") == 1, "and all that was redeemed is the one right answer"


def test_twice_at_once(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        login, url = scene.begin()
        answer = scene.answer(url)
        server.control("fault token hang")
        first = scene.in_background("CALLBACK %s %s" % (login, answer))
        server.control("await hung 1")
        second = scene.brings(login, answer)
        server.control("clear")
        assert second.startswith("ERR refused reason=answered : ") and first.result().startswith("OK subject=") and scene.counter("token-requests") == 1, (
            "AC-13 an answer that comes again while it is redeemed is not sent twice: %s" % ((second, first.reply),))


def test_refusals_of_the_server(server):
    for error, code, words in (
            ("access_denied", "login-required reason=sign-in-refused oauth-error=access_denied", "cancelled or refused"),
            ("login_required", "login-required reason=sign-in-refused oauth-error=login_required", "wants the person to sign in"),
            ("consent_required", "login-required reason=sign-in-refused oauth-error=consent_required", "consent"),
            ("interaction_required", "login-required reason=sign-in-refused oauth-error=interaction_required", "wants to ask")):
        with SignInFixture(server, "knob deny " + error) as scene:
            scene.people().start()
            reply = scene.sign_in()
            assert reply.startswith("ERR %s : " % code) and words in reply, "AC-17 %s is told with what it means" % error
            assert (scene.counter("token-requests"), scene.status()["state"]) == (0, "login-required"), "and is the end of it"
    with SignInFixture(server) as scene:
        scene.people().start()
        login, url = scene.begin()
        state = fields(url)["state"]
        reply = scene.brings(login, "error=server_error&error_description=caf%%C3%%A9%%0aERR+x&state=%s" % state)
        assert reply.startswith("ERR unavailable") and reply.isprintable() and "café ERR x" in reply, (
            "AC-17 LOG-05 a description is shown in one printable line")
        login, url = scene.begin()
        reply = scene.brings(login, "error=%s&state=%s" % (fields(url)["state"], fields(url)["state"]))
        assert fields(url)["state"] not in reply, "SEC-09 a server that sends the state back as an error is not quoted"


def test_issuers(server):
    for knobs, good, what in (
            (("iss-parameter right", "iss-advertised on"), True, "AC-07 an answer that names the right issuer is taken"),
            (("iss-parameter right", "iss-advertised off"), True, "AC-09 one that names it without having promised to is too"),
            (("iss-parameter wrong", "iss-advertised on"), False, "AC-07 an answer from another issuer is not"),
            (("iss-parameter wrong", "iss-advertised off"), False, "AC-07 even where none was promised"),
            (("iss-parameter off", "iss-advertised on"), False, "AC-08 one that does not name it though it was promised is not either")):
        for more in ("", HYBRID):
            if more and "iss-parameter off" in knobs:
                # the ID token beside the code names the issuer
                good, what = True, "AC-08 one whose ID token names it in its place is taken"
            with SignInFixture(server, AUTO, *("knob " + knob for knob in knobs)) as scene:
                scene.people({"me": person(more=more)}).start()
                reply = scene.sign_in()
                assert reply.startswith("OK subject=" if good else "ERR refused : ") and (good or "issuer" in reply or "is from" in reply), (
                    "%s%s" % (what, ", with code id_token" if more else ""))
                assert scene.counter("token-requests") == (1 if good else 0), "and the code was %s" % ("redeemed" if good else "not used")
    with SignInFixture(server, "knob deny access_denied", "knob iss-parameter wrong") as scene:
        scene.people().start()
        reply = scene.sign_in()
        assert reply.startswith("ERR refused : ") and "cancelled" not in reply, "AC-18 an error of another issuer is not believed either"
