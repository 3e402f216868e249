"""TLS that is not good enough: each is refused before a secret is sent, in words that say what is wrong."""
import re

from lib.stage import Stage

LISTENERS = [
    ("expired", "an expired certificate", r"expired"),
    ("not-yet-valid", "a certificate that is not valid yet", r"not yet valid|clock"),
    ("wrong-host", "a certificate for another host", r"host|name"),
    ("address-only", "a certificate for another name and this address", r"host|name"),
    ("common-name", "a certificate with a common name only", r"host|name"),
    ("untrusted", "a certificate of an unknown authority", r"issuer|authority|trust|self"),
    ("tls11", "TLS 1.1", r"TLS|protocol|version"),
    ("plain", "no TLS at all", r"TLS|SSL"),
]


def listeners(checks, server, _):
    with Stage(server) as stage:
        for kind, _, _ in LISTENERS:
            opened = server.control("listener %s" % kind)
            issuer = re.sub(r"^http:", "https:", opened["issuer"])
            stage.application(kind, location='issuer = "%s"' % issuer, timeout=5)
        stage.start()
        for kind, what, expected in LISTENERS:
            reply = stage.ask("GET %s.job wait=3" % kind)
            checks.ok("NET-01 NET-02 %s is refused, in words" % what,
                      re.match(r"ERR (refused|unavailable) .*: ", reply) and re.search(expected, reply.partition(" : ")[2]), reply)
        checks.equal("DISC-07 and nothing was asked over any of them", stage.counter("requests"), 0)


def another_authority(checks, server, other):
    with Stage(server) as stage:
        stage.application("app", more="")
        path = stage.daemon.configuration / "apps.d" / "app.toml"
        path.write_text(path.read_text().replace(server.about["ca_file"], other.about["ca_file"]))
        stage.start()
        reply = stage.ask("GET app.job wait=2")
        checks.ok("NET-02 a server that another authority vouches for is not believed", re.match(r"ERR (refused|unavailable) ", reply), reply)
        checks.equal("and got nothing", stage.counter("requests"), 0)


def http(checks, server, _):
    with Stage(server) as stage:
        stage.application("app", location='issuer = "http://localhost:1/id"')
        checked = stage.check()
        checks.ok("NET-03 plain http is refused by the configuration", checked.returncode == 78 and "https" in checked.stdout, checked.stdout)


SECTIONS = [listeners, another_authority, http]
