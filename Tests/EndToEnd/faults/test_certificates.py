"""TLS that is not good enough: each is refused before a secret is sent, in words that say what is wrong."""
import os
import re
import subprocess

from lib.daemon import Daemon
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


def test_listeners(server):
    with Stage(server) as stage:
        for kind, _, _ in LISTENERS:
            opened = server.control("listener %s" % kind)
            issuer = re.sub(r"^http:", "https:", opened["issuer"])
            stage.application(kind, location='issuer = "%s"' % issuer, timeout=5)
        stage.start()
        for kind, what, expected in LISTENERS:
            reply = stage.ask("GET %s.job wait=3" % kind)
            assert re.match(r"ERR (refused|unavailable) .*: ", reply) and re.search(expected, reply.partition(" : ")[2]), (
                "NET-01 NET-02 %s is refused, in words" % what)
        assert stage.counter("requests") == 0, "DISC-07 and nothing was asked over any of them"


# what a machine's openssl.cnf may allow at most: TLS 1.1 needs the lowest security level of OpenSSL 3
ANYTHING = """openssl_conf = openssl
[openssl]
ssl_conf = ssl
[ssl]
system_default = anything
[anything]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


def test_a_machine_that_allows_anything(server):
    with Stage(server) as stage:
        settings = stage.folder / "openssl.cnf"
        settings.write_text(ANYTHING)
        opened = server.control("listener tls11")
        issuer = re.sub(r"^http:", "https:", opened["issuer"])
        stage.application("app", location='issuer = "%s"' % issuer, timeout=5)
        asked = subprocess.run(["openssl", "s_client", "-connect", issuer.split("/")[2], "-CAfile", server.about["ca_file"], "-verify_return_error"],
                               env={**os.environ, "OPENSSL_CONF": str(settings)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, timeout=30, check=False)
        assert re.search(r"Protocol +: TLSv1\.1", asked.stdout), "with these settings OpenSSL itself speaks TLS 1.1"
        stage.daemon = Daemon(stage.folder, ["env", "OPENSSL_CONF=%s" % settings])
        stage.start()
        reply = stage.ask("GET app.job wait=3")
        assert re.match(r"ERR unavailable .* : .*no TLS session", reply), "NET-01 tokend refuses TLS 1.1 by itself, whatever the machine's openssl.cnf allows"
        assert stage.counter("requests") == 0, "and nothing was asked over it"


def test_another_authority(server, other):
    with Stage(server) as stage:
        stage.application("app", more="")
        path = stage.daemon.configuration / "apps.d" / "app.toml"
        path.write_text(path.read_text().replace(server.about["ca_file"], other.about["ca_file"]))
        stage.start()
        reply = stage.ask("GET app.job wait=2")
        assert re.match(r"ERR (refused|unavailable) ", reply), "NET-02 a server that another authority vouches for is not believed"
        assert stage.counter("requests") == 0, "and got nothing"


def test_http(server):
    with Stage(server) as stage:
        stage.application("app", location='issuer = "http://localhost:1/id"')
        checked = stage.check()
        assert checked.returncode == 78 and "https" in checked.stdout, f"NET-03 plain http is refused by the configuration: {checked.stdout}"
