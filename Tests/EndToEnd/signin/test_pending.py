"""Sign-ins that wait: how many there may be, and what happens to them when the daemon's settings change or it starts anew."""
import pwd
import re

from lib.conversation import acting_as

from .fixture import MAY_LOGIN, PERSON, SCOPES, SignInFixture, person

BIN = pwd.getpwnam("bin").pw_uid
AUTO = "knob auto-login " + PERSON
BOTH = MAY_LOGIN + ', { user = "bin", login = true }'


def test_how_many(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(allow=BOTH, more="shared = true")}).start()
        pending = [scene.begin() for _ in range(8)]
        reply = scene.ask("LOGIN app.me")
        assert reply.startswith("OK "), "AC-19 a ninth sign-in of one user takes the place of the oldest"
        login, url = pending[0]
        reply = scene.brings(login, scene.answer(url))
        assert re.match(r"ERR \S+ reason=(replaced|unknown-login) : ", reply), "which is over then"
        with acting_as(BIN):
            other = scene.open()
        with other:
            assert other.ask("LOGIN app.me").startswith("OK "), "another user is not kept out by it"
        login, url = pending[3]
        reply = scene.brings(login, scene.answer(url))
        assert reply.startswith("OK subject=" + PERSON), "AC-05 each of the eight is a sign-in of its own"
        assert scene.ask("LOGIN app.me").startswith("OK "), "and one that has ended makes room for another"


def test_a_reload(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(), "other": person()}).start()
        waiting, changing = scene.begin(), scene.begin("app.other")
        scene.people({"me": person(), "other": person(scopes=[*SCOPES, "update"])}).ask("RELOAD")
        reply = scene.brings(waiting[0], scene.answer(waiting[1]))
        assert reply.startswith("OK subject="), "a reload that does not touch a token leaves its sign-in alone"
        reply = scene.brings(changing[0], scene.answer(changing[1]))
        assert reply.startswith("ERR unavailable retry-after=1 : ") and "configuration" in reply and scene.counter("token-requests") == 1, (
            "AC-10 one that changes it ends the sign-in, and its code is not used")
        with scene.login("--no-browser", name="app.other") as login:
            login.waits()
            scene.people({"me": person()}).ask("RELOAD")
            page = scene.delivers(scene.walks(scene.address(login)))
            status, output, errors = login.end()
        assert status != 0 and page.title in ("You are not signed in", "This sign-in is over"), (
            "so does one that takes the token away: %s" % ((status, errors, page.title),))


def test_a_restart(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        with scene.login("--no-browser") as login:
            login.waits()
            address = scene.address(login)
            assert scene.daemon.stop() == 0, "a daemon that stops does not wait for who is at a sign-in page"
            scene.start()
            page = scene.delivers(scene.walks(address))
            status, output, errors = login.end()
        assert page.title == "This sign-in is over", "SEC-09 what a daemon knew of a sign-in ended with it: the page says that it is over"
        assert status == 80 and errors.count("tokenctl login app.me") == 1 and "no longer waits" in errors, (
            "and so does tokenctl, with what to do: %s" % ((status, errors),))
        assert scene.counter("token-requests") == 0, "the code was not used"
        with scene.login("--no-browser") as login:
            login.waits()
            address = scene.address(login)
            scene.daemon.stop()
            page = scene.delivers(scene.walks(address))
            status, output, errors = login.end()
        assert status == 69 and page.title == "You are not signed in", "where there is no daemon any more, that is told: %s" % ((status, errors),)


def test_a_server_that_is_away(server):
    with SignInFixture(server, "knob sys-auto-discovery off", "knob tools-auto-discovery off") as scene:
        scene.people().start()
        with scene.login("--no-browser") as login:
            status, output, errors = login.end()
        assert status in (75, 78) and "https://localhost" not in errors.partition("\n")[2], (
            "a server that cannot be found is told before any browser opens: %s" % ((status, errors),))
    with SignInFixture(server, AUTO, "fault token status code=503 retry-after=7 grant=authorization_code") as scene:
        scene.people().start()
        reply = scene.sign_in()
        assert re.match(r"ERR unavailable retry-after=7 : ", reply) and scene.counter("token-requests") == 1, (
            "AC-13 a code that the server could not take is not sent again: begin anew")
    with SignInFixture(server, AUTO, "fault token reset when=after grant=authorization_code") as scene:
        scene.people().start()
        reply = scene.sign_in()
        assert reply.startswith("ERR login-required reason=answer-lost : ") and scene.counter("token-requests") == 1, "AC-14 nor is one whose answer was lost"
    with SignInFixture(server, AUTO, "fault token status code=400 error=invalid_grant") as scene:
        scene.people().start()
        reply = scene.sign_in()
        assert reply.startswith("ERR login-required reason=sign-in-refused oauth-error=invalid_grant : "), (
            "ERR-02 a code that the server does not know is no fault of the configuration")
