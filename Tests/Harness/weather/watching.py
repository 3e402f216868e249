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


def renewals(checks, server, _):
    with Stage(server, QUICK) as stage:
        stage.application("app").start()
        watch = Watch(stage)
        watch.end_input()  # a watch survives a half-close
        rows = [Served(watch.row()) for _ in range(4)]
        checks.equal("RT-08 a watched token of 4 s is renewed again and again, each time another", len({row.token for row in rows}), 4)
        late = [after.arrived - before.expires for before, after in zip(rows, rows[1:]) if after.arrived >= before.expires]
        checks.equal("RT-08 each before its predecessor ends", late, [])
        hasty = [after.arrived - before.arrived for before, after in zip(rows, rows[1:]) if after.arrived - before.arrived < TTL / 2 - 1]
        checks.equal("CC-07 and not long before", hasty, [])
        checks.equal("with one exchange each", stage.counter("token-requests"), 4)
        second = Served(Watch(stage).row())
        checks.equal("another watcher begins with the present token", second.token, rows[-1].token)


def trouble(checks, server, _):
    with Stage(server, QUICK) as stage:
        stage.application("app").start()
        watch = Watch(stage)
        first = Served(watch.row())
        server.control("fault token status code=503 times=forever")
        degraded = watch.row()
        checks.ok("a failing renewal is a row: the token lives on", re.match(r"\+ - state=degraded reason=\S*503", degraded), degraded)
        checks.ok("before it ends", time.time() < first.expires)
        rows = watch.until(r"\+ - state=(unavailable|renewing)")
        checks.ok("its end is a row", re.match(r"\+ - state=(unavailable|renewing) reason=", rows[-1]), rows)
        checks.ok("and comes when it ends", first.expires - 1 <= time.time() <= first.expires + 1.5, time.time() - first.expires)
        server.control("clear")
        rows = watch.until(r"\+ [^-]")
        checks.ok("RT-08 and the token after the outage", Served(rows[-1]).expires > time.time(), rows[-1][:60])
        words = stage.daemon.words()
        checks.ok("the audit told when it started", "event=renewal-failed" in words)
        checks.equal("and, once, when it ended", len(stage.said(re.compile("event=recovered"))), 1)


def a_reader_that_sleeps(checks, server, _):
    with Stage(server, QUICK) as stage:
        stage.application("app").start()
        sleeping, awake = Watch(stage), Watch(stage)
        rows = [Served(awake.row()) for _ in range(3)]
        checks.equal("who watches and does not read gets the rows when it does",
                     [Served(sleeping.row()).token for _ in range(3)], [row.token for row in rows])


def lost_rules(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        watch = Watch(stage)
        watch.row()
        stage.application("app", {"job": token(allow='{ user = "bin" }')})
        reloaded = stage.ask("RELOAD")
        checks.ok("the rule is taken away", reloaded.splitlines()[-1].startswith("OK"), reloaded)
        row = watch.row()
        checks.ok("SEC-06 a lost rule ends the watch with ERR denied", re.match(r"ERR denied : ", row), row)
        checks.equal("and the connection", watch.row(), None)
        checks.ok("nor is the token served any more", stage.ask("GET app.job").startswith("ERR denied : "))


def waiting_through_a_reload(checks, server, _):
    with Stage(server) as stage:
        stage.application("app", {"job": token(), "lost": token()}).start()
        server.control("fault token hang times=2")
        kept, lost = stage.in_background("GET app.job"), stage.in_background("GET app.lost")
        server.control("await hung 2")
        stage.application("app", {"job": token(), "lost": token(allow='{ user = "bin" }')})
        stage.ask("RELOAD")
        checks.ok("who waits and loses the rule hears so at once", (lost.result(10) or "").startswith("ERR denied : "), lost.reply)
        server.control("clear")
        checks.ok("who keeps it is served", kept.result().startswith("OK "), kept.reply)
        checks.equal("nothing was asked for twice", stage.counter("token-requests"), 2)
        replies = [stage.open() for _ in range(3)]
        checks.ok("reloads one upon the other are each answered",
                  all(one.send("RELOAD\nRELOAD\n").reply().splitlines()[-1].startswith("OK") and one.reply() for one in replies))


SECTIONS = [renewals, trouble, a_reader_that_sleeps, lost_rules, waiting_through_a_reload]
