"""Sign-ins that wait: how many there may be, and what happens to them when the daemon's settings change or it starts anew."""
import pwd
import re

from lib.conversation import acting_as

from .people import MAY_LOGIN, PERSON, PORT, SCOPES, Scene, person

BIN = pwd.getpwnam("bin").pw_uid
AUTO = "knob auto-login " + PERSON
BOTH = MAY_LOGIN + ', { user = "bin", login = true }'


def how_many(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(allow=BOTH, more="shared = true")}).start()
        pending = [scene.begin() for _ in range(8)]
        reply = scene.ask("LOGIN app.me")
        checks.ok("AC-19 a ninth sign-in of one user takes the place of the oldest", reply.startswith("OK "), reply)
        login, url = pending[0]
        reply = scene.brings(login, scene.answer(url))
        checks.ok("which is over then", re.match(r"ERR \S+ reason=(replaced|unknown-login) : ", reply), reply)
        with acting_as(BIN):
            other = scene.open()
        with other:
            checks.ok("another user is not kept out by it", other.ask("LOGIN app.me").startswith("OK "))
        login, url = pending[3]
        reply = scene.brings(login, scene.answer(url))
        checks.ok("AC-05 each of the eight is a sign-in of its own", reply.startswith("OK subject=" + PERSON), reply)
        checks.ok("and one that has ended makes room for another", scene.ask("LOGIN app.me").startswith("OK "))


def a_reload(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(), "other": person()}).start()
        waiting, changing = scene.begin(), scene.begin("app.other")
        scene.people({"me": person(), "other": person(scopes=[*SCOPES, "update"])}).ask("RELOAD")
        reply = scene.brings(waiting[0], scene.answer(waiting[1]))
        checks.ok("a reload that does not touch a token leaves its sign-in alone", reply.startswith("OK subject="), reply)
        reply = scene.brings(changing[0], scene.answer(changing[1]))
        checks.ok("AC-10 one that changes it ends the sign-in, and its code is not used",
                  reply.startswith("ERR unavailable retry-after=1 : ") and "configuration" in reply and scene.counter("token-requests") == 1, reply)
        with scene.login("--no-browser", name="app.other") as login:
            login.waits()
            scene.people({"me": person()}).ask("RELOAD")
            page = scene.delivers(scene.walks(scene.address(login)))
            status, output, errors = login.end()
        checks.ok("so does one that takes the token away", status != 0 and page.title in ("You are not signed in", "This sign-in is over"),
                  (status, errors, page.title))


def a_restart(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people().start()
        with scene.login("--no-browser") as login:
            login.waits()
            address = scene.address(login)
            checks.equal("a daemon that stops does not wait for who is at a sign-in page", scene.daemon.stop(), 0)
            scene.start()
            page = scene.delivers(scene.walks(address))
            status, output, errors = login.end()
        checks.ok("SEC-09 what a daemon knew of a sign-in ended with it: the page says that it is over", page.title == "This sign-in is over", page)
        checks.ok("and so does tokenctl, with what to do", status == 80 and errors.count("tokenctl login app.me") == 1 and "no longer waits" in errors,
                  (status, errors))
        checks.equal("the code was not used", scene.counter("token-requests"), 0)
        with scene.login("--no-browser") as login:
            login.waits()
            address = scene.address(login)
            scene.daemon.stop()
            page = scene.delivers(scene.walks(address))
            status, output, errors = login.end()
        checks.ok("where there is no daemon any more, that is told", status == 69 and page.title == "You are not signed in", (status, errors))


def a_server_that_is_away(checks, server):
    with Scene(server, "knob sys-auto-discovery off", "knob tools-auto-discovery off") as scene:
        scene.people().start()
        with scene.login("--no-browser") as login:
            status, output, errors = login.end()
        checks.ok("a server that cannot be found is told before any browser opens", status in (75, 78) and "https://localhost" not in errors.partition("\n")[2],
                  (status, errors))
    with Scene(server, AUTO, "fault token status code=503 retry-after=7 grant=authorization_code") as scene:
        scene.people().start()
        reply = scene.sign_in()
        checks.ok("AC-13 a code that the server could not take is not sent again: begin anew", re.match(r"ERR unavailable retry-after=7 : ", reply)
                  and scene.counter("token-requests") == 1, reply)
    with Scene(server, AUTO, "fault token reset when=after grant=authorization_code") as scene:
        scene.people().start()
        reply = scene.sign_in()
        checks.ok("AC-14 nor is one whose answer was lost", reply.startswith("ERR login-required reason=answer-lost : ")
                  and scene.counter("token-requests") == 1, reply)
    with Scene(server, AUTO, "fault token status code=400 error=invalid_grant") as scene:
        scene.people().start()
        reply = scene.sign_in()
        checks.ok("ERR-02 a code that the server does not know is no fault of the configuration",
                  reply.startswith("ERR login-required reason=sign-in-refused oauth-error=invalid_grant : "), reply)


SECTIONS = [how_many, a_reload, a_restart, a_server_that_is_away]
