"""What is promised to whoever uses a token: it is new, it is kept nowhere, nobody reads it from a process, and each failure has its code."""
import contextlib
import hashlib
import os
import pathlib
import re
import ssl
import stat
import subprocess
import urllib.error
import urllib.request

from lib import processes
from lib.cacheable import CacheableServer
from lib.daemon import TOKENCTL, Daemon, Served
from lib.stage import Stage, token

WITHOUT_PTRACE = ["setpriv", "--bounding-set", "-sys_ptrace"]


def test_answers_that_may_be_kept(server):
    with Stage(server) as stage, CacheableServer(stage.folder / "pki") as cacheable:
        stage.application("app", server=cacheable, more='[endpoints]\ntoken = "%s/token"' % cacheable.address).start()
        first = stage.token()
        renewed = stage.ask("RENEW app.job")
        assert renewed.splitlines()[-1] == "OK 1", "a token that the server says may be cached is renewed"
        assert (first.token, stage.token().token, cacheable.requests) == ("token-1", "token-2", 2), (
            "TR-16 two exchanges are two requests and two tokens, whatever Cache-Control says")


# what the server does, what is asked, the code, tokenctl's exit status
FAILURES = [
    ("status code=503 retry-after=30 times=forever", "app.job", 1, r"ERR unavailable retry-after=\d+ : ", 75, "a server that is down is to be tried again"),
    ("hang times=forever", "app.job", 0, r"ERR timeout : ", 75, "a server that is slow is too"),
    ("status code=400 error=invalid_client", "app.job", 5, r"ERR refused oauth-error=invalid_client : ", 78, "credentials that are not known are to be mended"),
    ("status code=400 error=invalid_scope", "app.job", 5, r"ERR refused oauth-error=invalid_scope : ", 78, "scopes that are not given are too"),
    ("slow", "app.none", 5, r"ERR denied : ", 77, "a name without a rule is the administrator's affair"),
]


def test_codes(server):
    for fault, name, wait, pattern, status, what in FAILURES:
        with Stage(server, "fault token " + fault) as stage:
            stage.application("app").start()
            reply = stage.ask("GET %s wait=%d" % (name, wait))
            ended = stage.daemon.tokenctl("get", name, "--wait", str(wait))
            assert re.match(pattern, reply), "ERR-02 %s, says the code" % what
            assert (ended.returncode, ended.stdout) == (status, ""), "ERR-02 and tokenctl's exit status, with nothing on standard output"


def call(server, header, method="GET"):
    """The status and the body of the Domain API."""
    name, _, value = header.partition(": ")
    request = urllib.request.Request(server.about["api"].rstrip("/") + "/General_Products_Products", method=method, headers={name: value})
    try:
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=server.about["ca_file"]), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_refusals_of_the_api(server):
    with Stage(server, "knob licences 0") as stage:
        stage.application("app", {"job": token(["read"])}).start()
        held = stage.token()
        status, body = call(server, "Authorization: Bearer " + held.token)
        assert status == 500 and "MaximumLicenseCountExceeded" in body, "the API has no licence left: %s" % ((status, body),)
        again = stage.token()
        rejected = stage.ask("REJECT app.job id=%s" % held.fields["id"])
        assert again.token == held.token and re.match(r"OK cooling retry-after=\d+$", rejected), (
            f"ERR-11 then the token is as good as before, and cools even for who rejects it: {rejected}")
        server.control("knob licences 50")
        status, body = call(server, "Authorization: Bearer " + held.token, "POST")
        assert status == 403, "the API forbids what the token has no scope for"
        assert (stage.token().token, stage.counter("token-requests")) == (held.token, 1), "ERR-09 ERR-11 nothing of it is a token request"


def test_one_way(server):
    with Stage(server) as stage:
        stage.application("app").start()
        held = stage.token()
        reply = stage.ask("HEADER app.job")
        assert reply == "OK Authorization: Bearer " + held.token, "SEC-12 HEADER gives the token in one way, one header line"
        assert call(server, reply[len("OK "):])[0] == 200, "which is all that the API needs"
        assert [(entry["auth"], entry["query"]) for entry in stage.entries("api")] == [("bearer", [])], "SEC-12 and all that it is shown"


def test_fingerprints(server):
    with Stage(server) as stage:
        stage.application("app").start()
        with stage.open() as watch:
            rows = [stage.token(), Served(watch.send("WATCH app.job\n").line())]
        expected = hashlib.sha256(rows[0].token.encode()).hexdigest()[:16]
        assert [row.fields["id"] for row in rows] == [expected] * 2, "LOG-02 the id of a token is the first 16 hex digits of its SHA-256, in GET and in WATCH"
        told = stage.said(re.compile("event=(renewed|handed-out) .*id=%s" % expected))
        assert len(told) >= 2, f"LOG-02 in the audit: {stage.daemon.words()}"
        assert expected in str(stage.entries()), "LOG-02 and at the server, which issued it"


def test_places_of_a_token(server):
    with Stage(server, "knob access-ttl 4") as stage:
        stage.application("app").start()
        with stage.open() as watch:
            watch.send("WATCH app.job\n")
            served = [Served(watch.line()).token for _ in range(2)]
            # records are sealed, so what they hold cannot be searched: nothing may be written at all
            before = written(stage)
            served += [Served(watch.line()).token for _ in range(2)]
            assert len(set(served)) == 4, "two more tokens were fetched"
            assert changes(before, written(stage)) == [], "SEC-05 no file of the daemon changes when an access token is fetched"
            assert others_open(stage) == [], "SEC-05 nor has it another file open"
        sealed = stage.folder / "state" / "app.job"
        sealed.write_bytes(b"anything")
        assert changes(before, written(stage)) == [str(sealed)], "a file that is written is noticed"
        assert open_files(stage.daemon.process.pid, rights="r"), "and one that is open is"
        sealed.unlink()
        assert stage.daemon.stop() == 0, "the daemon ends"
        assert changes(before, written(stage)) == [], "SEC-05 nor has one changed when it has ended"


def written(stage):
    """What is on the disk below the daemon's folders, and when it was last written."""
    paths = [path for name in ("state", "state-key") for path in (stage.folder / name).rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


def changes(before, after):
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def open_files(pid, rights="w"):
    """The regular files that a process has open on a disk, for writing or at all."""
    found = []
    for entry in pathlib.Path("/proc/%d/fd" % pid).iterdir():
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(entry)
            flags = int(re.search(r"flags:\s+(\d+)", pathlib.Path("/proc/%d/fdinfo/%s" % (pid, entry.name)).read_text()).group(1), 8)
            if target.startswith("/") and not target.startswith(("/memfd:", "/dev/")) and stat.S_ISREG(os.stat(entry).st_mode):
                found += [target] if rights == "r" or flags & os.O_ACCMODE else []
    return found


def others_open(stage):
    """Those beside its log, its lock and its records."""
    return [path for path in open_files(stage.daemon.process.pid)
            if path != str(stage.daemon.log) and not path.startswith(str(stage.folder / "state"))]


def parts(tokens):
    """Of each token, what is its own."""
    return [part.encode() for text in tokens for part in (text, *text.split(".")[1:])]


def test_processes_that_hold_one(server):
    with Stage(server) as stage:
        stage.application("app").start()
        watching = subprocess.Popen([TOKENCTL, "--socket", str(stage.daemon.socket), "watch", "app.job"], stdout=subprocess.PIPE)
        try:
            shown = watching.stdout.readline()
            secrets = [server.about["clients"]["machine"]["client_secret"].encode(), *parts([stage.token().token])]
            seen = {(name, place): pathlib.Path("/proc/%d/%s" % (pid, place)).read_bytes()
                    for name, pid in (("tokend", stage.daemon.process.pid), ("tokenctl", watching.pid)) for place in ("cmdline", "environ")}
        finally:
            processes.stop(watching)
        assert shown, "tokenctl holds a token"
        assert [where for where, text in seen.items() if not text or any(secret in text for secret in secrets)] == [], (
            "SEC-03 no secret is among the arguments or in the environment of tokend and tokenctl")


def looks_into(pid):
    """What a process of the same user without CAP_SYS_PTRACE hears when it opens that one's memory; it can read nothing at address 0."""
    command = [*WITHOUT_PTRACE, "env", "LC_ALL=C", "head", "-c", "1", "/proc/%d/mem" % pid]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=30, check=False).stderr


def test_no_look_inside(server):
    with Stage(server) as stage:
        stage.application("app")
        stage.daemon = Daemon(stage.folder, ["prlimit", "--core=unlimited", *WITHOUT_PTRACE])
        stage.start()
        stage.token()
        pid = stage.daemon.process.pid
        limit = re.search(r"(?m)^Max core file size +(\S+) +(\S+)", pathlib.Path("/proc/%d/limits" % pid).read_text())
        assert limit.groups() == ("0", "0"), "SEC-04 tokend may write no core image, however it was started"
        ordinary = processes.start([*WITHOUT_PTRACE, "sleep", "600"], stage.folder / "ordinary.log")
        try:
            processes.until(lambda: pathlib.Path("/proc/%d/comm" % ordinary.pid).read_text() == "sleep\n", 10)
            assert re.search("error reading", looks_into(ordinary.pid)), "the memory of another process of its user can be opened"
        finally:
            processes.stop(ordinary)
        assert re.search("cannot open .*Permission denied", looks_into(pid)), "SEC-04 that of tokend cannot, for it is not dumpable"
