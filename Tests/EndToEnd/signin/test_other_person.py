"""Another person than before comes back from the server: nothing changes until somebody says so."""
from .fixture import OTHER, PERSON, SignInFixture

QUESTION = "This is another person than before: %s, was %s. Use %s from now on? [y/N]" % (OTHER, PERSON, OTHER)


def begins(scene, *arguments, terminal=True):
    """A login that the other person has finished at the server."""
    login = scene.login("--no-browser", *arguments, terminal=terminal)
    login.waits()
    page = scene.delivers(scene.walks(scene.address(login), "--user", OTHER))
    return login, page


def test_yes_and_no(server):
    with SignInFixture(server) as scene:
        scene.people().start()
        scene.signed_in()
        server.control("knob auto-login off")
        held = scene.token("app.me")
        login, page = begins(scene)
        with login:
            assert login.says(QUESTION) and page.title == "Is this the right person?" and OTHER in page.text and PERSON in page.text, (
                "AC-28 another person than before is asked about, in the terminal and on the page: %s" % ((login.errors, page),))
            assert scene.token("app.me").token == held.token, "AC-28 until there is an answer the token is that of the person before"
            login.types("n\n")
            status, output, errors = login.end()
        assert status == 80 and output == "" and errors.rstrip().endswith("nothing has changed; it is still " + PERSON), (
            "AC-28 no: nothing has changed, and that is told: %s" % ((status, errors),))
        assert scene.token("app.me").token == held.token, "AC-28 not even the token"
        login, page = begins(scene)
        with login:
            login.says("[y/N]")
            login.types("y\n")
            status, output, errors = login.end()
        assert status == 0 and output.startswith("signed in as " + OTHER), "AC-28 yes: the other person is signed in: %s" % ((status, output, errors),)
        assert OTHER in scene.call(scene.ask("HEADER app.me")[3:], server.about["me"])[1], "and the token is theirs"
        assert scene.server.control("await revocations 1")["ok"] and not any(grant["alive"] for grant in scene.grants(user=PERSON)), (
            f"AC-28 the sign-in of the person before is revoked at the server, once the new one is on the disk: {scene.grants(user=PERSON)}")
        login, page = begins(scene)
        with login:
            status, output, errors = login.end()
        assert status == 0 and page.title == "You are signed in", "the same person once more is not asked about: %s" % ((status, errors),)


def test_without_a_terminal(server):
    with SignInFixture(server) as scene:
        scene.people().start()
        scene.signed_in()
        server.control("knob auto-login off")
        login, page = begins(scene, terminal=False)
        with login:
            status, output, errors = login.end()
        assert status == 80 and "tokenctl login app.me --confirm" in errors and scene.status()["state"] == "ready", (
            "AC-28 without a terminal nothing is decided: it says what to write: %s" % ((status, errors),))
        login, page = begins(scene, "--confirm", terminal=False)
        with login:
            status, output, errors = login.end()
        assert status == 0 and output.startswith("signed in as " + OTHER), "AC-28 --confirm has said yes before: %s" % ((status, output, errors),)


def test_too_late(server):
    with SignInFixture(server) as scene:
        scene.hurried("sign-in=3").people().start()
        scene.signed_in()
        server.control("knob auto-login off")
        login, page = begins(scene)
        with login:
            login.says("[y/N]")
            server.control("await revocations 1")
            assert [grant["user"] for grant in scene.alive()] == [PERSON], "AC-28 tokens of another person that nobody confirms in time are revoked"
            login.types("y\n")
            status, output, errors = login.end()
        assert status == 80 and "no longer waits" in errors and errors.count("tokenctl login app.me") == 1 and output == "", (
            "AC-28 and a yes comes too late for them: %s" % ((status, output, errors),))
        assert PERSON in scene.call(scene.ask("HEADER app.me")[3:], server.about["me"])[1], "the person before is served as ever"
        login, url = scene.begin()
        reply = scene.ask("AWAIT %s wait=30" % login)
        assert reply.startswith("ERR login-required reason=login-expired : "), "AC-19 a sign-in that nobody finishes is over by itself"
