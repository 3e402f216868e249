"""The server hangs or is gone: what is held is served at normal speed until it really ends, and one exchange serves everyone."""
import re
import time

from lib import processes
from lib.stage import Stage, token

SHORT = 4  # seconds a token lives, where one has to end


def prepared(server, ttl=None, **tokens):
    stage = Stage(server, *(["knob access-ttl %d" % ttl] if ttl else []))
    stage.application("app", {"job": token(), **tokens})
    return stage


def hanging_server(checks, server, other):
    with prepared(server, late=token(), new=token()) as stage:
        other.control("reset")
        stage.application("second", {"job": token()}, server=other).start()
        held = stage.token()
        server.control("fault token hang times=forever")
        stuck = [stage.in_background("GET app.%s wait=60" % name) for name in ("late", "new")]
        server.control("await hung 2")
        with stage.open() as conversation:
            started = time.perf_counter()
            replies = {conversation.ask("GET app.job").split()[1] for _ in range(1000)}
            seconds = time.perf_counter() - started
        checks.equal("while a server hangs, the token held is served", replies, {held.token})
        checks.ok("at normal speed: a thousand times in less than a second", seconds < 1, "%.3f s" % seconds)
        reply = stage.ask("GET second.job")
        checks.ok("another server's token can be had", reply.startswith("OK "), reply[:200])
        timeout = stage.ask("GET app.late wait=1")
        checks.ok("a caller hears of the end of its wait", re.match(r"ERR timeout : ", timeout), timeout)
        started = time.monotonic()
        at_once = stage.ask("GET app.late wait=0")
        checks.ok("with wait=0 at once", re.match(r"ERR timeout : ", at_once) and time.monotonic() - started < 1, at_once)
        checks.equal("nobody asked the server twice", stage.counter("token-requests"), 3)
        server.control("clear")
        checks.ok("who waited on is served when it answers", all(one.result().startswith("OK ") for one in stuck))


def two_hundred_callers(checks, server, _):
    with prepared(server, SHORT) as stage:
        stage.start()
        expired = stage.token()
        checks.ok("a token of 4 s ends", processes.until(lambda: time.time() > expired.expires + 1, 10))
        before = stage.counter("token-requests")
        server.control("fault token hang")
        callers = stage.ask_together("GET app.job", 200)
        server.control("await hung 1")
        server.control("clear")
        replies = [caller.reply() for caller in callers]
        checks.equal("RT-06 CC-05 two hundred callers at the end of a token get the same new one", len({reply.split()[1] for reply in replies}), 1)
        checks.ok("which is valid", all(reply.startswith("OK ") for reply in replies), replies[0])
        checks.equal("from one exchange", stage.counter("token-requests") - before, 1)
    # what is lost with a kept connection is sent once more, on a new one
    for fault, requests in (("status code=500 hold=1", 1), ("reset when=after hold=1", 2)):
        with prepared(server) as stage:
            stage.start()
            server.control("fault token %s times=forever" % fault)
            before = stage.counter("token-requests")
            callers = stage.ask_together("GET app.job", 200)
            replies = [caller.reply() for caller in callers]
            checks.ok("two hundred callers share a failure (%s)" % fault, all(reply.startswith("ERR unavailable ") for reply in replies),
                      sorted(set(replies))[:3])
            checks.equal("from one exchange", stage.counter("token-requests") - before, requests)
            checks.ok("which is not repeated for who asks at once",
                      stage.ask("GET app.job wait=0").startswith("ERR unavailable ") and stage.counter("token-requests") - before == requests)
            server.control("clear")
            checks.ok("and is over when the server is well", stage.ask("GET app.job wait=30").startswith("OK "))


def served_until_it_ends(checks, server, _):
    with prepared(server, SHORT) as stage:
        stage.start()
        with stage.open() as conversation:
            held = stage.token()
            server.control("fault token status code=503 times=forever")
            late, last, state = [], None, set()
            while (reply := conversation.ask("GET app.job wait=0")).startswith("OK ") and (last := time.time()) < held.expires + 5:
                late += [last - held.expires] if reply.split()[1] != held.token or last > held.expires + 0.01 else []
                state.add(re.search(r"state=(\S+)", conversation.ask("STATUS app.job"))[1])
            if reply.startswith("ERR timeout "):  # the last try is with the server at this very moment
                reply = conversation.ask("GET app.job wait=20")
        checks.ok("ERR-07 a token is served while its renewal fails, to within a second of its end", last > held.expires - 1.1, last - held.expires)
        checks.equal("and not after it", late, [])
        checks.ok("the state was degraded meanwhile", "degraded" in state, state)
        checks.ok("afterwards it is unavailable, with a time to try again", re.match(r"ERR unavailable retry-after=\d+ : .*503", reply), reply)
        # a pause may end between the two, and the next GET begins another
        agreed = any(stage.ask("GET app.job wait=0") and "+ app.job state=unavailable" in stage.ask("LIST") for _ in range(100))
        checks.ok("LIST agrees", agreed, stage.ask("LIST"))
        checks.ok("the audit says that it ran out", stage.said(re.compile("event=trouble .*|ran out|no longer")), stage.daemon.words()[-600:])
        before = stage.counter("token-requests")
        waiting = stage.in_background("WAIT app.job wait=60")
        server.control("await token-requests %d timeout=60" % (before + 1))
        server.control("clear")
        checks.equal("WAIT holds through the outage", waiting.result(), "OK state=ready")
        checks.ok("the recovery is told", stage.said(re.compile("event=recovered")))


def promises(checks, server, _):
    with prepared(server, 60) as stage:
        stage.start()
        served = stage.token(more="min-valid=30")
        checks.ok("TIME-05 a promised token lives as long as promised", served.expires - time.time() >= 29, served.expires - time.time())
        reply = stage.ask("GET app.job min-valid=3600")
        checks.ok("a promise that the server's tokens cannot keep is refused",
                  re.match(r"ERR refused reason=short-lived : .*60 s.*3600", reply), reply)
        checks.equal("without asking it", stage.counter("token-requests"), 1)
        checks.equal("and without one the token is served", stage.token().token, served.token)
    with prepared(server, 60) as stage:
        stage.start()
        reply = stage.ask("GET app.job min-valid=61")
        checks.ok("also for the first who asks", re.match(r"ERR refused reason=short-lived : ", reply), reply)


def budget(checks, server, _):
    """Every variant is another exchange, and what one consumer may cause is bounded."""
    with Stage(server) as stage:
        audiences = ", ".join('"a%d"' % number for number in range(20))
        stage.application("app", {"job": token(more='audience_parameter = "audience"\naudiences = [ %s ]' % audiences)}).start()
        replies = [stage.ask("GET app.job audience=a%d wait=5" % number) for number in range(20)]
        served = sum(reply.startswith("OK ") for reply in replies)
        checks.ok("the variants of a token that one consumer may cause are bounded", 5 <= served <= 8, served)
        checks.ok("beyond that it is ERR busy with a time", all(re.match(r"OK |ERR busy retry-after=\d+ : ", reply) for reply in replies), replies[-1])
        checks.equal("and the server is not asked", stage.counter("token-requests"), served)


def rejected_tokens(checks, server, _):
    with prepared(server) as stage:
        stage.start()
        first = stage.token()
        said = stage.ask("REJECT app.job")
        checks.ok("ERR-08 a token is not renewed within 30 s because a caller says that it is no good",
                  re.match(r"OK cooling retry-after=\d+$", said), said)
        checks.equal("one that is not the current one is newer", stage.ask("REJECT app.job id=%016x" % 7), "OK newer")
        time.sleep(int(said.rpartition("=")[2]))  # as told
        server.control("fault token hang")
        rejecting = stage.in_background("REJECT app.job id=%s" % first.fields["id"])
        server.control("await hung 1")
        asking = stage.in_background("GET app.job wait=20")
        server.control("clear")
        checks.equal("ERR-08 then it is", rejecting.result(), "OK renewed")
        second = asking.result().split()[1]
        checks.ok("and who asks meanwhile gets the successor", second != first.token)
        checks.equal("the same rejection once more is newer", stage.ask("REJECT app.job id=%s" % first.fields["id"]), "OK newer")
        checks.equal("two exchanges in all", stage.counter("token-requests"), 2)


def gone_server(checks, server, _):
    with Stage(server) as stage:
        port = processes.free_port()
        stage.application("app", location='issuer = "https://localhost:%d/id"' % port)
        stage.application("dark", location='issuer = "https://no-such-host.invalid/id"').start()
        for name, expected in (("app", "connect|refused"), ("dark", "resolve|name")):
            reply = stage.ask("GET %s.job wait=2" % name)
            checks.ok("a server that is not there (%s) is ERR unavailable" % name,
                      re.match(r"ERR unavailable retry-after=\d+ : ", reply) and re.search(expected, reply), reply)


SECTIONS = [hanging_server, two_hundred_callers, served_until_it_ends, promises, budget, rejected_tokens, gone_server]
