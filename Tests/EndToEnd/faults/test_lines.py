"""The protocol over the real socket: what every request is answered, in every way its bytes can arrive."""
import os
import re
import ssl
import urllib.error
import urllib.request

from lib.daemon import CALLER, REPOSITORY
from lib.stage import Stage, token

PAGE = REPOSITORY / "systemd" / "man" / "tokend-protocol.7.md"

TOKEN = r"[A-Za-z0-9._~+/=-]+"
SERVED = r"OK %s type=Bearer expires=\d{10} id=[0-9a-f]{16}( scope=\S+)+" % TOKEN

ANSWERS = [
    ("PING", r"OK"),
    ("ping", r"OK"),
    ("HELLO", r"OK tokend \S+ protocol=1"),
    ("HELP", r"(\+ [A-Z]+.* : .*\n)+OK"),
    ("GET app.job", SERVED),
    ("HEADER app.job", r"OK Authorization: Bearer %s" % TOKEN),
    ("GET app.job min-valid=10 wait=5 scope=read", SERVED),
    ("WAIT app.job", r"OK state=ready"),
    ("LIST", r"\+ app\.job state=ready\nOK 1"),
    ("STATUS app.job", r"\+ app\.job state=ready expires=\d+ renews=\d+ id=[0-9a-f]{16}\n(\+ app\.job consumer=\S+ state=ready.*\n)+OK.*"),
    ("STATUS", r"(\+ app\.job .*\n)+OK.*"),
    ("REJECT app.job", r"OK cooling retry-after=(30|2\d)"),
    ("REJECT app.job id=0123456789abcdef", r"OK newer"),
    ("RENEW app.job", r"(\+ .*\n)*(OK.*|ERR busy retry-after=[1-5] : .*)"),
    ("RELOAD", r"(\+ .*\n)*OK.*"),
    ("METRICS", r"(\+ (# (TYPE|UNIT|HELP) \w+ .*|\w+(\{.*\})? [\d.e+-]+)\n)+\+ # EOF\nOK"),
    ("EXPLAIN app.job uid=0", r"\+ app\.toml:\d+: .* matches\n\+ allowed: consumer .*\nOK.*"),
]

# what a token of client credentials, or no sign-in, has to say to the requests of people
NOBODYS = [
    ("LOGIN app.job", r"ERR denied : .*"),
    ("CALLBACK 0123 code=1", r"ERR denied reason=unknown-login : .*"),
    ("CONFIRM 0123", r"ERR denied reason=unknown-login : .*"),
    ("AWAIT 0123", r"ERR denied reason=unknown-login : .*"),
    ("LOGOUT app.job", r"ERR refused reason=grant : .*"),
    ("IMPORT app.job enrt_0123456789", r"ERR refused reason=grant : .*"),
]

REFUSED = [
    ("", "an empty line", r"empty"),
    ("GTE app.job", "an unknown verb", r"\"GTE\""),
    ("GET", "a missing name", r"GET needs a name"),
    ("GET  app.job", "two spaces", r"one space"),
    (" GET app.job", "a space in front", r"one space"),
    ("GET app.job ", "a space at the end", r"one space"),
    ("GET app.job read", "a word too many", r"\"read\""),
    ("PING now", "a word after a verb without words", r"\"now\""),
    ("GET app.job scopes=read", "an unknown key", r"\"scopes\""),
    ("GET app.job uid=0", "another verb's key", r"\"uid\""),
    ("GET app.job wait=601", "a number out of range", r"\"601\""),
    ("GET app.job wait=-1", "a negative number", r"\"-1\""),
    ("GET app.job wait=1 wait=2", "a single key twice", r"wait="),
    ("GET app.job wait=", "a key without a value", r"wait= has no value"),
    ("GET app.job audience=%zz", "a bad escape", r"%zz"),
    ("GET app.job scope=read%20update", "two scopes in one", r"single scope"),
    ("REJECT app.job id=XYZ", "an id that is none", r"id= must"),
    ("EXPLAIN app.job", "a missing key", r"uid="),
    ("GET app.job\tx", "a tab", r"%09|0x09|control|printable"),
    ("GET app.job\0", "a NUL", r"%00|0x00|control|printable"),
    ("GET b\xc3\xa9.job", "a byte beyond ASCII", r"printable|ASCII|%C3"),
    ("GET app.job\r\r", "a CR that is not before the LF", r"%0D|control|printable"),
    ("A" * 17, "a verb of 17 letters", r"1 to 16 letters"),
]


def usual(stage):
    stage.application("app", {"job": token(["read", "update"])})
    return stage.start()


def test_verbs(server):
    with Stage(server) as stage, usual(stage).open() as conversation:
        for line, expected in ANSWERS:
            found = conversation.ask(line)
            assert re.fullmatch(expected, found or ""), "%s is answered: %s" % (line, "%s\nexpected: %s" % (found, expected))
        for line, expected in NOBODYS:
            found = conversation.ask(line)
            assert re.fullmatch(expected, found or ""), "%s is refused: %s" % (line, "%s\nexpected: %s" % (found, expected))
        watch = conversation.send("WATCH app.job\n").line()
        assert re.fullmatch(r"\+ " + SERVED[3:], watch), "WATCH begins with the present token"


def test_refusals(server):
    with Stage(server) as stage, usual(stage).open() as conversation:
        for line, what, expected in REFUSED:
            found = conversation.send(line.encode("latin-1") + b"\n").reply()
            held = found is not None and found.startswith("ERR bad-request : ") and re.search(expected, found)
            assert held, "%s is ERR bad-request, by name: %s" % (what, "%r\nexpected: %s" % (found, expected))
        assert conversation.ask("PING") == "OK", "and the connection is still good"
        assert conversation.send("PING\r\n").reply() == "OK", "CR LF ends a line as LF does"
        long = conversation.ask("GET " + "n" * 3000)
        assert re.search(r"n{64}\b|n{64}\.", long) and "n" * 65 not in long, "a refusal echoes at most 64 bytes"
        stray = conversation.ask("enrt_0123456789abcdef0123456789abcdef")
        assert "0123456789" not in stray, "SEC-07 a token that strays into a request is not echoed"
        assert stage.counter("requests") == 0, "the server was never asked for anything"


def test_fragments(server):
    with Stage(server) as stage, usual(stage).open() as conversation:
        expected = conversation.ask("GET app.job")
        for byte in b"GET app.job\n":
            conversation.send(bytes([byte]))
        assert conversation.reply() == expected, "a line byte by byte is one line"
        conversation.send("GET app").send(".job\nPI").send("NG\nHELL").send("O\n")
        found = [conversation.reply() for _ in range(3)]
        assert found[:2] == [expected, "OK"] and found[2].startswith("OK tokend "), "lines cut anywhere are the same lines"


def test_order(server):
    with Stage(server) as stage, usual(stage).open() as conversation:
        server.control("fault token hang")
        lines = ["GET app.job"] + ["GET no.n%d" % number for number in range(300)] + ["PING"]
        conversation.send("".join(line + "\n" for line in lines))
        server.control("await hung 1")
        server.control("clear")
        found = [conversation.reply() for _ in lines]
        assert re.fullmatch(SERVED, found[0]), "the first of 302 pipelined requests waits for the server, and is answered first"
        names = [re.search(r'"no\.(n\d+)"', reply) for reply in found[1:-1]]
        assert [name and name[1] for name in names] == ["n%d" % number for number in range(300)], "the others follow in their order"
        assert found[-1] == "OK", "to the last"
        conversation.send("PING\n" * 70 + "QUIT\nPING\n")
        assert conversation.rest() == ["OK"] * 71, "QUIT is answered after what came before it, and then nothing is"


def test_ends(server):
    with Stage(server) as stage:
        usual(stage)
        with stage.open() as conversation:
            server.control("fault token hang")
            conversation.send("GET app.job\nPING\n").end_input()
            server.control("await hung 1")
            server.control("clear")
            found = conversation.rest()
            assert len(found) == 2 and found[0].startswith("OK ") and found[1] == "OK", "a half-closed client gets all its replies, also late ones"
        with stage.open() as conversation:
            found = conversation.send("PING\nRENEW app.j").end_input().rest()
            assert found == ["OK", "ERR bad-request : the line has no end"], "an end inside a line is said and closes"
        with stage.open() as conversation:
            found = conversation.send("".join("GET app.job\n" for _ in range(500))).end_input().rest()
            assert (len(found), len(set(found))) == (500, 1), "500 requests and a half-close are 500 replies"
            assert sum(map(len, found)) > 4 * 65536, "although they are more than may wait"
        with stage.open() as conversation:
            assert conversation.end_input().rest() == [], "no input at all is no reply"


def test_watch_in_its_turn(server):
    with Stage(server) as stage:
        stage.application("app", {"job": token(), "slow": token()}).start()
        stage.token()
        server.control("fault token hang")
        with stage.open() as conversation:
            conversation.send("GET app.slow\nWATCH app.job\n")
            server.control("await hung 1")
            server.control("clear")
            first, second = conversation.line(), conversation.line()
            assert first.startswith("OK ") and second.startswith("+ "), (
                "the first row of a WATCH comes after the replies to what was asked before: %s" % ("%s\n%s" % (first[:60], second[:60]),))


def test_lengths(server):
    with Stage(server) as stage:
        usual(stage)
        with stage.open() as conversation:
            found = conversation.ask("GET " + "x" * 4091)
            assert found.startswith("ERR denied "), "a line of 4,096 bytes is a line"
            found = conversation.send("GET " + "x" * 4092 + "\nPING\n").rest()
            assert len(found) == 1 and found[0].startswith("ERR too-long : "), "one more is ERR too-long, and the end"
        with stage.open() as conversation:
            found = conversation.send("GET " + "x" * 4092).rest()
            assert len(found) == 1 and found[0].startswith("ERR too-long : "), "the same without waiting for its LF"
        with stage.open() as conversation:
            found = conversation.send("PING\n" + "x" * 5000).rest()
            assert len(found) == 2 and found[0] == "OK" and found[1].startswith("ERR too-long : "), "what came before it is answered"


SIGN_IN = """grant = "authorization_code"
redirect_uri = "http://127.0.0.1:53177/callback"
scopes = ["openid", "read", "offline_access"]
allow = [ { user = "%s", login = true } ]
""" % CALLER
REFERENCE = """grant = "reference"
header = "X-Api-Key"
allow = [ { user = "%s", login = true } ]
""" % CALLER


def excerpt(found, expected):
    """Of all metrics those that the page shows, with the page's numbers: what is counted here is another matter."""
    def name(row):
        return re.sub(r"^(\+ [^#].*) [\d.]+$", r"\1", row)
    rows = {name(row) for row in found.split("\n")}
    return "\n".join(row for row in expected.split("\n") if name(row) in rows)


def test_transcript(server):
    """The page's example, line by line, on a real connection; a person signs in on the way."""
    with Stage(server, "knob auto-login m.petrova") as stage:
        stage.application("portal", {"sync": token(["read", "update"]), "pat": REFERENCE, "user": SIGN_IN}, client="portal")
        stage.start()
        stage.ask("IMPORT portal.pat enrt_0123456789ABCDEF0123")
        uid = os.getuid()
        with stage.open() as conversation:
            known, address = {}, None
            for asked, expected in exchanges():
                if asked == "RELOAD":
                    spoil(stage, "portal")
                if asked.startswith(("CALLBACK ", "CONFIRM ", "CANCEL ")):
                    asked = asked.replace(re.search(r"[0-9a-f]{32}", asked)[0], known["login"])
                    if asked.startswith("CALLBACK ") and "state=wrong" not in asked:
                        asked = asked.partition("code=")[0] + signed_in(server, address)
                found = conversation.ask(re.sub(r"id=([0-9a-f]{16})", lambda id: "id=" + known[id[1]], asked))
                if asked.startswith("LOGIN "):
                    _, known["login"], address, _ = found.split(" ")
                known.update(zip(re.findall(r" id=([0-9a-f]{16})", expected), re.findall(r" id=([0-9a-f]{16})", found)))
                if asked == "METRICS":
                    found = excerpt(found, expected)
                assert shape(found) == shape(expected.replace("uid 1000", "uid %d" % uid)), "the page's example: %s" % asked.partition("code=")[0]
            assert conversation.line() is None, "and the connection closes"


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def signed_in(server, address):
    """The query that a browser brings back from this address, with nobody to ask."""
    context = ssl.create_default_context(cafile=server.about["ca_file"])
    try:
        urllib.request.build_opener(StayHere, urllib.request.HTTPSHandler(context=context)).open(address)
    except urllib.error.HTTPError as answer:
        return answer.headers["Location"].partition("?")[2]
    raise RuntimeError("the simulator did not redirect")


def exchanges():
    page = PAGE.read_text(encoding="utf-8").partition("```transcript\n")[2].partition("```")[0]
    for part in re.split(r"(?m)^> ", page)[1:]:
        asked, _, reply = part.partition("\n")
        yield asked, "\n".join(line[2:] for line in reply.splitlines())


def spoil(stage, name):
    """A misspelt key, in line 7 as the example has it."""
    path = stage.daemon.configuration / "apps.d" / (name + ".toml")
    lines = path.read_text().splitlines()
    line = next(index for index, text in enumerate(lines) if text.startswith("scopes"))
    lines[line] = lines[line].replace("scopes", "scope", 1)
    path.write_text("\n".join(lines) + "\n")


def shape(reply):
    """A reply with what differs from run to run made equal."""
    reply = re.sub(r"^OK %s type=" % TOKEN, "OK TOKEN type=", reply)
    reply = re.sub(r"^OK X-Api-Key: %s" % TOKEN, "OK X-Api-Key: TOKEN", reply)
    reply = re.sub(r"^OK [0-9a-f]{32} https://\S+", "OK LOGIN ADDRESS", reply)
    reply = re.sub(r"url=https://\S+", "url=ADDRESS", reply)
    reply = re.sub(r"expires=\d+", "expires=T", reply)
    reply = re.sub(r"id=[0-9a-f]{16}", "id=ID", reply)
    reply = re.sub(r"retry-after=\d+", "retry-after=S", reply)
    return re.sub(r"\S+/portal\.toml:\d+", "portal.toml:LINE", reply)
