"""Another person than before comes back from the server: nothing changes until somebody says so."""
from .people import OTHER, PERSON, Scene

QUESTION = "This is another person than before: %s, was %s. Use %s from now on? [y/N]" % (OTHER, PERSON, OTHER)


def begins(scene, *arguments, terminal=True):
    """A login that the other person has finished at the server."""
    login = scene.login("--no-browser", *arguments, terminal=terminal)
    login.waits()
    page = scene.delivers(scene.walks(scene.address(login), "--user", OTHER))
    return login, page


def yes_and_no(checks, server):
    with Scene(server) as scene:
        scene.people().start()
        scene.signed_in()
        server.control("knob auto-login off")
        held = scene.token("app.me")
        login, page = begins(scene)
        with login:
            checks.ok("AC-28 another person than before is asked about, in the terminal and on the page",
                      login.says(QUESTION) and page.title == "Is this the right person?" and OTHER in page.text and PERSON in page.text, (login.errors, page))
            checks.equal("AC-28 until there is an answer the token is that of the person before", scene.token("app.me").token, held.token)
            login.types("n\n")
            status, output, errors = login.end()
        checks.ok("AC-28 no: nothing has changed, and that is told", status == 80 and output == ""
                  and errors.rstrip().endswith("nothing has changed; it is still " + PERSON),
                  (status, errors))
        checks.equal("AC-28 not even the token", scene.token("app.me").token, held.token)
        login, page = begins(scene)
        with login:
            login.says("[y/N]")
            login.types("y\n")
            status, output, errors = login.end()
        checks.ok("AC-28 yes: the other person is signed in", status == 0 and output.startswith("signed in as " + OTHER), (status, output, errors))
        checks.ok("and the token is theirs", OTHER in scene.call(scene.ask("HEADER app.me")[3:], server.about["me"])[1])
        checks.ok("AC-28 the sign-in of the person before is revoked at the server, once the new one is on the disk",
                  scene.server.control("await revocations 1")["ok"] and not any(grant["alive"] for grant in scene.grants(user=PERSON)),
                  scene.grants(user=PERSON))
        login, page = begins(scene)
        with login:
            status, output, errors = login.end()
        checks.ok("the same person once more is not asked about", status == 0 and page.title == "You are signed in", (status, errors))


def without_a_terminal(checks, server):
    with Scene(server) as scene:
        scene.people().start()
        scene.signed_in()
        server.control("knob auto-login off")
        login, page = begins(scene, terminal=False)
        with login:
            status, output, errors = login.end()
        checks.ok("AC-28 without a terminal nothing is decided: it says what to write", status == 80 and "tokenctl login app.me --confirm" in errors
                  and scene.status()["state"] == "ready", (status, errors))
        login, page = begins(scene, "--confirm", terminal=False)
        with login:
            status, output, errors = login.end()
        checks.ok("AC-28 --confirm has said yes before", status == 0 and output.startswith("signed in as " + OTHER), (status, output, errors))


def too_late(checks, server):
    with Scene(server) as scene:
        scene.hurried("sign-in=3").people().start()
        scene.signed_in()
        server.control("knob auto-login off")
        login, page = begins(scene)
        with login:
            login.says("[y/N]")
            server.control("await revocations 1")
            checks.equal("AC-28 tokens of another person that nobody confirms in time are revoked", [grant["user"] for grant in scene.alive()], [PERSON])
            login.types("y\n")
            status, output, errors = login.end()
        checks.ok("AC-28 and a yes comes too late for them", status == 80 and "no longer waits" in errors and errors.count("tokenctl login app.me") == 1
                  and output == "", (status, output, errors))
        checks.ok("the person before is served as ever", PERSON in scene.call(scene.ask("HEADER app.me")[3:], server.about["me"])[1])
        login, url = scene.begin()
        reply = scene.ask("AWAIT %s wait=30" % login)
        checks.ok("AC-19 a sign-in that nobody finishes is over by itself", reply.startswith("ERR login-required reason=login-expired : "), reply)


SECTIONS = [yes_and_no, without_a_terminal, too_late]
