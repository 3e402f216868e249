"""tokenctl login, logout and import against a scripted daemon and browsers of all kinds."""
import base64
import contextlib
import ctypes
import errno
import hashlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import pytest
from lib import logins
from lib.conversation import acting_as
from lib.daemon import TOKENCTL
from lib.dialogue import at_terminal
from lib.logins import Daemon, answer, get, offer, post, send

CODE = "SplxlOBeZQQYbYS6WxSbIA"
SIGNED_IN = "OK subject=m.petrova expires=%d\n" % logins.EXPIRES
CONFIRM = "OK confirm subject=i.ivanov was=m.petrova\n"
NOT_OURS = "ERR bad-request reason=state : the answer belongs to another login\n"
TOKEN = "enrt_1D41D46900aa77Zk-._~+/7960=="


def login(daemon, *arguments, **options):
    return logins.Login(TOKENCTL, daemon, *arguments, **options)


@contextlib.contextmanager
def waiting(*arguments, mode="query", host="127.0.0.1", path="/callback", callback=SIGNED_IN, seconds=600, environment=None, terminal=False, **answers):
    """A login that waits for the browser: (daemon, login, port)."""
    port = logins.free_port()
    answers = {"LOGIN": offer("http://%s:%d%s" % (host, port, path), mode, seconds), "CALLBACK": callback, **answers}
    with Daemon(**answers) as daemon, login(daemon, *arguments, environment=environment, terminal=terminal) as running:
        running.waits()
        yield daemon, running, port


def brings_back(port, fields=None, path="/callback", user=None):
    """The whole way of a browser: the answer, then the page it is sent on to."""
    response = get(port, "%s?%s" % (path, fields or answer()), user=user)
    return response, get(port, response.headers["location"], user=user) if response.status == 303 else None


def run(*arguments, daemon=None, stdin="", **options):
    settings = {k: v for k, v in os.environ.items() if k not in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")}
    settings.update({"TOKEND_SOCKET": daemon.path if daemon else "/nowhere", "TZ": "UTC"})
    return subprocess.run([TOKENCTL, *arguments], env=settings, input=stdin, capture_output=True, text=True, timeout=60, **options)


def ends(what, running, status, out=None, *sentences):
    """A login's end: status, output, and what it says; never the code."""
    found = running.end()
    held = found[0] == status and (out is None or found[1] == out) and all(s in found[2] for s in sentences) and CODE not in found[2] + found[1]
    assert held, f"{what}: {found}"
    return found


def closed(port, host="127.0.0.1"):
    with contextlib.suppress(OSError):
        logins.connect(port, host).close()
        return False
    return True


def test_the_way_there_and_back():
    with waiting("--no-browser") as (daemon, running, port):
        assert logins.authorization("http://127.0.0.1:%d/callback" % port) in running.errors.decode(), "the address is printed"
        response, page = brings_back(port)
        assert response.status == 303 and response.headers["location"] == "/done", "LOOP-11 the browser is sent on to a page without parameters"
        assert page.status == 200 and page.title == "You are signed in" and "m.petrova" in page.text, "which says who is signed in"
        ends("login prints who is signed in and until when", running, 0, None)
        assert daemon.requests == ["LOGIN portal.user confirm=first\n", "CALLBACK login-1 %s\n" % answer()], "the daemon got the query as it came"
        assert closed(port), "LOOP-02 the listener is gone"
    now = time.time()
    for expires, said in [(int(now + 30 * 86400), time.strftime("until %Y-%m-%d (30 days)", time.gmtime(now + 30 * 86400))),
                          (int(now + 3600 * 8), time.strftime("until %Y-%m-%d %H:%M (8 hours)", time.gmtime(int(now + 3600 * 8)))), ("never", None),
                          (None, None)]:
        with waiting(callback="OK subject=m.petrova%s\n" % (" expires=%s" % expires if expires else "")) as (daemon, running, port):
            brings_back(port)
            ends("login says until when: %s" % said, running, 0, "signed in as m.petrova%s\n" % (" " + said if said else ""))
    with waiting("--json", callback="OK subject=m.%22p expires=1798160400\n") as (daemon, running, port):
        brings_back(port)
        found = running.end()
        assert json.loads(found[1]) == {"name": "portal.user", "subject": 'm."p', "person": None, "expires": 1798160400}, "login --json"
    named = "OK subject=24828 person=m.petrova%40orchid.example"
    with waiting(callback=named + " expires=never\n") as (daemon, running, port):
        page = brings_back(port)[1]
        assert "<strong>m.petrova@orchid.example</strong> (24828)" in page.text, "a person's name stands beside the subject on the page"
        ends("and in the terminal", running, 0, "signed in as m.petrova@orchid.example (sub 24828)\n")
    for expires, said in ((int(now + 3600 * 8), ", and the token ends " + time.strftime("%Y-%m-%d %H:%M (8 hours)", time.gmtime(int(now + 3600 * 8)))), ("never", "")):
        reply = "%s refresh-token=none token-expires=%s\n" % (named, expires)
        with waiting(callback=reply) as (daemon, running, port):
            brings_back(port)
            ends("a sign-in without a refresh token says so at once: %s" % expires, running, 0, "signed in as m.petrova@orchid.example (sub 24828), but the "
                 "server gave no refresh token (is offline_access among the scopes?): it cannot be renewed%s\n" % said)
        with waiting("--json", callback=reply) as (daemon, running, port):
            brings_back(port)
            assert (json.loads(running.end()[1]) == {"name": "portal.user", "subject": "24828", "person": "m.petrova@orchid.example", "expires": None, "refresh-token": "none", "token-expires": None if expires == "never" else expires}), (
                "and --json has it: %s" % expires)
    with waiting(path="/other/place") as (daemon, running, port):
        brings_back(port, path="/other/place")
        ends("a callback of another path", running, 0)
    with waiting(path="/done") as (daemon, running, port):
        response, page = brings_back(port, path="/done")
        assert page.title == "You are signed in", "a callback at /done has its last page elsewhere: %s" % ((response, page),)
        ends("and ends", running, 0)
    with waiting(path="") as (daemon, running, port):
        brings_back(port, path="/")
        ends("a callback without a path", running, 0)
    port = logins.free_port()
    uri = "http://127.0.0.1:%d/callback" % port
    with Daemon(LOGIN=offer(uri), CALLBACK=SIGNED_IN) as daemon, login(daemon, "--redirect-uri", uri).waits() as running:
        brings_back(port)
        running.end()
        assert daemon.requests[0] == "LOGIN portal.user redirect-uri=%s confirm=first\n" % uri, "--redirect-uri is the daemon's to judge"


def test_form_post():
    form = answer(id_token="eyJhbGciOi.eyJzdWIi.c2ln", session_state="x")
    with waiting(mode="form_post") as (daemon, running, port):
        wrong = get(port, "/callback?" + form)
        assert wrong.status == 405 and wrong.headers["allow"] == "POST", "LOOP-07 GET where a form is due is 405"
        response = post(port, "/callback", form)
        assert response.status == 303 and response.headers["location"] == "/done", "LOOP-11 a form is answered with 303"
        assert get(port, "/done").title == "You are signed in", "and its page is got"
        ends("HYB-02 a form ends the login", running, 0)
        assert daemon.asked("CALLBACK") == ["login-1 " + form], "the daemon got the form as it came"
    with waiting(mode="form_post") as (daemon, running, port):
        big = answer(id_token="x" * 50000)
        assert post(port, "/callback", big).status == 303, "an ID token of 50 kB passes"
        get(port, "/done")
        ends("to the daemon, whole", running, 0)
        assert daemon.asked("CALLBACK") == ["login-1 " + big], "as one line"
    with waiting(mode="form_post") as (daemon, running, port):
        assert post(port, "/callback", answer(id_token="x" * 70000)).status == 413, "LOOP-08 a form of 70 kB is refused"
        pieces = logins.connect(port)
        raw = "POST /callback HTTP/1.1\r\nhost:127.0.0.1:%d\r\nCONTENT-LENGTH: %d\r\n\r\n%s" % (port, len(form), form)
        for byte in raw.encode():
            pieces.sendall(bytes([byte]))
        assert logins.finish(pieces).status == 303, "a form in single bytes"
        get(port, "/done")
        ends("is a form", running, 0)


def test_what_is_no_answer():
    with waiting() as (daemon, running, port):
        named = "Host: 127.0.0.1:%d\r\n" % port
        cases = [
            ("LOOP-07 /favicon.ico is 404", get(port, "/favicon.ico"), 404),
            ("LOOP-07 / is 404", get(port, "/"), 404),
            ("LOOP-07 a longer path is 404", get(port, "/callback/?" + answer()), 404),
            ("LOOP-07 an escaped path is 404", get(port, "/%63allback?" + answer()), 404),
            ("LOOP-07 /done before the end is 404", get(port, "/done"), 404),
            ("LOOP-07 POST where GET is due is 405", post(port, "/callback", answer()), 405),
            ("LOOP-07 HEAD is 405", get(port, "/callback?" + answer(), method="HEAD"), 405),
            ("LOOP-07 OPTIONS is 405", get(port, "/callback", method="OPTIONS"), 405),
            ("LOOP-09 another Host is 421", get(port, "/callback?" + answer(), named="evil.example:%d" % port), 421),
            ("LOOP-09 the Host of another port is 421", get(port, "/callback?" + answer(), named="127.0.0.1:1"), 421),
            ("LOOP-09 a Host without the port is 421", get(port, "/callback?" + answer(), named="127.0.0.1"), 421),
            ("LOOP-09 localhost where 127.0.0.1 is registered is 421", get(port, "/callback?" + answer(), named="localhost:%d" % port), 421),
            ("LOOP-09 no Host is 400", send(port, "GET /callback?%s HTTP/1.1\r\n\r\n" % answer()), 400),
            ("LOOP-09 two Hosts are 400", send(port, "GET /callback?%s HTTP/1.1\r\n%sHost: evil.example\r\n\r\n" % (answer(), named)), 400),
            ("LOOP-08 a head of 40 kB is 431", send(port, "GET /callback?%s HTTP/1.1\r\n%sX: %s\r\n\r\n" % (answer(), named, "x" * 40000)), 431),
            ("LOOP-08 an endless first line is 431", send(port, "GET /" + "x" * 300000), 431),
            ("a chunked form is 411", send(port, "POST /callback HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % named), 411),
            ("a form without a length is 411", send(port, "POST /callback HTTP/1.1\r\n%s\r\n" % named), 411),
            ("a form with two lengths is 400", send(port, "POST /callback HTTP/1.1\r\n%sContent-Length: 1\r\nContent-Length: 2\r\n\r\nx" % named), 400),
            ("a length below zero is 400", send(port, "POST /callback HTTP/1.1\r\n%sContent-Length: -1\r\n\r\n" % named), 400),
            ("a length without end is 413", send(port, "POST /callback HTTP/1.1\r\n%sContent-Length: %s\r\n\r\n" % (named, "9" * 40)), 413),
            ("LOOP-12 a proxy's request is 400", send(port, "GET http://127.0.0.1:%d/callback?%s HTTP/1.1\r\n%s\r\n" % (port, answer(), named)), 400),
            ("no HTTP is 400", send(port, "EHLO there\r\n\r\n"), 400),
            ("HTTP/2 is 400", send(port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400),
            ("a bare LF is 400", send(port, "GET /callback HTTP/1.1\r\nX: a\nb\r\n%s\r\n" % named), 400),
            ("a NUL is 400", send(port, "GET /call\0back HTTP/1.1\r\n%s\r\n" % named), 400),
            ("a query that is not ASCII is 400", send(port, ("GET /callback?é HTTP/1.1\r\n%s\r\n" % named).encode()), 400),
            ("no query is 400", get(port, "/callback"), 400),
            ("an empty query is 400", get(port, "/callback?"), 400),
            ("AC-05 LOOP-14 a wrong state is told so", get(port, "/callback?" + answer(state="guess")), 400),
            ("AC-05 LOOP-14 no state is told so", get(port, "/callback?code=x"), 400),
            ("AC-15 a state twice is told so", get(port, "/callback?%s&state=x" % answer()), 400),
        ]
        for what, response, status in cases:
            assert response.status == status, what
        pages = [response for _, response, _ in cases]
        assert (all(p.headers.get("cache-control") == "no-store" and p.headers.get("referrer-policy") == "no-referrer" and p.headers.get("content-security-policy", "").startswith("default-src 'none'; style-src 'sha256-") and p.headers.get("x-content-type-options") == "nosniff" and p.headers.get("connection") == "close" for p in pages)), (
            f"LOOP-10 every page forbids caching, referrers and all content but its style: {pages}")
        assert not any(word in p.text for p in pages for word in (CODE, "guess", "evil", "xxxx", logins.STATE)), "LOOP-10 no page repeats what was sent"
        assert not any("location" in p.headers for p in pages), "LOOP-12 nothing sends a browser elsewhere"
        style = re.search("<style>(.*?)</style>", pages[0].text, re.DOTALL)[1]
        allowed = "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert "'%s'" % allowed in pages[0].headers["content-security-policy"], "LOOP-10 the style is the one that is allowed (%s)" % allowed
        assert not any(re.search(r"<script|<iframe|<form|https?:|<img|<link|url\(| on\w+=", p.text) for p in pages), (
            "LOOP-10 pages have no script, frame, form or address of another machine")
        assert daemon.asked("CALLBACK") == [], "none of it reached the daemon"
        assert running.process.poll() is None, "and the login still waits"
        brings_back(port)
        ends("LOOP-07 and ends as it should", running, 0)
    for reply in (NOT_OURS, NOT_OURS.replace("bad-request", "refused")):
        replies = iter([reply, reply, SIGNED_IN])
        with waiting(callback=lambda words: next(replies)) as (daemon, running, port):
            first = [get(port, "/callback?" + answer(n=n)) for n in "12"]
            assert all(f.status == 400 and f.title == "This answer belongs to another sign-in" for f in first), (
                f"AC-05 an answer that the daemon knows is of another login leaves this one waiting: {first}")
            response, page = brings_back(port)
            assert page.title == "You are signed in", "until the right one comes"
            ends("which ends it", running, 0, None, "still waiting")


def test_many_at_once():
    with waiting() as (daemon, running, port):
        idle = [logins.connect(port) for _ in range(100)]
        slow = [logins.connect(port) for _ in range(20)]
        for connection in slow:
            connection.sendall(b"GET /callback?code=x HTTP/1.1\r\nX-")
        get(port, "/favicon.ico")
        held = sum(is_open(connection) for connection in idle + slow)
        assert held <= 64, "LOOP-08 at most 64 connections are held"
        began = time.monotonic()
        response, page = brings_back(port)
        assert page.title == "You are signed in" and time.monotonic() - began < 2, "LOOP-08 100 idle and 20 slow connections do not keep the browser out"
        ends("LOOP-08 nor the login from ending", running, 0)
        for connection in idle + slow:
            connection.close()
    with waiting(mode="form_post") as (daemon, running, port):
        flood = []
        for _ in range(300):
            flood.append(logins.connect(port))
            flood[-1].sendall(b"P")
        form = answer(id_token="x.y.z")
        assert post(port, "/callback", form).status == 303, "LOOP-08 300 connections that began to speak neither"
        get(port, "/done")
        ends("LOOP-08 and the login ends", running, 0)
        for connection in flood:
            connection.close()
    with waiting() as (daemon, running, port):
        slow = logins.connect(port)
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 20:
                slow.sendall(b"x")
                time.sleep(0.2)
        took = time.monotonic() - began
        assert 8 < took < 14, "LOOP-08 a request that drips is cut off after 10 s (%.1f)" % took
        # two requests on one connection: the second is not read
        both = "GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
        again = send(port, both + both)
        assert again.status == 404 and again.body.count(b"<html") == 1 and again.headers["connection"] == "close", "LOOP-08 a connection carries one request"
        gone = logins.connect(port)
        gone.sendall(b"GET /callback HTTP/1.1\r\n")
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        gone.close()
        brings_back(port)
        ends("a connection that is reset ends nothing", running, 0)

    release = []

    def slowly(words):
        while not release:
            time.sleep(0.01)
        return SIGNED_IN

    with waiting(callback=slowly) as (daemon, running, port):
        first, second = logins.connect(port), logins.connect(port)
        request = "GET /callback?%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (answer(), port)
        first.sendall(request.encode())
        second.sendall(request.encode())
        assert get(port, "/favicon.ico").status == 404, "while the daemon exchanges the code others are answered"
        used = os.times().elapsed, time_used(running.process.pid)
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        first.close()
        time.sleep(0.5)
        assert time_used(running.process.pid) - used[1] < 10, "a browser that leaves meanwhile costs nothing"
        release.append(True)
        response = logins.finish(second)
        assert response.status == 303 and len(daemon.asked("CALLBACK")) == 1, "AC-13 the same answer twice is one answer: %s" % ((response, daemon.requests),)
        assert get(port, "/done").title == "You are signed in", "and both see how it ended"
        ends("and the login ends", running, 0)


def is_open(connection):
    """Of one that is not read any more."""
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def time_used(pid):
    """Ticks of processor time."""
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_addresses():
    with waiting(host="[::1]") as (daemon, running, port):
        assert closed(port, "127.0.0.1"), "LOOP-05 ::1 alone is listened at"
        response = get(port, "/callback?" + answer(), host="::1")
        assert response.status == 303, "LOOP-09 [::1]:port is its Host"
        get(port, "/done", host="::1")
        ends("LOOP-01 ::1", running, 0)
    with waiting() as (daemon, running, port):
        assert closed(port, "::1") and closed(port, "127.0.0.2"), "LOOP-02 127.0.0.1 alone is listened at"
    for host in ("127.0.0.1", "::1"):
        with waiting(host="localhost") as (daemon, running, port):
            response = get(port, "/callback?" + answer(), named="localhost:%d" % port, host=host)
            page = get(port, "/done", named="localhost:%d" % port, host=host)
            assert (response.status, page.title) == (303, "You are signed in"), "LOOP-05 localhost by %s" % host
            ends("and ends", running, 0)
    for host, at in (("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("localhost", "::1"), ("[::1]", "::1")):
        with socket.socket(socket.AF_INET6 if at == "::1" else socket.AF_INET) as other:
            other.bind((at, 0))
            other.listen()
            port = other.getsockname()[1]
            with Daemon(LOGIN=offer("http://%s:%d/callback" % (host, port))) as daemon, login(daemon) as running:
                found = ends("LOOP-04 a port that %s holds for %s is named, and no other is taken" % (at, host), running, 80, "", "port %d" % port,
                             "--redirect-uri", "--paste", "ss -ltnp")
                assert "https://" not in found[2] and daemon.requests == ["LOGIN portal.user confirm=first\n", "CANCEL login-1\n"], (
                    "and no browser was sent there: %s" % ((found, daemon.requests),))
    for uri in ("https://127.0.0.1:5000/callback", "http://192.168.1.1:5000/cb", "http://127.0.0.1.evil.example:80/cb", "http://127.0.0.1@evil.example/cb",
                "my.app:/callback", "http://127.0.0.1:0/", "http://127.0.0.1:70000/", "http://localhost.evil.example:5000/", "http://0.0.0.0:5000/",
                "http://[::]:5000/"):
        with Daemon(LOGIN=offer(uri)) as daemon, login(daemon) as running:
            ends("LOOP-13 nobody listens for %s" % uri, running, 80, "", "is no http address of this machine", "--paste")
    port = logins.free_port()
    pushed = "OK login-1 https://identity.example/authorize?client_id=a&request_uri=urn%%3Aietf expires=%d\n" % (time.time() + 60)
    with Daemon(LOGIN=pushed, CALLBACK=SIGNED_IN) as daemon:
        with login(daemon) as running:
            ends("an address without a redirect_uri asks for it", running, 80, "", "--redirect-uri")
        with login(daemon, "--redirect-uri", "http://127.0.0.1:%d/callback" % port).waits() as running:
            brings_back(port)
            ends("and takes the given one", running, 0)
    for url in ("file:///etc/passwd", "-help", "javascript:alert(1)", "ftp://x/", "/etc/passwd"):
        with Daemon(LOGIN="OK login-1 %s expires=%d\n" % (url, time.time() + 60)) as daemon, login(daemon) as running:
            ends("what is no web address is not opened: %s" % url, running, 70, "")


def test_endings():
    with waiting(callback="ERR refused oauth-error=access_denied : the sign-in was cancelled or refused\n") as (daemon, running, port):
        page = brings_back(port, "error=access_denied&state=" + logins.STATE)[1]
        assert page.title == "Access was not granted", "AC-17 consent refused has a page"
        ends("and exits 80 with what to do", running, 80, "", "the sign-in was cancelled or refused", "tokenctl login portal.user")
    table = {"bad-request": 64, "denied": 77, "login-required": 80, "unavailable": 75, "refused": 78, "busy": 75, "stopping": 75, "internal": 70,
             "brand-new": 70}
    for code, status in table.items():
        with waiting(callback="ERR %s oauth-error=server_error : the <b>server</b> said no\n" % code) as (daemon, running, port):
            page = brings_back(port)[1]
            assert page.title == "You are not signed in" and "said no" not in page.text, "%s has a page that does not repeat the server: %s" % (code, page.text)
            ends("and exits %d" % status, running, status, "", "the <b>server</b> said no")
    for reply in ("ERR timeout : the login is over\n", "ERR login-required reason=login-expired : the login is over\n",
                  "ERR login-required reason=too-many-answers : the login is over\n", "ERR denied reason=unknown-login : there is no such login\n"):
        with waiting(callback=reply) as (daemon, running, port):
            assert brings_back(port)[1].title == "This sign-in is over", "AC-19 a login that is over at the daemon has a page"
            ends("and exits 80", running, 80, "", "tokenctl login portal.user")
    with waiting("--timeout", "1") as (daemon, running, port):
        ends("AC-19 --timeout ends it and points at the browser's page", running, 80, "", "look at its page for the reason", "tokenctl login portal.user")
        assert daemon.asked("CANCEL") == ["login-1"], "AC-19 and the daemon hears that nobody waits any longer"
        assert closed(port), "LOOP-02 and the listener is gone"
    with waiting(seconds=2) as (daemon, running, port):
        ends("AC-19 so does the daemon's own end", running, 80, "", "look at its page for the reason")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        with waiting(CANCEL="OK\n") as (daemon, running, port):
            running.interrupt(number)
            ends("%s ends it with a sentence" % number.name, running, 80, "", "stopped before anybody was signed in", "tokenctl login portal.user")
            assert daemon.asked("CANCEL") == ["login-1"], "AC-19 %s: and cancels it at the daemon" % number.name
    port = logins.free_port()
    with Daemon(LOGIN=offer("http://127.0.0.1:%d/callback" % port), CALLBACK=SIGNED_IN, CANCEL="OK\n") as daemon:
        reading, writing = os.pipe()
        process = subprocess.Popen([TOKENCTL, "login", "portal.user", "--timeout", "3"], env={**os.environ, "TOKEND_SOCKET": daemon.path, "BROWSER": "/nonexistent"},
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing)
        os.close(reading)
        os.close(writing)
        process.wait(20)
        assert daemon.asked("CANCEL") == ["login-1"], "AC-19 a login whose reader has gone goes on, and is cancelled at its end"
    with Daemon(LOGIN=lambda words: time.sleep(30)) as daemon, login(daemon) as running:
        while not daemon.requests:
            time.sleep(0.01)
        running.interrupt()
        began = time.monotonic()
        ends("SIGINT before the daemon has answered ends it too", running, 80, "", "stopped before anybody was signed in")
        assert time.monotonic() - began < 5 and daemon.asked("CANCEL") == [], f"at once, and there is nothing to cancel: {daemon.requests}"
    for reply, cancelled in (("OK\n", "stopped before anybody was signed in"), ("ERR refused reason=answered : too late\n", "tokenctl status portal.user"),
                             (None, "tokenctl status portal.user")):
        with waiting(callback=lambda words: time.sleep(30), CANCEL=reply) as (daemon, running, port):
            with logins.connect(port) as connection:
                connection.sendall(("GET /callback?%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (answer(), port)).encode())
                while not daemon.asked("CALLBACK"):
                    time.sleep(0.01)
                running.interrupt()
                ends("SIGINT while the daemon has the code cancels it, or points at the status: %r" % reply, running, 80, "", cancelled)
            assert daemon.asked("CANCEL") == ["login-1"], "AC-19 it is cancelled once: %r" % reply
    for reply in (SIGNED_IN, "ERR refused oauth-error=invalid_scope : no\n", "ERR login-required reason=replaced : a newer one\n"):
        with waiting(callback=reply) as (daemon, running, port):
            brings_back(port)
            running.end()
            assert daemon.asked("CANCEL") == [], "AC-19 a sign-in that is over is not cancelled: %s" % reply.split(" ")[1]
    with waiting() as (daemon, running, port):
        daemon.stop()
        assert brings_back(port)[1].title == "You are not signed in", "a daemon that is gone has a page"
        ends("and exits 69", running, 69, "", "systemctl start tokend.socket")
    with waiting(callback=lambda words: None) as (daemon, running, port):
        brings_back(port)
        ends("a daemon that hangs up exits 69", running, 69, "", "closed the connection")
    with waiting(callback="OK\n") as (daemon, running, port):
        assert ("whoever signed in" in brings_back(port)[1].text) is True, "where nobody asked who it is, the page says so"
        ends("and the last word is without a name", running, 0, "signed in\n")
    for reply in ("+ row\nOK\n", "HTTP/1.1 200 OK\n", "OK confirm was=x\n"):
        with waiting(callback=reply) as (daemon, running, port):
            brings_back(port)
            ends("a reply of no login exits 70: %r" % reply, running, 70, "")
    with waiting(callback=SIGNED_IN) as (daemon, running, port):
        assert get(port, "/callback?" + answer()).status == 303, "a browser that does not follow"
        ends("holds nothing up for long", running, 0)
    for code, status in {"denied": 77, "refused": 78, "unsupported": 64, "busy": 75, "unavailable": 75}.items():
        with Daemon(LOGIN="ERR %s : because\n" % code) as daemon, login(daemon) as running:
            ends("LOGIN %s exits %d" % (code, status), running, status, "", "portal.user: %s: because" % code)
    for reply in ("OK\n", "OK login-1\n", "OK login-1 https://x/ expires=soon\n", "OK login-1 https://x/\n"):
        with Daemon(LOGIN=reply) as daemon, login(daemon) as running:
            ends("an offer that is none exits 70: %r" % reply, running, 70, "")


def test_closed_descriptors():
    port = logins.free_port()
    for redirection in ("<&-", "<&- >&-", "<&- >&- 2>&-"):
        with Daemon(LOGIN=offer("http://127.0.0.1:%d/callback" % port), CALLBACK=SIGNED_IN) as daemon:
            process = subprocess.Popen(["sh", "-c", 'exec "$0" login portal.user ' + redirection, TOKENCTL], env={**os.environ, "TOKEND_SOCKET": daemon.path},
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            end = time.monotonic() + 20
            while closed(port) and time.monotonic() < end:
                time.sleep(0.01)
            page = brings_back(port)[1]
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            output = process.communicate()
            assert page.title == "You are signed in" and process.returncode == (74 if ">" in redirection else 0), (
                "a login with closed descriptors (%s) prints into none of its own: %s" % (redirection, (process.returncode, output)))
        with Daemon(IMPORT="OK id=9f3ac2d1770b41e6\n") as daemon:
            result = subprocess.run(["sh", "-c", 'exec "$0" import portal.pat ' + redirection, TOKENCTL], env={**os.environ, "TOKEND_SOCKET": daemon.path},
                                    capture_output=True)
            assert result.returncode == 64 and daemon.requests == [], "so does an import (%s)" % redirection


def test_another_person():
    with waiting("--confirm", callback=CONFIRM, CONFIRM=SIGNED_IN.replace("m.petrova", "i.ivanov")) as (daemon, running, port):
        page = brings_back(port)[1]
        assert page.title == "Is this the right person?" and "i.ivanov" in page.text and "m.petrova" in page.text, (
            f"AC-28 another person has a page that names both: {page.text}")
        ends("AC-28 --confirm says yes", running, 0, None)
        assert daemon.asked("CONFIRM") == ["login-1"], "and tells the daemon"
    with waiting(callback=CONFIRM, CONFIRM=SIGNED_IN) as (daemon, running, port):
        brings_back(port)
        ends("AC-28 without a terminal nobody is confirmed", running, 80, "", "i.ivanov, was m.petrova", "tokenctl login portal.user --confirm")
        assert daemon.asked("CONFIRM") == [], "and the daemon is not told so"
    for typed, status, told in (("y\n", 0, 1), ("Yes\n", 0, 1), ("n\n", 80, 0), ("\n", 80, 0), ("yikes\n", 80, 0), ("\x04", 80, 0)):
        with waiting(callback=CONFIRM, CONFIRM=SIGNED_IN, terminal=True) as (daemon, running, port):
            brings_back(port)
            asked = running.says("This is another person than before: i.ivanov, was m.petrova. Use i.ivanov from now on? [y/N] ")
            running.types(typed)
            found = running.end()
            assert asked and found[0] == status and len(daemon.asked("CONFIRM")) == told and (status == 0 or "it is still m.petrova" in found[2]), (
                "AC-28 the terminal asks, and %r exits %d: %s" % (typed, status, found))
    with waiting(callback=CONFIRM, CONFIRM=SIGNED_IN, terminal=True) as (daemon, running, port):
        brings_back(port)
        running.says("[y/N]")
        running.interrupt()
        ends("SIGINT at the question changes nothing", running, 80, "", "it is still m.petrova")
    hostile = "OK confirm subject=%3Cscript%3Ealert(1)%3C/script%3E%1B[31m was=a%26b%22%27\n"
    with waiting(callback=hostile) as (daemon, running, port):
        page = brings_back(port)[1]
        assert "&lt;script&gt;alert(1)" in page.text and "<script" not in page.text and "a&amp;b&quot;&#39;" in page.text, (
            "LOOP-10 a subject is escaped for HTML")
        found = ends("and for the terminal", running, 80, "", "%1B[31m")
        assert "\x1b" not in found[2], "without control characters"


def test_first_person():
    first = "OK confirm subject=24828 person=m.petrova\n"
    for typed, status, told in (("y\n", 0, 1), ("n\n", 80, 0), ("\n", 80, 0), ("\x04", 80, 0)):
        with waiting(callback=first, CONFIRM=SIGNED_IN, CANCEL="OK\n", terminal=True) as (daemon, running, port):
            page = brings_back(port)[1]
            asked = running.says("You signed in as m.petrova (sub 24828). Is portal.user to be served in this name? [y/N] ")
            assert page.title == "Is this you?" and "<strong>m.petrova</strong> (24828)" in page.text and "Nothing is stored yet" in page.text, (
                f"AC-28 the first person has a page that names them and points at the terminal: {page.text}")
            running.types(typed)
            found = running.end()
            assert asked and found[0] == status and len(daemon.asked("CONFIRM")) == told and (status == 0 or "nothing is stored" in found[2]), (
                "AC-28 the terminal asks, and %r exits %d: %s" % (typed, status, found))
            assert len(daemon.asked("CANCEL")) == 1 - told, "AC-28 and who is not confirmed is cancelled at the daemon: %r" % typed
            assert daemon.requests[0] == "LOGIN portal.user confirm=first\n", "AC-28 the daemon was asked to have the first person confirmed"
    with waiting(callback=first, CONFIRM=SIGNED_IN) as (daemon, running, port):
        brings_back(port)
        ends("AC-28 without a terminal the first person is not confirmed", running, 80, "", "this is the first sign-in: m.petrova (sub 24828)",
             "tokenctl login portal.user --yes")
        assert daemon.asked("CONFIRM") == [] and daemon.asked("CANCEL") == ["login-1"], (
            f"AC-28 the daemon is not told so, and ends the sign-in: {daemon.requests}")
    for option in ("--yes", "--confirm"):
        with waiting(option) as (daemon, running, port):
            brings_back(port)
            ends("AC-28 %s has said yes before" % option, running, 0)
            assert daemon.requests[0] == "LOGIN portal.user\n", "and LOGIN says so"
    with waiting("--yes", callback=CONFIRM, CONFIRM=SIGNED_IN) as (daemon, running, port):
        brings_back(port)
        ends("AC-28 but another person than before is not the first one", running, 80, "", "tokenctl login portal.user --confirm")
    named = "OK confirm subject=2 person=i.ivanov was=1 was-person=m.petrova\n"
    with waiting(callback=named, CONFIRM=SIGNED_IN, terminal=True) as (daemon, running, port):
        brings_back(port)
        assert running.says("another person than before: i.ivanov (sub 2), was m.petrova (sub 1). Use i.ivanov from now on? [y/N] "), (
            f"AC-28 another person is asked about by name: {running.errors}")
        running.types("n\n")
        ends("and so is the one who stays", running, 80, "", "it is still m.petrova (sub 1)")


OTHERS, THEIRS = 4242, "uid 4242"


@pytest.mark.root
def test_other_users():
    """Whose the connection is, as the kernel says."""
    good = "/callback?" + answer()
    with waiting() as (daemon, running, port):
        pages = [get(port, path, user=OTHERS) for path in (
            good, "/callback?error=access_denied&state=" + logins.STATE, "/callback?code=x&state=guess", "/callback?error=access_denied", "/", "/done", "/favicon.ico")]
        assert all(page.status == 403 and page.title == "This sign-in belongs to another user" for page in pages), (
            f"LOOP-14 AC-05 an answer from a process of another user is refused, be its state right or not: {pages}")
        assert daemon.asked("CALLBACK") == [], "none of it reaches the daemon"
        found = running.errors.decode()
        assert (found.count("was refused") == 1 and THEIRS in found and "uid 0" in found
                and logins.STATE not in found.replace(logins.authorization("http://127.0.0.1:%d/callback" % port), "")), (
            "who was refused with the right state is told, once")
        flood = [logins.connect(port, user=OTHERS) for _ in range(100)]
        for connection in flood:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /callback?code=x HTTP/1.1\r\nX-")
        ours = logins.connect(port)
        ours.sendall(("GET %s HTTP/1.1\r\n" % good).encode())
        flood += [logins.connect(port, user=OTHERS) for _ in range(300)]
        ours.sendall(("Host: 127.0.0.1:%d\r\n\r\n" % port).encode())
        assert logins.finish(ours).status == 303, "LOOP-08 400 connections of another user push none of ours out"
        assert get(port, "/done", user=OTHERS).status == 403, "LOOP-14 the last page is for the same user as well"
        get(port, "/done")
        ends("LOOP-14 and the login ends with the answer of its own user", running, 0)
        for connection in flood:
            connection.close()
    with waiting(host="[::1]") as (daemon, running, port):
        assert get(port, good, host="::1", user=OTHERS).status == 403, "LOOP-14 over IPv6, too"
        assert get(port, good, host="::1").status == 303, "and our own is taken"
        get(port, "/done", host="::1")
        running.end()
    with waiting() as (daemon, running, port):
        raw = "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (good, port)
        assert logins.finish(mapped(port, raw, OTHERS)).status == 403, "LOOP-14 IPv4 through an IPv6 socket of another user is refused"
        # who has closed its end has no user any more, and the kernel tells that of root
        gone = logins.connect(port, user=OTHERS)
        gone.sendall(raw.encode())
        gone.close()
        time.sleep(0.3)
        assert daemon.asked("CALLBACK") == [], "LOOP-14 an answer whose sender has gone is nobody's, not root's"
        assert logins.finish(mapped(port, raw)).status == 303, "and our own is taken that way"
        get(port, "/done")
        ends("and ends the login", running, 0)
    for typed, status in (("n\n", 403), ("y\n", 303)):
        with waiting(terminal=True, environment={"SUDO_UID": str(OTHERS)}) as (daemon, running, port):
            assert get(port, "/callback?code=x&state=guess", user=OTHERS).status == 403, "a wrong state of another user is no question"
            asking = logins.connect(port, user=OTHERS)
            asking.sendall(("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (good, port)).encode())
            asked = running.says("The answer came from a browser of uid 4242, who ran sudo. You are root (uid 0). Is that your browser? [y/N] ")
            running.types(typed)
            response = logins.finish(asking)
            assert asked and response.status == status, (
                "LOOP-14 at a terminal another user's browser is asked about, and %r is obeyed: %s" % (typed, (asked, response, running.errors)))
            if status == 303:
                assert get(port, "/done", user=OTHERS).title == "You are signed in", "and it sees the last page"
                ends("and the login ends with it", running, 0)
            else:
                assert (get(port, good, user=OTHERS).status, running.errors.count(b"[y/N]")) == (403, 1), "a no is not asked about again"
                brings_back(port)
                ends("and the login goes on", running, 0)
    # no netlink sockets, and nothing below /proc/net
    hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc/$$/net && exec "$@"', "sh"]
    if subprocess.run([*hidden, "true"], capture_output=True).returncode == 0:
        for blind, command in ((True, []), (False, hidden), (True, hidden)):
            port = logins.free_port()
            with Daemon(LOGIN=offer("http://127.0.0.1:%d/callback" % port), CALLBACK=SIGNED_IN) as daemon:
                process = subprocess.Popen([*command, TOKENCTL, "login", "portal.user", "--no-browser"], env={**os.environ, "TOKEND_SOCKET": daemon.path},
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                           preexec_fn=without_netlink if blind else None)
                end = time.monotonic() + 20
                while closed(port) and time.monotonic() < end:
                    time.sleep(0.01)
                theirs, ours = get(port, good, user=OTHERS), get(port, good)
                if ours.status == 303:
                    get(port, "/done")
                else:
                    process.send_signal(signal.SIGINT)
                output = process.communicate(timeout=20)
            if blind and command:
                assert (theirs.status == ours.status == 403 and ours.title == "It is not known whose browser this is" and "--paste" in ours.text
                        and output[1].count("was refused") == 1 and "neither sock_diag nor /proc/net/tcp" in output[1] and "--paste" in output[1]
                        and process.returncode == 80), (
                    "LOOP-14 where nothing tells users apart, nothing is taken, and both sides are told so: %s" % ((ours, output),))
            else:
                assert (theirs.status, ours.status, process.returncode) == (403, 303, 0), (
                    "LOOP-14 users are told apart without %s: %s" % ("NETLINK_SOCK_DIAG" if blind else "/proc/net/tcp", (theirs, ours, output)))
    unshared = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if subprocess.run([*unshared, "true"], capture_output=True).returncode == 0:
        result = subprocess.run([*unshared, TOKENCTL, "login", "portal.user"], capture_output=True, text=True)
        # the runtime of a statically linked Swift program ends it before main: it looks for itself under /proc
        assert (result.returncode == 71 and "/proc" in result.stderr or result.returncode == -6 and "runtime path" in result.stderr) and result.stdout == "", (
            "tokenctl without /proc ends and says why: Swift reads a program's arguments there")


def without_netlink():
    """From now on this process has no AF_NETLINK sockets (seccomp(2))."""
    number = {"x86_64": 41, "aarch64": 198}[os.uname().machine]  # socket(2)
    code = b"".join(struct.pack("=HBBI", *line) for line in (
        (0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16), (0x15, 0, 1, socket.AF_NETLINK), (0x06, 0, 0, 0x50000 | errno.EAFNOSUPPORT),
        (0x06, 0, 0, 0x7FFF0000)))
    program = ctypes.create_string_buffer(code)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    if libc.prctl(22, 2, ctypes.byref(ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(program))))) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def mapped(port, raw, user=None):
    """A connection to 127.0.0.1 through an IPv6 socket, with a request sent."""
    with acting_as(user) if user is not None else contextlib.nullcontext():
        connection = socket.socket(socket.AF_INET6)
        connection.connect(("::ffff:127.0.0.1", port))
    connection.settimeout(20)
    connection.sendall(raw.encode())
    return connection


def test_errors_without_state():
    with waiting() as (daemon, running, port):
        page = get(port, "/callback?error=invalid_request&error_description=redirect_uri+%22x%22+%1b%5b31m+is+unknown")
        assert page.status == 400 and page.title == "The server reported an error" and "invalid_request" not in page.text and "redirect_uri" not in page.text, (
            f"AC-17 an error without a state has a page that repeats nothing: {page.text}")
        told = 'with the error "invalid_request" ("redirect_uri ?x? ?[31m is unknown"), but without the state of this sign-in, so it is not believed'
        assert running.says(told) and b"\x1b" not in running.errors, f"AC-17 and is told in the terminal, printably: {running.errors}"
        for number in range(5):
            get(port, "/callback?error=e%d" % number)
            get(port, "/callback?error=invalid_request&error_description=redirect_uri+%22x%22+%1b%5b31m+is+unknown")
        assert running.errors.count(b"with the error") == 3, "three of them are told, each once"
        assert daemon.asked("CALLBACK") == [], "none reaches the daemon"
        brings_back(port)
        ends("AC-05 and the login still waits for its answer", running, 0)


def test_browsers():
    folder = tempfile.mkdtemp(prefix="login-check.")
    try:
        os.chmod(folder, 0o777)
        tokenctl = shutil.copy(TOKENCTL, folder)
        script = os.path.join(folder, "browser")
        seen = os.path.join(folder, "seen")
        with open(script, "w") as file:
            # its words, its session, its standard descriptors, how many it has open, its blocked signals: one to a line
            file.write('#!/bin/sh\nfor word; do echo "$word"; done > %s.new\nps -o sid= -p $$ >> %s.new\nfiles=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)\necho "$files" >> %s.new\n'
                       '(exec ls /proc/$$/fd > %s.files)\nwc -l < %s.files >> %s.new\ngrep SigBlk /proc/self/status >> %s.new\nmv %s.new %s\necho noise; echo noise >&2\nexit ${STATUS:-0}\n' % ((seen,) * 9))
        os.chmod(script, 0o755)
        # a browser belongs to a person; so does this run
        person = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}

        def open_by(environment, *arguments):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(seen)
            port = logins.free_port()
            uri = "http://127.0.0.1:%d/callback" % port
            with Daemon(LOGIN=offer(uri), CALLBACK=SIGNED_IN) as daemon, logins.Login(tokenctl, daemon, *arguments, environment=environment,
                **person) as running:
                running.waits()
                end = time.monotonic() + (5 if "opening your browser" in running.errors.decode() else 0.2)
                while not os.path.exists(seen) and time.monotonic() < end:
                    time.sleep(0.01)
                if environment.get("STATUS"):
                    running.says("could not open a browser")
                lines = open(seen).read().split("\n") if os.path.exists(seen) else None
                given = [word for line in lines or [] for word in re.findall(r"http://\S+/go/[0-9a-f]{32}", line)]
                ways = [get(port, given[0].partition(":%d" % port)[2], user=uid) for uid in (person.get("user"), OTHERS, person.get("user")) if given]
                brings_back(port, user=person.get("user"))
                found = running.end()
            return found, lines, logins.authorization(uri), given[0] if given else None, ways

        found, lines, url, given, ways = open_by({"BROWSER": script})
        assert lines and given and lines[0] == given and "opening your browser" in found[2], (
            "AC-20 $BROWSER is opened with an address of the listener as one argument: %s" % ((found, lines),))
        assert lines and not any(word in lines[0] for word in ("state", logins.STATE, "identity.example", "client_id", "redirect")), (
            "SEC-09 nothing of the sign-in stands among its arguments")
        assert (len(ways) == 3 and all(way.status == 302 and way.headers["location"] == url and way.headers["cache-control"] == "no-store" and way.headers["referrer-policy"] == "no-referrer" for way in (ways[0], ways[2]))), (
            "LOOP-12 the address sends the browser on to where the person signs in, and again when it is loaded again")
        assert len(ways) == 3 and (os.getuid() != 0 or ways[1].status == 403 and "location" not in ways[1].headers), "SEC-09 and tells it to no other user"
        assert url in found[2], "and the address is printed all the same"
        assert (lines and lines[1].strip() != str(os.getsid(0)) and lines[2:5] == ["/dev/null"] * 3 and int(lines[5]) <= 4
                and int(lines[6].split()[1], 16) == 0), "the browser has a session of its own, no terminal, nothing of ours open and no signal blocked"
        assert "noise" not in found[1] + found[2], "and its noise is not ours"
        found, lines, url, given, ways = open_by({"BROWSER": "/nonexistent/browser:%s --new --url=%%s:other" % script})
        assert lines and lines[:2] == ["--new", "--url=" + given], "$BROWSER may be a list, with options and %s"
        found, lines, url, given, ways = open_by({"BROWSER": script + " $(touch %s/shell); %%s" % folder})
        assert lines and lines[:2] == ["$(touch", "%s/shell);" % folder] and not os.path.exists(folder + "/shell"), "no shell reads $BROWSER"
        found, lines, url, given, ways = open_by({"BROWSER": script, "STATUS": "3"})
        assert "could not open a browser; open the address yourself" in found[2] and found[0] == 0, "a browser that fails is told of"
        found, lines, url, given, ways = open_by({"BROWSER": script}, "--no-browser")
        assert lines is None and "open this address in a browser on this machine" in found[2], "--no-browser opens none: %s" % ((found, lines),)
        os.rename(script, os.path.join(folder, "xdg-open"))
        path = {"PATH": folder + ":" + os.environ["PATH"]}
        found, lines, url, given, ways = open_by({**path, "DISPLAY": ":7"})
        assert lines and given and lines[0] == given, "xdg-open is opened where there is a display: %s" % ((found, lines),)
        found, lines, url, given, ways = open_by({**path})
        assert lines is None and "ssh -L" in found[2] and "--paste" in found[2], "and nothing where there is none: %s" % ((found, lines),)
        found, lines, url, given, ways = open_by({"DISPLAY": ":7", "PATH": "/nonexistent"})
        assert url in found[2] and "open this address" in found[2] and found[0] == 0, "a machine without xdg-open gets the address"
        if os.getuid() == 0:
            person.clear()
            found, lines, url, given, ways = open_by({**path, "DISPLAY": ":7", "SUDO_UID": "1000"})
            assert lines is None and url in found[2] and found[0] == 0, "root opens no browser for somebody else: %s" % ((found, lines),)
    finally:
        shutil.rmtree(folder)


def test_pasting():
    uri = "http://127.0.0.1:53177/callback"

    def paste(text, callback=SIGNED_IN, mode="query", **more):
        with Daemon(LOGIN=offer(uri, mode, **more), CALLBACK=callback) as daemon:
            result = run("login", "portal.user", "--paste", daemon=daemon, stdin=text)
            return result, daemon.asked("CALLBACK")

    for what, text in [("the whole address", uri + "?" + answer() + "\n"), ("its query", answer() + "\n"), ("with a question mark", "?" + answer() + "\n"),
                       ("without a line end", uri + "?" + answer()), ("in quotes and blanks", '  "%s?%s" \r\n' % (uri, answer())),
                       ("with a fragment", uri + "?" + answer() + "#_=_\n"),
                       ("in a bracketed paste", "\x1b[200~%s?%s\x1b[201~\n" % (uri, answer())),
                       ("in a bracketed paste with its line end", "\x1b[200~%s?%s\n\x1b[201~\n" % (uri, answer()))]:
        result, asked = paste(text)
        assert result.returncode == 0 and result.stdout.startswith("signed in as m.petrova") and asked == ["login-1 " + answer()], (
            "LOOP-15 --paste takes %s: %s" % (what, (result, asked)))
    assert logins.authorization(uri) in result.stderr and uri in result.stderr and CODE not in result.stderr, (
        "LOOP-15 and prints the address, and what to bring")
    result, asked = paste("%s\n\nhello\n%s#%s\n%s?%s\n" % (logins.authorization(uri), uri, answer(), uri, answer()))
    assert (result.returncode == 0 and result.stderr.count("there is no code in it") == 3 and 'behind a "#"' in result.stderr
            and asked == ["login-1 " + answer()]), "LOOP-15 what is no answer is asked for again: %s" % ((result, asked),)
    replies = iter([NOT_OURS, SIGNED_IN])
    result, asked = paste("%s\n%s\n" % (answer(state="old"), answer()), lambda words: next(replies))
    assert result.returncode == 0 and "of another sign-in" in result.stderr and len(asked) == 2, (
        "AC-05 so is the answer of another login: %s" % ((result, asked),))
    result, asked = paste("%s?error=invalid_scope\n%s\n" % (uri, answer()))
    assert result.returncode == 0 and 'with the error "invalid_scope"' in result.stderr and asked == ["login-1 " + answer()], (
        "AC-17 a pasted error without a state is told, and the right address still waited for: %s" % ((result, asked),))
    with Daemon(LOGIN=offer(uri), CALLBACK=SIGNED_IN) as daemon:
        run("login", "portal.user", "--paste", daemon=daemon, stdin=answer() + "\n")
        assert daemon.requests[0] == "LOGIN portal.user\n", "AC-28 who pastes has seen who it is: the first person is not asked about"
    result, asked = paste("")
    assert result.returncode == 80 and "no address was pasted" in result.stderr, "nothing pasted exits 80"
    result, asked = paste(answer() + "\n", mode="form_post")
    assert (result.returncode == 64 and 'response_type = "code"' in result.stderr and "ssh -L" in result.stderr and asked == []
            and "https://" not in result.stderr), "a form cannot be pasted, and the sentence says what can be done"
    result, asked = paste("error=access_denied&state=%s\n" % logins.STATE, "ERR refused oauth-error=access_denied : the sign-in was cancelled or refused\n")
    assert result.returncode == 80 and asked, "AC-17 a refusal may be pasted"
    result, asked = paste(answer() + "\n", CONFIRM)
    assert result.returncode == 80 and "--confirm" in result.stderr, "AC-28 a pasted login of another person needs a terminal"
    with Daemon(LOGIN=offer(uri), CALLBACK=CONFIRM, CONFIRM=SIGNED_IN) as daemon, login(daemon, "--paste", terminal=True) as running:
        running.says("paste it here")
        running.types(uri + "?" + answer() + "\n")
        running.says("[y/N]")
        running.types("y\n")
        status, out, _ = running.end()
        assert (status, out[:22]) == (0, "signed in as m.petrova"), "AC-28 with one it asks"
    with Daemon(LOGIN=offer(uri), CALLBACK=SIGNED_IN) as daemon, login(daemon, "--paste", terminal=True) as running:
        running.says("paste it here")
        running.types(uri + "?" + answer(more="x" * 4200) + "\n")
        status, _, said = running.end()
        assert status == 64 and "4,095" in said and not daemon.asked("CALLBACK"), "a line that the terminal cut is not sent: %s" % ((status, said),)
    with Daemon(LOGIN=offer(uri)) as daemon, login(daemon, "--paste", terminal=True) as running:
        running.says("paste it here")
        running.interrupt()
        ends("SIGINT ends --paste with a sentence", running, 80, "", "stopped before anybody was signed in")
    with Daemon(LOGIN=offer(uri)) as daemon, login(daemon, "--paste", "--timeout", "1", terminal=True) as running:
        ends("--timeout ends --paste", running, 80, "", "in time")


def test_devices():
    reply = "OK login-1 https://identity.example/device code=WDJB-MJHT interval=5 expires=%d\n" % (time.time() + 600)
    replies = iter(["ERR timeout : not yet\n", SIGNED_IN])
    with Daemon(LOGIN=reply, AWAIT=lambda words: next(replies)) as daemon:
        result = run("login", "portal.user", "--device", daemon=daemon)
        assert "WDJB-MJHT" in result.stderr and "https://identity.example/device" in result.stderr, "DEV-04 the code and the address are shown"
        assert result.returncode == 0 and result.stdout.startswith("signed in as m.petrova") and len(daemon.asked("AWAIT")) == 2, (
            "and the end is waited for: %s" % ((result, daemon.requests),))
        assert daemon.requests[0] == "LOGIN portal.user flow=device\n", "DEV-02 as asked"
    with Daemon(LOGIN=reply, AWAIT="ERR refused oauth-error=access_denied : refused\n") as daemon:
        assert run("login", "portal.user", "--device", daemon=daemon).returncode == 80, "DEV-07 a refusal ends it"
    with Daemon(LOGIN=reply, AWAIT="ERR timeout : not yet\n") as daemon:
        result = run("login", "portal.user", "--device", "--timeout", "2", daemon=daemon)
        assert result.returncode == 80 and "in time" in result.stderr, "DEV-09 the local clock ends it too"


def test_logging_out():
    with Daemon(LOGOUT="OK revoked\n") as daemon:
        result = run("logout", "portal.user", daemon=daemon)
        assert result.returncode == 0 and result.stdout == "portal.user: signed out; the server has revoked the sign-in\n", "logout says that the server knows"
        assert daemon.requests == ["LOGOUT portal.user\n"], "and asks once"
    end = "https://identity.example/connect/endsession?id_token_hint=a.b.c"
    with Daemon(LOGOUT="OK forgotten url=%s&client_id=app\n" % end) as daemon:
        result = at_terminal([TOKENCTL, "logout", "portal.user"], {"TOKEND_SOCKET": daemon.path})
        assert (result.returncode == 0 and "signed out here" in result.stdout
                and "open this to end the session in the browser too: %s&client_id=app\n" % end in result.stdout), (
            "logout says that the server does not, and where the browser's session ends")
    for given, printed in (("?id_token_hint=a.b.c", ""), ("?client_id=app&id_token_hint=a.b.c", "?client_id=app"),
                           ("?id_token_hint=a.b.c&state=1&client_id=app", "?state=1&client_id=app"), ("", "")):
        with Daemon(LOGOUT="OK revoked url=https://identity.example/end%s\n" % given) as daemon:
            result = run("logout", "portal.user", daemon=daemon)
            assert result.returncode == 0 and result.stdout.endswith("too: https://identity.example/end%s\n" % printed), (
                "SEC-09 a file or the journal is given the address without the ID token: %r" % given)
    folder = tempfile.mkdtemp(prefix="login-check.")
    try:
        browser, seen = os.path.join(folder, "browser"), os.path.join(folder, "seen")
        for way, said in (("curl", "your browser was opened to end its session too\n"), ("nobody", "your browser did not open; open this to end the session")):
            with open(browser, "w") as file:
                file.write('#!/bin/sh\necho "$*" > %s\n[ %s = curl ] || exit 3\nexec curl -sS -o /dev/null -w "%%{http_code} %%{redirect_url}" "$1" >> %s\n'
                           % (seen, way, seen))
            os.chmod(browser, 0o755)
            with Daemon(LOGOUT="OK revoked url=%s\n" % end) as daemon:
                result = subprocess.run([TOKENCTL, "logout", "portal.user", "--browser"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                                        env={**os.environ, "TOKEND_SOCKET": daemon.path, "BROWSER": browser})
            time.sleep(0.5)
            words = open(seen).read().split("\n")
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/go/[0-9a-f]{32}", words[0]), (
                "REV-07 SEC-09 logout --browser gives the browser no ID token among its arguments: %s" % way)
            assert (result.returncode == 0 and said in result.stdout and (way == "nobody") == (end.split("?")[0] in result.stdout)
                    and "a.b.c" not in result.stdout and (way == "nobody" or words[1] == "302 " + end)), (
                "REV-07 and says what came of it: %s: %s" % (way, (result, words)))
    finally:
        shutil.rmtree(folder)
    with Daemon(LOGOUT="OK revoked url=file:///etc/passwd\n") as daemon:
        result = run("logout", "portal.user", "--browser", daemon=daemon)
        assert result.returncode == 0 and "file:" not in result.stdout, "an address of the web only"
    for reply, status in (("ERR denied : no\n", 77), ("ERR login-required : nobody is signed in\n", 80), ("ERR unsupported : no\n", 64), ("OK gone\n", 70),
                          ("OK\n", 70)):
        with Daemon(LOGOUT=reply) as daemon:
            result = run("logout", "portal.user", daemon=daemon)
            assert result.returncode == status and result.stdout == "" and "portal.user" in result.stderr, "logout answered %r exits %d" % (reply, status)
    assert run("logout", "portal.user").returncode == 69, "logout without a daemon exits 69"


def test_importing():
    good = "OK id=9f3ac2d1770b41e6\n"
    for what, arguments, text, request in [
            ("from a pipe", [], TOKEN, TOKEN), ("with a line end", [], TOKEN + "\n", TOKEN), ("of 32 KiB", [], "t" * 32768 + "\n", "t" * 32768),
            ("that never ends", ["--expires", "never"], TOKEN, TOKEN + " expires=never"),
                                           ("with its end in seconds", ["--expires", "4107542400"], TOKEN, TOKEN + " expires=4107542400"),
            ("with its end as a date", ["--expires", "2100-03-01T00:00:00Z"], TOKEN, TOKEN + " expires=4107542400"),
            ("with an offset", ["--expires=2100-03-01T02:30:00.25+02:30"], TOKEN, TOKEN + " expires=4107542400"),
            ("in a leap year", ["--expires", "2096-02-29T23:59:59-00:00"], TOKEN, TOKEN + " expires=3981398399")]:
        with Daemon(IMPORT=good) as daemon:
            result = run("import", "portal.pat", *arguments, daemon=daemon, stdin=text)
            assert ((result.returncode, result.stdout) == (0, "imported, id 9f3ac2d1770b41e6\n") and daemon.requests == ["IMPORT portal.pat %s\n" % request]
                    and result.stderr == ""), "import takes a token %s: %s" % (what, (result, daemon.requests))
    with Daemon(IMPORT=good) as daemon:
        for what, text in [("nothing", ""), ("a line end alone", "\n"), ("two line ends", TOKEN + "\n\n"), ("a carriage return", TOKEN + "\r\n"),
                           ("a space", "a b"), ("two lines", "a\nb\n"),
                           ("too much", "t" * 32769), ("far too much", "t" * 3000000), ("a NUL", "a\0b"), ("an é", "é"),
                           ("a header", "Bearer " + TOKEN)]:
            result = run("import", "portal.pat", daemon=daemon, stdin=text)
            assert (result.returncode, result.stdout) == (64, "") and result.stderr.startswith("tokenctl: portal.pat: ") and "enrt" not in result.stderr, (
                "import refuses %s" % what)
        for arguments in (["portal.pat", TOKEN], [TOKEN], ["portal.pat", "--token", TOKEN], ["portal.pat", "--token=" + TOKEN], [TOKEN, "portal.pat"],
                          ["portal.pat", "--", TOKEN], ["portal.pat", "-" + TOKEN]):
            result = run("import", *arguments, daemon=daemon, stdin=TOKEN)
            assert result.returncode == 64 and "everybody" in result.stderr and "enrt" not in result.stderr + result.stdout, (
                "import refuses a token among its arguments and does not repeat it: %s" % " ".join(arguments).replace(TOKEN, "TOKEN"))
        for date in ("tomorrow", "2027-02-29T00:00:00Z", "2027-13-01T00:00:00Z", "2027-03-01", "2027-03-01T00:00:00", "2027-03-01T24:00:00Z",
                     "2027-03-01T00:00:00+2", "", "1.5"):
            result = run("import", "portal.pat", "--expires=" + date, daemon=daemon, stdin=TOKEN)
            assert result.returncode == 64 and "--expires" in result.stderr, "import refuses the end %r" % date
        for date in ("2020-01-01T00:00:00Z", "1577836800", "0"):
            result = run("import", "portal.pat", "--expires=" + date, daemon=daemon, stdin=TOKEN)
            assert result.returncode == 64 and "is in the past" in result.stderr, "import refuses an end in the past: %s" % date
        assert daemon.requests == [], "and none of it was sent"
    for reply, status in (("ERR denied : no\n", 77), ("ERR refused : the configuration names a value\n", 78), ("OK\n", 70), ("OK id=%s\n" % TOKEN, 70)):
        with Daemon(IMPORT=reply) as daemon:
            result = run("import", "portal.pat", daemon=daemon, stdin=TOKEN)
            assert result.returncode == status and result.stdout == "" and TOKEN not in result.stderr, "import answered %r exits %d" % (reply, status)
    for typed, status in ((TOKEN + "\n", 0), ("\x04", 64), ("t" * 5000 + "\n", 64)):
        with Daemon(IMPORT=good) as daemon:
            outer, inner = pty.openpty()
            process = subprocess.Popen([TOKENCTL, "import", "portal.pat"], env={**os.environ, "TOKEND_SOCKET": daemon.path}, stdin=inner, stderr=inner,
                                       stdout=subprocess.PIPE, start_new_session=True)
            os.close(inner)
            shown = os.read(outer, 4096)
            os.write(outer, typed.encode())
            output = process.communicate(timeout=30)[0]
            with contextlib.suppress(OSError):
                while piece := os.read(outer, 4096):
                    shown += piece
            os.close(outer)
            assert (process.returncode == status and b"it will not be shown" in shown and b"enrt" not in shown and b"ttt" not in shown
                    and (output == b"imported, id 9f3ac2d1770b41e6\n") == (status == 0)), (
                "at a terminal import asks and shows nothing of what is typed: %r: %s" % (typed[:6], (process.returncode, shown, output)))


@pytest.mark.root
def test_strangers():
    """Decided by who called listen(2): the kernel says so, and a file's owner does not."""
    ready, written = os.pipe()
    folder = tempfile.mkdtemp(prefix="login-check.")
    os.chmod(folder, 0o777)
    path = os.path.join(folder, "s")
    child = os.fork()
    if child == 0:
        os.setgid(54321)
        os.setuid(54321)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        os.chmod(path, 0o666)
        listener.listen()
        os.write(written, b"x")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while True:
            connection, _ = listener.accept()
            with contextlib.suppress(OSError):
                line = connection.makefile("r").readline()
                with open(os.path.join(folder, "heard"), "a") as heard:
                    heard.write(line)
                connection.sendall(b"OK\n")
            connection.close()
    try:
        os.read(ready, 1)
        os.chown(path, 0, 0)
        for arguments in (["import", "portal.pat"], ["login", "portal.user", "--no-browser"], ["logout", "portal.user"]):
            result = run(*arguments, "--socket", path, stdin=TOKEN)
            assert result.returncode == 69 and "belongs to uid 54321" in result.stderr, (
                "a stranger's socket is told nothing, though root owns the file: %s" % arguments[0])
        result = run("ping", "--socket", path)
        assert open(os.path.join(folder, "heard")).read().strip("\n") == "PING", "and it has heard nothing else"
        assert result.returncode == 0, "what is no secret may be asked of anybody"
        passwd = os.path.join(folder, "passwd")
        with open(passwd, "w") as file:
            file.write("root:x:0:0::/root:/bin/sh\ntokend:x:54321:54321::/:/usr/sbin/nologin\n")
        mounted = ["unshare", "-m", "sh", "-c", 'mount --bind "$1" /etc/passwd && shift && exec "$@"', "sh", passwd]
        if subprocess.run([*mounted, "true"], capture_output=True).returncode == 0:
            result = subprocess.run([*mounted, TOKENCTL, "import", "portal.pat", "--socket", path], input=TOKEN, capture_output=True, text=True)
            assert result.returncode == 70, "the user tokend is no stranger"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        shutil.rmtree(folder)


def test_usage():
    for arguments in (["login"], ["login", "a.b", "--timeout", "0"], ["login", "a.b", "--timeout", "soon"], ["login", "a.b", "--timeout", "86401"], ["login", "a.b", "--redirect-uri="],
                      ["login", "a.b", "--device", "--paste"],
                      ["login", "a b"], ["logout"], ["logout", "a.b", "c.d"], ["import"]):
        with Daemon(LOGIN="OK\n") as daemon:
            result = run(*arguments, daemon=daemon, stdin=TOKEN)
            assert (result.returncode, result.stdout) == (64, "") and daemon.requests == [], (
                "wrong usage exits 64: %s: %s" % (" ".join(arguments), (result, daemon.requests)))
    for command in ("login", "logout", "import"):
        result = run(command, "--help")
        assert result.returncode == 0 and result.stdout.startswith("OVERVIEW: ") and "--socket" in result.stdout and "rest" not in result.stdout, (
            "%s --help" % command)
