"""Refresh tokens in real time: each is spent once, whatever the server makes of the old one, and however many wait for it."""
import re
import signal

from lib import processes
from lib.daemon import Served, Watch

from .fixture import PERSON, SignInFixture

AUTO = "knob auto-login " + PERSON
SHORT = "knob access-ttl 4"
# what the server does with a refresh token that was used, what it answers where it goes on, and whether each refresh brings another
MODES = [
    ("reject", "same", True), ("family-revoke", "same", True), ("grace-60", "same", True), ("no-rotation", "same", False), ("no-rotation", "absent", False)]


def test_in_time(server):
    with SignInFixture(server, AUTO, SHORT) as scene:
        scene.people().start()
        scene.signed_in()
        watch = Watch(scene.daemon, "app.me")
        rows = watch.wait_for(3, 20)
        watch.end()
        assert (len(rows), len({row.token for _, row in rows})) == (3, 3), "RT-08 a watched token of 4 s is renewed while it lives"
        assert 1.5 <= rows[2][0] - rows[1][0] <= 4, "RT-08 at about three quarters of its life"
        sent = scene.refreshes()
        assert (len(sent), len(set(sent)), scene.counter("reused")) == (2, 2, 0), "RT-02 each refresh token is sent once, and none that was used before"
        audits = [entry for entry in scene.entries() if entry["grant_type"] == "refresh_token"]
        assert all("scope" not in entry["fields"] and "client_secret" in entry["fields"] for entry in audits), (
            f"RT-01 without a scope, and with the client's own proof: {audits}")
        kept = b"".join(path.read_bytes() for path in (scene.folder / "state").rglob("*") if path.is_file())
        assert b"demo.app" not in kept and "eyJ" not in scene.daemon.words(), "RT-14 SEC-01 nothing of it is readable in the store or the log"


def test_every_mode(server):
    for mode, answer, rotates in MODES:
        with SignInFixture(server, AUTO, "knob access-ttl 2", "knob refresh-mode " + mode, "knob unrotated-answer " + answer) as scene:
            scene.people().start()
            scene.signed_in()
            watch = Watch(scene.daemon, "app.me")
            rows = watch.wait_for(3, 20)
            watch.end()
            scene.daemon.stop()
            scene.start()
            last = scene.token("app.me").token
            sent, what = scene.refreshes(), mode if rotates else "%s, %s" % (mode, answer)
            assert len({row.token for _, row in rows} | {last}) == 4, "RT-02 RT-03 %s: each renewal brings a token, after a restart too" % what
            assert len(sent) >= 3 and len(set(sent)) == (len(sent) if rotates else 1), (
                "RT-02 RT-03 %s: %s" % (what, "each refresh token is sent once" if rotates else "the one refresh token goes on"))
            assert (scene.counter("reused"), scene.counter("refresh-refusals"), [grant["alive"] for grant in scene.grants()]) == (0, 0, [True]), (
                "%s: the server met no token twice and refused none" % what)


def test_many_callers(server):
    with SignInFixture(server, AUTO, "knob access-ttl 1") as scene:
        scene.people().start()
        scene.signed_in()
        scene.until_state("idle")
        before = scene.counter("refresh-grants")
        server.control("fault token hang")
        waiting = scene.ask_together("GET app.me", 200)
        server.control("await hung 1")
        server.control("knob access-ttl 3600")
        server.control("clear")
        replies = [Served(conversation.reply()) for conversation in waiting]
        for conversation in waiting:
            conversation.close()
        assert (len({reply.token for reply in replies}), scene.counter("refresh-grants") - before) == (1, 1), (
            "RT-06 200 callers of an expired token cause one refresh, and all have its result")


def test_a_restart(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        assert scene.daemon.stop() == 0, "it is stopped"
        before = scene.counter("token-requests")
        scene.start()
        state = scene.status()["state"]
        assert (state, scene.counter("token-requests")) == ("idle", before), "RT-04 a restart keeps the sign-in and asks the server nothing"
        first, second = scene.token("app.me").token, scene.token("app.me").token
        assert (first == second, scene.counter("token-requests")) == (True, before + 1), (
            "SEC-05 the first request after it costs one refresh, and the second none")
        scene.daemon.process.kill()
        scene.daemon.process.wait()
        scene.start()
        assert scene.ask("GET app.me").startswith("OK ") and scene.counter("reused") == 0, (
            "RT-04 even a kill loses no refresh token: what was used is on the disk")


def test_the_end_of_the_daemon(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        renewing = scene.refresh_that_hangs()
        scene.daemon.process.send_signal(signal.SIGTERM)
        refused = processes.until(lambda: "stopping" in scene.daemon.words(), 10)
        still = scene.daemon.process.poll() is None
        server.control("clear")
        status = scene.daemon.process.wait(20)
        assert (bool(refused), still, status, scene.counter("refresh-grants")) == (True, True, 0, 1), (
            "RT-06 SIGTERM waits for a refresh token that is with the server")
        renewing.result(5)
        scene.start()
        assert scene.ask("GET app.me").startswith("OK ") and (scene.counter("refresh-grants"), scene.counter("reused")) == (2, 0), (
            f"RT-04 and what came is stored: the next one is sent after the restart: {scene.status()}")


def test_an_end_that_does_not_wait(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        renewing = scene.refresh_that_hangs()
        scene.daemon.process.send_signal(signal.SIGTERM)
        processes.until(lambda: "stopping" in scene.daemon.words(), 10)
        scene.daemon.process.send_signal(signal.SIGTERM)
        status = scene.daemon.process.wait(20)
        server.control("clear")
        renewing.result(5)
        assert status == 74, "RT-06 where the end does not wait for it, the status says so"
        said = [line for line in scene.daemon.words().splitlines() if 'the refresh token of "app.me" was not back' in line]
        assert ["event=trouble" in line for line in said] == [True, False], "and the token is named, in the audit and on standard error"


def test_a_lost_answer(server):
    for mode, survives in (("reject", False), ("grace-60", True)):
        with SignInFixture(server, AUTO, "knob access-ttl 60", "knob refresh-mode " + mode) as scene:
            scene.hurried("replay=0.2").people(timeout=1).start()
            scene.signed_in()
            held = scene.token("app.me").token
            server.control("fault token reset when=after grant=refresh_token")
            scene.ask("RENEW app.me")
            if survives:
                server.control("await refresh-grants 2")
                assert processes.until(lambda: scene.token("app.me").token != held, 10) and scene.counter("token-requests") == 3, (
                    f"RT-12 where the server is lenient, the one replay brings the successor of a lost answer: {scene.status()}")
            else:
                server.control("await refresh-refusals 1")
                processes.until(lambda: "sign in: " in scene.status().get("reason", ""), 10)
                reason = scene.status().get("reason", "")
                assert "answer to a renewal was lost" in reason and reason.count("tokenctl login app.me") == 1 and scene.counter("token-requests") == 3, (
                    "RT-12 where it is not, a person is asked for at once, with what happened")
                assert scene.token("app.me").token == held, "RT-10 meanwhile what is held is served to its end"
                assert scene.said(re.compile('"app.me" needs a person to sign in: the server.s answer')), (
                    f"and the log asks for the person: {scene.daemon.words()}")
                scene.signed_in()
                assert scene.status()["state"] == "ready", "a sign-in makes it good"


def test_brought_in(server):
    with SignInFixture(server) as scene:
        scene.people().start()
        minted = server.control('grant mint app=demo.app/portal user=%s scope="openid profile offline_access read"' % PERSON)["refresh_token"]
        done = scene.tokenctl("import", "app.me", text=minted)
        reply = scene.ask("GET app.me")
        assert done.returncode == 0 and reply.startswith("OK ") and (scene.counter("refresh-grants"), scene.counter("reused")) == (1, 0), (
            "a refresh token that was got elsewhere is imported, and the first request spends it: %s" % ((done, reply[:80]),))
        assert minted not in scene.daemon.words(), "RT-14 it is in no log"
        done = scene.tokenctl("import", "app.me", "--expires", "never", text=minted)
        assert done.returncode == 64 and "no expires" in done.stderr, f"it has no end that anybody could write: {done.stderr}"
