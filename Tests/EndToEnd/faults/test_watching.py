"""WATCH: every token as it comes, trouble when it starts and its end, for as long as the rule is there."""
import re
import time

from lib.daemon import Served
from lib.stage import Stage, token

TTL = 4
QUICK = "knob access-ttl %d" % TTL


class Watch:
    """The rows of one watch, one at a time."""

    def __init__(self, stage, line="WATCH app.job"):
        self._conversation = stage.open(40)
        self._conversation.send(line + "\n")

    def row(self):
        return self._conversation.line()

    def until(self, pattern):
        """The rows up to the first that matches."""
        rows = [self.row()]
        while rows[-1] is not None and not re.match(pattern, rows[-1]):
            rows.append(self.row())
        return rows

    def end_input(self):
        self._conversation.end_input()


def test_renewals(server):
    with Stage(server, QUICK) as stage:
        stage.application("app").start()
        watch = Watch(stage)
        watch.end_input()  # a watch survives a half-close
        rows = [Served(watch.row()) for _ in range(4)]
        assert len({row.token for row in rows}) == 4, "RT-08 a watched token of 4 s is renewed again and again, each time another"
        late = [after.arrived - before.expires for before, after in zip(rows, rows[1:]) if after.arrived >= before.expires]
        assert late == [], "RT-08 each before its predecessor ends"
        hasty = [after.arrived - before.arrived for before, after in zip(rows, rows[1:]) if after.arrived - before.arrived < TTL / 2 - 1]
        assert hasty == [], "CC-07 and not long before"
        assert stage.counter("token-requests") == 4, "with one exchange each"
        second = Served(Watch(stage).row())
        assert second.token == rows[-1].token, "another watcher begins with the present token"


def test_trouble(server):
    with Stage(server, QUICK) as stage:
        stage.application("app").start()
        watch = Watch(stage)
        first = Served(watch.row())
        server.control("fault token status code=503 times=forever")
        degraded = watch.row()
        assert re.match(r"\+ - state=degraded reason=\S*503", degraded), "a failing renewal is a row: the token lives on"
        assert time.time() < first.expires, "before it ends"
        rows = watch.until(r"\+ - state=(unavailable|renewing)")
        assert re.match(r"\+ - state=(unavailable|renewing) reason=", rows[-1]), "its end is a row"
        assert first.expires - 1 <= time.time() <= first.expires + 1.5, f"and comes when it ends: {time.time() - first.expires}"
        server.control("clear")
        rows = watch.until(r"\+ [^-]")
        assert Served(rows[-1]).expires > time.time(), "RT-08 and the token after the outage"
        words = stage.daemon.words()
        assert "event=renewal-failed" in words, "the audit told when it started"
        assert len(stage.said(re.compile("event=recovered"))) == 1, "and, once, when it ended"


def test_a_reader_that_sleeps(server):
    with Stage(server, QUICK) as stage:
        stage.application("app").start()
        sleeping, awake = Watch(stage), Watch(stage)
        rows = [Served(awake.row()) for _ in range(3)]
        assert [Served(sleeping.row()).token for _ in range(3)] == [row.token for row in rows], "who watches and does not read gets the rows when it does"


def test_lost_rules(server):
    with Stage(server) as stage:
        stage.application("app").start()
        watch = Watch(stage)
        watch.row()
        stage.application("app", {"job": token(allow='{ user = "bin" }')})
        reloaded = stage.ask("RELOAD")
        assert reloaded.splitlines()[-1].startswith("OK"), "the rule is taken away"
        row = watch.row()
        assert re.match(r"ERR denied : ", row), "SEC-06 a lost rule ends the watch with ERR denied"
        assert watch.row() is None, "and the connection"
        assert stage.ask("GET app.job").startswith("ERR denied : "), "nor is the token served any more"


def test_waiting_through_a_reload(server):
    with Stage(server) as stage:
        stage.application("app", {"job": token(), "lost": token()}).start()
        server.control("fault token hang times=2")
        kept, lost = stage.in_background("GET app.job"), stage.in_background("GET app.lost")
        server.control("await hung 2")
        stage.application("app", {"job": token(), "lost": token(allow='{ user = "bin" }')})
        stage.ask("RELOAD")
        assert (lost.result(10) or "").startswith("ERR denied : "), f"who waits and loses the rule hears so at once: {lost.reply}"
        server.control("clear")
        assert kept.result().startswith("OK "), f"who keeps it is served: {kept.reply}"
        assert stage.counter("token-requests") == 2, "nothing was asked for twice"
        replies = [stage.open() for _ in range(3)]
        assert all(one.send("RELOAD\nRELOAD\n").reply().splitlines()[-1].startswith("OK") and one.reply() for one in replies), (
            "reloads one upon the other are each answered")
