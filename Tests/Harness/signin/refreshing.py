"""Refresh tokens in real time: each is spent once, whatever the server makes of the old one, and however many wait for it."""
import re
import signal

from lib import processes
from lib.daemon import Served, Watch

from .people import PERSON, Scene

AUTO = "knob auto-login " + PERSON
SHORT = "knob access-ttl 4"
# what the server does with a refresh token that was used, what it answers where it goes on, and whether each refresh brings another
MODES = [
    ("reject", "same", True), ("family-revoke", "same", True), ("grace-60", "same", True), ("no-rotation", "same", False), ("no-rotation", "absent", False)]


def in_time(checks, server):
    with Scene(server, AUTO, SHORT) as scene:
        scene.people().start()
        scene.signed_in()
        watch = Watch(scene.daemon, "app.me")
        rows = watch.wait_for(3, 20)
        watch.end()
        checks.equal("RT-08 a watched token of 4 s is renewed while it lives", (len(rows), len({row.token for _, row in rows})), (3, 3))
        checks.ok("RT-08 at about three quarters of its life", 1.5 <= rows[2][0] - rows[1][0] <= 4, rows[2][0] - rows[1][0])
        sent = scene.refreshes()
        checks.equal("RT-02 each refresh token is sent once, and none that was used before", (len(sent), len(set(sent)), scene.counter("reused")), (2, 2, 0))
        audits = [entry for entry in scene.entries() if entry["grant_type"] == "refresh_token"]
        checks.ok("RT-01 without a scope, and with the client's own proof",
                  all("scope" not in entry["fields"] and "client_secret" in entry["fields"] for entry in audits), audits)
        kept = b"".join(path.read_bytes() for path in (scene.folder / "state").rglob("*") if path.is_file())
        checks.ok("RT-14 SEC-01 nothing of it is readable in the store or the log", b"demo.app" not in kept and "eyJ" not in scene.daemon.words())


def every_mode(checks, server):
    for mode, answer, rotates in MODES:
        with Scene(server, AUTO, "knob access-ttl 2", "knob refresh-mode " + mode, "knob unrotated-answer " + answer) as scene:
            scene.people().start()
            scene.signed_in()
            watch = Watch(scene.daemon, "app.me")
            rows = watch.wait_for(3, 20)
            watch.end()
            scene.daemon.stop()
            scene.start()
            last = scene.token("app.me").token
            sent, what = scene.refreshes(), mode if rotates else "%s, %s" % (mode, answer)
            checks.equal("RT-02 RT-03 %s: each renewal brings a token, after a restart too" % what, len({row.token for _, row in rows} | {last}), 4)
            checks.ok("RT-02 RT-03 %s: %s" % (what, "each refresh token is sent once" if rotates else "the one refresh token goes on"),
                      len(sent) >= 3 and len(set(sent)) == (len(sent) if rotates else 1), sent)
            checks.equal("%s: the server met no token twice and refused none" % what, (scene.counter("reused"), scene.counter("refresh-refusals"),
                         [grant["alive"] for grant in scene.grants()]), (0, 0, [True]))


def many_callers(checks, server):
    with Scene(server, AUTO, "knob access-ttl 1") as scene:
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
        checks.equal("RT-06 200 callers of an expired token cause one refresh, and all have its result",
                     (len({reply.token for reply in replies}), scene.counter("refresh-grants") - before), (1, 1))


def a_restart(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        checks.equal("it is stopped", scene.daemon.stop(), 0)
        before = scene.counter("token-requests")
        scene.start()
        state = scene.status()["state"]
        checks.equal("RT-04 a restart keeps the sign-in and asks the server nothing", (state, scene.counter("token-requests")), ("idle", before))
        first, second = scene.token("app.me").token, scene.token("app.me").token
        checks.equal("SEC-05 the first request after it costs one refresh, and the second none", (first == second, scene.counter("token-requests")),
                     (True, before + 1))
        scene.daemon.process.kill()
        scene.daemon.process.wait()
        scene.start()
        checks.ok("RT-04 even a kill loses no refresh token: what was used is on the disk", scene.ask("GET app.me").startswith("OK ")
                  and scene.counter("reused") == 0)


def the_end_of_the_daemon(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        renewing = scene.refresh_that_hangs()
        scene.daemon.process.send_signal(signal.SIGTERM)
        refused = processes.until(lambda: "stopping" in scene.daemon.words(), 10)
        still = scene.daemon.process.poll() is None
        server.control("clear")
        status = scene.daemon.process.wait(20)
        checks.equal("RT-06 SIGTERM waits for a refresh token that is with the server", (bool(refused), still, status, scene.counter("refresh-grants")),
                     (True, True, 0, 1))
        renewing.result(5)
        scene.start()
        checks.ok("RT-04 and what came is stored: the next one is sent after the restart", scene.ask("GET app.me").startswith("OK ")
                  and (scene.counter("refresh-grants"), scene.counter("reused")) == (2, 0), scene.status())


def an_end_that_does_not_wait(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        renewing = scene.refresh_that_hangs()
        scene.daemon.process.send_signal(signal.SIGTERM)
        processes.until(lambda: "stopping" in scene.daemon.words(), 10)
        scene.daemon.process.send_signal(signal.SIGTERM)
        status = scene.daemon.process.wait(20)
        server.control("clear")
        renewing.result(5)
        checks.equal("RT-06 where the end does not wait for it, the status says so", status, 74)
        said = [line for line in scene.daemon.words().splitlines() if 'the refresh token of "app.me" was not back' in line]
        checks.equal("and the token is named, in the audit and on standard error", ["event=trouble" in line for line in said], [True, False])


def a_lost_answer(checks, server):
    for mode, survives in (("reject", False), ("grace-60", True)):
        with Scene(server, AUTO, "knob access-ttl 60", "knob refresh-mode " + mode) as scene:
            scene.hurried("replay=0.2").people(timeout=1).start()
            scene.signed_in()
            held = scene.token("app.me").token
            server.control("fault token reset when=after grant=refresh_token")
            scene.ask("RENEW app.me")
            if survives:
                server.control("await refresh-grants 2")
                checks.ok("RT-12 where the server is lenient, the one replay brings the successor of a lost answer", processes.until(
                    lambda: scene.token("app.me").token != held, 10) and scene.counter("token-requests") == 3, scene.status())
            else:
                server.control("await refresh-refusals 1")
                processes.until(lambda: "sign in: " in scene.status().get("reason", ""), 10)
                reason = scene.status().get("reason", "")
                checks.ok("RT-12 where it is not, a person is asked for at once, with what happened", "answer to a renewal was lost" in reason
                          and reason.count("tokenctl login app.me") == 1 and scene.counter("token-requests") == 3, reason)
                checks.equal("RT-10 meanwhile what is held is served to its end", scene.token("app.me").token, held)
                checks.ok("and the log asks for the person", scene.said(re.compile('"app.me" needs a person to sign in: the server.s answer')),
                          scene.daemon.words())
                scene.signed_in()
                checks.equal("a sign-in makes it good", scene.status()["state"], "ready")


def brought_in(checks, server):
    with Scene(server) as scene:
        scene.people().start()
        minted = server.control('grant mint app=demo.app/portal user=%s scope="openid profile offline_access read"' % PERSON)["refresh_token"]
        done = scene.tokenctl("import", "app.me", text=minted)
        reply = scene.ask("GET app.me")
        checks.ok("a refresh token that was got elsewhere is imported, and the first request spends it", done.returncode == 0 and reply.startswith("OK ")
                  and (scene.counter("refresh-grants"), scene.counter("reused")) == (1, 0), (done, reply[:80]))
        checks.ok("RT-14 it is in no log", minted not in scene.daemon.words())
        done = scene.tokenctl("import", "app.me", "--expires", "never", text=minted)
        checks.ok("it has no end that anybody could write", done.returncode == 64 and "no expires" in done.stderr, done.stderr)


SECTIONS = [in_time, every_mode, many_callers, a_restart, the_end_of_the_daemon, an_end_that_does_not_wait, a_lost_answer, brought_in]
