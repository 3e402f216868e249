"""tokenctl for programs and administrators (exec, watch --output, audit, metrics) and its completions. The daemon, journalctl and systemctl are scripted."""
import json
import os
import pathlib
import queue
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

from lib.daemon import TOKENCTL

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeW5jIn0.c2lnbmF0dXJl=="
OTHER = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJvdGhlciJ9.b3RoZXI"
FAR = 4102444800


def served(token=TOKEN, expires=FAR, number=1):
    return "%s type=Bearer expires=%s id=%016x scope=read" % (token, expires, number)


class Daemon:
    """Each connection's first line goes to `requests`, its other end to `callers`; `answers` by verb are given at once."""

    def __init__(self, folder, **answers):
        self.path, self.answers = str(pathlib.Path(folder, "tokend.sock")), answers
        self.requests, self.callers = [], queue.Queue()
        self.listener = None

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            line = connection.makefile("r").readline()
            self.requests.append(line.rstrip("\n"))
            answer = self.answers.get(line.split()[0]) if line.strip() else None
            if answer is None:
                self.callers.put(connection)
            else:
                with connection:
                    connection.sendall(answer.encode())

    def caller(self):
        return self.callers.get(timeout=30)


def environment(daemon, **more):
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("TOKEND", "NOTIFY"))}
    return {**settings, "TOKEND_SOCKET": daemon.path if daemon else "/nowhere", "TZ": "UTC", **more}


def run(daemon, *arguments, more={}, **options):
    return subprocess.run([TOKENCTL, *arguments], env=environment(daemon, **more), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False, **options)


def told(sock, line):
    sock.sendall((line + "\n").encode())


def comes(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.005)
    return condition()


# --- exec

def test_exec_file(folder):
    with Daemon(folder, GET="OK " + served() + "\n", HEADER="OK X-Api-Key: enrt_1D\n") as daemon:
        def sh(script, *options, **more):
            return run(daemon, "exec", "portal.sync", *options, "--", "sh", "-c", script, **more)
        result = sh('cat "$TOKEND_TOKEN_FILE" "$TOKEND_TOKEN_FILE"')
        assert (result.returncode, result.stdout, result.stderr) == (0, TOKEN * 2, ""), (
            "the command finds the token, and nothing else, in a file it may open again and again")
        assert daemon.requests[:1] == ["GET portal.sync"], "the daemon was asked as for get"
        # the seals bind root too
        for way in (">", ">>", "1<>"):
            changed = sh('printf x %s "$TOKEND_TOKEN_FILE"; cat "$TOKEND_TOKEN_FILE"' % way)
            assert changed.stdout == TOKEN and changed.stderr, "nobody can change it by %s" % way
        # ls itself opens one more
        assert run(daemon, "exec", "a.b", "--", "ls", "/proc/self/fd").stdout.split() == ["0", "1", "2", "3", "4"], (
            "the command inherits that one descriptor and no other")
        assert run(daemon, "exec", "a.b", "--env", "V", "--", "ls", "/proc/self/fd").stdout.split() == ["0", "1", "2", "3"], "and with --env none"
        assert [line for line in sh("env").stdout.splitlines() if "eyJ" in line] == [], "its environment does not have the token"
        if os.geteuid() == 0:
            changed = sh('exec setpriv --reuid=65534 --regid=65534 --clear-groups cat "$TOKEND_TOKEN_FILE"')
            assert (changed.returncode, changed.stdout) == (0, TOKEN), "it can still be opened after a change of user"
        assert sh('cat "$KEY_FILE"', "--file-env", "KEY_FILE").stdout == TOKEN, "another variable may name it"
        assert sh("cat /dev/fd/7", "--fd", "7").stdout == TOKEN, "its descriptor may be chosen"
        reading, writing = os.pipe()
        taken = run(daemon, "exec", "portal.sync", "--fd", str(reading), "--", "true", pass_fds=[reading])
        assert (taken.returncode, "in use" in taken.stderr) == (64, True), "but not one that is in use"
        beyond = subprocess.run(["prlimit", "--nofile=64", TOKENCTL, "exec", "a.b", "--fd", "900", "--", "true"], env=environment(daemon),
                                capture_output=True, text=True, check=False)
        assert (beyond.returncode, "ulimit -n" in beyond.stderr) == (64, True), "nor one beyond what the process may have"
        over = run(daemon, "exec", "portal.sync", "--", "sh", "-c", "echo $TOKEND_TOKEN_FILE", pass_fds=[reading])
        assert over.stdout.strip() not in ("", "/proc/self/fd/%d" % reading), "the one it takes by itself is a free one"
        os.close(reading), os.close(writing)
        closed = subprocess.run(["sh", "-c", 'exec "$0" exec a.b -- sh -c \'echo $TOKEND_TOKEN_FILE >&2\' <&- >&-', TOKENCTL], env=environment(daemon),
                                stderr=subprocess.PIPE, text=True, check=False)
        assert closed.stderr == "/proc/self/fd/3\n", "nor is it ever a standard one"
        assert sh('cat "$TOKEND_TOKEN_FILE"', "--header").stdout == "X-Api-Key: enrt_1D", "a header comes ready to send"
        assert sh('echo "$ERP_TOKEN $TOKEND_TOKEN_FILE"', "--env", "ERP_TOKEN").stdout == TOKEN + " \n", "--env gives the token in a variable, and no file"
        assert sh('cat "$F"; echo $V', "--env", "V", "--file-env", "F").stdout == TOKEN * 2 + "\n", "or both"


def test_exec_process(folder):
    with Daemon(folder, GET="OK " + served() + "\n") as daemon:
        look = "grep -E '^Sig(Blk|Ign)' /proc/self/status"
        usual = subprocess.run(["sh", "-c", look], stdout=subprocess.PIPE, text=True, check=True, restore_signals=True).stdout.splitlines()
        process = subprocess.Popen([TOKENCTL, "exec", "a.b", "--", "sh", "-c", "echo $$; %s; kill -TERM $$" % look],
                                   env=environment(daemon), stdout=subprocess.PIPE, text=True, restore_signals=True)
        out = process.communicate(timeout=30)[0].splitlines()
        assert out[0] == str(process.pid), "the process id is the command's"
        assert out[1:] == usual, "no more signals are blocked or ignored for it than for others"
        assert process.returncode == -signal.SIGTERM, "a signal that ends it is seen"
        assert run(daemon, "exec", "a.b", "--", "sh", "-c", "exit 7").returncode == 7, "so is its exit status"
        assert run(daemon, "exec", "a.b", "--", "printf", "%s|", "-x", "--", "a b", "").stdout == "-x|--|a b||", "its arguments arrive as they are"
        missing = run(daemon, "exec", "a.b", "--", "/no/such/program")
        assert (missing.returncode, missing.stderr) == (127, 'tokenctl: a.b: cannot run "/no/such/program": No such file or directory\n'), (
            "a command that is not there exits 127")
        assert run(daemon, "exec", "a.b", "--", "/etc/passwd").returncode == 126, "one that is none exits 126"
        for arguments in (["a.b"], ["a.b", "true"], ["a.b", "--env", "1X", "--", "true"], ["a.b", "--env", "X", "--file-env", "X", "--", "true"],
                          ["a.b", "--env", "PATH", "--", "true"], ["a.b", "--env", "LD_PRELOAD", "--", "true"], ["a.b", "--file-env", "PATH", "--", "true"],
                          ["a.b", "--env", "TOKEND_TOKEN_FILE", "--", "true"],
                          ["a.b", "--fd", "2", "--", "true"]):
            assert run(daemon, "exec", *arguments).returncode == 64, "wrong usage exits 64: exec " + " ".join(arguments)
    with Daemon(folder, GET="ERR denied : uid 1 may not use \"a.b\"\n") as daemon:
        refused = run(daemon, "exec", "a.b", "--", "echo", "ran")
        assert (refused.returncode, refused.stdout) == (77, ""), "without a token nothing is run"


# --- watch --output

class Watching:
    """A tokenctl that keeps a file, the service manager it reports to, and a systemctl that notes what it is told."""

    def __init__(self, daemon, folder, *arguments, systemctl="exit 0"):
        self.file = pathlib.Path(folder, "token")
        self.reloads = pathlib.Path(folder, "reloads")
        programs = pathlib.Path(folder, "programs")
        programs.mkdir(exist_ok=True)
        fake = programs / "systemctl"
        fake.write_text('#!/bin/sh\necho "$@" >> %s\n%s\n' % (self.reloads, systemctl))
        fake.chmod(0o755)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = str(pathlib.Path(folder, "notify"))
        if os.path.exists(path):
            os.unlink(path)
        self.manager.bind(path)
        self.words = pathlib.Path(folder, "stderr")
        with open(self.words, "w") as words:
            self.process = subprocess.Popen(
                [TOKENCTL, "watch", "portal.sync", "--output", str(self.file), *arguments], stdin=subprocess.DEVNULL, stdout=words, stderr=words,
                env=environment(daemon, NOTIFY_SOCKET=path, PATH="%s:%s" % (programs, os.environ["PATH"])), umask=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.manager.close()

    def notified(self):
        self.manager.settimeout(30)
        return self.manager.recv(4096).decode()

    def content(self):
        try:
            return self.file.read_text()
        except FileNotFoundError:
            return None

    def said(self, what):
        return comes(lambda: what in self.words.read_text())

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(30)


def test_watch_file(folder):
    with Daemon(folder) as daemon, Watching(daemon, folder, "--mode", "0640", "--reload-unit", "erp.service", "--scope", "read") as watching:
        caller = daemon.caller()
        assert daemon.requests == ["WATCH portal.sync scope=read"], "the daemon is asked to watch"
        assert not select.select([watching.manager], [], [], 0)[0], "the manager has heard nothing yet"
        told(caller, "+ " + served())
        notice = watching.notified()
        assert notice.startswith("READY=1\nSTATUS=portal.sync is in "), "readiness is told with the first token"
        assert watching.content() == TOKEN, "when the file is there, whole and alone"
        first = watching.file.stat()
        assert stat.S_IMODE(first.st_mode) == 0o640, "with the mode that was asked for, whatever the umask"
        held = open(watching.file)
        told(caller, "+ " + served(OTHER, number=2))
        notice = watching.notified()
        assert notice.startswith("STATUS="), "a renewal is a status"
        assert (watching.content(), watching.file.stat().st_ino != first.st_ino) == (OTHER, True), "and a new file"
        assert held.read() == TOKEN, "who has the old one open reads it to its end"
        held.close()
        wanted = "--no-block --no-ask-password try-reload-or-restart erp.service\n"
        assert comes(lambda: watching.reloads.exists() and watching.reloads.read_text() == wanted * 2), "the unit is reloaded each time"
        second = watching.file.stat().st_ino
        told(caller, "+ - state=degraded reason=the%20server%20is%20away")
        assert watching.said("degraded: the server is away; %s keeps a token that is valid until 2100" % watching.file), (
            f"trouble is said, with how long the file keeps: {watching.words.read_text()}")
        assert "degraded" in watching.notified(), "and told to the manager"
        told(caller, "+ - state=degraded reason=the%20server%20is%20away")
        told(caller, "+ " + served(OTHER, number=2))
        watching.notified()
        assert watching.words.read_text().count("degraded") == 1, "the same trouble is said once, and its end"
        assert watching.said("well again"), "and so is its end"
        assert watching.file.stat().st_ino == second, "the same token is no new file"
        assert watching.reloads.read_text() == wanted * 2, "nor a reload"
        assert [name for name in os.listdir(folder) if name.endswith(".new")] == [], "no half file is left beside it"
        assert watching.end() == 0, "SIGTERM ends it in order"
        assert watching.content() is None, "and the token does not stay behind"
        assert "eyJ" not in watching.words.read_text(), "nothing it said holds a token"
        caller.close()


def test_watch_restarts(folder):
    daemon = Daemon(folder)
    with daemon:
        watching = Watching(daemon, folder)
        caller = daemon.caller()
        told(caller, "+ " + served())
        watching.notified()
        inode = watching.file.stat().st_ino
    with watching:
        caller.close()
        assert watching.said("the daemon closed the connection"), f"a daemon that goes is said: {watching.words.read_text()}"
        assert watching.content() == TOKEN, "the file stays"
        with daemon:
            caller = daemon.caller()
            assert daemon.requests[1:] == ["WATCH portal.sync"], "and is asked again when it is back"
            told(caller, "+ " + served())
            told(caller, "+ " + served(OTHER, number=2))
            assert comes(lambda: watching.content() == OTHER), "the next token is taken"
            told(caller, "ERR stopping : the daemon is stopping")
            assert watching.said("stopping: the daemon is stopping"), "a daemon that stops is no end"
            caller.close()
            told(daemon.caller(), 'ERR denied : uid 1 may not use "portal.sync"')
            assert watching.process.wait(30) == 77, "a lost rule is"
            assert (inode > 0, watching.content()) == (True, None), "and takes the file away"


def test_watch_ends(folder):
    with Daemon(folder) as daemon:
        with Watching(daemon, folder) as watching:
            caller = daemon.caller()
            told(caller, "+ " + served(expires=int(time.time()) + 2))
            watching.notified()
            told(caller, "+ - state=unavailable reason=no%20answer")
            assert watching.said("unavailable: no answer"), "an unavailable server is said"
            assert watching.content() == TOKEN, "the file keeps its token"
            assert comes(lambda: watching.content() is None, 10), "until that ends"
            assert watching.said("has ended, and the file is removed"), "and then says so"
            told(caller, "+ " + served(OTHER, number=2))
            assert comes(lambda: watching.content() == OTHER), "the next token brings a file again"
            told(caller, "+ - state=login-required reason=signed-out")
            assert comes(lambda: watching.content() is None), (
                f"who has signed out leaves no token behind, though it would live on: {watching.words.read_text()}")
            assert watching.said("signed-out; there is no token in "), f"and that is said: {watching.words.read_text()}"
            told(caller, "+ " + served(number=3))
            assert comes(lambda: watching.content() == TOKEN), "until somebody has signed in again"
            assert watching.end(signal.SIGINT) == 0, "SIGINT ends it too"
        below = pathlib.Path(folder, "below")
        below.mkdir()
        with Watching(daemon, below) as watching:
            caller = daemon.caller()
            told(caller, "+ " + served())
            watching.notified()
            words = watching.words.open()
            shutil.rmtree(below)
            told(caller, "+ " + served(OTHER, number=2))
            seen = []
            assert comes(lambda: seen.append(words.read()) or "could not write" in "".join(seen)), f"a file that can no longer be written is said: {seen}"
            below.mkdir()
            told(daemon.caller(), "+ " + served(OTHER, number=2))
            assert comes(lambda: watching.content() == OTHER), "and tried again until it can"
            words.close()
            watching.end()
        for what, spoil in (("anybody may write in", lambda: below.chmod(0o777)), ("has another path by now", lambda: below.rename(pathlib.Path(folder, "beside")))):
            below.chmod(0o755)
            with Watching(daemon, below) as watching:
                caller = daemon.caller()
                told(caller, "+ " + served())
                watching.notified()
                file, words = os.open(watching.file, os.O_RDONLY), watching.words.open()
                spoil()
                told(caller, "+ - state=login-required reason=signed-out")
                assert comes(lambda: os.fstat(file).st_nlink == 0), "a file in a folder that %s is removed all the same: %s" % (what, words.read())
                os.close(file)
                words.close()
                watching.end()
        left = pathlib.Path(folder, "token")
        left.write_text("old")
        with Watching(daemon, folder) as watching:
            caller = daemon.caller()
            assert watching.content() == "old", "what an earlier run left stays while a token may come"
            told(caller, "+ - state=login-required reason=nobody")
            assert watching.said("nobody knows when it ends") and watching.content() is None, "and goes with the first trouble"
        if os.geteuid() == 0:
            for owner, found in (("65534:65533", (65534, 65533)), (":65533", (0, 65533)), ("daemon", (1, 1))):
                with Watching(daemon, folder, "--owner", owner) as watching:
                    told(daemon.caller(), "+ " + served())
                    watching.notified()
                    assert (watching.file.stat().st_uid, watching.file.stat().st_gid) == found, "the file is given to " + owner
                    watching.end()
        with Watching(daemon, folder, "--reload-unit", "erp.service", systemctl="exit 4") as watching:
            told(daemon.caller(), "+ " + served())
            assert watching.said("systemctl ended with 4; another user than root needs a polkit rule"), "a reload that fails is said, with its remedy"
            assert watching.process.poll() is None, "and the watch goes on"
            watching.end()


def test_watch_refuses(folder):
    os.mkdir(os.path.join(folder, "there"))
    os.symlink("/etc/passwd", os.path.join(folder, "link"))
    with Daemon(folder) as daemon:
        for what, path in (("a folder", "there"), ("a link", "link")):
            result = run(daemon, "watch", "a.b", "--output", os.path.join(folder, path))
            assert (result.returncode, "not a regular file" in result.stderr) == (64, True), "%s is not replaced" % what
        for what, content in (("a text", "127.0.0.1 localhost\n"), ("a token with a line end", TOKEN + "\n"), ("more than a token", "x" * 40000)):
            pathlib.Path(folder, "other").write_text(content)
            result = run(daemon, "watch", "a.b", "--output", os.path.join(folder, "other"))
            assert (result.returncode, "something else than a token" in result.stderr, pathlib.Path(folder, "other").read_text()) == (64, True, content), (
                "%s that is there is left alone" % what)
        assert run(daemon, "watch", "a.b", "--output", "/dev/null").returncode == 64, "nor is a device"
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode), "/dev/null is still there"
    with Daemon(folder, WATCH="+ - state=unavailable\n") as daemon:
        nowhere = run(daemon, "watch", "a.b", "--output", os.path.join(folder, "no", "token"))
        assert (nowhere.returncode, "could not write" in nowhere.stderr) == (73, True), "a file that can never be made exits 73 before there is a token"
        for arguments in (["--reload-unit", "x.service"], ["--owner", "root"], ["--output", "t", "--owner", "no-such-user"], ["--output", "t", "--owner", "root:"], ["--output", ""], ["--output", "t", "--mode", "0666"], ["--output", "t", "--mode", "9"],
                          ["--output", "t", "--mode", "0400"], ["--output", "t", "--reload-unit", "-x.service"], ["--output", "t", "--reload-unit", "a b.service"]):
            assert run(daemon, "watch", "a.b", *arguments).returncode == 64, "wrong usage exits 64: watch " + " ".join(arguments)


def test_watch_folders(folder):
    """Root writes where nobody else can have it write somewhere else; anybody else where they may."""
    if os.geteuid() != 0:
        return
    os.chmod(folder, 0o711)
    place = pathlib.Path(folder, "place")
    place.mkdir(0o755)
    (place / "below").mkdir(0o755)
    with Daemon(folder, WATCH="+ - state=unavailable\n") as daemon:
        os.chmod(daemon.path, 0o666)

        def refused(what, change, path, words):
            change()
            result = run(daemon, "watch", "a.b", "--output", str(path))
            assert (result.returncode, all(word in result.stderr for word in [*words, "folder that"]), path.exists()) == (64, True, False), (
                "root writes nothing %s, and is told what to do" % what)
            os.chown(place, 0, 0)
            place.chmod(0o755)

        theirs = [str(place), "belongs to uid 1"]
        refused("into a folder of somebody else", lambda: os.chown(place, 1, 1), place / "token", theirs)
        refused("below a folder of somebody else", lambda: os.chown(place, 1, 1), place / "below" / "token", theirs)
        refused("where a group may write", lambda: place.chmod(0o775), place / "token", ["mode 0775"])
        refused("below where others may write", lambda: place.chmod(0o757), place / "below" / "token", ["mode 0757"])
        link = pathlib.Path(folder, "a-link")
        link.symlink_to(place)
        refused("through a link", lambda: None, link / "token", [str(link), "is a link"])
    with Daemon(folder) as daemon, Watching(daemon, place) as watching:
        place.chmod(0o1777)
        told(daemon.caller(), "+ " + served())
        watching.notified()
        assert watching.content() == TOKEN, "a sticky folder will do: nobody else can replace what is root's"
        watching.end()
        place.chmod(0o755)
    roots = pathlib.Path(folder, "of-root-alone")
    roots.mkdir(0o755)
    with Daemon(folder) as daemon, Watching(daemon, place, "--owner", "1:1") as watching:
        caller = daemon.caller()
        told(caller, "+ " + served())
        watching.notified()
        os.chown(place, 1, 1)
        place.rename(str(place) + "-before")
        place.symlink_to(roots)
        told(caller, "+ " + served(OTHER, number=2))
        assert watching.process.wait(30) == 64, "a folder that becomes another's ends the watch"
        assert os.listdir(roots) == [], "and root has made nothing where its link leads to"
    for mode in (0o755, 0o775):
        own = pathlib.Path(folder, "own-%o" % mode)
        own.mkdir()
        os.chown(own, 1, 1)
        own.chmod(mode)
        with Daemon(folder) as daemon:
            os.chmod(daemon.path, 0o666)
            process = subprocess.Popen([TOKENCTL, "watch", "portal.sync", "--output", str(own / "token")], env=environment(daemon), user=1, group=1, extra_groups=[],
                                       stderr=subprocess.DEVNULL)
            told(daemon.caller(), "+ " + served())
            assert comes(lambda: (own / "token").exists() and (own / "token").read_text() == TOKEN), (
                "anybody else writes into a folder of theirs, mode %o" % mode)
            process.terminate()
            assert process.wait(30) == 0, "and in order"


# --- audit

def entry(second, event, count=1, **fields):
    names = {"token": "TOKEND_TOKEN", "id": "TOKEND_TOKEN_ID", "previous": "TOKEND_PREVIOUS_ID", "unit": "TOKEND_CONSUMER_UNIT", "uid": "TOKEND_CONSUMER_UID",
             "consumer": "TOKEND_CONSUMER", "decision": "TOKEND_DECISION", "reason": "TOKEND_REASON", "cause": "TOKEND_CAUSE", "seconds": "TOKEND_SECONDS",
             "held": "TOKEND_HELD"}
    values = {names[name]: str(value) for name, value in fields.items()}
    return json.dumps({"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": str(second * 1000000), "_BOOT_ID": "b", "MESSAGE": "a \u00e9 \"word\"\t", "TOKEND_EVENT": event,
                       "TOKEND_COUNT": str(count), **values})


class Journal:
    """A journalctl that notes what it is asked and prints what it is given."""

    def __init__(self, folder, lines, status=0, complaint=""):
        self.programs = pathlib.Path(folder, "journal")
        self.programs.mkdir(exist_ok=True)
        self.asked = self.programs / "asked"
        (self.programs / "lines").write_text("".join(line + "\n" for line in lines))
        fake = self.programs / "journalctl"
        fake.write_text('#!/bin/sh\nprintf "%%s\\n" "$@" > %s\ncat %s\nprintf "%s" >&2\nexit %d\n' % (self.asked, self.programs / "lines", complaint, status))
        fake.chmod(0o755)

    def audit(self, *arguments):
        return run(None, "audit", *arguments, more={"PATH": "%s:%s" % (self.programs, os.environ["PATH"])})

    def matches(self):
        """What was asked for, as groups of matches that "+" parts."""
        words = [word for word in self.asked.read_text().splitlines() if "=" in word and not word.startswith("--") or word == "+"]
        return [sorted(group.split()) for group in " ".join(words).split("+")]


ENTRIES = [
    entry(1000, "renewed", token="portal.sync", id="1" * 16, consumer="erp-sync.service", decision="issued", cause="asked"),
    entry(1001, "handed-out", token="portal.sync", id="1" * 16, consumer="erp-sync.service", unit="erp-sync.service", uid=1, decision="ready"),
    entry(1031, "handed-out", 41, token="portal.sync", id="1" * 16, consumer="erp-sync.service", unit="erp-sync.service", uid=1, decision="ready", seconds=31),
    entry(1040, "refused", token="unknown", uid=33, decision="denied"),
    entry(1050, "renewed", token="portal.sync", id="2" * 16, previous="1" * 16, consumer="erp-sync.service", decision="issued", cause="due"),
]


def test_audit_sums(folder):
    journal = Journal(folder, ENTRIES)
    result = journal.audit()
    cells = [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()]
    assert (cells == [["COUNT", "EVENT", "DECISION", "TOKEN", "ID", "CALLER", "FIRST", "LAST"], ["1", "renewed", "issued", "portal.sync", "1" * 16, "erp-sync.service", "1970-01-01 00:16:40", "1970-01-01 00:16:40"], ["42", "handed-out", "ready", "portal.sync", "1" * 16, "erp-sync.service", "1970-01-01 00:16:40", "1970-01-01 00:17:11"], ["1", "refused", "denied", "unknown", "-", "uid 33", "1970-01-01 00:17:20", "1970-01-01 00:17:20"], ["1", "renewed", "issued", "portal.sync", "2" * 16, "erp-sync.service", "1970-01-01 00:17:30", "1970-01-01 00:17:30"]]), (
        "repeats are added up, and columns that nobody fills are left out")
    rows = json.loads(journal.audit("--json").stdout)
    assert (sum(row["count"] for row in rows), rows[1]["first"], rows[1]["last"], rows[1]["uid"]) == (45, 1000, 1031, 1), (
        "as JSON the counts are numbers, and so are the times")
    result = journal.audit("--renewals")
    assert [line.split()[2:6] for line in result.stdout.splitlines()[1:]][0] == ["1", "renewed", "issued", "asked"], "renewals are listed with their cause"
    assert re.search(r"due .*2222222222222222 +1111111111111111", result.stdout), "and with the token that each replaces"
    lost = Journal(folder, [*ENTRIES, entry(1060, "others", 7, reason="user", uid=9), entry(1061, "audit-gap", 1, held=5)]).audit("--unit", "erp-sync.service")
    assert "7 decisions of this time were only counted" in lost.stderr and "5 decisions of this time could not" in lost.stderr, (
        "what the sums cannot know is said")
    nothing = Journal(folder, []).audit("--refused")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "tokenctl: nothing was found\n"), "an empty answer is said to be one"


def test_audit_questions(folder):
    journal, service = Journal(folder, ENTRIES), "_SYSTEMD_UNIT=tokend.service"
    always = sorted([service, "TOKEND_EVENT=others", "TOKEND_EVENT=audit-gap"])
    journal.audit("--token", "a.b", "--token", "c.d", "--unit", "x.service", "--unit", "x@1.2", "--user", "root", "--refused", "--since", "2 hours ago", "--until", "now")
    assert (journal.matches() == [sorted([service, "TOKEND_TOKEN=a.b", "TOKEND_TOKEN=c.d", "TOKEND_CONSUMER_UNIT=x.service", "TOKEND_CONSUMER_UNIT=x@1.2.service", "TOKEND_CONSUMER_UID=0", "TOKEND_EVENT=refused"]), always]), (
        "options become matches of journald's own fields")
    words = journal.asked.read_text().splitlines()
    assert "--since=2 hours ago" in words and "--until=now" in words and "--output=json" in words, "times are handed to journalctl as they are"
    journal.audit("--id", "1" * 16)
    assert journal.matches() == [sorted([service, "TOKEND_TOKEN_ID=" + "1" * 16]), sorted([service, "TOKEND_PREVIOUS_ID=" + "1" * 16]), always], (
        "an id is looked for as the token's and as what another one replaced")
    journal.audit("--since", "-1h", "--until", "-30min")
    words = journal.asked.read_text().splitlines()
    assert "--since=-1h" in words and "--until=-30min" in words, "times may begin with a minus"
    mistaken = journal.audit("--id", TOKEN)
    assert (mistaken.returncode, TOKEN in mistaken.stderr, "never the token" in mistaken.stderr) == (64, False, True), (
        "a token in the place of an id is not repeated")
    for arguments in (["--id", "X"], ["--unit", "x@*"], ["--token", "a"], ["--refused", "--renewals"], ["--unit", ""], ["--user", "nobody-at-all"]):
        assert journal.audit(*arguments).returncode == 64, "wrong usage exits 64: audit " + " ".join(arguments)


def test_audit_failures(folder):
    closed = Journal(folder, ENTRIES[:1], complaint="Hint: You are currently not seeing messages from other users and the system.\\n")
    result = closed.audit()
    assert (result.returncode, result.stdout, "usermod -aG systemd-journal" in result.stderr) == (77, "", True), (
        "who may not read the whole journal is not told a part of it")
    result = Journal(folder, [], 1, "No journal files were opened due to insufficient permissions.\\n").audit()
    assert (result.returncode, "systemd-journal" in result.stderr) == (77, True), "nor who may read nothing"
    result = Journal(folder, [], 1, "Failed to parse timestamp: soon\\n").audit("--since", "soon")
    assert (result.returncode, result.stderr) == (64, "tokenctl: journalctl failed: Failed to parse timestamp: soon\n"), (
        "journalctl's own complaint is passed on")
    result = run(None, "audit", more={"PATH": str(folder)})
    assert (result.returncode, result.stderr) == (127, 'tokenctl: cannot run "journalctl": No such file or directory\n'), "without journalctl it says so"
    for what, line in (("cut", ENTRIES[0][:-3]), ("no object", "[1]"), ("nested", '{"A":{"B":"c"}}'), ("two objects", '{"A":"b"}{"A":"b"}'), ("a bad escape", r'{"A":"\x"}'),
                       ("half a pair", r'{"A":"\ud83d"}'), ("endless", '{"A":"' + "x" * 1100000 + '"}')):
        result = Journal(folder, [line]).audit()
        assert (result.returncode, result.stdout) == (70, ""), "a line that is %s is not guessed at" % what
    odd = '{"TOKEND_EVENT":"handed-out","TOKEND_COUNT":"2","A":null,"B":[1,200,3],"TOKEND_TOKEN":["a.b","c.d"],"TOKEND_DECISION":"\\u00e9\\ud83d\\ude00\\n","__REALTIME_TIMESTAMP":"1"}'
    rows = json.loads(Journal(folder, [odd]).audit("--json").stdout)
    assert (rows[0]["count"], rows[0]["token"], rows[0]["decision"]) == (2, "a.b", "\u00e9\U0001F600\n"), (
        "bytes, nothing, repeated fields and all escapes are read")


def test_metrics(folder):
    text = ["# TYPE tokend_handed_out counter", 'tokend_handed_out_total{token="portal.sync"} 42', "# EOF"]
    with Daemon(folder, METRICS="".join("+ %s\n" % line for line in text) + "OK\n") as daemon:
        result = run(daemon, "metrics")
        assert (result.returncode, result.stdout.splitlines(), daemon.requests) == (0, text, ["METRICS"]), "metrics prints the rows as they are"
    with Daemon(folder, METRICS="ERR denied : uid 1000 is no administrator\n") as daemon:
        assert run(daemon, "metrics").returncode == 77, "who may not see them exits 77"


# --- completions

def test_completions(folder):
    for shell in ("bash", "zsh", "fish"):
        made = run(None, "--generate-completion-script", shell)
        script = pathlib.Path(folder, shell)
        script.write_text(made.stdout)
        assert made.returncode == 0 and "exec" in made.stdout and "reload-unit" in made.stdout, "there is a completion for %s" % shell
        if shutil.which(shell):
            parsed = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
            assert (parsed.returncode, parsed.stderr) == (0, ""), "which %s can read" % shell
    programs = pathlib.Path(folder, "bin")
    programs.mkdir()
    (programs / "tokenctl").symlink_to(TOKENCTL)
    with Daemon(folder, LIST="+ portal.pat state=ready\n+ portal.sync state=ready\nOK 2\n") as daemon:
        def offered(*words):
            line = " ".join(words)
            script = ('source "$0"; COMP_WORDS=(%s); COMP_CWORD=%d; COMP_LINE=%r; COMP_POINT=%d; COMP_TYPE=9; _tokenctl tokenctl "${COMP_WORDS[COMP_CWORD]}" x; '
                      'printf "%%s\\n" "${COMPREPLY[@]}"' % (" ".join(repr(word) for word in words), len(words) - 1, line, len(line)))
            shell = subprocess.run(["bash", "-c", script, str(pathlib.Path(folder, "bash"))], capture_output=True, text=True, check=False,
                                   env=environment(daemon, PATH="%s:%s" % (programs, os.environ["PATH"])))
            return {word.strip() for word in shell.stdout.split("\n")}
        assert {"exec", "audit", "setup"} <= offered("tokenctl", ""), "bash offers the subcommands"
        assert {"portal.pat", "portal.sync"} <= offered("tokenctl", "get", ""), "and the names of the caller's tokens"
