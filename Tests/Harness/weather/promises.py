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


def answers_that_may_be_kept(checks, server, _):
    with Stage(server) as stage, CacheableServer(stage.folder / "pki") as cacheable:
        stage.application("app", server=cacheable, more='[endpoints]\ntoken = "%s/token"' % cacheable.address).start()
        first = stage.token()
        renewed = stage.ask("RENEW app.job")
        checks.ok("a token that the server says may be cached is renewed", renewed.splitlines()[-1] == "OK 1", renewed)
        checks.equal("TR-16 two exchanges are two requests and two tokens, whatever Cache-Control says",
                     (first.token, stage.token().token, cacheable.requests), ("token-1", "token-2", 2))


# what the server does, what is asked, the code, tokenctl's exit status
FAILURES = [
    ("status code=503 retry-after=30 times=forever", "app.job", 1, r"ERR unavailable retry-after=\d+ : ", 75, "a server that is down is to be tried again"),
    ("hang times=forever", "app.job", 0, r"ERR timeout : ", 75, "a server that is slow is too"),
    ("status code=400 error=invalid_client", "app.job", 5, r"ERR refused oauth-error=invalid_client : ", 78, "credentials that are not known are to be mended"),
    ("status code=400 error=invalid_scope", "app.job", 5, r"ERR refused oauth-error=invalid_scope : ", 78, "scopes that are not given are too"),
    ("slow", "app.none", 5, r"ERR denied : ", 77, "a name without a rule is the administrator's affair"),
]


def codes(checks, server, _):
    for fault, name, wait, pattern, status, what in FAILURES:
        with Stage(server, "fault token " + fault) as stage:
            stage.application("app").start()
            reply = stage.ask("GET %s wait=%d" % (name, wait))
            ended = stage.daemon.tokenctl("get", name, "--wait", str(wait))
            checks.ok("ERR-02 %s, says the code" % what, re.match(pattern, reply), reply)
            checks.equal("ERR-02 and tokenctl's exit status, with nothing on standard output", (ended.returncode, ended.stdout), (status, ""))


def call(server, header, method="GET"):
    """The status and the body of the Domain API."""
    name, _, value = header.partition(": ")
    request = urllib.request.Request(server.about["api"].rstrip("/") + "/General_Products_Products", method=method, headers={name: value})
    try:
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=server.about["ca_file"]), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def refusals_of_the_api(checks, server, _):
    with Stage(server, "knob licences 0") as stage:
        stage.application("app", {"job": token(["read"])}).start()
        held = stage.token()
        status, body = call(server, "Authorization: Bearer " + held.token)
        checks.ok("the API has no licence left", status == 500 and "MaximumLicenseCountExceeded" in body, (status, body))
        again = stage.token()
        rejected = stage.ask("REJECT app.job id=%s" % held.fields["id"])
        checks.ok("ERR-11 then the token is as good as before, and cools even for who rejects it",
                  again.token == held.token and re.match(r"OK cooling retry-after=\d+$", rejected), rejected)
        server.control("knob licences 50")
        status, body = call(server, "Authorization: Bearer " + held.token, "POST")
        checks.equal("the API forbids what the token has no scope for", status, 403)
        checks.equal("ERR-09 ERR-11 nothing of it is a token request", (stage.token().token, stage.counter("token-requests")), (held.token, 1))


def one_way(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        held = stage.token()
        reply = stage.ask("HEADER app.job")
        checks.equal("SEC-12 HEADER gives the token in one way, one header line", reply, "OK Authorization: Bearer " + held.token)
        checks.equal("which is all that the API needs", call(server, reply[len("OK "):])[0], 200)
        checks.equal("SEC-12 and all that it is shown", [(entry["auth"], entry["query"]) for entry in stage.entries("api")], [("bearer", [])])


def fingerprints(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        with stage.open() as watch:
            rows = [stage.token(), Served(watch.send("WATCH app.job\n").line())]
        expected = hashlib.sha256(rows[0].token.encode()).hexdigest()[:16]
        checks.equal("LOG-02 the id of a token is the first 16 hex digits of its SHA-256, in GET and in WATCH", [row.fields["id"] for row in rows], [expected] * 2)
        told = stage.said(re.compile("event=(renewed|handed-out) .*id=%s" % expected))
        checks.ok("LOG-02 in the audit", len(told) >= 2, stage.daemon.words())
        checks.ok("LOG-02 and at the server, which issued it", expected in str(stage.entries()), stage.entries())


def places_of_a_token(checks, server, _):
    with Stage(server, "knob access-ttl 4") as stage:
        stage.application("app").start()
        with stage.open() as watch:
            watch.send("WATCH app.job\n")
            served = [Served(watch.line()).token for _ in range(2)]
            # records are sealed, so what they hold cannot be searched: nothing may be written at all
            before = written(stage)
            served += [Served(watch.line()).token for _ in range(2)]
            checks.equal("two more tokens were fetched", len(set(served)), 4)
            checks.equal("SEC-05 no file of the daemon changes when an access token is fetched", changes(before, written(stage)), [])
            checks.equal("SEC-05 nor has it another file open", others_open(stage), [])
        sealed = stage.folder / "state" / "app.job"
        sealed.write_bytes(b"anything")
        checks.equal("a file that is written is noticed", changes(before, written(stage)), [str(sealed)])
        checks.ok("and one that is open is", open_files(stage.daemon.process.pid, rights="r"), "")
        sealed.unlink()
        checks.equal("the daemon ends", stage.daemon.stop(), 0)
        checks.equal("SEC-05 nor has one changed when it has ended", changes(before, written(stage)), [])


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


def processes_that_hold_one(checks, server, _):
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
        checks.ok("tokenctl holds a token", shown)
        checks.equal("SEC-03 no secret is among the arguments or in the environment of tokend and tokenctl",
                     [where for where, text in seen.items() if not text or any(secret in text for secret in secrets)], [])


def looks_into(pid):
    """What a process of the same user without CAP_SYS_PTRACE hears when it opens that one's memory; it can read nothing at address 0."""
    command = [*WITHOUT_PTRACE, "env", "LC_ALL=C", "head", "-c", "1", "/proc/%d/mem" % pid]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=30, check=False).stderr


def no_look_inside(checks, server, _):
    with Stage(server) as stage:
        stage.application("app")
        stage.daemon = Daemon(stage.folder, ["prlimit", "--core=unlimited", *WITHOUT_PTRACE])
        stage.start()
        stage.token()
        pid = stage.daemon.process.pid
        limit = re.search(r"(?m)^Max core file size +(\S+) +(\S+)", pathlib.Path("/proc/%d/limits" % pid).read_text())
        checks.equal("SEC-04 tokend may write no core image, however it was started", limit.groups(), ("0", "0"))
        ordinary = processes.start([*WITHOUT_PTRACE, "sleep", "600"], stage.folder / "ordinary.log")
        try:
            processes.until(lambda: pathlib.Path("/proc/%d/comm" % ordinary.pid).read_text() == "sleep\n", 10)
            checks.matches("the memory of another process of its user can be opened", looks_into(ordinary.pid), re.compile("error reading"))
        finally:
            processes.stop(ordinary)
        checks.matches("SEC-04 that of tokend cannot, for it is not dumpable", looks_into(pid), re.compile("cannot open .*Permission denied"))


SECTIONS = [
    answers_that_may_be_kept, codes, refusals_of_the_api, one_way, fingerprints, places_of_a_token, processes_that_hold_one, no_look_inside,
]
