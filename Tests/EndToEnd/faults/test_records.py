"""The audit: every decision counted once, and nothing secret in it or anywhere else that others can look."""
import collections
import hashlib
import os
import pathlib
import pwd
import re
import signal

from lib.conversation import acting_as
from lib.daemon import Daemon
from lib.stage import Stage, token

BIN, GAMES = (pwd.getpwnam(name).pw_uid for name in ("bin", "games"))
ENTRY = re.compile(r"\[event=(\S+)(?: decision=(\S+))?.*? count=(\d+)\]$", re.MULTILINE)
OURS = '{ user = "root" }, { user = "bin" }'


def counted(stage):
    """The sum of the counts by event, in all that the daemon wrote."""
    sums = collections.Counter()
    for event, _, count in ENTRY.findall(stage.daemon.words()):
        sums[event] += int(count)
    return sums


def test_counts(server):
    with Stage(server, "knob access-ttl 4") as stage:
        stage.application("app", {"job": token(["read", "update"], OURS), "refused": token(allow=OURS)})
        stage.application("bad", secret="not-the-secret").start()
        asked = collections.Counter()
        with acting_as(BIN):
            bin_user = stage.open()
        with acting_as(GAMES):
            stranger = stage.open()
        with stage.open() as root, stage.open() as again, bin_user, stranger:
            for round_ in range(30):
                lines = ["GET app.job"] * 60 + ["HEADER app.job"] * 20 + ["GET app.job scope=read"] * 5
                denied = ["GET app.job", "GET no.n%d" % round_, "STATUS no.name"]
                wrong = ["GET bad.job wait=5"]
                for conversation, what in ((root, lines + wrong), (again, lines), (bin_user, lines), (stranger, denied * 4)):
                    conversation.send("".join(line + "\n" for line in what))
                    for reply in [conversation.reply() for _ in what]:
                        asked["handed-out" if reply.startswith("OK ") else "refused"] += 1
            rejected = [root.ask("REJECT app.job id=%016x" % number) for number in range(40)]
        served = stage.counter("token-grants")
        assert stage.daemon.stop() == 0, "SIGTERM ends it with 0"
        found = counted(stage)
        assert sum(asked.values()) > 7000, "there were thousands of decisions"
        for event in ("handed-out", "refused"):
            assert found[event] == asked[event], "LOG-03 the counts of %s add up to the decisions" % event
        assert found["rejected"] == len(rejected), "and those of rejected"
        assert found["renewed"] == served, "each issued token is told"
        assert len(stage.daemon.words().splitlines()) < 400, "in far fewer lines"


def test_secrets(server):
    secret = server.about["clients"]["machine"]["client_secret"]
    with Stage(server) as stage:
        names = ["job", "echo", "page", "trailing", "reset", "error"]
        stage.application("app", {name: token() for name in names}, timeout=5).start()
        replies, tokens = [], [stage.token().token]
        for name, fault in (
                ("echo", 'status code=400 error=invalid_client description="no: %s"' % secret), ("page", "quirk body=html"),
                ("trailing", "quirk body=trailing"), ("reset", "half-body"), ("error", "status code=500")):
            server.control("fault token " + fault)
            replies.append(stage.ask("GET app.%s wait=3" % name))
        replies += [stage.ask(line) for line in ("STATUS", "LIST", "STATUS app.echo", "EXPLAIN app.job uid=0", "REJECT app.job id=" + "a" * 16)]
        replies.append(stage.ask("REJECT app.job id=" + tokens[0][:64]))
        replies.append(stage.ask(tokens[0][:300]))
        tokens.append(stage.token("app.job", "scope=read").token)
        process = pathlib.Path("/proc/%d" % stage.daemon.process.pid)
        visible = {name: (process / name).read_bytes().decode(errors="replace") for name in ("cmdline", "environ", "comm")}
        stage.daemon.stop()
        places = {"the log": stage.daemon.words(), "the replies": "\n".join(replies), **visible}
        for what, canaries in (("client secret", [secret]), ("token", [part for text in tokens for part in (text, text.split(".")[2][:40])]),
                               ("page of the server", ["<html", "<!DOCTYPE", "<body"])):
            found = [place for place, text in places.items() if any(canary in text for canary in canaries)]
            assert found == [], "SEC-01 SEC-03 LOG-05 no %s is in the log, in a reply without a token, or in /proc" % what
        told = hashlib.sha256(tokens[0].encode()).hexdigest()[:16]
        assert "id=%s" % told in stage.daemon.words(), "the audit names a token by the beginning of its SHA-256"
        assert [line for line in stage.daemon.words().splitlines() if not line.isprintable()] == [], "LOG-05 every line is printable"


def test_no_core(server):
    with Stage(server) as stage:
        stage.application("app")
        stage.daemon = Daemon(stage.folder, ["prlimit", "--core=unlimited"])
        stage.start()
        stage.token()
        pid = stage.daemon.process.pid
        os.kill(pid, signal.SIGSEGV)
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended.si_code == os.CLD_KILLED, "SEC-04 a crash leaves no core image"
        assert [line for line in stage.daemon.words().splitlines() if "eyJ" in line] == [], "and says nothing secret"
