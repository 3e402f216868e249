"""The same in a real browser without a window: the pages of the identity site, the way back, and what the person sees at its end."""
import pytest
from lib import logins
from lib.chromium import Chromium
from lib.daemon import REPOSITORY
from lib.dialogue import at_terminal

from .fixture import HYBRID, OTHER, PERSON, PORT, SignInFixture, person

pytestmark = pytest.mark.browser
PAGES = REPOSITORY / ".build" / "test" / "pages"


class Person:
    """Somebody at the browser, with passwords that the simulated site knows."""

    def __init__(self, browser, server):
        self.browser, self.server = browser, server
        # the site's authority is known to the programs under test; whom the browser trusts is not what is tested
        browser.ask("Security.setIgnoreCertificateErrors", ignore=True)

    def signs_in(self, address, user=PERSON, button="login"):
        password = next(known["password"] for known in self.server.about["users"] if known["login"] == user)
        self.browser.open(address)
        self.browser.until("document.querySelector('#sign-in input[name=username]') !== null")
        self.browser.script("document.querySelector('[name=username]').value = %r; document.querySelector('[name=password]').value = %r;"
                            "document.querySelector('button[value=%s]').click()" % (user, password, button))

    def is_asked(self, button="yes"):
        return self.browser.until("document.querySelector('button[value=%s]') !== null" % button)

    def presses(self, button):
        self.is_asked(button)
        self.browser.script("document.querySelector('button[value=%s]').click()" % button)

    def sees(self, title):
        return self.browser.until("document.querySelector('h1') && document.querySelector('h1').innerText == %r" % title)

    def reads(self):
        return self.browser.script("document.body.innerText") or ""

    def keeps(self, name):
        PAGES.mkdir(parents=True, exist_ok=True)
        self.browser.screenshot(PAGES / ("signin-%s.png" % name))

    def forgets(self):
        self.browser.ask("Network.clearBrowserCookies")


@pytest.fixture(scope="module")
def browser():
    with Chromium() as browser:
        yield browser


@pytest.fixture
def somebody(browser, server):
    somebody = Person(browser, server)
    somebody.forgets()
    return somebody


def test_there_and_back_in_a_browser(server, browser, somebody):
    for client, more, what in (("portal", "", "code"), ("native", "", "code, a public client"), ("portal", HYBRID, "code id_token")):
        somebody.forgets()
        with SignInFixture(server, "knob consent on") as scene:
            scene.people({"me": person(more=more)}, client=client).start()
            with scene.login("--no-browser") as login:
                login.waits()
                address = scene.address(login)
                somebody.signs_in(address)
                somebody.is_asked()
                somebody.keeps("consent")
                somebody.presses("yes")
                there = somebody.sees("You are signed in")
                shown, bar = somebody.reads(), browser.script("location.href")
                history, requests = browser.history()[-2:], browser.requests()
                somebody.keeps("signed-in-%s-%s" % (client, "hybrid" if more else "code"))
                status, output, errors = login.end()
            assert there and status == 0 and output.startswith("signed in as " + PERSON), (
                "AC-20 a person signs in and consents in a browser: %s: %s" % (what, (shown, status, output, errors)))
            assert PERSON in shown and "app.me" in shown and "close this window" in shown, "the last page says who serves what in whose name"
            assert bar == "http://127.0.0.1:%d/done" % PORT, "LOOP-11 %s: the address bar ends at a page without parameters" % what
            assert not any("code=" in url for url in history), "LOOP-11 %s: and the history has no code: %s" % (what, history)
            assert all(url.startswith((server.about["erpnet"], "http://127.0.0.1:%d/" % PORT)) for url in requests), (
                "LOOP-12 %s: the browser asked nobody but the two: %s" % (what, requests))
            assert any(url.endswith("/callback") for url in requests) if more else any("/callback?code=" in url for url in requests), (
                "HYB-02 %s: %s: %s" % (what, "the answer was posted" if more else "the answer was a query", requests))
            assert [text for text in browser.complaints() if "favicon" not in text] == [], "LOOP-10 %s: the browser holds nothing against the page" % what
            assert PERSON in scene.call(scene.ask("HEADER app.me")[3:], server.about["me"])[1], "and the token is this person's"


def test_refusals_in_a_browser(server, browser, somebody):
    with SignInFixture(server, "knob consent on") as scene:
        scene.people({"me": person(more=HYBRID), "plain": person()}).start()
        for name, button in (("app.me", "no"), ("app.plain", "no"), ("app.plain", "cancel")):
            somebody.forgets()
            with scene.login("--no-browser", name=name) as login:
                login.waits()
                somebody.signs_in(scene.address(login), button="cancel" if button == "cancel" else "login")
                if button == "no":
                    somebody.presses("no")
                there = somebody.sees("Access was not granted")
                shown = somebody.reads()
                somebody.keeps("refused")
                status, output, errors = login.end()
            assert there and "nothing has changed" in shown and "tokenctl login " + name in shown and status == 80, (
                "AC-17 HYB-13 a person who refuses (%s, %s) sees that nothing has changed: %s" % (name, button, (shown, status, errors)))
        server.control("knob consent off")
        server.control("knob id-token-flaw broken-signature")
        for place in ("front", "code"):
            somebody.forgets()
            server.control("knob id-token-flaw-in " + place)
            with scene.login("--no-browser") as login:
                login.waits()
                somebody.signs_in(scene.address(login))
                there = somebody.sees("You are not signed in")
                shown = somebody.reads()
                somebody.keeps("failed")
                status, output, errors = login.end()
            assert there and "terminal" in shown and status == 78 and "the ID token has a wrong signature" in errors, (
                "HYB-04 a forged ID token (%s): the page says that it failed, the terminal why: %s" % (place, (shown, status, errors)))


def test_another_person_in_a_browser(server, browser, somebody):
    with SignInFixture(server) as scene:
        scene.people().start()
        scene.signed_in()
        server.control("knob auto-login off")
        with scene.login("--no-browser", terminal=True) as login:
            login.waits()
            somebody.signs_in(scene.address(login), OTHER)
            there = somebody.sees("Is this the right person?")
            shown = somebody.reads()
            somebody.keeps("another-person")
            login.says("[y/N]")
            login.types("y\n")
            status, output, errors = login.end()
        assert there and OTHER in shown and PERSON in shown and status == 0 and OTHER in output, (
            "AC-28 the page asks whether this is the right person, the terminal decides: %s" % ((shown, status, output),))


def test_a_stray_answer_in_a_browser(server, browser, somebody):
    with SignInFixture(server) as scene:
        scene.people({"me": person(more=HYBRID), "plain": person()}).start()
        with scene.login("--no-browser", name="app.plain") as login:
            login.waits()
            old = scene.address(login)
            login.interrupt()
            login.end()
        with scene.login("--no-browser", name="app.plain") as login:
            login.waits()
            somebody.signs_in(old)
            there = somebody.sees("This answer belongs to another sign-in")
            shown = somebody.reads()
            somebody.keeps("old-tab")
            browser.open(scene.address(login))
            last = somebody.sees("You are signed in")
            status, output, errors = login.end()
        assert there and "still waiting" in shown, f"AC-05 the answer of an old tab is left aside, and says so: {shown}"
        assert last and status == 0, "AC-05 and the sign-in that waits goes on, without a password: the browser has its session: %s" % ((status, errors),)
        with scene.login("--no-browser", name="app.me") as login:
            login.waits()
            other = logins.get(PORT, "/callback?code=1&state=2")
            assert other.status == 405, "LOOP-07 where a form is due a query is not taken"
            browser.open(scene.address(login))
            assert somebody.sees("You are signed in") and login.end()[0] == 0, "HYB-02 and the form is"


def test_signing_out_in_a_browser(server, browser, somebody):
    with SignInFixture(server) as scene:
        scene.people().start()
        with scene.login("--no-browser") as login:
            login.waits()
            somebody.signs_in(scene.address(login))
            somebody.sees("You are signed in")
            login.end()
        done = at_terminal(scene.daemon.command("logout", "app.me"))
        browser.open(done.stdout.splitlines()[1].rpartition(" ")[2])
        ended = browser.until("document.body.innerText.length > 0") and not any(session["alive"] for session in server.control("sessions")["sessions"])
        somebody.keeps("signed-out")
        assert ended, "the address that LOGOUT gives ends the browser's session as well: %s" % ((done.stdout, somebody.reads()),)
        with scene.login("--no-browser") as login:
            login.waits()
            browser.open(scene.address(login))
            assert browser.until("document.querySelector('#sign-in') !== null"), f"so that the next sign-in asks for a password again: {somebody.reads()}"
            login.interrupt()
            status, output, errors = login.end()
        assert status == 80 and errors.count("tokenctl login app.me") == 1, "Ctrl-C ends a login, and says how to begin again: %s" % ((status, errors),)
