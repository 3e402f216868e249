"""Answers with status 200 that are not what they should be: nothing empty, expired or unasked for is ever handed out."""
import re
import time

from lib.stage import Stage, token

OK, UNAVAILABLE, REFUSED = "OK", "ERR unavailable", "ERR refused"

# quirk, what it shows, what the caller gets; for OK, the seconds the token is said to live
QUIRKS = [
    ("expires-in=missing", "TR-04 no expires_in", OK, 300),
    ("expires-in=null", "TR-13 a null expires_in", OK, 300),
    ("expires-in=string", "TR-05 expires_in as a string", OK, 3600),
    ("expires-in=600", "a lie about the lifetime that we cannot see", OK, 600),
    ("expires-in=99999999999", "TR-05 an absurd expires_in", OK, 315360000),
    ("expires-in=huge", "TR-05 expires_in beyond 64 bits", OK, 315360000),
    ("expires-in=-1", "TR-05 a negative expires_in", REFUSED + " reason=short-lived", None),
    ("expires-in=soon", "TR-05 expires_in as words", UNAVAILABLE, None),
    ("expires-in=0", "TIME-05 a token that has expired on arrival", REFUSED + " reason=short-lived", None),
    ("token-type=missing", "TR-03 no token_type", REFUSED, None),
    ("token-type=BEARER", "TR-02 another case of Bearer", OK, 3600),
    ("token-type=mac", "TR-02 another type", REFUSED, None),
    ("scope=missing", "TR-07 no scope: as requested", OK, 3600),
    ("scope=update", "TR-08 another scope than the one asked for", REFUSED + " reason=missing-scope", None),
    ("scope=number", "a scope that is a number", UNAVAILABLE, None),
    ("access-token=missing", "TR-01 no access_token", UNAVAILABLE, None),
    ("access-token=null", "TR-01 a null access_token", UNAVAILABLE, None),
    ("access-token=empty", "TR-01 an empty access_token", UNAVAILABLE, None),
    ("access-token=number", "TR-01 a number for an access_token", UNAVAILABLE, None),
    ("access-token=array", "TR-01 an array for an access_token", UNAVAILABLE, None),
    ("access-token=blank", "TR-12 a blank in the token", UNAVAILABLE, None),
    ("access-token=line-feed", "TR-12 a line feed in the token", UNAVAILABLE, None),
    ("access-token=long", "TR-11 a token of 1 MiB", UNAVAILABLE, None),
    ("body=html", "TR-14 a page", UNAVAILABLE, None),
    ("body=bom", "TR-15 a byte order mark", OK, 3600),
    ("body=duplicate", "TR-15 every member twice", UNAVAILABLE, None),
    ("body=2mib", "NET-07 2 MiB", UNAVAILABLE, None),
    ("body=empty", "TR-01 nothing", UNAVAILABLE, None),
    ("body=array", "TR-01 an array", UNAVAILABLE, None),
    ("body=truncated", "TR-01 half a document", UNAVAILABLE, None),
    ("body=trailing", "TR-15 something after the document", UNAVAILABLE, None),
    ("body=latin1", "TR-15 bytes that are not UTF-8", UNAVAILABLE, None),
    ("body=deep", "a document without bottom", UNAVAILABLE, None),
    ("body=error", "TR-14 an error with status 200", REFUSED + " oauth-error=invalid_grant", None),
    ("content-type=text/plain", "another content type", OK, 3600),
    ("content-type=missing", "no content type", OK, 3600),
]


def test_quirks(server):
    with Stage(server) as stage:
        stage.application("app", {"q%d" % number: token() for number in range(len(QUIRKS))}, timeout=10).start()
        again = []
        for number, (quirk, what, expected, lifetime) in enumerate(QUIRKS):
            server.control("fault token quirk %s" % quirk)
            asked = time.time()
            reply = stage.ask("GET app.q%d wait=8" % number)
            shown = "%s%s" % (reply[:40] if reply.startswith("OK") else reply, " … " + reply[-80:] if reply.startswith("OK") else "")
            assert reply.startswith(expected + " "), "%s (%s) is %s: %s" % (what, quirk, expected, shown)
            if expected == OK and reply.startswith(OK):
                lives = int(re.search(r"expires=(\d+)", reply)[1]) - asked
                assert abs(lives - lifetime) < 5, "and lives for %d s" % lifetime
            elif not reply.startswith("OK "):
                assert re.search(r" : .{15}", reply) and len(reply) < 400, "and says so in words of ours"
            if expected == UNAVAILABLE:
                again.append("GET app.q%d wait=20" % number)
        # only now, or the second try of one would meet the next one's fault
        replies = [one.result() for one in [stage.in_background(line) for line in again]]
        assert all(reply.startswith("OK ") for reply in replies), (
            "after each fault that may pass, the next answer is served: %s" % ([reply for reply in replies if not reply.startswith("OK ")],))


def test_assumed_lifetimes(server):
    with Stage(server) as stage:
        stage.application("app", {"job": token(more="assume_lifetime = 900"), "erp": token()})
        stage.application("site", location='erpnet = "%s"' % server.about["erpnet"]).start()
        server.control("fault token quirk expires-in=missing times=2")
        lives = stage.token().expires - time.time()
        assert 890 < lives <= 900, "TR-04 assume_lifetime is what a token without expires_in is taken to live"
        stage.token("app.erp")
        server.control("fault token quirk token-type=missing")
        reply = stage.ask("GET site.job")
        assert reply.startswith("OK "), "TR-03 ERP.net's answers may leave token_type out"


def test_too_wide_for_a_watch(server):
    with Stage(server) as stage:
        server.control("knob scope-grant superset")
        server.control("knob access-ttl 4")
        stage.application("app", {"bound": token(["read"], '{ user = "root", scopes = ["read"] }')}).start()
        with stage.open() as watch:
            watch.send("WATCH app.bound\n")
            rows = [watch.line(), watch.line()]
            assert all(re.match(r"\+ - state=refused reason=.*update", row) for row in rows), (
                f"TR-07 a WATCH is not handed a token wider than its rule, now or after a renewal: {rows}")


def test_expired_on_arrival(server):
    with Stage(server) as stage:
        stage.application("app").start()
        server.control("fault token quirk expires-in=0 times=forever")
        waiting = stage.in_background("WAIT app.job wait=60")
        server.control("await token-finished 4 timeout=50")
        moments = [entry["elapsed"] for entry in stage.entries()]
        pauses = [later - earlier for earlier, later in zip(moments, moments[1:])]
        assert all(pause >= 1 for pause in pauses), f"ERR-04 tokens that are of no use are not asked for without a pause: {pauses}"
        assert "event=recovered" not in stage.daemon.words(), "and each is no recovery"
        server.control("clear")
        assert waiting.result(90) == "OK state=ready", "a good one ends it"


def test_wider_than_the_rule(server):
    with Stage(server) as stage:
        server.control("knob scope-grant superset")
        stage.application("app", {
            "bound": token(["read"], '{ user = "root", scopes = ["read"] }'), "free": token(["read"])}).start()
        reply = stage.ask("GET app.bound wait=5")
        assert reply.startswith("ERR refused reason=wider-than-rule : "), "TR-07 a token wider than the rule's scopes is not handed over"
        assert "update" in reply, "and its scopes are named"
        watch = stage.open()
        row = watch.send("WATCH app.bound\n").line()
        assert row.startswith("+ - state="), "nor to who watches"
        reply = stage.ask("GET app.bound wait=5")
        assert reply.startswith("ERR refused reason=wider-than-rule : "), "nor from the cache"
        reply = stage.ask("HEADER app.bound wait=5")
        assert reply.startswith("ERR refused reason=wider-than-rule : "), "nor as a header"
        assert stage.counter("token-requests") == 1, "and the server was asked once for it"
        served = stage.token("app.free")
        assert len(served.scopes) > 1, "a rule without scopes takes what the server gives"
    with Stage(server) as stage:
        server.control("knob scope-grant subset")
        stage.application("app", {"job": token(["read", "update"])}).start()
        reply = stage.ask("GET app.job wait=5")
        assert reply.startswith("ERR refused reason=missing-scope : ") and '"update"' in reply, (
            "TR-08 a token without a scope that was asked for is refused, by name")
