"""RELOAD amid everything: who waits hears something, what did not change is left alone, and what changed holds for who is there."""
import os
import re

from lib import processes
from lib.stage import Stage, token

from .test_lifecycle import TEMPORARY, run_beside


def test_administrators_who_wait(server):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.token()
        server.control("fault token hang")
        with stage.open(10) as renewing, stage.open(10) as rejecting:
            renewing.send("RENEW app.job\n")
            server.control("await hung 1")
            rejecting.send("PING\nREJECT app.job wait=60\n").line()
            stage.application("app", timeout=21).ask("RELOAD")
            for verb, conversation, expected in (("RENEW", renewing, r"\+ app\.job .*reason=the%20configuration%20of%20this%20token%20has%20changed.*\nOK 1$"),
                                                 ("REJECT", rejecting, r"ERR unavailable retry-after=\d+ : the configuration of this token has changed")):
                reply = conversation.reply()
                assert re.match(expected, reply), "%s that waits while the settings of its token change hears that they have" % verb
                assert conversation.ask("PING") == "OK", "and its connection goes on"
            server.control("clear")
            assert stage.ask("GET app.job").startswith("OK "), "with the new settings the token is served"


def test_rules_withdrawn_meanwhile(server):
    with Stage(server) as stage:
        stage.application("app", {"ready": token(), "slow": token()}).start()
        stage.token("app.ready")
        server.control("fault token hang")
        with stage.open() as conversation:
            conversation.send("GET app.slow wait=60\nGET app.ready\nHEADER app.ready\n")
            server.control("await hung 1")
            stage.application("app", {"ready": token(allow='{ user = "bin" }'), "slow": token()}).ask("RELOAD")
            server.control("clear")
            replies = [conversation.line() for _ in range(3)]
        assert replies[0].startswith("OK "), "who waits and keeps the rule is served"
        assert all(reply.startswith("ERR denied : ") for reply in replies[1:]), (
            f"SEC-06 a token that was ready behind it is not sent once its rule is gone: {[reply[:80] for reply in replies]}")


def test_unchanged_files(server):
    with Stage(server) as stage:
        stage.application("app", {"kept": token(more='keep = "always"\nshared = true'), "other": token()}).start()
        held = stage.token("app.kept")
        replies = [stage.ask("RELOAD").splitlines()[-1] for _ in range(2)]
        assert all(reply.startswith("OK") for reply in replies), f"two reloads of unchanged files are taken: {replies}"
        stage.token("app.other")  # goes to the same server, after whatever the reloads began
        assert (stage.token("app.kept").token, stage.counter("token-requests")) == (held.token, 2), "CC-07 and cause no exchange of a token that is kept"


def test_limits_of_who_is_there(server):
    with Stage(server) as stage:
        stage.daemon.settings("[limits]\npipelined = 3\n")
        stage.application("app", {name: token() for name in "abcdef"}).start()
        server.control("fault token hang times=forever")
        idle, eager = stage.open(), stage.open()
        eager.send("GET app.a\nGET app.b\nGET app.c\n")
        server.control("await hung 3")
        server.control("clear")
        assert all(eager.line().startswith("OK ") for _ in range(3)), "with pipelined = 3, three requests are taken at once"
        stage.daemon.settings("[limits]\npipelined = 2\nidle = 1\n")
        stage.ask("RELOAD")
        assert idle.ends_within(8), "an idle connection that was there before is closed after the new `idle`"
        with stage.open() as eager:
            stage.daemon.settings("[limits]\npipelined = 1\nidle = 60\n")
            stage.ask("RELOAD")
            server.control("fault token hang times=forever")
            eager.send("GET app.d\nGET app.e\nGET app.f\n")
            server.control("await hung 4")
            stage.ask("PING")
            assert stage.counter("token-requests") == 4, "and of its three requests one is taken after `pipelined` has become 1"
            server.control("clear")
            assert all(eager.line().startswith("OK ") for _ in range(3)), "the others in their turn"


def test_state_folders(server):
    with Stage(server) as stage:
        stage.application("app")
        state, elsewhere = stage.folder / "loose", stage.folder / "other.sock"
        state.mkdir()
        for what, mode, owner in (("others can write", 0o777, 0), ("others can read", 0o755, 0), ("is another user's", 0o700, 2)):
            state.chmod(mode)
            os.chown(state, owner, owner)
            refused = run_beside(stage, "--state", state, "--socket", elsewhere)
            assert refused.returncode == TEMPORARY and re.search(r"state folder '.*/loose' must be a folder of uid 0 with mode 0700", refused.stdout), (
                "SEC-02 a state folder that %s is refused, and what it must be is told: %s" % (what, refused.stdout))
        os.chown(state, 0, 0)
        link = stage.folder / "link"
        link.symlink_to(state)
        refused = run_beside(stage, "--state", link, "--socket", elsewhere)
        assert refused.returncode == TEMPORARY and "must be a folder" in refused.stdout, f"and so is a link to a good one: {refused.stdout}"
        assert not elsewhere.exists(), "nothing listens then"
        stage.start()
        refused = run_beside(stage, "--state", stage.folder / "state", "--socket", elsewhere)
        assert refused.returncode == TEMPORARY and "another tokend uses the state folder" in refused.stdout, (
            f"RT-07 nor is a second daemon let in where one is: {refused.stdout}")


def test_held_tokens(server):
    known = server.about["clients"]["machine"]["client_secret"]
    with Stage(server) as stage:
        stage.application("app", {"job": token(scopes=("read", "update"))}).start()
        held = stage.token().token
        server.control("fault token status code=503 times=forever")
        for what, change in (("a new secret", {"secret": "another"}), ("another timeout", {"secret": "another", "timeout": 7}),
                             ("another order of scopes", {"secret": known, "tokens": {"job": token(scopes=("update", "read"))}})):
            stage.application("app", **{"tokens": {"job": token(scopes=("read", "update"))}, **change})
            reply = stage.ask("RELOAD").splitlines()[-1]
            assert (reply, stage.token().token) == ("OK 1", held), "a reload keeps the held token: %s" % what


def test_secrets_that_were_mended(server):
    known = server.about["clients"]["machine"]["client_secret"]
    with Stage(server) as stage:
        stage.application("app", secret="mistyped").start()
        reply = stage.ask("GET app.job")
        assert reply.startswith("ERR refused oauth-error=invalid_client"), "with the wrong secret the token is refused"
        stage.daemon.secret("app.secret", known + "\n")
        reply = stage.ask("RENEW app.job").splitlines()
        assert len(reply) == 2 and " state=ready " in reply[0] and "reason=" not in reply[0], "RENEW reads the secret file anew, and its row is that of a token"
        assert stage.ask("GET app.job").startswith("OK "), "and the token is served"
        secret = stage.daemon.secret("app.secret", known + "\n")
        os.chmod(secret, 0o644)
        reply = stage.ask("RENEW app.job").splitlines()
        assert "chmod 0600" in reply[0] and reply[-1].startswith("ERR bad-config"), "a secret file that may not be used is told with its remedy"
        os.chmod(secret, 0o600)
        stage.application("app", timeout=7)
        stage.daemon.application("other", "this is no TOML")
        # two of them within 5 s are one too many
        renewed = processes.until(lambda: " state=ready " in stage.ask("RENEW app.job"), 10)
        assert renewed, "what is wrong in other files, or waits for RELOAD, does not keep it from renewing"
