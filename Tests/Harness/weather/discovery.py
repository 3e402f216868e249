"""Finding the server: site auto-discovery, metadata, and what is wrong with either."""
import re

from lib.stage import Stage, token

ERPNET = 'erpnet = "%s"'


def first_reply(server, *knobs, location=None, wait=8):
    """What a GET is told by a new daemon while the server has these knobs."""
    with Stage(server) as stage:
        for knob in knobs:
            server.control(knob)
        stage.application("app", location=location and location % server.about["erpnet"], timeout=5)
        stage.start()
        reply = stage.ask("GET app.job wait=%d" % wait)
        return reply, stage.counter("token-requests")


def sites(checks, server, _):
    for what, knobs in (
            ("on both paths", []), ("on the newer path only", ["knob tools-auto-discovery off"]),
            ("on the older path only", ["knob sys-auto-discovery off"]),
            ("in the older shape", ["knob auto-discovery-shape old"])):
        reply, _ = first_reply(server, *knobs, location=ERPNET)
        checks.ok("DISC-16 auto-discovery %s leads to a token" % what, reply.startswith("OK "), reply[:300])
    for what, knobs, expected in (
            ("on neither path", ["knob sys-auto-discovery off", "knob tools-auto-discovery off"], r"auto-discovery|AutoDiscovery"),
            ("without an Identity", ["knob id-url absent"], r"Identity|ID"),
            ("with an Identity on another host", ["knob id-url https://evil.example/id"], r"evil\.example|host"),
            ("with an Identity over plain http", ["knob id-url http://localhost/id"], r"https|host|address")):
        reply, exchanges = first_reply(server, *knobs, location=ERPNET, wait=1)
        checks.ok("DISC-16 auto-discovery %s is refused or retried, in words" % what,
                  re.match(r"ERR (refused|unavailable) ", reply) and re.search(expected, reply) and not exchanges, reply)


def identity_that_does_not_work_yet(checks, server, _):
    with Stage(server) as stage:
        server.control("knob id-status NotWorking")
        stage.application("app", location=ERPNET % server.about["erpnet"]).start()
        waiting = stage.in_background("WAIT app.job wait=60")
        said = stage.said(re.compile("event=renewal-failed"))
        checks.ok("an Identity that is not working is trouble, named", said and "is not working" in said[0], said)
        server.control("knob id-status Working")
        checks.equal("when it works, who waits hears so", waiting.result(), "OK state=ready")
        checks.ok("and tokens come", stage.ask("GET app.job").startswith("OK "))
        checks.equal("the recovery is told once", len(stage.said(re.compile("event=recovered"))), 1)


def metadata(checks, server, _):
    for knob in ("slash", "wrong", "http", "upper", "missing"):
        reply, exchanges = first_reply(server, "knob issuer %s" % knob, wait=1)
        checks.ok("DISC-04 DISC-05 metadata with another issuer (%s) are not used" % knob,
                  reply.startswith("ERR ") and "issuer" in reply and exchanges == 0, reply)
    for what, fault, code, expected in (
            ("DISC-06 metadata that are not there", "status code=404", "refused|unavailable", r"404"),
            ("DISC-06 metadata that are not JSON", "quirk body=html", "refused|unavailable", r"JSON|metadata"),
            ("DISC-06 metadata of 2 MiB", "quirk body=2mib", "refused|unavailable", r"large|MiB|bytes|long"),
            ("NET-05 metadata that are elsewhere", "redirect", "refused|unavailable", r"30\d"),
            ("metadata that break off", "half-body", "unavailable", r""),
            ("metadata behind a 503", "status code=503 retry-after=7", "unavailable retry-after=[67] ", r"503")):
        reply, exchanges = first_reply(server, "fault metadata %s times=forever" % fault, wait=1)
        checks.ok("%s are no way to a token" % what, re.match("ERR (%s)" % code, reply) and re.search(expected, reply) and exchanges == 0, reply)


def metadata_that_hang(checks, server, _):
    with Stage(server) as stage:
        server.control("fault metadata hang")
        stage.application("app", {"job": token(), "other": token()}).start()
        asked = [stage.in_background("GET app.%s" % name) for name in ("job", "other", "job")]
        server.control("await hung 1")
        checks.equal("PING is answered while the metadata hang", stage.ask("PING"), "OK")
        checks.ok("a caller that cannot wait hears so", re.match("ERR timeout : ", stage.ask("GET app.job wait=1")))
        server.control("clear")
        replies = [one.result() for one in asked]
        checks.ok("all who waited are served when they come", all(reply.startswith("OK ") for reply in replies), replies)
        checks.equal("they were asked for once", stage.counter("metadata-requests"), 1)
        checks.equal("and each token once", stage.counter("token-requests"), 2)


def endpoints_that_move(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.token()
        before = stage.counter("metadata-requests")
        server.control("fault token status code=404")
        stage.application("more").ask("RELOAD")
        reply = stage.ask("GET more.job")
        checks.ok("a token endpoint that answers 404 has the metadata fetched anew, once",
                  stage.counter("metadata-requests") <= before + 1 and reply.startswith(("OK ", "ERR unavailable ")), reply)


SECTIONS = [sites, identity_that_does_not_work_yet, metadata, metadata_that_hang, endpoints_that_move]
