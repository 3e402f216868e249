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


def test_hanging_server(server, other):
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
        assert replies == {held.token}, "while a server hangs, the token held is served"
        assert seconds < 1, "at normal speed: a thousand times in less than a second: %s" % ("%.3f s" % seconds,)
        reply = stage.ask("GET second.job")
        assert reply.startswith("OK "), "another server's token can be had"
        timeout = stage.ask("GET app.late wait=1")
        assert re.match(r"ERR timeout : ", timeout), "a caller hears of the end of its wait"
        started = time.monotonic()
        at_once = stage.ask("GET app.late wait=0")
        assert re.match(r"ERR timeout : ", at_once) and time.monotonic() - started < 1, "with wait=0 at once"
        assert stage.counter("token-requests") == 3, "nobody asked the server twice"
        server.control("clear")
        assert all(one.result().startswith("OK ") for one in stuck), "who waited on is served when it answers"


def test_two_hundred_callers(server):
    with prepared(server, SHORT) as stage:
        stage.start()
        expired = stage.token()
        assert processes.until(lambda: time.time() > expired.expires + 1, 10), "a token of 4 s ends"
        before = stage.counter("token-requests")
        server.control("fault token hang")
        callers = stage.ask_together("GET app.job", 200)
        server.control("await hung 1")
        server.control("clear")
        replies = [caller.reply() for caller in callers]
        assert len({reply.split()[1] for reply in replies}) == 1, "RT-06 CC-05 two hundred callers at the end of a token get the same new one"
        assert all(reply.startswith("OK ") for reply in replies), f"which is valid: {replies[0]}"
        assert stage.counter("token-requests") - before == 1, "from one exchange"
    # what is lost with a kept connection is sent once more, on a new one
    for fault, requests in (("status code=500 hold=1", 1), ("reset when=after hold=1", 2)):
        with prepared(server) as stage:
            stage.start()
            server.control("fault token %s times=forever" % fault)
            before = stage.counter("token-requests")
            callers = stage.ask_together("GET app.job", 200)
            replies = [caller.reply() for caller in callers]
            assert all(reply.startswith("ERR unavailable ") for reply in replies), (
                "two hundred callers share a failure (%s): %s" % (fault, sorted(set(replies))[:3]))
            assert stage.counter("token-requests") - before == requests, "from one exchange"
            assert stage.ask("GET app.job wait=0").startswith("ERR unavailable ") and stage.counter("token-requests") - before == requests, (
                "which is not repeated for who asks at once")
            server.control("clear")
            assert stage.ask("GET app.job wait=30").startswith("OK "), "and is over when the server is well"


def test_served_until_it_ends(server):
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
        assert last > held.expires - 1.1, f"ERR-07 a token is served while its renewal fails, to within a second of its end: {last - held.expires}"
        assert late == [], "and not after it"
        assert "degraded" in state, "the state was degraded meanwhile"
        assert re.match(r"ERR unavailable retry-after=\d+ : .*503", reply), "afterwards it is unavailable, with a time to try again"
        # a pause may end between the two, and the next GET begins another
        agreed = any(stage.ask("GET app.job wait=0") and "+ app.job state=unavailable" in stage.ask("LIST") for _ in range(100))
        assert agreed, "LIST agrees: %s" % (stage.ask("LIST"),)
        assert stage.said(re.compile("event=trouble .*|ran out|no longer")), f"the audit says that it ran out: {stage.daemon.words()[-600:]}"
        before = stage.counter("token-requests")
        waiting = stage.in_background("WAIT app.job wait=60")
        server.control("await token-requests %d timeout=60" % (before + 1))
        server.control("clear")
        assert waiting.result() == "OK state=ready", "WAIT holds through the outage"
        assert stage.said(re.compile("event=recovered")), "the recovery is told"


def test_promises(server):
    with prepared(server, 60) as stage:
        stage.start()
        served = stage.token(more="min-valid=30")
        assert served.expires - time.time() >= 29, "TIME-05 a promised token lives as long as promised"
        reply = stage.ask("GET app.job min-valid=3600")
        assert re.match(r"ERR refused reason=short-lived : .*60 s.*3600", reply), "a promise that the server's tokens cannot keep is refused"
        assert stage.counter("token-requests") == 1, "without asking it"
        assert stage.token().token == served.token, "and without one the token is served"
    with prepared(server, 60) as stage:
        stage.start()
        reply = stage.ask("GET app.job min-valid=61")
        assert re.match(r"ERR refused reason=short-lived : ", reply), "also for the first who asks"


def test_budget(server):
    """Every variant is another exchange, and what one consumer may cause is bounded."""
    with Stage(server) as stage:
        audiences = ", ".join('"a%d"' % number for number in range(20))
        stage.application("app", {"job": token(more='audience_parameter = "audience"\naudiences = [ %s ]' % audiences)}).start()
        replies = [stage.ask("GET app.job audience=a%d wait=5" % number) for number in range(20)]
        served = sum(reply.startswith("OK ") for reply in replies)
        assert 5 <= served <= 8, "the variants of a token that one consumer may cause are bounded"
        assert all(re.match(r"OK |ERR busy retry-after=\d+ : ", reply) for reply in replies), f"beyond that it is ERR busy with a time: {replies[-1]}"
        assert stage.counter("token-requests") == served, "and the server is not asked"


def test_rejected_tokens(server):
    with prepared(server) as stage:
        stage.start()
        first = stage.token()
        said = stage.ask("REJECT app.job")
        assert re.match(r"OK cooling retry-after=\d+$", said), "ERR-08 a token is not renewed within 30 s because a caller says that it is no good"
        assert stage.ask("REJECT app.job id=%016x" % 7) == "OK newer", "one that is not the current one is newer"
        time.sleep(int(said.rpartition("=")[2]))  # as told
        server.control("fault token hang")
        rejecting = stage.in_background("REJECT app.job id=%s" % first.fields["id"])
        server.control("await hung 1")
        asking = stage.in_background("GET app.job wait=20")
        server.control("clear")
        assert rejecting.result() == "OK renewed", "ERR-08 then it is"
        second = asking.result().split()[1]
        assert second != first.token, "and who asks meanwhile gets the successor"
        assert stage.ask("REJECT app.job id=%s" % first.fields["id"]) == "OK newer", "the same rejection once more is newer"
        assert stage.counter("token-requests") == 2, "two exchanges in all"


def test_gone_server(server):
    with Stage(server) as stage:
        port = processes.free_port()
        stage.application("app", location='issuer = "https://localhost:%d/id"' % port)
        stage.application("dark", location='issuer = "https://no-such-host.invalid/id"').start()
        for name, expected in (("app", "connect|refused"), ("dark", "resolve|name")):
            reply = stage.ask("GET %s.job wait=2" % name)
            assert re.match(r"ERR unavailable retry-after=\d+ : ", reply) and re.search(expected, reply), (
                "a server that is not there (%s) is ERR unavailable" % name)
