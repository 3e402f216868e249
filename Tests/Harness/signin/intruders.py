"""What comes to a sign-in that waits and is not its answer: other processes, old answers, answers of somebody else's server."""
import pwd
import re

from lib import logins
from lib.conversation import acting_as

from .people import HYBRID, PERSON, PORT, Scene, fields, person

BIN = pwd.getpwnam("bin").pw_uid
AUTO = "knob auto-login " + PERSON


def from_another_process(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people().start()
        with scene.login("--no-browser") as login:
            login.waits()
            address = scene.address(login)
            for answer in ("code=stolen&state=guessed", "code=stolen", "error=access_denied&state=guessed"):
                page = logins.get(PORT, "/callback?" + answer)
                checks.equal("AC-05 LOOP-14 an answer without the right state is left aside: %s" % answer, (page.status, page.title),
                             (400, "This answer belongs to another sign-in"))
            checks.equal("AC-27 LOOP-07 so is another path, with the right state or not",
                         logins.get(PORT, "/elsewhere?code=stolen&state=" + fields(address)["state"]).status, 404)
            last = scene.delivers({"mode": "query", "url": "http://127.0.0.1:%d/callback?%s" % (PORT, scene.answer(address))})
            status, output, errors = login.end()
        checks.ok("AC-05 and the login that waited comes to its end", status == 0 and last.title == "You are signed in", (status, output, errors))
        checks.equal("none of them reached the identity server", (scene.counter("code-grants"), scene.counter("code-refusals")), (1, 0))


def over_the_socket(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people().start()
        login, url = scene.begin()
        answer, other = scene.answer(url), scene.begin()
        replies = [scene.brings(login, what) for what in (
            answer.replace("state=", "state=x"), re.sub("&?state=[^&]*", "", answer), scene.answer(other[1]), "https://elsewhere.example/callback?" + answer)]
        checks.ok("AC-05 AC-27 a wrong state, none, that of another sign-in or another address: it goes on waiting",
                  all(reply.startswith("ERR refused reason=state : ") for reply in replies), replies)
        with acting_as(BIN):
            stranger = scene.open()
        with stranger:
            reply = stranger.ask("CALLBACK %s %s" % (login, answer))
            checks.ok("another user's right answer is none: the id is of use to nobody else", reply.startswith("ERR denied reason=unknown-login : "), reply)
        reply = scene.brings(login, answer + "&colour=blue&shape=")
        checks.ok("AC-16 what nobody knows in an answer is passed over", reply.startswith("OK subject=" + PERSON), reply)
        again = [scene.brings(login, answer), scene.brings(other[0], answer)]
        checks.ok("AC-13 the same answer once more is not redeemed again", again[0].startswith("ERR denied reason=unknown-login : ")
                  and again[1].startswith("ERR refused reason=state : ") and scene.counter("token-requests") == 1, again)
        login, url = scene.begin()
        answer = scene.answer(url)
        reply = scene.brings(login, answer + "&code=2")
        checks.ok("AC-15 a parameter that comes twice ends the sign-in", reply.startswith("ERR refused : ") and "twice" in reply, reply)
        login, url = scene.begin()
        replies = [scene.brings(login, "code=%d&state=guess" % number) for number in range(21)]
        checks.ok("AC-05 after 20 answers of other sign-ins it is given up", replies[20].startswith("ERR denied")
                  and replies[18].startswith("ERR refused reason=state"),
                  replies[18:])
        checks.equal("and all that was redeemed is the one right answer", scene.counter("token-requests"), 1)


def twice_at_once(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people().start()
        login, url = scene.begin()
        answer = scene.answer(url)
        server.control("fault token hang")
        first = scene.in_background("CALLBACK %s %s" % (login, answer))
        server.control("await hung 1")
        second = scene.brings(login, answer)
        server.control("clear")
        checks.ok("AC-13 an answer that comes again while it is redeemed is not sent twice",
                  second.startswith("ERR refused reason=answered : ") and first.result().startswith("OK subject=") and scene.counter("token-requests") == 1,
                  (second, first.reply))


def refusals_of_the_server(checks, server):
    for error, code, words in (
            ("access_denied", "login-required reason=sign-in-refused oauth-error=access_denied", "cancelled or refused"),
            ("login_required", "login-required reason=sign-in-refused oauth-error=login_required", "wants the person to sign in"),
            ("consent_required", "login-required reason=sign-in-refused oauth-error=consent_required", "consent"),
            ("interaction_required", "login-required reason=sign-in-refused oauth-error=interaction_required", "wants to ask")):
        with Scene(server, "knob deny " + error) as scene:
            scene.people().start()
            reply = scene.sign_in()
            checks.ok("AC-17 %s is told with what it means" % error, reply.startswith("ERR %s : " % code) and words in reply, reply)
            checks.equal("and is the end of it", (scene.counter("token-requests"), scene.status()["state"]), (0, "login-required"))
    with Scene(server) as scene:
        scene.people().start()
        login, url = scene.begin()
        state = fields(url)["state"]
        reply = scene.brings(login, "error=server_error&error_description=caf%%C3%%A9%%0aERR+x&state=%s" % state)
        checks.ok("AC-17 LOG-05 a description is shown in one printable line", reply.startswith("ERR unavailable") and reply.isprintable() and "café ERR x" in reply,
                  reply)
        login, url = scene.begin()
        reply = scene.brings(login, "error=%s&state=%s" % (fields(url)["state"], fields(url)["state"]))
        checks.ok("SEC-09 a server that sends the state back as an error is not quoted", fields(url)["state"] not in reply, reply)


def issuers(checks, server):
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
            with Scene(server, AUTO, *("knob " + knob for knob in knobs)) as scene:
                scene.people({"me": person(more=more)}).start()
                reply = scene.sign_in()
                checks.ok("%s%s" % (what, ", with code id_token" if more else ""), reply.startswith("OK subject=" if good else "ERR refused : ")
                          and (good or "issuer" in reply or "is from" in reply), reply)
                checks.equal("and the code was %s" % ("redeemed" if good else "not used"), scene.counter("token-requests"), 1 if good else 0)
    with Scene(server, "knob deny access_denied", "knob iss-parameter wrong") as scene:
        scene.people().start()
        reply = scene.sign_in()
        checks.ok("AC-18 an error of another issuer is not believed either", reply.startswith("ERR refused : ") and "cancelled" not in reply, reply)


SECTIONS = [from_another_process, over_the_socket, twice_at_once, refusals_of_the_server, issuers]
