"""tokenctl against a scripted daemon on a Unix socket."""
import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unicodedata

from lib.daemon import TOKENCTL

FOLDER = tempfile.TemporaryDirectory(prefix="tokenctl-check.")
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeW5jIn0.c2lnbmF0dXJl=="
TAIL = "type=Bearer expires=1762189360 id=9f3ac2d1770b41e6 scope=read scope=update"
GOOD = f"OK {TOKEN} {TAIL}\n"
F_SETPIPE_SZ = 1031  # fcntl has it since Python 3.10


def until(condition):
    """Looks again and again until it is so; gives up after 30 s."""
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)


def state(process):
    """The kernel's letter for what a process is doing: S when it waits for something."""
    with open(f"/proc/{process.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0]


class Daemon:
    """Answers one connection after another; `script(connection, line)` gets each request line."""

    def __init__(self, script, greet=None):
        self.path = tempfile.mktemp(dir=FOLDER.name, suffix=".sock")
        self.script, self.greet, self.requests = script, greet, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if self.greet:
                    self.greet(connection)
                    continue
                for line in connection.makefile("r", newline="\n"):
                    self.requests.append(line)
                    if self.script(connection, line) == "close":
                        break


def says(text):
    """A daemon that answers every request with this text, in one piece."""
    return lambda connection, line: connection.sendall(text.encode())


def run(*arguments, socket_path=None, environment=None, **options):
    settings = {k: v for k, v in os.environ.items() if k != "TOKEND_SOCKET"}
    if socket_path:
        settings["TOKEND_SOCKET"] = socket_path
    settings.update(environment or {})
    return subprocess.run([TOKENCTL, *arguments], env=settings, capture_output=True, text=True, timeout=60, **options)


def expect(name, reply, arguments, request=None, out=None, err=None, status=0):
    """Runs tokenctl once against a scripted reply and compares all that can be seen from outside."""
    with Daemon(says(reply) if isinstance(reply, str) else reply) as daemon:
        result = run(*arguments, socket_path=daemon.path)
    seen = f"status {result.returncode}, out {result.stdout!r}, err {result.stderr!r}, asked {daemon.requests}"
    truth = result.returncode == status
    truth &= request is None or daemon.requests == [request]
    truth &= out is None or result.stdout == out
    truth &= err is None or result.stderr == err
    truth &= status == 0 or "tokenctl: " in result.stderr
    truth &= TOKEN not in result.stderr
    assert truth, f"{name}: {seen}"
    return result


def test_requests():
    get = [
        (["get", "portal.sync"], "GET portal.sync\n"),
        (["get", "portal.sync", "--wait", "5"], "GET portal.sync wait=5\n"),
        (["get", "--wait=5", "--min-valid=120", "portal.sync"], "GET portal.sync wait=5 min-valid=120\n"),
        (["get", "portal.sync", "--scope", "read", "--scope=update"], "GET portal.sync scope=read scope=update\n"),
        (["get", "portal.sync", "--audience", "https://api.example/a b%"], "GET portal.sync audience=https://api.example/a%20b%25\n"),
        (["get", "portal.sync", "--wait", "30"], "GET portal.sync wait=30\n"),
        (["get", "portal.sync", "--wait", "5", "--wait", "6"], "GET portal.sync wait=6\n"),
        (["get", "--scope", "update", "portal.sync", "--min-valid=0", "--scope=read"], "GET portal.sync scope=update min-valid=0 scope=read\n"),
        (["get", "portal.sync", "--audience=a=b"], "GET portal.sync audience=a=b\n"),
        (["get", "portal.sync", "--min-valid", "1234567890"], "GET portal.sync min-valid=1234567890\n"),
        (["get", "No.Such"], "GET No.Such\n"),
    ]
    for arguments, request in get:
        expect("asks: " + " ".join(arguments), GOOD, arguments, request, TOKEN + "\n", "")
    expect("asks with an option that only the argument parser reads", GOOD, ["get", "--", "portal.sync"], "GET portal.sync\n", TOKEN + "\n", "")
    header = "OK Authorization: Bearer " + TOKEN + "\n"
    expect("header prints the line", header, ["header", "portal.sync"], "HEADER portal.sync\n", header[3:], "")
    expect("header by key", "OK X-Api-Key: enrt_1D\n", ["header", "portal.pat", "--wait", "0"], "HEADER portal.pat wait=0\n", "X-Api-Key: enrt_1D\n", "")
    expect("header after --", header, ["header", "--", "portal.sync"], "HEADER portal.sync\n", header[3:], "")
    expect("wait", "OK state=ready\n", ["wait", "portal.sync", "--wait", "600"], "WAIT portal.sync wait=600\n", "", "")
    expect("reject", "OK renewed\n", ["reject", "portal.sync"], "REJECT portal.sync\n", "renewed\n", "")
    expect("reject with an id", "OK cooling retry-after=30\n", ["reject", "portal.sync", "--id", "9f3ac2d1770b41e6"],
           "REJECT portal.sync id=9f3ac2d1770b41e6\n", "cooling retry-after=30\n", "")
    expect("renew of what nobody holds", "OK 0\n", ["renew", "portal.sync"], "RENEW portal.sync\n", "",
           "tokenctl: portal.sync: nothing is held, so nothing was renewed; the next request fetches it\n", 75)
    row = "+ portal.sync consumer=%s state=ready expires=never id=9f3ac2d1770b41e6%s\n"
    result = expect("renew", row % ("shared", "") + "OK 1\n", ["renew", "portal.sync"], "RENEW portal.sync\n", err="")
    assert "9f3ac2d1770b41e6" in result.stdout, "renew prints the row"
    result = expect("renew that fails", row % ("shared", " reason=busy") + "OK 1\n", ["renew", "portal.sync"], "RENEW portal.sync\n",
                    err="tokenctl: portal.sync: nothing was renewed; the reason stands in the row\n", status=75)
    assert "busy" in result.stdout, "and prints why"
    expect("renew that fails for one consumer", row % ("shared", "") + row % ("unit:a.service", " reason=busy") + "OK 2\n", ["renew", "portal.sync"],
           "RENEW portal.sync\n", err="tokenctl: portal.sync: not all was renewed; the reason stands in the row\n", status=75)
    expect("reload", "+ portal-secret is a systemd credential; restart to read it\nOK\n", ["reload"], "RELOAD\n",
           "portal-secret is a systemd credential; restart to read it\n", "")
    expect("reload with problems", "+ a.toml:1: no\n+ b.toml:2: no\nERR bad-config : 2 problems; the old configuration stays\n", ["reload"],
           "RELOAD\n", "", "a.toml:1: no\nb.toml:2: no\ntokenctl: bad-config: 2 problems; the old configuration stays; fix the files and reload again\n", 78)
    own = [os.getgid()] + [g for g in os.getgroups() if g != os.getgid()]
    expect("explain speaks of the caller", "+ rule 1\nOK\n", ["explain", "portal.sync"],
           f"EXPLAIN portal.sync uid={os.getuid()}" + "".join(f" gid={g}" for g in own) + "\n", "rule 1\n", "")
    expect("explain speaks of somebody else", "OK\n", ["explain", "portal.sync", "--uid", "33", "--gid", "4", "--gid", "27", "--unit", "a b.service"],
           "EXPLAIN portal.sync uid=33 gid=4 gid=27 unit=a%20b.service\n", "", "")
    expect("explain --uid takes no groups of the caller's", "OK\n", ["explain", "portal.sync", "--uid", "33"], "EXPLAIN portal.sync uid=33\n", "", "")
    expect("ping", "OK\n", ["ping"], "PING\n", "OK\n", "")


def test_printing():
    rows = "+ portal.pat state=ready\n+ portal.synchronous state=login-required\nOK 2\n"
    expect("list", rows, ["list"], "LIST\n", "portal.pat          ready\nportal.synchronous  login-required\n", "")
    expect("list of none", "OK 0\n", ["list"], "LIST\n", "", "")
    result = expect("list --json", rows, ["list", "--json"], "LIST\n")
    assert json.loads(result.stdout) == [{"name": "portal.pat", "state": "ready"}, {"name": "portal.synchronous", "state": "login-required"}], (
        "list --json is JSON")
    now = int(time.time())
    rows = (f"+ portal.sync state=ready expires={now + 3000} renews={now + 90000} failures=0\n"
            f"+ portal.pat state=degraded expires=never failures=3 reason=the%20%22server%22%0Aanswered%20503\n"
            f"+ portal.old state=expired expires={now - 400000}\nOK\n")
    result = expect("status", rows, ["status"], "STATUS\n", err="")
    cells = [line.split("  ") for line in result.stdout.splitlines()]
    cells = [[cell.strip() for cell in line if cell] for line in cells]
    assert (cells == [["NAME", "STATE", "EXPIRES", "RENEWS", "FAILURES", "REASON"], ["portal.sync", "ready", cells[1][2], "in 24 h" if "24" in cells[1][3] else "in 25 h", "0", "-"], ["portal.pat", "degraded", "never", "-", "3", 'the "server"%0Aanswered 503'], ["portal.old", "expired", "4 d ago", "-", "-", "-"]] and cells[1][2] in ("in 50 min", "in 49 min")), (
        f"status is a table: {result.stdout}")
    starts = {line.index(word) for line, word in zip(result.stdout.splitlines(), ["STATE", "ready", "degraded", "expired"])}
    assert len(starts) == 1, f"status has aligned columns: {result.stdout}"
    result = expect("status --json", rows, ["status", "portal.sync", "--json"], "STATUS portal.sync\n")
    assert (json.loads(result.stdout)[1]
            == {"name": "portal.pat", "state": "degraded", "expires": None, "failures": 3, "reason": 'the "server"\nanswered 503'}), "status --json is JSON"
    result = expect("list --json of a row with a field called name", "+ portal.sync name=other state=ready\nOK\n", ["list", "--json"], "LIST\n")
    assert result.stdout == '[{"name":"portal.sync","state":"ready"}]\n', "no member of the object is there twice"
    result = expect("get --json", GOOD, ["get", "portal.sync", "--json"], "GET portal.sync\n")
    assert json.loads(result.stdout) == {"token": TOKEN, "type": "Bearer", "expires": 1762189360, "id": "9f3ac2d1770b41e6", "scope": ["read", "update"]}, (
        "get --json is JSON")
    result = expect("get --json of a token without end", f"OK {TOKEN} type=Bearer expires=never id=9f3ac2d1770b41e6 later=1\n",
                    ["get", "--json", "portal.sync"], "GET portal.sync\n")
    assert json.loads(result.stdout)["expires"] is None and json.loads(result.stdout)["scope"] == [], "never is null"
    expect("control characters from the daemon do not reach the terminal", "+ a\x1b[31mb\u009bx\nOK\n", ["reload"], out="a%1B[31mb%C2%9Bx\n")


def test_refusals():
    codes = {"bad-request": 64, "too-long": 64, "unsupported": 64, "denied": 77, "login-required": 80, "expired": 81, "unavailable": 75,
             "refused": 78, "bad-config": 78, "timeout": 75, "busy": 75, "stopping": 75, "internal": 70, "brand-new": 70}
    for code, status in codes.items():
        for arguments in (["get", "portal.sync"], ["get", "portal.sync", "--json"], ["wait", "portal.sync"]):
            result = expect(f"{code} exits {status}: {' '.join(arguments)}", f"ERR {code} : because\n", arguments, out="", status=status)
            shown = code if code != "brand-new" else "internal"
            assert result.stderr.startswith(f"tokenctl: portal.sync: {shown}: because"), "and says so"
    expect("the remedy follows", 'ERR denied : uid 1000 may not use "portal.sync"\n', ["get", "portal.sync"], out="", status=77,
           err='tokenctl: portal.sync: denied: uid 1000 may not use "portal.sync"; ask the administrator to allow it\n')
    expect("retry-after is told", "ERR unavailable retry-after=40 reason=cooling%20down : the server answered 503\n", ["header", "portal.sync"], out="",
           status=75, err="tokenctl: portal.sync: unavailable: the server answered 503; try again in 40 s (reason=cooling down)\n")
    expect("an ERR with controls is shown escaped", "ERR internal reason=%1B[2J : a\x1b]0;b\n", ["get", "portal.sync"], status=70,
           err="tokenctl: portal.sync: internal: a%1B]0;b; the journal has the reason: journalctl -u tokend (reason=%1B[2J)\n")
    with Daemon(None, greet=lambda c: c.sendall(b"ERR busy retry-after=5 : 8 connections are the most for uid 1000\n")) as daemon:
        results = [run("get", "portal.sync", socket_path=daemon.path) for _ in range(20)]
    assert all((r.returncode, r.stdout) == (75, "") and "8 connections" in r.stderr for r in results), (
        f"a daemon that refuses before it is asked is understood (20 times): {results[-1]}")


def test_usage():
    wrong = [
        ["frobnicate"], ["get"], ["get", ""], ["get", "a.b", "c.d"], ["get", "a.b", "--wait", "601"], ["get", "a.b", "--wait", "-1"], ["get", "a.b", "--wait=x"],
        ["get", "a.b", "--wait"], ["get", "a.b", "--min-valid", "soon"], ["get", "a.b", "--min-valid=-1"], ["get", "a.b", "--frob"],
        ["get", "a.b", "--scope"], ["get", "a b"], ["get", "a.b\nQUIT"], ["get", "é.b"], ["get", "a" * 5000], ["header"], ["get", "a.b", "--scope="],
        ["get", "a.b", "--socket="], ["wait", "a.b", "--wait", "601"], ["reject", "a.b", "--id", "sesame"], ["reject"], ["renew"],
        ["explain", "a.b", "--uid", "root"], ["explain"], ["watch"], ["status", "a.b", "c.d"], ["list", "a.b"], ["ping", "x"],
    ]
    with Daemon(says("OK\n")) as daemon:
        for arguments in wrong:
            result = run(*arguments, socket_path=daemon.path)
            shown = " ".join(a if len(a) < 40 else a[:37] + "..." for a in arguments).encode("unicode_escape").decode()
            assert (result.returncode, result.stdout) == (64, "") and result.stderr.startswith("tokenctl: "), f"wrong usage exits 64: {shown!r}"
        for slip in ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeW5jIn0.c2ln", "eyJhbGciOiJSUzI1NiJ9." + "eyJzdWIiOiJzeW5jIn0" * 9, "0.AXoA!x*y$zabc-_1234", "-9abcdefgijklmnopqrst"):
            for arguments in (["imprt", "portal.pat", slip], ["get", "a.b", slip], ["get", "a.b", "--wait=" + slip], ["renew", "a.b", "--id", slip], ["get", slip],
                              ["explain", slip], ["audit", "--token", slip], ["audit", "--user", slip], ["watch", "a.b", "--output", "x", "--mode", slip]):
                result = run(*arguments, socket_path="/nonexistent/sock")
                assert result.returncode in (64, 69, 77) and slip[:20] not in result.stderr, f"a token among the arguments is not repeated: {arguments[:-1]}"
        for word, place in (("Bearer " + slip, "Bearer"), (slip + "\n", "a line end")):
            result = run("get", word, socket_path="/nonexistent/sock")
            assert result.returncode in (64, 69) and slip[:20] not in result.stderr, f"nor one with {place}"
        result = run("watch", "a.b", "--output", "nowhere/relative-path-2024/file", socket_path="/nonexistent/sock")
        assert "nowhere/relative-path-2024/file" in result.stderr, "a path is repeated"
        result = run("get", "portal-production.synchronise-2027", socket_path="/nonexistent/sock")
        assert "portal-production.synchronise-2027: no daemon answers" in result.stderr, "but the name of a token is"
    assert daemon.requests == [], "and nothing wrong was sent"
    with Daemon(says("OK\n")) as daemon:
        result = run("reject", "a.b", "--id", "sesame-sesame-sesame", socket_path=daemon.path)
    assert "never the token" in result.stderr, "a token given as an id is not repeated by its check"
    for command in ["get", "header", "list", "status", "wait", "watch", "reject", "renew", "reload", "explain", "ping"]:
        result = run(command, "--help")
        assert result.returncode == 0 and result.stdout.startswith("OVERVIEW: ") and "--socket" in result.stdout, f"{command} --help"
    result = run("--help")
    assert result.returncode == 0 and all(str(n) in result.stdout for n in (64, 69, 70, 74, 75, 77, 78, 80, 81)), (
        f"--help names every exit status: {result.stdout}")
    result = run("--version")
    assert result.returncode == 0 and result.stdout.strip() != "", "--version"


def test_connections():
    nowhere = os.path.join(FOLDER.name, "nowhere.sock")
    for arguments in (["get", "a.b"], ["get", "a.b", "--json"], ["list"], ["ping"], ["watch", "a.b"]):
        result = run(*arguments, socket_path=nowhere)
        assert result.returncode == 69 and result.stdout == "" and "systemctl start tokend.socket" in result.stderr, (
            f"no socket exits 69: {' '.join(arguments)}")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(os.path.join(FOLDER.name, "dead.sock"))
    result = run("get", "a.b", "--socket", os.path.join(FOLDER.name, "dead.sock"))
    assert result.returncode == 69 and result.stdout == "" and "refused" in result.stderr, "a socket without a daemon exits 69"
    result = run("get", "a.b", socket_path="/tmp/" + "x" * 200)
    assert result.returncode == 64 and "107" in result.stderr, "a path that is too long exits 64"
    with Daemon(says(GOOD)) as daemon:
        result = run("get", "a.b", "--socket", daemon.path, socket_path=nowhere)
        assert (result.returncode, result.stdout) == (0, TOKEN + "\n"), "--socket goes before TOKEND_SOCKET"
    result = run("get", "No.Such", environment={"TOKEND_SOCKET": ""})
    assert "tokenctl: No.Such: " in result.stderr and 'at ""' not in result.stderr, "an empty TOKEND_SOCKET counts as none"
    result = run("get", "a b", socket_path=nowhere)
    assert result.returncode == 64 and "without spaces" in result.stderr, "a name that cannot be sent exits 64 without a daemon too"

    for piece in (1, 2, 7, 64):
        def drip(connection, line, piece=piece):
            for start in range(0, len(GOOD), piece):
                connection.sendall(GOOD[start:start + piece].encode())
        expect(f"a reply in pieces of {piece}", drip, ["get", "portal.sync"], out=TOKEN + "\n", err="")
    big = "t" * 32768
    for arguments in (["get", "a.b"], ["get", "--", "a.b"]):
        expect(f"a token of 32 KiB: {' '.join(arguments)}", f"OK {big} {TAIL}\n", arguments, out=big + "\n", err="")

    wrong = []
    for cut in range(len(GOOD)):
        def half(connection, line, cut=cut):
            connection.sendall(GOOD[:cut].encode())
            return "close"
        with Daemon(half) as daemon:
            result = run("get", "portal.sync", socket_path=daemon.path)
        if (result.returncode, result.stdout) != (70 if cut else 69, "") or "eyJ" in result.stderr:
            wrong.append((cut, result))
    assert not wrong, f"a daemon that closes anywhere in its reply leaves nothing on stdout ({len(GOOD)} places)"
    for name, reply in [("no protocol", "HTTP/1.1 400 Bad Request\r\n"), ("an OK without a token", "OK\n"), ("half a token line", f"OK {TOKEN}\n"),
                        ("a token that is none", f"OK a\u00e9b {TAIL}\n"), ("an endless line", "OK " + "t" * 70000), ("zeros", "\0" * 10 + "\n"),
                        ("a strange row", f"+ x\nOK {TOKEN}\n")]:
        for arguments in (["get", "a.b"], ["get", "a.b", "--json"]):
            expect(f"{name} is not printed: {' '.join(arguments)}", reply, arguments, out="", status=70)
    expect("a header that is none is not printed", "OK hello\n", ["header", "a.b"], out="", status=70)
    expect("a row that is none is not printed", "+ a.b ready\nOK 1\n", ["list"], out="", status=70)
    with Daemon(lambda c, l: "close") as daemon:
        result = run("ping", socket_path=daemon.path)
    assert result.returncode == 69 and "closed the connection" in result.stderr, "a daemon that hangs up exits 69"
    with Daemon(None, greet=lambda c: None) as daemon:
        results = [run("get", "a.b", socket_path=daemon.path) for _ in range(20)]
    assert all((r.returncode, r.stdout) == (69, "") for r in results), f"a daemon that hangs up before it is asked exits 69 (20 times): {results[-1]}"


def test_silence():
    """The one check that waits: a daemon that accepts and says nothing. 15 s past --wait is the promise."""
    release = threading.Event()
    with Daemon(lambda c, l: release.wait(60)) as daemon:
        began = time.monotonic()
        result = run("get", "a.b", "--wait", "0", socket_path=daemon.path)
        took = time.monotonic() - began
        release.set()
    assert result.returncode == 69 and result.stdout == "" and 14 < took < 25 and "15 s" in result.stderr, (
        "a daemon that is silent past --wait exits 69: %s" % ((took, result),))


def test_output():
    answers = {"GET": GOOD, "WATCH": "+" + GOOD[2:], "PING": "OK\n"}
    with Daemon(lambda connection, line: connection.sendall(answers[line.split()[0]].encode())) as daemon:
        settings = dict(os.environ, TOKEND_SOCKET=daemon.path)
        with open("/dev/full", "w") as full:
            for arguments in (["get", "a.b"], ["get", "a.b", "--json"], ["ping"]):
                result = subprocess.run([TOKENCTL, *arguments], env=settings, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
                assert result.returncode == 74 and "standard output" in result.stderr, f"a full disk exits 74: {' '.join(arguments)}"
        for command in ("get", "watch"):
            for closed in (">&-", "<&- >&-", "<&- >&- 2>&-"):
                daemon.requests.clear()
                result = subprocess.run(["sh", "-c", f'exec "$0" {command} a.b {closed}', TOKENCTL], env=settings, stderr=subprocess.PIPE, text=True, timeout=60)
                assert result.returncode == 74 and daemon.requests == [f"{command.upper()} a.b\n"], (
                    "%s: %s" % (f"{command} with closed descriptors ({closed}) exits 74 and does not print into its own socket", (result, daemon.requests)))
        reading, writing = os.pipe()
        os.close(reading)
        result = subprocess.run([TOKENCTL, "get", "a.b"], env=settings, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, restore_signals=True)
        assert result.returncode == -signal.SIGPIPE and result.stderr == "", "a closed pipe ends it by SIGPIPE"
        result = subprocess.run([TOKENCTL, "get", "a.b"], env=settings, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, restore_signals=False)
        assert result.returncode == 74, "a closed pipe exits 74 where SIGPIPE is ignored"
        os.close(writing)
    big = "t" * 32768
    with Daemon(says(f"OK {big} {TAIL}\n")) as daemon:
        reading, writing = os.pipe()
        fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
        os.set_blocking(writing, False)
        process = subprocess.Popen([TOKENCTL, "get", "a.b"], env=dict(os.environ, TOKEND_SOCKET=daemon.path), stdout=writing)
        os.close(writing)
        select.select([reading], [], [], 30)
        until(lambda: process.poll() is not None or state(process) == "S")
        with open(reading) as pipe:
            text = pipe.read()
        assert process.wait(30) == 0 and text == big + "\n", f"a non-blocking pipe gets the whole token: {len(text)}"


def test_watching():
    row = f"+ {TOKEN} type=Bearer expires=1762189360 id=9f3ac2d1770b41e6\n"
    trouble = "+ - state=degraded reason=no%20answer\n"
    steps = threading.Semaphore(0)

    def script(connection, line):
        for text in (row, trouble, row, "ERR denied : no longer\n"):
            connection.sendall(text.encode())
            steps.acquire()

    with Daemon(script) as daemon:
        process = subprocess.Popen([TOKENCTL, "watch", "portal.sync", "--scope", "read"], env=dict(os.environ, TOKEND_SOCKET=daemon.path),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number, text in enumerate((row, trouble, row), 1):
            seen = process.stdout.readline()
            assert seen == text[2:], f"watch prints row {number} at once"
            steps.release()
        steps.release()
        out, err = process.communicate(timeout=30)
        assert process.returncode == 77 and out == "" and err.startswith("tokenctl: portal.sync: denied: no longer"), (
            "watch ends on ERR with its status: %s" % ((process.returncode, err),))
        assert daemon.requests == ["WATCH portal.sync scope=read\n"], "watch asks once"

    with Daemon(says(row)) as daemon:
        settings = dict(os.environ, TOKEND_SOCKET=daemon.path)
        process = subprocess.Popen([TOKENCTL, "watch", "a.b"], env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode in (130, -signal.SIGINT) and out == "" and err == "", "SIGINT ends watch quietly: %s" % ((process.returncode, err),)
        shell = subprocess.run(["bash", "-c", 'set -m; "$0" watch a.b > "$1" & pid=$!; until [ -s "$1" ]; do read -t 0.01 <> <(:); done; kill -INT $pid; wait $pid; echo $?',
                                TOKENCTL, os.path.join(FOLDER.name, "rows")], env=settings, capture_output=True, text=True, timeout=60)
        assert shell.stdout.strip() == "130", "which a shell sees as 130"

    def close(connection, line):
        connection.sendall(row.encode() + row[:20].encode())
        return "close"
    expect("watch ends when the daemon does, without half a row", close, ["watch", "a.b"], out=row[2:], status=70)

    def leave(connection, line):
        connection.sendall(row.encode())
        return "close"
    expect("watch exits 69 when the daemon stops", leave, ["watch", "a.b"], out=row[2:], status=69)
    expect("watch prints no row that is none", "+ hello\n", ["watch", "a.b"], out="", status=70)


def test_unprintable():
    """Whatever a daemon says, no terminal obeys it and no reader overlooks it."""
    signs = {"ESC": "\x1b[2J", "BEL": "\x07", "CR": "\rok", "DEL": "\x7f", "C1": "\x9b31m", "right-to-left": "\u202e", "line separator": "\u2028", "tag": "\U000e0041"}
    commands = [["get", "a.b"], ["get", "--", "a.b"], ["get", "a.b", "--json"], ["header", "a.b"], ["exec", "a.b", "--", "true"], ["watch", "a.b"], ["list"],
                ["list", "--json"], ["status"], ["status", "--json"], ["wait", "a.b"], ["reject", "a.b"], ["login", "a.b", "--no-browser"], ["logout", "a.b"],
                ["renew", "a.b"], ["reload"], ["explain", "a.b"], ["metrics"], ["ping"]]
    for name, sign in signs.items():
        escaped = "".join("%%%02X" % byte for byte in sign.encode())
        replies = [f"ERR denied : no {sign}\n", f"ERR {sign} : no\n", f"ERR busy reason={escaped} retry-after={escaped} {sign}={escaped} : later\n",
                   f"+ row {sign}\nERR bad-config : no\n", f"+ a.{sign} state={escaped} {sign}={escaped} expires={escaped}\nOK\n", f"+ a.b state=ready reason={sign}\nOK\n",
                   f"+ {TOKEN} {TAIL} scope={sign}\nOK\n", f"+ - state={sign} reason={escaped}\nOK\n", f"OK {TOKEN}{sign} {TAIL}\n", f"OK {sign} reason={escaped}\n",
                   f"OK forgotten reason={escaped} url=https://a/{escaped}\n", f"OK {TOKEN} {TAIL} scope={escaped}\n", f"OK Authorization: Bearer {TOKEN}{sign}\n", sign + "\n"]
        wrong = []
        for arguments in commands:
            for reply in replies:
                with Daemon(says(reply)) as daemon:
                    result = run(*arguments, socket_path=daemon.path, stdin=subprocess.DEVNULL)
                said = result.stdout + result.stderr
                if result.returncode < 0 or any(character != "\n" and unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in said):
                    wrong.append((arguments, reply, result))
        assert not wrong, f"no reply brings {name} to a terminal"
    result = run("get", "a.b\x1b[2J", "--no-such\x1b[2J")
    assert "\x1b" not in result.stderr and result.returncode == 64, "nor does an argument"


def test_numbers():
    """Numbers at the ends of what their types can hold are refused or bounded; nothing ends with a signal."""
    ends = ["-9223372036854775809", "-9223372036854775808", "-253402300800", "-1", "253402300799", "253402300800", "67767976233532799", "67768036191694799", "9223372036854775807",
            "9223372036854775808", "99999999999999999999999"]
    url = "https://id.test/a?redirect_uri=http%3A%2F%2F127.0.0.1%3A53177%2Fcallback&state=x"
    wrong = []

    def tries(arguments, reply, statuses, **options):
        with Daemon(says(reply)) as daemon:
            result = run(*arguments, socket_path=daemon.path, **{"stdin": subprocess.DEVNULL, **options})
        if result.returncode not in statuses or "Fatal" in result.stderr:
            wrong.append((arguments, reply, result))

    for number in ends:
        tries(["login", "a.b", "--paste"], f"OK 00 {url} expires={number}\n", (70, 80))
        tries(["status"], f"+ a.b state=ready expires={number} renews={number} login-until={number}\nOK\n", (0,))
        tries(["status", "--json"], f"+ a.b state=ready expires={number} failures={number}\nOK\n", (0,))
        tries(["get", "a.b", "--json"], f"OK {TOKEN} type=Bearer expires={number} id=9f3ac2d1770b41e6\n", (0, 70))
        tries(["get", "a.b"], f"ERR busy retry-after={number} : later\n", (75,))
        for option, command in (("--wait", ["get", "a.b"]), ("--min-valid", ["get", "a.b"]), ("--wait", ["wait", "a.b"]), ("--timeout", ["login", "a.b", "--no-browser"]),
                                ("--wait", ["reject", "a.b"]), ("--uid", ["explain", "a.b"]), ("--gid", ["explain", "a.b"]), ("--fd", ["exec", "a.b"]),
                                ("--mode", ["watch", "a.b", "--output", "/nonexistent/token"])):
            # an option whose value is negative is written with =
            tries([*command, f"{option}={number}", *(["--", "true"] if command[0] == "exec" else [])], "ERR denied : no\n", (64, 77))
    assert not wrong, "numbers at the ends of their types end nothing"
    for expires, status in (("2020-01-01T00:00:00Z", 64), ("1", 64), ("-5", 64), ("2100-01-01T00:00:00Z", 0), ("4102444800", 0), ("never", 0)):
        with Daemon(says("OK id=9f3ac2d1770b41e6\n")) as daemon:
            result = run("import", "a.b", f"--expires={expires}", socket_path=daemon.path, input="enrt_0123456789\n")
        assert result.returncode == status and ("past" in result.stderr) == (status == 64), f"import --expires {expires} exits {status}"
