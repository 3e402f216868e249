"""A real browser goes the whole way of a sign-in, and every page is looked at: light, dark and narrow. Screenshots are left in .build/test/pages."""
import contextlib
import html
import http.server
import threading
import time
import urllib.parse

import pytest
from lib import logins
from lib.chromium import Chromium
from lib.daemon import REPOSITORY, TOKENCTL
from lib.logins import Daemon, Login

pytestmark = pytest.mark.browser
PAGES = REPOSITORY / ".build" / "test" / "pages"
SIGNED_IN = "OK subject=m.petrova expires=%d\n" % logins.EXPIRES
NOT_OURS = "ERR bad-request reason=state : the answer belongs to another login\n"


class Identity:
    """An identity server as a browser sees one: a page with a button, then the way back by query or by form."""

    def __init__(self):
        self.denies = False
        identity = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if not self.path.startswith("/connect/authorize?"):
                    return self.page(404, "nothing")
                asked = dict(urllib.parse.parse_qsl(self.path.partition("?")[2]))
                self.page(200, "<title>Identity</title><form method=post action=/signin>%s<button>Sign in</button></form>" % fields(asked))

            def do_POST(self):
                asked = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                answer = {"error": "access_denied"} if identity.denies else {"code": "SplxlOBeZQQYbYS6WxSbIA"}
                answer.update(state=asked["state"], session_state="q.w")
                if asked.get("response_mode") == "form_post":
                    answer["id_token"] = "eyJ." + "x" * 3000 + ".c2ln"
                    return self.page(200, "<form method=post action='%s'>%s</form><script>document.forms[0].submit()</script>"
                                     % (html.escape(asked["redirect_uri"]), fields(answer)))
                self.send_response(302)
                self.send_header("Location", asked["redirect_uri"] + "?" + urllib.parse.urlencode(answer))
                self.end_headers()

            def page(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        def fields(values):
            return "".join("<input type=hidden name='%s' value='%s'>" % (html.escape(k), html.escape(v)) for k, v in values.items())

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def identity():
    return Identity()


@pytest.fixture(scope="module")
def browser():
    PAGES.mkdir(parents=True, exist_ok=True)
    with Chromium() as browser:
        yield browser


@contextlib.contextmanager
def signing_in(identity, *arguments, callback=SIGNED_IN, mode="query", host="127.0.0.1", name="portal.user", **answers):
    """A login that waits, the address it printed, and the port."""
    port = logins.free_port()
    offer = logins.offer("http://%s:%d/callback" % (host, port), mode).replace("https://identity.example", identity.address)
    with Daemon(LOGIN=offer, CALLBACK=callback, **answers) as daemon, Login(TOKENCTL, daemon, "--no-browser", *arguments, name=name) as login:
        login.waits()
        yield login, next(line for line in login.errors.decode().splitlines() if line.startswith(identity.address)), port


def go(browser, address):
    """The person: opens the address, presses the button."""
    browser.open(address)
    browser.until("document.querySelector('button') !== null")
    browser.script("document.querySelector('button').click()")


def look(browser, name, title, *texts):
    """Waits for the page, looks at it in every dress, and at what the browser thinks of it."""
    assert browser.until("document.querySelector('h1') && document.querySelector('h1').innerText == %r" % title), (
        "%s: the page is there: %s" % (name, browser.script("document.documentElement.outerHTML")))
    shown = browser.script("document.body.innerText") or ""
    assert all(text in shown for text in texts), "%s: it says what it should: %s" % (name, shown)
    for dress, options in (("light", {}), ("dark", {"dark": True}), ("narrow", {"width": 360, "height": 560})):
        browser.dress(**options)
        browser.screenshot(PAGES / ("%s-%s.png" % (name, dress)))
        colours = browser.script("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('main')).backgroundColor].join(' ')")
        wanted = {"light": "rgb(243, 244, 246) rgb(255, 255, 255)", "dark": "rgb(20, 22, 26) rgb(30, 33, 39)"}.get(dress)
        assert wanted in (None, colours), "LOOP-10 %s: its style is applied, %s" % (name, dress)
        assert browser.script("document.documentElement.scrollWidth <= innerWidth"), "%s: nothing is wider than the window, %s" % (name, dress)
    browser.dress()


def ends(login, status, *texts):
    found = login.end()
    assert found[0] == status and all(text in found[1] + found[2] for text in texts), "and tokenctl exits %d" % status


def policy(browser, identity, name, port):
    asked = [url for url in browser.requests() if not url.startswith(identity.address)]
    assert asked and all(":%d/" % port in url for url in asked), "LOOP-10 %s: the browser asked nobody else for anything" % name
    assert browser.complaints() == [], "LOOP-10 %s: the browser holds nothing against the page" % name


def test_signed_in(browser, identity):
    for mode, host in (("query", "127.0.0.1"), ("form_post", "127.0.0.1"), ("query", "localhost"), ("form_post", "localhost")):
        name = "signed-in-%s-%s" % (mode, host)
        with signing_in(identity, mode=mode, host=host) as (login, address, port):
            go(browser, address)
            look(browser, name, "You are signed in", "m.petrova", "You can close this window.")
            policy(browser, identity, name, port)
            assert browser.script("location.href") == "http://%s:%d/done" % (host, port), "LOOP-11 %s: the address bar holds no code" % name
            assert not any("code=" in url for url in browser.history()[-2:]), "LOOP-11 %s: neither does the history: %s" % (name, browser.history())
            ends(login, 0, "signed in as m.petrova")
    with signing_in(identity, callback="OK subject=%s expires=never\n" % urllib.parse.quote("<img src=x onerror=alert(1)>" + "w" * 120)) as (login, address,
        port):
        go(browser, address)
        look(browser, "signed-in-hostile", "You are signed in", "<img src=x onerror=alert(1)>")
        policy(browser, identity, "signed-in-hostile", port)
        ends(login, 0)


def test_other_ends(browser, identity):
    identity.denies = True
    for mode in ("query", "form_post"):
        with signing_in(identity, mode=mode, callback="ERR refused oauth-error=access_denied : the sign-in was cancelled or refused\n") as (login, address,
            port):
            go(browser, address)
            look(browser, "consent-refused-" + mode, "Access was not granted", "tokenctl login portal.user")
            ends(login, 80, "the sign-in was cancelled or refused")
    identity.denies = False
    with signing_in(identity, callback="ERR refused oauth-error=invalid_scope : the server does not grant a scope that was asked for\n") as (login, address,
        port):
        go(browser, address)
        look(browser, "failed", "You are not signed in", "terminal")
        ends(login, 78, "does not grant a scope")
    with signing_in(identity, callback="OK confirm subject=i.ivanov was=m.petrova\n") as (login, address, port):
        go(browser, address)
        look(browser, "another-person", "Is this the right person?", "i.ivanov", "m.petrova", "terminal")
        ends(login, 80, "--confirm")
    with signing_in(identity, callback="ERR timeout : the login is over\n") as (login, address, port):
        go(browser, address)
        look(browser, "over", "This sign-in is over", "tokenctl login portal.user")
        ends(login, 80)


def test_what_is_no_end(browser, identity):
    with signing_in(identity, mode="form_post") as (login, address, port):
        for name, url, title in [("nothing-here", "/", "There is nothing here"), ("wrong-method", "/callback?code=x", "This is not what was expected")]:
            browser.open("http://127.0.0.1:%d%s" % (port, url))
            look(browser, name, title)
        go(browser, address.replace("state=" + logins.STATE, "state=of-an-old-tab"))
        look(browser, "not-ours", "This answer belongs to another sign-in", "still waiting")
        go(browser, address)
        look(browser, "not-ours-and-then", "You are signed in")
        ends(login, 0)
    replies = iter([NOT_OURS, SIGNED_IN])
    with signing_in(identity, callback=lambda words: next(replies)) as (login, address, port):
        go(browser, address)
        look(browser, "not-ours-by-the-daemon", "This answer belongs to another sign-in", "still waiting")
        go(browser, address)
        look(browser, "not-ours-by-the-daemon-and-then", "You are signed in")
        ends(login, 0, "still waiting")


def test_patience(browser, identity):
    def slowly(words):
        time.sleep(2)
        return SIGNED_IN

    with signing_in(identity, callback=slowly) as (login, address, port):
        go(browser, address)
        look(browser, "slow-exchange", "You are signed in")
        ends(login, 0)
