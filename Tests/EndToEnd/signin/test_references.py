"""Reference tokens (PAT, SAT): held as they are, sent as the API wants them, and nobody at the identity server is asked about them."""
import json
import re
import time

from lib import processes
from lib.daemon import Watch

from .fixture import PERSON, SignInFixture

MAY_IMPORT = '{ user = "root", login = true }'
PAT = "reference mint kind=PAT app=demo.app/portal user=%s scope=\"read\" " % PERSON
SAT = "reference mint kind=SAT app=demo.app/sync scope=\"read update\" "
ROUTES = ("token", "metadata", "jwks", "sys-auto-discovery", "tools-auto-discovery", "userinfo", "introspection", "authorize")


def reference(more="", allow=MAY_IMPORT):
    return 'grant = "reference"\nallow = [ %s ]\n%s\n' % (allow, more)


def asked(scene):
    return [route for route in ROUTES if scene.counter(route + "-requests")]


def test_imported(server):
    with SignInFixture(server) as scene:
        token = server.control(PAT + "expires=3600")["token"]
        end = int(time.time()) + 3600
        scene.people({"pat": reference(), "key": reference('header = "X-Api-Key"')}).start()
        early = scene.tokenctl("get", "app.pat")
        assert early.returncode == 81 and early.stderr.count("tokenctl import app.pat") == 1 and "reissued" not in early.stderr, (
            f"STAT-01 before anything is brought in it says how: {early.stderr}")
        done = scene.tokenctl("import", "app.pat", "--expires", end, text=token + "\n")
        assert done.returncode == 0 and re.fullmatch(r"imported, id [0-9a-f]{16}\n", done.stdout), "SEC-03 tokenctl import takes a PAT from standard input"
        served = scene.token("app.pat")
        assert (served.token, served.expires) == (token, end), "STAT-01 it is served as it is, with its end"
        assert scene.status("app.pat")["expires"] == str(end) == scene.status("app.pat")["login-until"], "STATUS tells the end too"
        scene.tokenctl("import", "app.key", "--expires", "never", text=token)
        header, key = (scene.ask("HEADER " + name)[3:] for name in ("app.pat", "app.key"))
        assert (header, key) == ("Authorization: Bearer " + token, "X-Api-Key: " + token), "STAT-02 HEADER is how the API wants it"
        for line, way in ((header, "bearer"), (key, "x-api-key")):
            status, body = scene.call(line, server.about["me"])
            assert status == 200 and json.loads(body)["login"] == PERSON, "the Profile site knows whose PAT it is: %s: %s" % (way, (status, body))
            assert (scene.call(line)[0], scene.entries("api")[-1]["auth"]) == (200, way), "the API takes it, sent in this way alone"
        assert asked(scene) == [], "STAT-01 the identity server was asked for nothing"
        assert scene.token("app.key").expires is None and scene.ask("GET app.key").split(" ")[3] == "expires=never", (
            "never is never: %s" % (scene.ask("GET app.key"),))
        scene.daemon.stop()
        kept = b"".join(path.read_bytes() for path in (scene.folder / "state").rglob("*") if path.is_file())
        scene.start()
        assert (scene.token("app.pat").token, token.encode() in kept, token in scene.daemon.words(), asked(scene)) == (token, False, False, []), (
            "SEC-05 STAT-01 it survives a restart, sealed")
        newer = server.control(PAT)["token"]
        watch = Watch(scene.daemon, "app.pat")
        watch.wait_for(1, 10)
        scene.tokenctl("import", "app.pat", text=newer)
        rows = [row for _, row in watch.wait_for(2, 10)]
        watch.end()
        assert [row.token for row in rows] == [token, newer], "SEC-13 another one is brought in without a restart, and who watches hears of it"
        row = scene.status("app.pat")
        assert "login-until" not in row and "renews" not in row and rows[1].expires is None, "STAT-01 an unknown end is not made up, and nothing is renewed"
        reply = scene.ask("LOGOUT app.pat")
        assert (reply, scene.ask("GET app.pat").split(" ")[:2]) == ("OK forgotten", ["ERR", "expired"]), "LOGOUT forgets it"


def test_from_a_file(server):
    with SignInFixture(server) as scene:
        first, second = (server.control(SAT)["token"] for _ in range(2))
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2 * 86400))
        path = scene.daemon.secret("sat", first + "\n")
        scene.people({"sat": reference('value = { file = "%s" }\nexpires = %s' % (path, end), '{ user = "root" }')}, client="machine").start()
        assert scene.token("app.sat").token == first, "STAT-01 a SAT from a file is served"
        told = scene.said(re.compile("event=ends-soon"), 10)
        assert len(told) == 1 and "have it reissued" in told[0] and '"app.sat"' in told[0], "SEC-13 with two days left the log asks for a new one"
        header = scene.ask("HEADER app.sat")[3:]
        assert (scene.call(header)[0], scene.call(header, server.about["me"])[0]) == (200, 403), "the API takes a SAT, the Profile site does not"
        path.write_text("not-a-reference-token\n")
        reply = scene.ask("RELOAD")
        assert reply.splitlines()[-1].startswith("ERR bad-config") and "enrt_" in reply and scene.token("app.sat").token == first, (
            "a file with something else in it is refused by a reload, and the old one goes on")
        path.write_text(second + "\n")
        reply = scene.ask("RELOAD")
        assert reply.splitlines()[-1] == "OK 1" and scene.token("app.sat").token == second, "SEC-13 after the file was replaced a reload serves the new one"
        done = scene.tokenctl("import", "app.sat", text=first)
        assert done.returncode == 78 and "put it there" in done.stderr, f"where the configuration names the token nothing is imported: {done.stderr}"
        reply = scene.ask("REJECT app.sat")
        assert reply.startswith(("OK cooling", "ERR ")) or reply == "OK newer", "ERR-02 REJECT changes nothing"
        told = scene.said(re.compile("did not take the reference token"), 5)
        assert told and '"app.sat"' in told[0] and "have it reissued" in told[0], f"but the log warns: it may have been revoked: {scene.daemon.words()}"
        assert scene.token("app.sat").token == second, "and the same token is served"
        assert asked(scene) == [], "STAT-01 the identity server was asked for nothing"


def test_shapes_and_ends(server):
    with SignInFixture(server) as scene:
        token = server.control(PAT)["token"]
        scene.people({"pat": reference()}).start()
        done = scene.tokenctl("import", "app.pat", text="eyJhbGciOiJub25lIn0.e30.")
        assert done.returncode == 78 and "enrt_" in done.stderr and "eyJ" not in done.stderr, f"a JWT is no reference token of ERP.net: {done.stderr}"
        done = scene.tokenctl("import", "app.pat", "--expires", int(time.time()) - 5, text=token)
        assert done.returncode == 64 and "is in the past" in done.stderr, "tokenctl sends none whose end has passed"
        reply = scene.ask("IMPORT app.pat %s expires=%d" % (token, int(time.time()) - 5))
        assert reply.startswith("ERR bad-request : expires= is in the past"), "and the daemon takes none"
        end = int(time.time()) + 2
        scene.tokenctl("import", "app.pat", "--expires", end, text=token)
        assert scene.token("app.pat").token == token, "until its end it is"
        assert processes.until(lambda: scene.ask("GET app.pat").startswith("ERR expired"), 10) and time.time() >= end - 1, (
            "and from then on it is not: %s" % (scene.ask("GET app.pat"),))
        said = scene.tokenctl("get", "app.pat")
        assert said.returncode == 81 and said.stderr.count("reissued") == 1 and said.stderr.count("tokenctl import app.pat") == 1, (
            f"STAT-01 tokenctl says what helps, once: {said.stderr}")
        assert scene.status("app.pat")["state"] == "expired", "the state is expired"
        server.control("reference revoke %s" % server.control("reference")["references"][0]["id"])
        assert asked(scene) == [], "STAT-01 of all that the identity server heard nothing"


def test_two_consumers(server):
    with SignInFixture(server) as scene:
        both = '{ user = "root" }, { user = "bin" }'
        scene.people({"pat": reference("shared = true", both)})
        assert "share one identity" in scene.check().stdout, "STAT-04 two consumers of one reference token are warned of"
        scene.people({"pat": reference("shared = false", both)})
        found = scene.check()
        assert found.returncode != 0 and "shared = true" in found.stdout, f"STAT-04 and it must be said that they may: {found.stdout}"
