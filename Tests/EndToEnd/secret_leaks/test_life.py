"""No secret is where it must not be: in a whole life of the daemon its memory, files, journal and what others see of it are searched.

The release daemon runs as its unit has it. WITHOUT="GLIBC_TUNABLES" in the environment starts it without that line of its unit, and must fail. The
tests are one life: each goes on where the one before has ended.
"""
import re
import subprocess
import time
import types
import urllib.parse

import pytest
from lib import logins, processes
from lib.daemon import TOKENCTL
from lib.simulator import started

from . import search
from .play import OPTIONS, OTHER, PERSON, PORT, Play, fingerprint, made_up


# what a caller itself sent is repeated to it, 64 bytes at most
ECHOED = ("made-up token", "token among the arguments")
MISPLACED = ("token among the arguments",)


@pytest.fixture(scope="module")
def play():
    with started(*OPTIONS) as server, Play(server) as play:
        yield play.configure().start()


@pytest.fixture(autouse=True)
def witness(play):
    """What others see of the processes, after each act."""
    yield
    play.witness.look_at_all()


def test_the_search_itself():
    search.itself()


def test_service(play):
    """Tokens without a person, handed out, renewed, rejected and run out."""
    names = ("svc.job", "svc.brief", "basic.job", "odd.job", "portal.fixed")
    replies = [play.ask("GET " + name) for name in names] + [play.ask("HEADER svc.job"), play.ask("GET svc.job scope=read")]
    assert all(reply.startswith("OK ") for reply in replies), "every way of asking gives a token: %s" % ("\n".join(reply[:60] for reply in replies),)
    assert re.search("^ERR refused", play.says("GET wrong.job wait=5")), "a client with a wrong secret is refused"
    token = play.ask("GET svc.job").split(" ")[1]
    play.says("REJECT svc.job id=" + fingerprint(token))
    for line in ("STATUS", "LIST", "EXPLAIN svc.job uid=0", "RENEW svc.job", "HELP", "METRICS"):
        play.says(line)


def test_people(play):
    """Signing in by code and by hybrid flow, at the daemon and through tokenctl; tokens that are brought in."""
    play.server.control("knob id-token-profile on")
    assert re.search("^OK subject=" + PERSON, play.sign_in("portal.me")), "somebody signs in with a code"
    assert re.search("^OK subject=" + PERSON, play.sign_in("portal.duo")), "and in the hybrid flow"
    login, url = play.begin("portal.me")
    play.server.control("knob auto-login " + OTHER)
    assert re.search("^OK confirm", play.says("CALLBACK %s %s" % (login, play.answer(url)))), "another person is confirmed"
    assert re.search("^OK subject=" + OTHER, play.says("CONFIRM " + login)), "and signs in"
    play.server.control("knob auto-login " + PERSON)
    assert login_with_listener(play, "portal.duo", "--confirm") == 0, "tokenctl signs somebody in through the browser"
    assert login_with_paste(play, "portal.me") == 0, "and with a pasted address"
    mint = play.server.control("reference mint kind=PAT app=demo.app/portal user=%s" % PERSON)["token"]
    play.trove.add("reference token", mint)
    assert play.runs("import", "portal.pat", "--expires", "never", text=mint + "\n")[0] == 0, "tokenctl brings a token in"
    again = play.server.control("reference mint kind=PAT app=demo.app/portal user=%s" % PERSON)["token"]
    play.trove.add("reference token", again)
    assert re.search("^OK id=", play.says("IMPORT portal.pat %s expires=never" % again)), "and another replaces it"
    play.references["portal.pat"] = again
    by_refresh = play.server.control("grant mint app=demo.app/portal user=%s" % PERSON)["refresh_token"]
    play.trove.add("refresh token", by_refresh)
    play.says("IMPORT portal.me " + by_refresh)


def login_with_listener(play, name, *arguments):
    """`tokenctl login` with a browser that comes to its port; its exit status."""
    with running_login(play, name, "--no-browser", *arguments) as login:
        url = address(play, login)
        location, page = play.visit(url)
        if location:
            response = logins.get(PORT, location.partition(":%d" % PORT)[2].partition("#")[0])
        else:
            form = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
            response = logins.post(PORT, "/callback", urllib.parse.urlencode(form))
        if response.status == 303:
            logins.get(PORT, response.headers["location"])
        return ended(play, login)


def login_with_paste(play, name):
    """`tokenctl login --paste`, which the person gives what the browser brought; its exit status."""
    with running_login(play, name, "--paste", "--confirm", stdin=subprocess.PIPE) as login:
        answer = play.answer(address(play, login))
        login.process.stdin.write(answer.encode() + b"\n")
        login.process.stdin.close()
        return ended(play, login)


def running_login(play, name, *arguments, **more):
    login = logins.Login(TOKENCTL, types.SimpleNamespace(path=str(play.daemon.socket)), *arguments, name=name, **more)
    play.witness.watch(login.process.pid)
    return login


def address(play, login):
    """The address that it has printed; its state and nonce are known from now on, and are no secret on its own terminal."""
    start = play.server.about["erpnet"]
    found = processes.until(lambda: re.search(re.escape(start) + r"\S+", login.errors.decode()), 20)
    if not found:
        raise RuntimeError("tokenctl login prints no address: %r" % login.errors)
    query = dict(urllib.parse.parse_qsl(found[0].partition("?")[2]))
    play.trove.add("state", query["state"])
    play.trove.add("nonce", query.get("nonce"))
    return found[0]


def ended(play, login):
    status, output, errors = login.end()
    start = re.escape(play.server.about["erpnet"])
    play.outputs += [output, re.sub(start + r"\S+", "", errors)]
    return status


def test_mistakes(play):
    """Sign-ins that fail, answers that are wrong, and lines with secrets where none belong."""
    server = play.server
    login, url = play.begin("portal.me")
    good = play.answer(url)
    stray = re.sub(r"state=[^&]*", "state=" + made_up(), good)
    play.trove.add("state", re.search(r"state=([^&]*)", stray)[1])
    assert re.search("^ERR refused", play.says("CALLBACK %s %s" % (login, stray))), "a wrong state is no answer"
    code = made_up(32)
    play.trove.add("made-up code", code)
    reply = play.says("CALLBACK %s %s" % (login, re.sub(r"code=[^&]*", "code=" + code, good)))
    assert re.search("^ERR login-required", reply), "a made-up code is refused"
    play.says("CALLBACK %s %s" % (login, good))
    echo = made_up(32)
    play.trove.add("made-up token", echo)
    login, url = play.begin("portal.me")
    state = re.search(r"state=([^&]*)", url)[1]
    play.says("CALLBACK %s error=access_denied&error_description=%s&state=%s" % (login, "no+to+" + echo[:10], state))
    for flaw in ("broken-signature", "wrong-key"):
        server.control("knob id-token-flaw " + flaw)
        for name in ("portal.me", "portal.duo"):
            play.sign_in(name)
    server.control("knob id-token-flaw none")
    server.control("knob deny access_denied")
    play.sign_in("portal.duo")
    server.control("knob deny off")
    token = play.ask("GET svc.job").split(" ")[1]
    for line in (token[:3000], "GTE " + token[:3000], "GET " + token[:3000], "GET svc.job scope=" + echo, "GET svc.job %s=1" % echo, "IMPORT " + echo,
                 "IMPORT svc.job " + echo, "IMPORT no.name %s expires=soon" % echo, "IMPORT portal.pat %s" % echo, "IMPORT portal.pat %s!§" % echo,
                 "CALLBACK %s code=%s&state=%s" % (echo[:22], echo, echo), "CONFIRM " + echo, "REJECT svc.job id=" + echo, "LOGIN " + echo,
                 "LOGIN portal.me redirect-uri=https://" + echo, "WAIT " + echo, "LOGOUT " + echo,
                 "GET " + echo * 120, "IMPORT portal.pat " + echo * 2000):
        reply = play.ask(line)
        # the line of whoever asked may be repeated to them, 64 bytes of it
        assert reply is None or reply.startswith("ERR "), "a bad line is refused: " + line[:14].replace(echo[:4], "…")
    play.says("EXPLAIN svc.job uid=0 unit=" + echo)
    with play.open() as unfinished:
        unfinished.send("IMPORT portal.pat " + echo).end_input()
        unfinished.rest()
    for arguments in (("import", "portal.pat"), ("login", "portal.me", "--paste")):
        play.runs(*arguments, text=echo + "\n", kept=False)
    # whoever writes it there has shown it to everybody; the daemon and tokenctl do not pass it on
    misplaced = made_up(32)
    play.trove.add("token among the arguments", misplaced)
    for arguments in (("import", misplaced), ("import", "portal.pat", misplaced), ("get", misplaced)):
        play.runs(*arguments)


def test_echoes(play):
    """A server that says in its errors what it was asked with."""
    server = play.server
    play.learn()
    refresh = {grant["current"] for grant in server.control("grants alive=true client=demo.app/portal")["grants"]}
    current = [secret.value for secret in play.trove.of("refresh token") if fingerprint(secret.value) in refresh]
    for said in (play.client_secrets["machine"], "the secret was " + play.client_secrets["machine"]):
        server.control('fault token status code=400 error=invalid_request client=demo.app/sync description="%s"' % said)
        play.says("RENEW svc.brief")
    for value in current:
        server.control('fault token status code=503 retry-after=1 error=temporarily_unavailable grant=refresh_token description="again: %s"' % value)
        server.control('fault token status code=500 error=%s grant=refresh_token' % value)
    for name in ("portal.me", "portal.duo"):
        play.says("RENEW " + name)
    for fault in ("quirk body=html", "quirk body=trailing", "quirk body=duplicate", "quirk body=2mib", "quirk body=bom", "half-body", "reset when=after",
                  "quirk access-token=long", "quirk token-type=mac", "quirk scope=number", "quirk expires-in=0", "slow-body every=0.002"):
        server.control("fault token %s grant=client_credentials client=demo.app/report" % fault)
        play.says("RENEW basic.job")
        server.control("clear")
    play.says("STATUS")


def test_files_among_rotations(play):
    rotations(play)
    play.witness.look_at_all()
    play.earlier = search.folder("among rotations", play)
    rotations(play)


def rotations(play, count=4):
    """Many refresh tokens, one after the other, while everybody asks."""
    before = play.server.control("counters")["counters"].get("refresh-grants", 0)
    watch = play.open()
    watch.send("WATCH portal.me\n")
    with play.open() as first, play.open() as second:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            for conversation, name in ((first, "svc.job"), (first, "portal.me"), (second, "portal.duo"), (second, "basic.job"), (first, "portal.pat")):
                conversation.ask("GET %s wait=5" % name)
                conversation.ask("HEADER %s wait=5" % name)
            if play.server.control("counters")["counters"].get("refresh-grants", 0) >= before + count:
                break
            time.sleep(0.2)
    watch.close()
    made = play.server.control("counters")["counters"].get("refresh-grants", 0) - before
    assert made >= count, "refresh tokens were rotated"


def test_reconfigured(play):
    """A client secret is changed and read anew; configurations with secrets in them are refused."""
    inline, second_line = made_up(), made_up()
    play.trove.add("secret in the configuration", inline, second_line)
    good = (play.daemon.configuration / "apps.d" / "svc.toml").read_text()
    bad = re.sub(r"secret = \{.*\}", 'secret = "%s"' % inline, good)
    play.daemon.application("svc", bad)
    play.outputs.append(play.check().stdout)
    assert re.search("ERR bad-config", play.says("RELOAD")), "a secret in the configuration is refused"
    play.daemon.application("svc", bad.replace('secret = "', 'secret = """\n'))
    play.says("RELOAD")
    play.daemon.secret("svc.secret", play.client_secrets["machine"] + "\n" + second_line + "\n")
    play.daemon.application("svc", good)
    play.says("RELOAD")
    play.renew_client("machine")
    play.daemon.secret("svc.secret", play.client_secrets["machine"] + "\n")
    assert re.search("^OK", play.says("RELOAD"), re.MULTILINE), "a changed secret is taken up"
    assert play.runs("reload")[0] == 0, "tokenctl reloads"
    assert processes.until(lambda: play.ask("GET svc.job wait=5").startswith("OK "), 20), "and it works"


def test_tools(play):
    """tokenctl's other commands; what of their output is no token."""
    for arguments in (("status",), ("status", "portal.me"), ("status", "--json"), ("list",), ("explain", "svc.job"), ("ping",),
                      ("reject", "svc.brief"), ("renew", "svc.job"), ("wait", "svc.job")):
        play.runs(*arguments)
    for arguments in (("get", "svc.job"), ("header", "svc.job"), ("get", "svc.job", "--json")):
        play.runs(*arguments, kept=False)


def test_quiet(play):
    """Everything is long-lived now, and nothing is under way: what is held stays as it is."""
    play.server.control("clear")
    play.server.control("knob access-ttl 3600")
    for name in ("portal.me", "portal.duo"):
        until_fresh(play, name)
    for name in ("svc.job", "basic.job", "odd.job"):
        until_fresh(play, name)
    assert all(" expires=" in play.ask("STATUS " + name) for name in ("portal.me", "portal.duo", "svc.job")), "long-lived tokens are held"


def until_fresh(play, name):
    """Asks until a token that lives long is there."""
    def fresh():
        words = play.ask("GET %s wait=5 min-valid=600" % name).split(" ")
        return words[0] == "OK"
    if not processes.until(fresh, 40, every=0.3):
        raise RuntimeError("%s does not come back: %s" % (name, play.ask("STATUS " + name)))


def test_with_everything_held(play):
    with play.open() as idle:
        # its reply is kept for the next of its kind as long as it lives
        idle.ask("GET portal.me")
        _, url = play.begin("portal.duo")
        query = dict(urllib.parse.parse_qsl(url.partition("?")[2]))
        play.waiting = {query["state"], query["nonce"]}
        search.census("with everything held", play)
        search.canaries(play)
        search.key(play)
        play.witness.look_at_all()
        play.earlier = search.folder("with everything held", play, records_of_sign_ins(play))


def records_of_sign_ins(play):
    """The sealed bytes that were there before, but for the reference token, which stays."""
    return [play.earlier[name] for name in play.earlier if not name.endswith("portal.pat")]


def test_restarted(play):
    """The same state, another process, and the journal instead of standard error."""
    assert play.daemon.stop() == 0, "SIGTERM ends it with 0"
    play.waiting = set()
    play.daemon.mode = "journal"
    play.daemon.start()
    for name in ("portal.me", "portal.duo", "svc.job"):
        until_fresh(play, name)
    search.census("after a restart", play)


def test_gone(play):
    """Both people sign out; the address that ends their session at the server holds their ID token, for their own eyes."""
    status, _, _ = play.runs("logout", "portal.me", kept=False)
    assert status == 0, "tokenctl signs somebody out"
    assert re.search("^OK revoked", play.ask("LOGOUT portal.duo")), "and the protocol somebody else"
    play.says("GET portal.me wait=0")
    search.census("after signing out", play)
    search.folder("after signing out", play, records_of_sign_ins(play))


def test_after_its_end(play):
    assert play.daemon.stop() == 0, "SIGTERM ends it with 0"
    search.folder("after its end", play)
    play.learn()
    search.nowhere("LOG-01 no secret is in what the daemon wrote to its journal and to standard error", play, play.daemon.told())
    assert len(play.daemon.told()) > 4000 and len(play.daemon.journal.words()) > 500, "which is not little"
    search.nowhere("SEC-07 no secret is in replies and outputs that need none", play, "\n".join(play.outputs).encode(), but=ECHOED)
    search.nowhere("SEC-03 no secret is in the arguments, environment or name of a process", play, play.witness.words(), but=MISPLACED)
