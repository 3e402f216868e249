"""The ways in which a person comes to be signed in with `code`, and what the server is asked on each."""
import contextlib
import re
import socket
import sys

from lib import processes, simulator

from .fixture import PERSON, PORT, REDIRECT, SignInFixture, fields, person


def test_there_and_back(server):
    for client, kind, said, sent in (
            ("portal", "confidential", r"signed in as m\.petrova until \d{4}-\d\d-\d\d \((30|29) days\)\n",
             ["client_id", "client_secret", "code", "code_verifier", "grant_type", "redirect_uri"]),
            ("native", "public", r"signed in as m\.petrova until \d{4}-\d\d-\d\d \d\d:\d\d \((24|23) hours\)\n",
             ["client_id", "code", "code_verifier", "grant_type", "redirect_uri"])):
        with SignInFixture(server) as scene:
            scene.people(client=client).start()
            with scene.login("--no-browser") as login:
                login.waits()
                address = scene.address(login)
                page = scene.delivers(scene.walks(address))
                status, output, errors = login.end()
            asked = fields(address)
            assert status == 0 and re.fullmatch(said, output), (
                "%s: tokenctl login ends with who is signed in and until when: %s" % (kind, (status, output, errors)))
            assert page.title == "You are signed in" and PERSON in page.text, "%s: the browser's last page says so too" % kind
            assert asked.get("code_challenge_method") == "S256" and re.fullmatch(r"[\w-]{43}", asked.get("code_challenge", "")), (
                "AC-01 AC-03 AC-04 %s: the address has a challenge of S256" % kind)
            assert all(re.fullmatch(r"[\w-]{43}", asked.get(key, "")) for key in ("state", "nonce")), (
                "AC-05 AC-06 %s: and a state and a nonce that nobody guesses: %s" % (kind, asked))
            assert (asked["response_type"], "response_mode" in asked, asked["scope"]) == ("code", False, "openid profile offline_access read"), (
                "AC-22 AC-23 %s: it asks for a code, and nothing else comes through the browser" % kind)
            entry, = scene.entries()
            assert (sorted(entry["fields"]), entry["grant_type"], asked["redirect_uri"]) == (sent, "authorization_code", REDIRECT), (
                "AC-10 AC-12 AC-24 %s: the code is redeemed once, with its verifier and the same redirect URI" % kind)
            header = scene.ask("HEADER app.me")[len("OK "):]
            assert PERSON in scene.call(header, server.about["me"])[1] and scene.counter("token-requests") == 1, (
                "%s: the token that is served is this person's" % kind)
            assert not any(value in scene.daemon.words() for value in (asked["state"], asked["nonce"], asked["code_challenge"])), (
                "LOG-01 %s: neither the code nor the verifier, the state or the nonce is in the log" % kind)


def test_another_time(server):
    with SignInFixture(server) as scene:
        scene.people().start()
        first, second = (fields(scene.begin()[1]) for _ in range(2))
        assert all(first[key] != second[key] for key in ("state", "nonce", "code_challenge")), (
            "AC-02 AC-05 AC-06 state, nonce and challenge are new for each sign-in: %s" % ((first, second),))


def test_by_a_program_as_browser(server):
    with SignInFixture(server) as scene:
        scene.people().start()
        browser = scene.folder / "browser"
        browser.write_text('#!/bin/sh\nurl=$(curl -sS -w "%%{redirect_url}" "$1")\nexec curl -sS -L -o "%s/page" "$(%s %s --idp "%s/idp.json" "$url")"\n' % (
            scene.folder, sys.executable, simulator.PACKAGE / "login", server.folder))
        browser.chmod(0o755)
        with scene.login("--json", environment={"BROWSER": str(browser)}) as login:
            status, output, errors = login.end()
        assert status == 0 and '"subject":"m.petrova"' in output.replace(" ", ""), (
            "AC-20 the person's own browser is started with the address: %s" % ((status, output, errors),))
        page = scene.folder / "page"
        assert processes.until(lambda: page.exists() and "You are signed in" in page.read_text(), 10), "LOOP-11 and ends on a page without parameters"


def test_pasted(server):
    with SignInFixture(server) as scene:
        scene.people({"me": person(redirect="https://portal.example/signed-in"), "here": person()})
        server.control('app demo.app/portal ImpersonateLoginUrl=https://portal.example/signed-in,%s' % REDIRECT)
        scene.start()
        for name in ("app.me", "app.here"):
            with scene.login("--paste", name=name, terminal=True) as login:
                login.says("paste it here")
                login.types("https://elsewhere.example/?code=0&state=0\n")
                login.says("still waiting")
                login.types(scene.walks(scene.address(login))["url"] + "\n")
                status, output, errors = login.end()
            assert status == 0 and output.startswith("signed in as " + PERSON), (
                "LOOP-15 the address that a browser elsewhere ended at is pasted: %s: %s" % (name, (status, output, errors)))
        assert (scene.counter("code-grants"), scene.counter("code-refusals")) == (2, 0), "AC-27 and what is pasted from another address redeems nothing"


def test_refused(server):
    with SignInFixture(server, "knob consent on") as scene:
        scene.people().start()
        with scene.login("--no-browser") as login:
            login.waits()
            page = scene.delivers(scene.walks(scene.address(login), "--deny"))
            status, output, errors = login.end()
        assert status == 80 and output == "" and "cancelled or refused" in errors and errors.count("tokenctl login app.me") == 1, (
            "AC-17 who refuses consent is told that nothing has changed: %s" % ((status, errors),))
        assert (page.title, scene.counter("token-requests")) == ("Access was not granted", 0), "on the page as well, and nothing was redeemed"
        reply = scene.ask("GET app.me")
        assert reply.startswith("ERR login-required reason=no-sign-in : "), "and nobody is signed in"


def test_nothing_comes(server):
    with SignInFixture(server) as scene:
        scene.people({"me": person(), "elsewhere": person(redirect="http://127.0.0.1:%d/unknown" % PORT)}).start()
        with scene.login("--no-browser", "--timeout", "1") as login:
            status, output, errors = login.end()
        assert status == 80 and "look at its page" in errors and errors.count("tokenctl login app.me") == 1, (
            "AC-19 a closed window ends the login with its time, and says where to look: %s" % ((status, errors),))
        with scene.login("--no-browser", "--timeout", "2", name="app.elsewhere") as login:
            login.waits()
            stopped = scene.walks(scene.address(login))
            status, output, errors = login.end()
        assert stopped["mode"] == "stopped" and "redirect_uri" in stopped["words"] and status == 80 and "look at its page" in errors, (
            "AC-19 so it is when the server stops on a page of its own: the redirect URI is not registered: %s" % ((stopped, status, errors),))
        with contextlib.closing(socket.socket()) as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", PORT))
            holder.listen()
            with scene.login("--no-browser") as login:
                status, output, errors = login.end()
        assert status != 0 and str(PORT) in errors and "https://" not in errors, (
            "LOOP-04 a port that is taken is told, and no other is tried: %s" % ((status, errors),))
        with scene.login("--no-browser", "--redirect-uri", "http://127.0.0.1:9/callback") as login:
            status, output, errors = login.end()
        assert status == 78 and REDIRECT in errors, "AC-12 a way back that is not configured is refused with those that are: %s" % ((status, errors),)
        assert scene.counter("token-requests") == 0, "nothing of it is a token request"


def test_who_may(server):
    with SignInFixture(server) as scene:
        scene.people({"me": person(allow='{ user = "root" }'), "yours": person(allow='{ user = "bin", login = true }')}).start()
        with scene.login("--no-browser") as login:
            status, output, errors = login.end()
        assert status == 77 and "denied" in errors and "https://" not in errors, (
            "SEC-06 who has no rule with login = true may not sign in: %s" % ((status, errors),))
        others = [re.sub(r'"[^"]*"', "NAME", scene.ask("LOGIN " + name)) for name in ("app.me", "app.yours", "no.such", "app.no")]
        assert len(set(others)) == 1, "SEC-06 whatever the name, the refusal is the same"
        found = [scene.ask("GET app.yours"), scene.ask("LOGOUT app.yours")]
        assert found[0].startswith("ERR denied"), "and neither may who has no rule at all use it"
        for client in ("machine", "disabled"):
            scene.people(client=client)
            scene.people({"other": person()}, name="more", client=client).ask("RELOAD")
            login, url = scene.begin("more.other")
            stopped = scene.walks(url)
            assert stopped["mode"] == "stopped", "AC-19 an application that may not sign anybody in stops at the server: %s" % client
