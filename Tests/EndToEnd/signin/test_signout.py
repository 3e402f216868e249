"""LOGOUT: over here first, then at the server, then in the browser; and what is told when the server does not hear of it."""
import pwd
import urllib.parse

from lib import processes
from lib.conversation import acting_as
from lib.dialogue import at_terminal

from .fixture import HYBRID, PERSON, SignInFixture, fields, person

AUTO = "knob auto-login " + PERSON
BIN, GAMES = (pwd.getpwnam(name).pw_uid for name in ("bin", "games"))
BYE = "http://127.0.0.1:53177/bye"
GOODBYE = 'post_logout_redirect_uri = "%s"' % BYE


def test_revoked(server):
    with SignInFixture(server) as scene:
        scene.people({"me": person(more=GOODBYE)}).start()
        cookies = scene.folder / "cookies"
        with scene.login("--no-browser") as login:
            login.waits()
            scene.delivers(scene.walks(scene.address(login), "--cookies", cookies))
            login.end()
        held = scene.ask("HEADER app.me")[3:]
        done = at_terminal(scene.daemon.command("logout", "app.me"))
        lines = done.stdout.splitlines()
        assert done.returncode == 0 and lines[0] == "app.me: signed out; the server has revoked the sign-in", (
            "tokenctl logout says that the server has revoked the sign-in")
        assert [(grant["alive"], grant["ended"]) for grant in scene.grants()] == [(False, "revoked")], "RT-14 and it is true: the grant is dead there"
        reply = scene.ask("GET app.me")
        assert reply.startswith("ERR login-required reason=signed-out : the person has signed out; ") and scene.call(held)[0] == 200, (
            "nothing is served any more, though the access token still lives")
        url = lines[1].rpartition(" ")[2]
        assert (lines[1].startswith("open this to end the session in the browser too: " + server.about["endpoints"]["end_session"])
                and fields(url)["post_logout_redirect_uri"] == BYE and len(fields(url)["id_token_hint"]) > 100), "it tells where the browser's session ends"
        where = scene.walks(url, "--cookies", cookies)
        assert where["url"].startswith(BYE) and not any(session["alive"] for session in server.control("sessions")["sessions"]), (
            "the address works without a question: the session is over, and the browser goes where it is registered to")
        scene.daemon.stop()
        scene.start()
        reply = scene.ask("GET app.me")
        assert reply.startswith("ERR login-required reason=signed-out : ") and scene.counter("refresh-grants") == 0, "a restart does not bring it back"
        assert scene.ask("LOGOUT app.me").split(" ")[:2] == ["OK", "forgotten"], "LOGOUT once more is no error"
        scene.signed_in()
        assert scene.ask("GET app.me").startswith("OK "), "signing in again works"
        scene.daemon.stop()
        scene.start()
        assert scene.ask("GET app.me").startswith("OK "), "and that is what the next restart finds"


def test_not_heard(server):
    pinned = '[endpoints]\nrevocation = "%s"' % server.about["endpoints"]["revocation"]
    for line, more, why in (
            ("knob revocation-endpoint unlisted", "", "name no revocation_endpoint"),
            ("knob revocation-endpoint off", pinned, "404"),
            ("fault revocation status code=503 times=forever", "", "503"),
            ("fault revocation reset when=before times=forever", "", "'%s" % server.about["endpoints"]["revocation"])):
        with SignInFixture(server, AUTO, line) as scene:
            scene.people(more=more).start()
            scene.signed_in()
            done = scene.tokenctl("logout", "app.me")
            assert done.returncode == 0 and done.stdout.startswith("app.me: signed out here; the server has not confirmed it: ") and why in done.stdout, (
                "%s: signed out here, and why the server may not know" % line)
            told = [line for line in scene.daemon.words().splitlines() if "event=signed-out" in line]
            assert len(told) == 1 and "the server was not told: " in told[0] and why in told[0], "the log says that the server was not told, and why"
            reply = scene.ask("GET app.me")
            assert reply.startswith("ERR login-required reason=signed-out : ") and scene.counter("refresh-grants") == 0, "and nothing is served"
            assert [grant["alive"] for grant in scene.grants()] == [True], "the grant lives there until its own end"


def test_in_the_middle(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        renewing = scene.refresh_that_hangs()
        ended = scene.ask("LOGOUT app.me")
        server.control("clear")
        renewing.result()
        server.control("await revocations 1")
        reply = scene.ask("GET app.me")
        assert ended.startswith("OK revoked") and reply.startswith("ERR login-required reason=signed-out"), (
            "decision of the person first: a refresh that ends after LOGOUT brings nothing back: %s" % ((ended, reply, renewing.reply),))
        assert scene.alive() == [], "and what it brought is dead at the server"


def test_other_ways(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        scene.signed_in()
        reply = scene.ask("LOGOUT app.me")
        url = next(item for item in reply.split(" ") if item.startswith("url="))
        assert reply.startswith("OK revoked ") and "id_token_hint" in urllib.parse.unquote(url), (
            "after code id_token it works too, with the newest ID token as hint")
        scene.signed_in()
        server.control("app demo.app/portal IsEnabled=false")
        reply = scene.ask("LOGOUT app.me")
        assert reply.startswith("OK forgotten"), "LOGOUT where the client is not known any more forgets, and says so"


def kept(scene):
    """The refresh tokens that wait in the store to be revoked."""
    return sorted(path.name for path in (scene.folder / "state" / "grants").iterdir() if ".revoke-" in path.name)


def test_told_again(server):
    with SignInFixture(server, AUTO, "fault revocation status code=503 times=forever") as scene:
        scene.hurried("revocation=0.5,catch-up=1").people().start()
        scene.signed_in()
        reply = scene.ask("LOGOUT app.me")
        assert reply.startswith("OK forgotten ") and "the%20server%20is%20told%20again" in reply, (
            "LOGOUT while the server is in trouble: forgotten, and that the server is told again")
        assert len(kept(scene)) == 1 and kept(scene)[0].startswith("app.me.revoke-"), "REV-03 what is to be revoked is sealed in the store"
        scene.daemon.stop()
        scene.start()
        assert scene.ask("GET app.me").startswith("ERR login-required reason=signed-out : "), "the sign-in stays over"
        server.control("clear")
        assert server.control("await revocations 1")["ok"] and scene.alive() == [], "REV-03 after a restart the server is told until it has heard"
        assert processes.until(lambda: kept(scene) == [], 10), f"and nothing is left of it in the store: {kept(scene)}"
        told = [line for line in scene.daemon.words().splitlines() if "out of use" in line]
        assert len(told) >= 2 and "event=trouble " in told[0] and "event=trouble-ended" in told[-1], "the log says when it began and when it was done"


def test_left_the_configuration(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(), "you": person()}).start()
        scene.signed_in()
        scene.people({"you": person()})
        assert scene.ask("RELOAD").splitlines()[-1] == "OK 1", "RELOAD without the token"
        told = [line for line in scene.daemon.words().splitlines() if "app.me" in line and " is not configured, and " in line]
        assert len(told) == 1 and "app.me" in told[0] and "tokenctl logout app.me" in told[0], "REV-05 the log names the sign-in that was left"
        row = scene.status("app.me")
        assert row["state"] == "unconfigured" and PERSON in row["reason"], "and so does STATUS"
        assert "app.me" not in scene.ask("LIST"), "LIST names configured tokens alone"
        reply = scene.ask("LOGOUT app.me")
        assert reply.startswith("OK revoked"), "LOGOUT has the same client of the configuration tell the server"
        assert scene.alive() == [], "RT-14 and the grant is dead there"
        assert scene.ask("STATUS app.me").startswith("ERR ") and kept(scene) == [], "nothing is left"
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(allow='{ user = "bin", login = true }'), "you": person()}).start()
        with acting_as(BIN):
            signer = scene.open()
        with signer:
            login, url = signer.ask("LOGIN app.me").split(" ")[1:3]
            signed = signer.ask("CALLBACK %s %s" % (login, scene.answer(url)))
            scene.people({"you": person()})
            scene.ask("RELOAD")
            with acting_as(GAMES):
                stranger = scene.open()
            with stranger:
                replies = [stranger.ask(line) for line in ("LOGOUT app.me", "LOGOUT app.no", "STATUS app.me", "STATUS")]
            assert (replies[0].startswith("ERR denied : ") and replies[1] == replies[0].replace("app.me", "app.no") and replies[2].startswith("ERR denied : ")
                    and replies[3] == "OK"), "REV-05 another user is told of it no more than of a name that does not exist"
            rows = [signer.ask(line).splitlines() for line in ("STATUS app.me", "STATUS")]
            assert rows[0] == rows[1] and len(rows[0]) == 2 and rows[0][0].startswith("+ app.me state=unconfigured "), (
                "REV-05 the user who signed in still sees the sign-in, though no rule names anybody: %s" % ((signed, rows),))
            reply = signer.ask("LOGOUT app.me")
            assert reply.startswith("OK revoked url=") and "id_token_hint" in reply and scene.alive() == [], "REV-05 and ends it, here and at the server"
            assert signer.ask("LOGOUT app.me").startswith("ERR denied : ") and signer.ask("STATUS") == "OK", "once"
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        scene.application("app", client="machine").ask("RELOAD")
        reply = scene.ask("LOGOUT app.me")
        assert reply.startswith("OK forgotten ") and "certificate%20refused" in reply and "told%20again" in reply, (
            "where that client and its ca_file are gone, the server is not trusted: forgotten here, and it is told again")
        assert scene.ask("STATUS app.me").startswith("ERR "), "and nobody is signed in any more"
