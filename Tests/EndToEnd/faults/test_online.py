"""tokend --check --online says what the servers make of a configuration, and a probe notices a reference token that was taken back."""
import os
import re
import shutil
import subprocess
import time

from lib import processes
from lib.daemon import TOKEND
from lib.stage import ROOT_MAY, Stage, token

WRONG_USAGE, LATER, CONFIGURATION = 64, 75, 78  # sysexits.h

PERSON = """grant = "authorization_code"
scopes = ["openid", "read", "offline_access"]
redirect_uri = "http://127.0.0.1:53177/callback"
response_type = "%s"
allow = [ { user = "root", login = true } ]
"""


def reference(stage, name, value, probe, header="Authorization"):
    """The body of a [token.NAME] table for a token that somebody else made."""
    path = stage.daemon.secret(name + ".value", value + "\n")
    return 'grant = "reference"\nvalue = { file = "%s" }\nexpires = "never"\nheader = "%s"\nprobe = %s\nallow = [ %s ]\n' % (
        path, header, probe, ROOT_MAY)


def mint(server, kind="PAT"):
    """A reference token, and what revokes it."""
    owner = " user=m.petrova" if kind == "PAT" else ""
    minted = server.control('reference mint kind=%s app=demo.app/portal%s scope="read"' % (kind, owner))
    return minted["token"], "reference revoke %s" % minted["reference"]["id"]


def by_url(server, more=""):
    return '{ url = "%s"%s }' % (server.about["me"], more)


def lines(checked):
    return checked.stdout.splitlines()


# --- tokend --check --online


def test_everything_is_well(server):
    with Stage(server, "knob optional-metadata on", "knob introspection on") as stage:
        pat = mint(server)[0]
        stage.application("portal", client="portal", tokens={
            "sync": token(["read", "update"], allow='%s, { user = "backup", scopes = ["read"] }' % ROOT_MAY),
            "user": PERSON % "code", "desk": PERSON % "code id_token",
            "pat": reference(stage, "pat", pat, by_url(server), "X-Api-Key"),
            "asked": reference(stage, "asked", pat, "{ introspection = true }")})
        checked = stage.check("--online")
        issuer = server.about["issuer"]
        for what, line in [
            ("DISC-04 which address answered and that the issuer is exact",
             "portal: '%s' answers, and names exactly the issuer '%s'" % (server.about["discovery"], issuer)),
            ("what a service is granted, the least first", "portal.sync: granted read, lives 3600 s"),
            ("and the most", "portal.sync: granted read update, lives 3600 s"),
            ("where people sign in", "portal.user: people sign in at '%s' with response type \"code\" and PKCE S256"
             % server.about["endpoints"]["authorization"]),
            ("the hybrid way too", "portal.desk: people sign in at '%s' with response type \"code id_token\" and PKCE S256"
             % server.about["endpoints"]["authorization"]),
            ("revocation and the end of sessions", "portal: revocation at '%s'; end of session at '%s'"
             % (server.about["endpoints"]["revocation"], server.about["endpoints"]["end_session"])),
            ("keys", "portal: 1 usable key for ID tokens at '%s'" % server.about["endpoints"]["jwks"]),
            ("STAT-03 that an API takes a reference token", "portal.pat: the API takes it"),
        ]:
            assert line in lines(checked), "--check --online tells %s: %s" % (what, checked.stdout)
        assert re.search(r"(?m)^portal\.asked: the server says that it is active", checked.stdout), "INT-02 and what introspection says"
        assert (re.search(r": 1 application, 5 tokens, 0 errors", lines(checked)[0])
                and re.fullmatch(r"online: \d+ well, 0 warnings, 0 errors, 0 not now, 0 not tried", lines(checked)[-1])), (
            f"the offline report comes first, the sum last: {checked.stdout}")
        assert checked.returncode == 0, "all is well: it exits with 0"
        secrets = [pat, server.about["clients"]["portal"]["client_secret"]]
        assert not any(secret in checked.stdout for secret in secrets), "SEC-07 no secret is repeated"
        assert stage.counter("api-requests") == 0, "no token was used but the one that was looked at"
        assert sorted(path.name for path in stage.folder.iterdir()) == ["config"], "it needs no daemon and leaves nothing behind"


def test_by_anybody(server):
    with Stage(server) as stage:
        stage.application("app")
        folder = stage.daemon.configuration
        authority = folder / "ca.pem"
        shutil.copy(server.about["ca_file"], authority)
        text = (folder / "apps.d" / "app.toml").read_text()
        stage.daemon.application("app", text.replace(server.about["ca_file"], str(authority)))
        program = stage.folder / "tokend"
        shutil.copy(TOKEND, program)
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, 2, 2)
        authority.chmod(0o644)
        checked = subprocess.run([program, "--check", "--online", "--config", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, timeout=90, check=False, user=2, group=2, extra_groups=[])
        assert checked.returncode == 0 and "app.job: granted read" in checked.stdout, f"whoever can read the files can ask: {checked.stdout}"


def test_a_server_says_no(server):
    with Stage(server) as stage:
        stage.application("wrong", {"a": token(), "b": token()}, secret="not-the-secret")
        stage.application("people", client="no-system-user")
        stage.application("beyond", {"job": token(["read", "sec"])})
        stage.application("slash", location='issuer = "%s/"' % server.about["issuer"])
        pat, revoke = mint(server)
        server.control(revoke)
        stage.application("dead", {"pat": reference(stage, "dead", pat, by_url(server))})
        checked = stage.check("--online")
        for what, pattern in [
            ("a wrong secret", r"wrong\.a: error: no token: .* 400 invalid_client; check the client's id, its secret"),
            ("once: it is not tried again and again", r"wrong\.b: not tried: the server does not take the client"),
            ("a client without a System User", r"people\.job: error: no token: .* unauthorized_client; .*SystemUserAllowed"),
            ("a scope beyond the registration", r"beyond\.job: error: no token: .* invalid_scope; ask for scopes that the registration allows"),
            ("DISC-05 an issuer that is not exact", r"slash: error: the metadata .* not '.*/id/'; write issuer = \"https://.*/id\""),
            ("whose tokens are not tried", r"slash\.job: not tried: its server was not found"),
            ("a reference token that was revoked", r"dead\.pat: error: it is not taken: '.*/profile/me' answered 401; have it reissued"),
        ]:
            assert re.search("(?m)^" + pattern, checked.stdout), "--check --online tells %s" % what
        assert checked.returncode == CONFIGURATION, "somebody has to change something: it exits with 78"
        assert [entry["client"] for entry in stage.entries()].count("demo.app/sync") == 2, "the wrong secret was sent once"
    with Stage(server, "knob scope-grant subset") as stage:
        stage.application("app", {"job": token(["read", "update"])})
        checked = stage.check("--online")
        assert re.search(r"(?m)^app\.job: error: granted read, but not update: ", checked.stdout) and checked.returncode == CONFIGURATION, (
            "CC-06 a scope that is not granted is told")


def test_a_server_is_away(server, other):
    with Stage(server) as stage:
        stage.application("gone", location='issuer = "https://localhost:%d/id"' % processes.free_port())
        stage.application("well", {"job": token()})
        checked = stage.check("--online")
        assert re.search(r"(?m)^gone: not now: .*connection refused; check the address, the network and the proxy$", checked.stdout), (
            "a server that cannot be reached is told, with what to look at")
        assert "well.job: granted read, lives 3600 s" in lines(checked), f"the others are tried all the same: {checked.stdout}"
        assert checked.returncode == LATER, "it may pass: it exits with 75"
    with Stage(server) as stage:
        other.control("reset")
        for name in ("a", "b", "c", "d"):
            stage.application(name, {"job": token(), "more": token()}, server=other, timeout=3)
        other.control("fault token hang times=forever")
        started = time.monotonic()
        checked = stage.check("--online")
        seconds = time.monotonic() - started
        other.control("clear")
        assert (3 <= seconds < 8 and len(re.findall(r"(?m)^\w\.job: not now: no token: ", checked.stdout)) == 4
                and len(re.findall(r"(?m)^\w\.more: not tried: ", checked.stdout)) == 4), (
            "a server that hangs is waited for once for each application, side by side: %s" % ("%.1f s\n%s" % (seconds, checked.stdout),))
        assert checked.returncode == LATER, "and it exits with 75"


def test_certificates(server):
    with Stage(server) as stage:
        for kind in ("expired", "wrong-host", "untrusted", "plain"):
            issuer = re.sub(r"^http:", "https:", server.control("listener %s" % kind)["issuer"])
            stage.application(kind, location='issuer = "%s"' % issuer, timeout=5)
        checked = stage.check("--online")
        for pattern in (r"expired: error: .*expired.*; look at this machine's clock, or have the certificate renewed",
                        r"wrong-host: error: .*hostname mismatch; have it corrected, or name its authority with ca_file",
                        r"untrusted: error: .*certificate refused: ", r"plain: error: .*TLS.*; check the port"):
            assert re.search("(?m)^" + pattern, checked.stdout), "NET-02 a certificate's problem is named: %s" % pattern.partition(":")[0]
        assert (stage.counter("requests"), checked.returncode) == (0, CONFIGURATION), "and nothing was asked over any of them"


def test_clocks(server):
    with Stage(server, "clock advance 3600") as stage:
        stage.application("app")
        checked = stage.check("--online")
        assert re.search(r"(?m)^app: warning: the server's clock is 3(599|600|601) s ahead of this machine's", checked.stdout), (
            "TIME-03 clocks that differ are told")
        assert checked.returncode == 0, "which is a warning"


def test_credentials(server):
    with Stage(server) as stage:
        stage.application("app", {"job": token(), "user": PERSON % "code"}, client="portal")
        text = (stage.daemon.configuration / "apps.d" / "app.toml").read_text()
        stage.daemon.application("app", re.sub(r"(?m)^secret = .*$", 'secret = { credential = "portal" }', text))
        checked = stage.check("--online")
        assert 'app.job: not tried: systemd hands the credential "portal" to the service alone' in lines(checked), (
            f"what only systemd hands over is not tried, and said: {checked.stdout}")
        assert re.search(r"(?m)^app\.user: people sign in at ", checked.stdout), "the rest is"
        assert re.search(r"as root, this tries them too: systemd-run .*", lines(checked)[-1]), f"and the last line is a command that tries it: {checked.stdout}"
        assert checked.returncode == 0, "nothing is wrong: it exits with 0"
        folder = stage.daemon.configuration.parent / "credentials"
        folder.mkdir(mode=0o700)
        (folder / "secret_portal").write_text(server.about["clients"]["portal"]["client_secret"])
        (folder / "secret_portal").chmod(0o400)
        given = stage.check("--online", env={**os.environ, "CREDENTIALS_DIRECTORY": str(folder)})
        assert "app.job: granted read, lives 3600 s" in lines(given), f"where systemd hands it over, it is tried: {given.stdout}"


def test_wrong_usage(server):
    with Stage(server) as stage:
        stage.application("app", more='colour = "blue"')
        alone = subprocess.run([TOKEND, "--online"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False)
        assert alone.returncode == WRONG_USAGE and "--online belongs to --check: tokend --check --online" in alone.stdout, (
            f"--online alone is wrong usage, in a sentence: {alone.stdout}")
        checked = stage.check("--online")
        assert checked.returncode == CONFIGURATION and lines(checked)[-1].startswith("online: nobody was asked") and "app.toml:" in checked.stdout, (
            f"with a configuration that is wrong nobody is asked: {checked.stdout}")
        assert stage.counter("requests") == 0, "really"


# --- the probe


def renew(stage, name):
    """Has a reference token looked at now; not more than every 5 s."""
    return processes.until(lambda: re.search(r"^OK ", stage.ask("RENEW %s" % name), re.MULTILINE), 10, every=0.2)


def said(stage, pattern):
    return len(re.findall(pattern, stage.daemon.words()))


def test_a_token_taken_back(server):
    with Stage(server) as stage:
        pat, revoke = mint(server)
        probe = by_url(server, ", every = 86400")
        stage.application("app", {"pat": reference(stage, "pat", pat, probe, "X-Api-Key")}, client="portal").start()
        renew(stage, "app.pat")
        server.control("await me-finished 1")
        assert re.search(r"\+ app\.pat state=ready", stage.ask("STATUS app.pat")), "a good reference token is ready"
        assert [entry["auth"] for entry in stage.entries("me")] == ["x-api-key"], "STAT-03 it went in exactly one header"
        server.control(revoke)
        renew(stage, "app.pat")
        told = stage.said(re.compile(r'the reference token of "app\.pat" is not taken any more: .*/profile/me. answered 401'))
        assert told and "have it reissued" in told[0], f"one that was revoked is told, with the remedy: {stage.daemon.words()}"
        status = stage.ask("STATUS app.pat")
        assert re.search(r"state=degraded .*reason=\S*not%20taken", status), "STATUS says degraded, and why"
        assert stage.token("app.pat").token == pat, "it is served all the same"
        renew(stage, "app.pat")
        server.control("await me-finished 3")
        successor = mint(server)[0]
        (stage.daemon.configuration / "pat.value").write_text(successor + "\n")
        stage.ask("RELOAD")
        assert stage.said(re.compile("trouble-ended.*reference-refused|that there was trouble with was replaced"), 5), (
            f"a new token ends the trouble: {stage.daemon.words()}")
        assert re.search(r"state=ready", stage.ask("STATUS app.pat")), "and is ready"
        assert said(stage, "is not taken any more") == 1, "it was told once, though it was looked at twice"
        assert not any(token in stage.daemon.words() for token in (pat, successor)), "LOG-01 no token is in any line"


def test_a_look_that_brings_nothing(server):
    with Stage(server) as stage:
        pat = mint(server)[0]
        tokens = {name: reference(stage, name, pat, by_url(server, ", every = 86400")) for name in ("busy", "erring", "full")}
        tokens["asked"] = reference(stage, "asked", pat, "{ introspection = true, every = 86400 }")
        stage.application("app", tokens, client="portal").start()
        server.control("fault me status code=503")
        renew(stage, "app.busy")
        assert stage.said(re.compile(r'whether the token of "app\.busy" is still good could not be seen this time: .* 503')), (
            f"an API that is away is told, and changes nothing: {stage.daemon.words()}")
        assert "state=ready" in stage.ask("STATUS app.busy"), "the token is ready"
        server.control("fault me status code=401")
        renew(stage, "app.erring")
        assert stage.said(re.compile(r'"app\.erring" is not taken any more')), f"an API that errs is believed: {stage.daemon.words()}"
        renew(stage, "app.erring")
        assert stage.said(re.compile(r'"app\.erring" is taken again')), f"until it takes the token again: {stage.daemon.words()}"
        assert "state=ready" in stage.ask("STATUS app.erring"), "the token is ready"
        server.control("fault me status code=403")
        renew(stage, "app.full")
        server.control("await me-finished 4")
        renew(stage, "app.asked")
        assert stage.said(re.compile(r'whether the token of "app\.asked" is still good cannot be seen: ')), (
            f"INT-04 a server that does not let this client ask is trouble of the probe: {stage.daemon.words()}")
        assert "state=ready" in stage.ask("STATUS app.asked"), "the token is ready"
        assert "state=ready" in stage.ask("STATUS app.full") and 'token of "app.full"' not in stage.daemon.words(), (
            f"a 403 is not about the token: {stage.daemon.words()}")


def test_by_itself(server):
    with Stage(server) as stage:
        pat = mint(server)[0]
        stage.application("app", {"p%d" % number: reference(stage, "p%d" % number, pat, by_url(server, ", every = 60")) for number in range(8)},
                          client="portal").start()
        begun = time.monotonic()
        server.control("await me-finished 1 timeout=55")
        assert time.monotonic() - begun < 55, "the first of eight looks comes within its minute"
        assert stage.counter("me-requests") < 8, "and not all come at once"
