"""A login as tokenctl runs it: a scripted daemon on a Unix socket, and whoever comes to the loopback port."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

from .conversation import acting_as
from .processes import free_port  # noqa: F401

STATE = "st-8f3kq0Zx"
EXPIRES = 1798160400  # 2026-12-25 01:00:00 UTC


class Daemon:
    """Answers each request by its verb: a text, or a function of the words that returns one. `None` answers nothing."""

    def __init__(self, **answers):
        self.folder = tempfile.TemporaryDirectory(prefix="login-check.")
        os.chmod(self.folder.name, 0o755)
        self.path = os.path.join(self.folder.name, "tokend.sock")
        self.answers = answers
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(32)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def asked(self, verb):
        """The requests of one verb, without it and their LF."""
        return [line[len(verb) + 1:-1] for line in self.requests if line.split(" ")[0] == verb]

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            for line in connection.makefile("r", newline="\n"):
                self.requests.append(line)
                words = line.rstrip("\n").split(" ")
                answer = self.answers.get(words[0], "ERR internal : not in the script\n")
                answer = answer(words) if callable(answer) else answer
                if answer is None:
                    return
                connection.sendall(answer.encode())


def authorization(uri, mode="query", **more):
    """The address that a daemon makes for a login."""
    fields = {"response_type": "code", "client_id": "my.app/portal", "redirect_uri": uri, "state": STATE, **more}
    if mode == "form_post":
        fields.update(response_type="code id_token", response_mode="form_post")
    return "https://identity.example/connect/authorize?" + urllib.parse.urlencode(fields)


def offer(uri, mode="query", seconds=600, **more):
    """The reply to LOGIN."""
    return "OK login-1 %s expires=%d\n" % (authorization(uri, mode, **more), int(time.time()) + seconds)


def answer(**fields):
    """What the identity server sends the browser back with."""
    return urllib.parse.urlencode({"code": "SplxlOBeZQQYbYS6WxSbIA", "state": STATE, **fields})


class Login:
    """`tokenctl login` while it runs. `terminal`: it has one, whose other end is `self.terminal`."""

    def __init__(self, tokenctl, daemon, *arguments, name="portal.user", terminal=False, stdin=subprocess.DEVNULL, environment=None, **options):
        settings = {k: v for k, v in os.environ.items() if k not in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")}
        settings.update({"TOKEND_SOCKET": daemon.path, "TZ": "UTC"}, **(environment or {}))
        self.errors, self.terminal = b"", None
        inner = None
        if terminal:
            self.terminal, inner = os.openpty()
        self.process = subprocess.Popen(
            [tokenctl, "login", name, *arguments], env=settings, stdin=inner if terminal else stdin, stdout=subprocess.PIPE,
            stderr=inner if terminal else subprocess.PIPE, start_new_session=True, **options)
        if inner is not None:
            os.close(inner)
        self._said = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _listen(self):
        source = self.terminal if self.terminal is not None else self.process.stderr.fileno()
        with contextlib.suppress(OSError):
            while piece := os.read(source, 4096):
                with self._said:
                    self.errors += piece
                    self._said.notify_all()
        with self._said:
            self.errors_over = True
            self._said.notify_all()

    errors_over = False

    def says(self, text, seconds=20):
        """Waits until it has said so on standard error; whether it has."""
        with self._said:
            self._said.wait_for(lambda: text.encode() in self.errors or self.errors_over, seconds)
            return text.encode() in self.errors

    def waits(self):
        """Waits until the listener is there."""
        assert self.says("waiting at "), (self.process.poll(), self.errors)
        return self

    def types(self, text):
        os.write(self.terminal, text.encode())

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def end(self, seconds=30):
        """(status, standard output, standard error) once it has ended; one that goes on is killed."""
        killer = threading.Timer(seconds, self.process.kill)
        killer.start()
        output = self.process.stdout.read().decode()
        status = self.process.wait()
        killer.cancel()
        with self._said:
            self._said.wait_for(lambda: self.errors_over, 5)
        return status, output, self.errors.decode().replace("\r\n", "\n")


class Response:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if lines[0].startswith("HTTP/1.1 ") else 0
        self.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
        self.text = self.body.decode("utf-8", "replace")
        title = re.search("<h1>(.*?)</h1>", self.text)
        self.title = title[1] if title else ""

    def __repr__(self):
        return "%d %s %r" % (self.status, self.title, self.headers)


def connect(port, host="127.0.0.1", user=None):
    """`user`: the uid whose browser it is, where that is not ours."""
    with acting_as(user) if user is not None else contextlib.nullcontext():
        connection = socket.create_connection((host, port), 10)
    connection.settimeout(20)
    return connection


def finish(connection):
    """Everything that comes until the other side closes."""
    raw = b""
    with connection, contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            raw += piece
    return Response(raw)


def send(port, raw, host="127.0.0.1", user=None):
    connection = connect(port, host, user)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(raw.encode() if isinstance(raw, str) else raw)
    return finish(connection)


def get(port, path, named=None, host="127.0.0.1", method="GET", user=None):
    named = "%s:%d" % ("[::1]" if host == "::1" else host, port) if named is None else named
    return send(port, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\n\r\n" % (method, path, named), host, user)


def post(port, path, form, user=None):
    return send(port, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: https://identity.example\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s" % (path, port, len(form), form), user=user)
