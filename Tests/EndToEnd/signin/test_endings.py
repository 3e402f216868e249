"""How sign-ins end at the server, what is left then, and how long before that somebody hears of it."""
import re
import time

from lib import processes
from lib.daemon import Watch

from .fixture import PERSON, SignInFixture, person

AUTO = "knob auto-login " + PERSON
ENDS = [
    ("the person deletes the token in the Profile site", ["grant delete all"], "deleted"),
    ("the person's password is changed", ["password %s another-password-1" % PERSON], "password-change"),
    ("the application was disabled for a while", ["app demo.app/portal IsEnabled=false", "app demo.app/portal IsEnabled=true"], "app-change"),
    ("the person signs out at the server", ["session end all"], "logout"),
]


def test_kill_switches(server):
    for what, lines, ended in ENDS:
        with SignInFixture(server, AUTO, "knob access-ttl 2") as scene:
            scene.hurried("quarantine=0.1").people().start()
            scene.signed_in()
            watch = Watch(scene.daemon, "app.me")
            for line in lines:
                server.control(line)
            scene.until_state("login-required")
            # it may be told a moment later that the token has ended
            heard = processes.until(lambda: watch.rows and watch.rows[-1][1].startswith("+ - state=login-required reason="), 10)
            watch.end()
            row, sent = scene.status(), scene.refreshes()
            assert (len(sent), len(set(sent)), scene.grants()[0]["ended"]) == (4, 1, ended), (
                "RT-10 RT-17 %s: the refresh token is tried four times, then a person is asked for" % what)
            assert heard, f"and whoever watches hears of it: {watch.rows[-3:]}"
            assert "no longer takes the refresh token" in row["reason"] and row["reason"].count("tokenctl login app.me") == 1, (
                "STATUS says what happened and what to do")
            told = [line for line in scene.daemon.words().splitlines() if "event=login-required" in line]
            assert len(told) == 1 and '"app.me" needs a person to sign in: ' in told[0] and told[0].count("tokenctl login app.me") == 1, (
                "the log says it once, with what to do")
            scene.daemon.stop()
            scene.start()
            processes.until(lambda: scene.ask("GET app.me wait=2").startswith("ERR login-required"), 15)
            reply = scene.ask("GET app.me")
            assert reply.startswith("ERR login-required reason=refresh-refused oauth-error=invalid_grant : ") and set(scene.refreshes()) == set(sent), (
                "RT-10 nothing was erased: after a restart the server is asked again, and says the same")
            said = scene.tokenctl("get", "app.me")
            assert said.returncode == 80 and said.stdout == "" and said.stderr.count("sign in") == 1 and said.stderr.count("tokenctl login app.me") == 1, (
                f"tokenctl says it in one sentence, with its remedy once: {said.stderr}")
            scene.signed_in()
            assert scene.status()["state"] == "ready", "a sign-in makes it good"


def test_patience(server):
    """The same without haste: a no is not believed at once."""
    with SignInFixture(server, AUTO, "knob access-ttl 1") as scene:
        scene.people().start()
        scene.signed_in()
        server.control("grant delete all")
        scene.until_state("idle")
        reply = scene.ask("GET app.me wait=1")
        assert re.match(r"ERR unavailable oauth-error=invalid_grant retry-after=(60|59) : ", reply), (
            "RT-10 the first no makes the token unavailable for a minute, not for good")
        row = scene.status()
        assert row["state"] == "unavailable", "STATUS says so"
        scene.people({"me": person()}).ask("RELOAD")
        assert (scene.ask("GET app.me wait=0")[:15], len(scene.refreshes())) == ("ERR unavailable", 1), "RT-10 a reload of the same files does not hurry it"
    with SignInFixture(server, AUTO, "knob access-ttl 1") as scene:
        scene.people().start()
        scene.signed_in()
        server.control("app demo.app/portal IsEnabled=false")
        scene.until_state("idle")
        reply = scene.ask("GET app.me wait=1")
        assert (reply.startswith("ERR refused oauth-error=invalid_client : ") and scene.ask("GET app.me wait=1").startswith("ERR refused")
                and len(scene.refreshes()) == 1), (
            "RT-13 a client that is not known is a fault of the registration: the refresh token is kept and nothing more is sent")
        assert scene.status()["state"] == "refused", "and the state is refused, not login-required"


def test_ages(server):
    for mode, survives in (("absolute", False), ("sliding", True)):
        with SignInFixture(server, AUTO, "knob access-ttl 1", "knob refresh-ttl 60", "knob refresh-expiry " + mode, "knob id-tokens not-on-refresh") as scene:
            scene.people().start()
            scene.signed_in()
            replies = []
            for _ in range(2):
                server.control("clock advance 40")
                scene.until_state("idle")
                replies.append(scene.ask("GET app.me wait=1")[:15])
            assert [reply[:2] for reply in replies] == ["OK", "OK" if survives else "ER"], "RT-17 a refresh token of 60 s, %s, after 40 s and after 80 s" % mode


def test_until_when(server):
    for client, erpnet, knobs, more, seconds, what in (
            ("portal", True, [], "", 30 * 86400, "a month for a confidential client of ERP.net"),
            ("native", True, [], "", 86400, "a day for a public one"),
            ("portal", False, [], "refresh_lifetime = 7200", 7200, "as the configuration says"),
            ("native", False, ["knob refresh-expires-in on"], "", 86400, "as the server hints")):
        with SignInFixture(server, AUTO, *knobs) as scene:
            scene.people({"me": person(more=more)}, client=client, erpnet=erpnet).start()
            reply = scene.sign_in()
            until = int(scene.status()["login-until"])
            assert abs(until - time.time() - seconds) < 10 and "expires=%d" % until in reply, (
                "RT-19 TR-18 a sign-in lasts %s: %s" % (what, (until - time.time(), reply)))
            shown = scene.tokenctl("status", "app.me").stdout.splitlines()
            assert "LOGIN-UNTIL" in shown[0], "and tokenctl status shows it"
    with SignInFixture(server, AUTO) as scene:
        scene.people(erpnet=False).start()
        scene.sign_in()
        assert "login-until" not in scene.status(), "RT-19 where nobody knows, nothing is promised"


def test_warned_ahead(server):
    with SignInFixture(server, AUTO) as scene:
        # an hour is the last warning, and this is a second more
        scene.people({"me": person(more="refresh_lifetime = 3601")}).start()
        scene.signed_in()
        told = scene.said(re.compile("event=ends-soon"), 10)
        assert len(told) == 1 and '"app.me"' in told[0] and re.search(r"ends in (60|59) min: ", told[0]) and "tokenctl login app.me" in told[0], (
            "RT-19 the log warns ahead of the end of a sign-in, with what to do")
        scene.daemon.stop()
        scene.start()
        told = scene.said(re.compile("event=ends-soon"), 10)
        assert processes.until(lambda: len(scene.said(re.compile("event=ends-soon"))) == 2, 10), f"RT-19 and once more when it starts again: {told}"
