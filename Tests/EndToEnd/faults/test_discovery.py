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


def test_sites(server):
    for what, knobs in (
            ("on both paths", []), ("on the newer path only", ["knob tools-auto-discovery off"]),
            ("on the older path only", ["knob sys-auto-discovery off"]),
            ("in the older shape", ["knob auto-discovery-shape old"])):
        reply, _ = first_reply(server, *knobs, location=ERPNET)
        assert reply.startswith("OK "), "DISC-16 auto-discovery %s leads to a token" % what
    for what, knobs, expected in (
            ("on neither path", ["knob sys-auto-discovery off", "knob tools-auto-discovery off"], r"auto-discovery|AutoDiscovery"),
            ("without an Identity", ["knob id-url absent"], r"Identity|ID"),
            ("with an Identity on another host", ["knob id-url https://evil.example/id"], r"evil\.example|host"),
            ("with an Identity over plain http", ["knob id-url http://localhost/id"], r"https|host|address")):
        reply, exchanges = first_reply(server, *knobs, location=ERPNET, wait=1)
        assert re.match(r"ERR (refused|unavailable) ", reply) and re.search(expected, reply) and not exchanges, (
            "DISC-16 auto-discovery %s is refused or retried, in words" % what)


def test_identity_that_does_not_work_yet(server):
    with Stage(server) as stage:
        server.control("knob id-status NotWorking")
        stage.application("app", location=ERPNET % server.about["erpnet"]).start()
        waiting = stage.in_background("WAIT app.job wait=60")
        said = stage.said(re.compile("event=renewal-failed"))
        assert said and "is not working" in said[0], "an Identity that is not working is trouble, named"
        server.control("knob id-status Working")
        assert waiting.result() == "OK state=ready", "when it works, who waits hears so"
        assert stage.ask("GET app.job").startswith("OK "), "and tokens come"
        assert len(stage.said(re.compile("event=recovered"))) == 1, "the recovery is told once"


def test_metadata(server):
    for knob in ("slash", "wrong", "http", "upper", "missing"):
        reply, exchanges = first_reply(server, "knob issuer %s" % knob, wait=1)
        assert reply.startswith("ERR ") and "issuer" in reply and exchanges == 0, "DISC-04 DISC-05 metadata with another issuer (%s) are not used" % knob
    for what, fault, code, expected in (
            ("DISC-06 metadata that are not there", "status code=404", "refused|unavailable", r"404"),
            ("DISC-06 metadata that are not JSON", "quirk body=html", "refused|unavailable", r"JSON|metadata"),
            ("DISC-06 metadata of 2 MiB", "quirk body=2mib", "refused|unavailable", r"large|MiB|bytes|long"),
            ("NET-05 metadata that are elsewhere", "redirect", "refused|unavailable", r"30\d"),
            ("metadata that break off", "half-body", "unavailable", r""),
            ("metadata behind a 503", "status code=503 retry-after=7", "unavailable retry-after=[67] ", r"503")):
        reply, exchanges = first_reply(server, "fault metadata %s times=forever" % fault, wait=2)
        assert re.match("ERR (%s)" % code, reply) and re.search(expected, reply) and exchanges == 0, "%s are no way to a token" % what


def test_metadata_that_hang(server):
    with Stage(server) as stage:
        server.control("fault metadata hang")
        stage.application("app", {"job": token(), "other": token()}).start()
        asked = [stage.in_background("GET app.%s" % name) for name in ("job", "other", "job")]
        server.control("await hung 1")
        assert stage.ask("PING") == "OK", "PING is answered while the metadata hang"
        assert re.match("ERR timeout : ", stage.ask("GET app.job wait=1")), "a caller that cannot wait hears so"
        server.control("clear")
        replies = [one.result() for one in asked]
        assert all(reply.startswith("OK ") for reply in replies), f"all who waited are served when they come: {replies}"
        assert stage.counter("metadata-requests") == 1, "they were asked for once"
        assert stage.counter("token-requests") == 2, "and each token once"


def test_endpoints_that_move(server):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.token()
        before = stage.counter("metadata-requests")
        server.control("fault token status code=404")
        stage.application("more").ask("RELOAD")
        reply = stage.ask("GET more.job")
        assert stage.counter("metadata-requests") <= before + 1 and reply.startswith(("OK ", "ERR unavailable ")), (
            f"a token endpoint that answers 404 has the metadata fetched anew, once: {reply}")
