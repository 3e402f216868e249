"""LOGOUT: over here first, then at the server, then in the browser; and what is told when the server does not hear of it."""
import pwd
import urllib.parse

from lib import processes
from lib.conversation import acting_as
from lib.dialogue import at_terminal

from .people import HYBRID, PERSON, Scene, fields, person

AUTO = "knob auto-login " + PERSON
BIN, GAMES = (pwd.getpwnam(name).pw_uid for name in ("bin", "games"))
BYE = "http://127.0.0.1:53177/bye"
GOODBYE = 'post_logout_redirect_uri = "%s"' % BYE


def revoked(checks, server):
    with Scene(server) as scene:
        scene.people({"me": person(more=GOODBYE)}).start()
        cookies = scene.folder / "cookies"
        with scene.login("--no-browser") as login:
            login.waits()
            scene.delivers(scene.walks(scene.address(login), "--cookies", cookies))
            login.end()
        held = scene.ask("HEADER app.me")[3:]
        done = at_terminal(scene.daemon.command("logout", "app.me"))
        lines = done.stdout.splitlines()
        checks.ok("tokenctl logout says that the server has revoked the sign-in", done.returncode == 0
                  and lines[0] == "app.me: signed out; the server has revoked the sign-in", done)
        checks.equal("RT-14 and it is true: the grant is dead there", [(grant["alive"], grant["ended"]) for grant in scene.grants()], [(False, "revoked")])
        reply = scene.ask("GET app.me")
        checks.ok("nothing is served any more, though the access token still lives",
                  reply.startswith("ERR login-required reason=signed-out : the person has signed out; ")
                  and scene.call(held)[0] == 200, reply)
        url = lines[1].rpartition(" ")[2]
        checks.ok("it tells where the browser's session ends",
                  lines[1].startswith("open this to end the session in the browser too: " + server.about["endpoints"]["end_session"])
                  and fields(url)["post_logout_redirect_uri"] == BYE and len(fields(url)["id_token_hint"]) > 100, lines)
        where = scene.walks(url, "--cookies", cookies)
        checks.ok("the address works without a question: the session is over, and the browser goes where it is registered to",
                  where["url"].startswith(BYE) and not any(session["alive"] for session in server.control("sessions")["sessions"]), where)
        scene.daemon.stop()
        scene.start()
        reply = scene.ask("GET app.me")
        checks.ok("a restart does not bring it back", reply.startswith("ERR login-required reason=signed-out : ") and scene.counter("refresh-grants") == 0,
                  reply)
        checks.equal("LOGOUT once more is no error", scene.ask("LOGOUT app.me").split(" ")[:2], ["OK", "forgotten"])
        scene.signed_in()
        checks.ok("signing in again works", scene.ask("GET app.me").startswith("OK "))
        scene.daemon.stop()
        scene.start()
        checks.ok("and that is what the next restart finds", scene.ask("GET app.me").startswith("OK "))


def not_heard(checks, server):
    pinned = '[endpoints]\nrevocation = "%s"' % server.about["endpoints"]["revocation"]
    for line, more, why in (
            ("knob revocation-endpoint unlisted", "", "name no revocation_endpoint"),
            ("knob revocation-endpoint off", pinned, "404"),
            ("fault revocation status code=503 times=forever", "", "503"),
            ("fault revocation reset when=before times=forever", "", "'%s" % server.about["endpoints"]["revocation"])):
        with Scene(server, AUTO, line) as scene:
            scene.people(more=more).start()
            scene.signed_in()
            done = scene.tokenctl("logout", "app.me")
            checks.ok("%s: signed out here, and why the server may not know" % line, done.returncode == 0
                      and done.stdout.startswith("app.me: signed out here; the server has not confirmed it: ") and why in done.stdout, done)
            told = [line for line in scene.daemon.words().splitlines() if "event=signed-out" in line]
            checks.ok("the log says that the server was not told, and why", len(told) == 1 and "the server was not told: " in told[0] and why in told[0], told)
            reply = scene.ask("GET app.me")
            checks.ok("and nothing is served", reply.startswith("ERR login-required reason=signed-out : ") and scene.counter("refresh-grants") == 0, reply)
            checks.equal("the grant lives there until its own end", [grant["alive"] for grant in scene.grants()], [True])


def in_the_middle(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        renewing = scene.refresh_that_hangs()
        ended = scene.ask("LOGOUT app.me")
        server.control("clear")
        renewing.result()
        server.control("await revocations 1")
        reply = scene.ask("GET app.me")
        checks.ok("decision of the person first: a refresh that ends after LOGOUT brings nothing back", ended.startswith("OK revoked")
                  and reply.startswith("ERR login-required reason=signed-out"), (ended, reply, renewing.reply))
        checks.equal("and what it brought is dead at the server", scene.alive(), [])


def other_ways(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        scene.signed_in()
        reply = scene.ask("LOGOUT app.me")
        url = next(item for item in reply.split(" ") if item.startswith("url="))
        checks.ok("after code id_token it works too, with the newest ID token as hint", reply.startswith("OK revoked ")
                  and "id_token_hint" in urllib.parse.unquote(url), reply[:100])
        scene.signed_in()
        server.control("app demo.app/portal IsEnabled=false")
        reply = scene.ask("LOGOUT app.me")
        checks.ok("LOGOUT where the client is not known any more forgets, and says so", reply.startswith("OK forgotten"), reply[:200])


def kept(scene):
    """The refresh tokens that wait in the store to be revoked."""
    return sorted(path.name for path in (scene.folder / "state" / "grants").iterdir() if ".revoke-" in path.name)


def told_again(checks, server):
    with Scene(server, AUTO, "fault revocation status code=503 times=forever") as scene:
        scene.hurried("revocation=0.5,catch-up=1").people().start()
        scene.signed_in()
        reply = scene.ask("LOGOUT app.me")
        checks.ok("LOGOUT while the server is in trouble: forgotten, and that the server is told again", reply.startswith("OK forgotten ")
                  and "the%20server%20is%20told%20again" in reply, reply)
        checks.ok("REV-03 what is to be revoked is sealed in the store", len(kept(scene)) == 1 and kept(scene)[0].startswith("app.me.revoke-"), kept(scene))
        scene.daemon.stop()
        scene.start()
        checks.ok("the sign-in stays over", scene.ask("GET app.me").startswith("ERR login-required reason=signed-out : "))
        server.control("clear")
        checks.ok("REV-03 after a restart the server is told until it has heard", server.control("await revocations 1")["ok"] and scene.alive() == [])
        checks.ok("and nothing is left of it in the store", processes.until(lambda: kept(scene) == [], 10), kept(scene))
        told = [line for line in scene.daemon.words().splitlines() if "out of use" in line]
        checks.ok("the log says when it began and when it was done", len(told) >= 2 and "event=trouble " in told[0] and "event=trouble-ended" in told[-1], told)


def left_the_configuration(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(), "you": person()}).start()
        scene.signed_in()
        scene.people({"you": person()})
        checks.equal("RELOAD without the token", scene.ask("RELOAD").splitlines()[-1], "OK 1")
        told = [line for line in scene.daemon.words().splitlines() if "app.me" in line and " is not configured, and " in line]
        checks.ok("REV-05 the log names the sign-in that was left", len(told) == 1 and "app.me" in told[0] and "tokenctl logout app.me" in told[0], told)
        row = scene.status("app.me")
        checks.ok("and so does STATUS", row["state"] == "unconfigured" and PERSON in row["reason"], row)
        checks.ok("LIST names configured tokens alone", "app.me" not in scene.ask("LIST"))
        reply = scene.ask("LOGOUT app.me")
        checks.ok("LOGOUT has the same client of the configuration tell the server", reply.startswith("OK revoked"), reply)
        checks.equal("RT-14 and the grant is dead there", scene.alive(), [])
        checks.ok("nothing is left", scene.ask("STATUS app.me").startswith("ERR ") and kept(scene) == [])
    with Scene(server, AUTO) as scene:
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
            checks.ok("REV-05 another user is told of it no more than of a name that does not exist", replies[0].startswith("ERR denied : ")
                      and replies[1] == replies[0].replace("app.me", "app.no") and replies[2].startswith("ERR denied : ") and replies[3] == "OK", replies)
            rows = [signer.ask(line).splitlines() for line in ("STATUS app.me", "STATUS")]
            checks.ok("REV-05 the user who signed in still sees the sign-in, though no rule names anybody", rows[0] == rows[1] and len(rows[0]) == 2
                      and rows[0][0].startswith("+ app.me state=unconfigured "), (signed, rows))
            reply = signer.ask("LOGOUT app.me")
            checks.ok("REV-05 and ends it, here and at the server", reply.startswith("OK revoked url=") and "id_token_hint" in reply and scene.alive() == [],
                      reply[:200])
            checks.ok("once", signer.ask("LOGOUT app.me").startswith("ERR denied : ") and signer.ask("STATUS") == "OK")
    with Scene(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        scene.application("app", client="machine").ask("RELOAD")
        reply = scene.ask("LOGOUT app.me")
        checks.ok("where that client and its ca_file are gone, the server is not trusted: forgotten here, and it is told again", reply.startswith("OK forgotten ")
                  and "certificate%20refused" in reply and "told%20again" in reply, reply)
        checks.ok("and nobody is signed in any more", scene.ask("STATUS app.me").startswith("ERR "))


SECTIONS = [revoked, not_heard, told_again, left_the_configuration, in_the_middle, other_ways]
