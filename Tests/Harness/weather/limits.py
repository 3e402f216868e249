"""Clients that take too much, say too little, read nothing or vanish: they harm nobody but themselves."""
import contextlib
import grp
import pwd
import re
import resource
import select
import socket
import statistics
import struct
import time

from lib import processes
from lib.conversation import acting_as
from lib.daemon import Daemon
from lib.stage import Stage, token

GAMES_GROUP = grp.getgrnam("games").gr_gid
BIN, GAMES, NEWS = (pwd.getpwnam(name).pw_uid for name in ("bin", "games", "news"))
FRIENDS = '{ user = "root" }, { user = "bin" }'
BUSY = re.compile(r"^ERR busy retry-after=\d+ : ")


def prepared(server, limits):
    stage = Stage(server)
    stage.daemon.settings("[limits]\n" + limits)
    stage.application("app", {"job": token(allow=FRIENDS)})
    return stage


def told(conversation):
    """What a connection that is too many hears, and whether it is closed then."""
    return conversation.rest()


def connections_of_one_user(checks, server, _):
    with prepared(server, "per_uid = 8\n") as stage:
        stage.start()
        held = [stage.open() for _ in range(8)]
        checks.equal("eight connections of one user are served", [one.ask("PING") for one in held], ["OK"] * 8)
        heard = told(stage.open())
        checks.ok("the ninth hears ERR busy and is closed", len(heard) == 1 and BUSY.match(heard[0]), heard)
        with acting_as(BIN):
            other = stage.open()
        checks.ok("another user notices nothing", other.ask("GET app.job").startswith("OK "), "")
        told(stage.open())
        held.pop().send("QUIT\n").rest()
        with stage.open() as again:
            checks.equal("once one has gone there is room", again.ask("PING"), "OK")
        stage.said(re.compile("event=limit-cleared"))
        for event in ("limit-reached", "limit-cleared"):
            lines = re.findall("event=%s .*" % event, stage.daemon.words())
            checks.equal("the audit says once that it was %s" % event, len(lines), 1)


def connections_of_all(checks, server, _):
    with prepared(server, "connections = 16\nper_uid = 16\nstrangers = 16\n") as stage:
        stage.start()
        held = [stage.open() for _ in range(16)]
        checks.equal("sixteen connections are served", {one.ask("PING") for one in held}, {"OK"})
        heard = told(stage.open())
        checks.ok("one more hears ERR busy", len(heard) == 1 and BUSY.match(heard[0]), heard)


def strangers(checks, server, _):
    with prepared(server, "stranger_idle = 1\n") as stage:
        stage.start()
        with acting_as(GAMES):
            held = [stage.open() for _ in range(8)]
            ninth = stage.open()
        checks.equal("eight connections of a user without any rule are served", [one.ask("PING") for one in held], ["OK"] * 8)
        heard = told(ninth)
        checks.ok("the ninth hears ERR busy", len(heard) == 1 and BUSY.match(heard[0]), heard)
        with acting_as(NEWS):
            checks.equal("another stranger is served", stage.ask("PING"), "OK")
        friend = stage.open()
        seconds = [one.ends_within(8) for one in held]
        checks.ok("a silent stranger is closed after stranger_idle", all(second is not None for second in seconds), seconds)
        checks.equal("one for whom there is a rule is not", friend.ask("PING"), "OK")


def descriptors(checks, server, _):
    with prepared(server, "per_uid = 500\n") as stage:
        stage.daemon = Daemon(stage.folder, ["prlimit", "--nofile=64:64"])
        stage.start()
        first = stage.open()
        served = first.ask("GET app.job")
        held = [stage.open() for _ in range(80)]
        heard = [one.line() for one in held[-4:]]
        checks.ok("without descriptors the daemon says ERR busy", all(line and BUSY.match(line) for line in heard), heard)
        checks.equal("and serves who is there", first.ask("GET app.job"), served)
        for one in held:
            one.close()
        checks.equal("and everybody when they have gone", stage.ask("GET app.job"), served)
        checks.ok("the audit says which limit was met, and that it no longer is",
                  stage.said(re.compile(r"limit-cleared \(descriptors\)")) and stage.said(re.compile(r"limit-reached: busy \(descriptors\)")), stage.daemon.words())


def fill(conversation, text):
    """Sends until the daemon takes no more; returns the bytes that went."""
    conversation.socket.setblocking(False)
    data, sent = text.encode() * 2000, 0
    poll = select.poll()
    poll.register(conversation.socket, select.POLLOUT)
    while sent < 64 << 20 and poll.poll(500):
        try:
            sent += conversation.socket.send(data[sent % len(text):])
        except BlockingIOError:
            pass
        except BrokenPipeError:
            break
    conversation.socket.settimeout(60)
    return sent


def unanswered_requests(checks, server, _):
    with prepared(server, "pipelined = 4\n") as stage:
        stage.start()
        server.control("fault token hang")
        with stage.open() as eager:
            eager.send("GET app.job\n")
            server.control("await hung 1")
            sent = fill(eager, "PING\n")
            checks.ok("a client that asks without waiting is read no further", sent < 4 << 20, sent)
            checks.equal("others are answered meanwhile", stage.ask("PING"), "OK")
            server.control("clear")
            replies = [eager.line() for _ in range(1 + sent // 5)]
            checks.ok("and it gets all its replies", replies[0].startswith("OK ") and set(replies[1:]) == {"OK"}, replies[:3])


def closed(conversation, seconds):
    """Whether the daemon hangs up in this time, without anything being read."""
    poll = select.poll()
    poll.register(conversation.socket, 0)
    return bool(poll.poll(seconds * 1000))


def client_that_reads_nothing(checks, server, _):
    with prepared(server, "stalled = 1\n") as stage:
        stage.start()
        served = stage.ask("GET app.job")
        with stage.open() as deaf:
            sent = fill(deaf, "GET app.job\n")
            checks.ok("a client that reads nothing is read no further", sent < 4 << 20, sent)
            checks.equal("others are served meanwhile", stage.ask("GET app.job"), served)
            checks.ok("it is closed when its output has not moved for `stalled`", closed(deaf, 10))
        checks.equal("and nobody else is", stage.ask("GET app.job"), served)


def lines_without_end(checks, server, _):
    with prepared(server, "stalled = 1\n") as stage:
        stage.start()
        server.control("fault token hang")
        half, busy, waiting = stage.open(), stage.open(), stage.open()
        waiting.send("GET app.job\n" * 64 + "PI")
        server.control("await hung 1")
        half.send("PING\nGET app")
        busy.send("PI")
        heard, rounds = half.line(), 0
        while not closed(half, 0.01) and rounds < 2000:
            busy.send("NG\nPI")
            heard, rounds = busy.line(), rounds + 1
        checks.ok("half a line is closed after `stalled`", closed(half, 0), rounds)
        for _ in range(500):
            busy.send("NG\nPI")
            heard = busy.line()
        checks.equal("a client whose lines do end is not, however its bytes fall", heard, "OK")
        server.control("clear")
        replies = [waiting.line() for _ in range(64)]
        waiting.send("NG\n")
        checks.ok("nor is one whose line is not read because its replies are not ready",
                  all(reply and reply.startswith("OK ") for reply in replies) and waiting.line() == "OK", replies[:2])


def silent_clients(checks, server, _):
    with prepared(server, "idle = 1\n") as stage:
        stage.start()
        server.control("fault token hang")
        waiting, watching, idle = stage.open(), stage.open(), stage.open()
        waiting.send("GET app.job\n")
        watching.send("WATCH app.job\n")
        server.control("await hung 1")
        checks.ok("a connection without a request is closed after `idle`", idle.ends_within(8))
        server.control("clear")
        checks.ok("one that waits for a reply is not", (waiting.line() or "").startswith("OK "))
        checks.ok("nor one that watches", (watching.line() or "").startswith("+ "))


def clients_that_vanish(checks, server, _):
    with prepared(server, "") as stage:
        stage.start()
        server.control("fault token hang")
        leavers = stage.ask_together("GET app.job", 100) + stage.ask_together("WATCH app.job", 20)
        server.control("await hung 1")
        for leaver in leavers:
            leaver.close()
        server.control("clear")
        server.control("await token-finished 1")
        first = stage.token()
        checks.equal("RT-06 callers that left cancel nothing: the exchange they began ends in a token", stage.counter("token-requests"), 1)
        checks.equal("which the next caller gets", stage.ask("GET app.job").split()[1], first.token)
        for reader in stage.ask_together("GET app.job", 100):
            reader.send("LIST\nHELP\nSTATUS\n" * 20).close()
        checks.equal("leaving amid replies harms nobody", stage.ask("PING"), "OK")


def a_thousand_idle_connections(checks, server, _):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    with prepared(server, "per_uid = 2000\n") as stage, stage.start().open() as conversation:
        conversation.ask("GET app.job")
        before = median(conversation)
        held = [stage.open() for _ in range(1000)]
        checks.equal("a thousand connections are taken", {one.ask("PING") for one in held}, {"OK"})
        during = median(conversation)
        checks.ok("and change nothing for who asks", during < 2 * before + 0.0005, "%.0f us before, %.0f us with them" % (before * 1e6, during * 1e6))
        for one in held:
            one.close()


def median(conversation):
    seconds = []
    for _ in range(500):
        started = time.perf_counter()
        conversation.ask("GET app.job")
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def waiters_of_one_user(checks, server, _):
    """More requests than one user may have waiting; root's waits all the same, and all hear an answer."""
    with prepared(server, "per_uid = 500\n") as stage:
        stage.application("app", {"job": token(allow=FRIENDS, more="shared = true")})
        stage.start()
        server.control("fault token hang")
        crowd = []
        with acting_as(BIN):
            crowd = [stage.open() for _ in range(260)]
        for one in crowd:
            one.send("GET app.job wait=600\n" * 64)
        server.control("await hung 1")
        waiting = processes.until(lambda: stage.gauge("tokend_requests_waiting") >= 1_024, 30)
        checks.ok("so many of one user's requests wait", waiting, stage.gauge("tokend_requests_waiting"))
        other = stage.in_background("GET app.job wait=60")
        checks.ok("root's request waits with them", processes.until(lambda: stage.gauge("tokend_requests_waiting") > 1_024, 10))
        server.control("clear")
        reply = other.result()
        checks.ok("and is answered with the token", reply and reply.startswith("OK "), reply)
        heard = [one.line() for one in crowd for _ in range(64)]
        odd = [line for line in heard if not line or not (line.startswith("OK ") or BUSY.match(line))]
        checks.equal("each request of the one user is answered, with the token or with busy", odd[:3], [])
        checks.ok("with busy where there was no place", any(BUSY.match(line) for line in heard))


def lingering():
    """A TCP socket whose close takes 20 s: nobody reads what it has sent (SO_LINGER, socket(7)). The other end is to be kept."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
    sender.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            sender.send(b"x" * 65536)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 20))
    return sender, receiver


def descriptors_that_are_sent_along(checks, server, _):
    """unix(7), SCM_RIGHTS: whoever closes the last copy of a descriptor waits for it."""
    with prepared(server, "") as stage:
        stage.start()
        quiet = stage.open()
        for what, first in (("with a request", b""), ("behind a QUIT, where nothing is read", b"QUIT\n"), ("behind half a line", b"PI")):
            sender, receiver = lingering()
            with socket.socket(socket.AF_UNIX) as client:
                with acting_as(BIN):
                    client.connect(str(stage.daemon.socket))
                if first:
                    client.send(first)
                with contextlib.suppress(OSError):
                    socket.send_fds(client, [b"PING\n"], [sender.fileno()])
                sender.close()
                began = time.monotonic()
                checks.equal("a descriptor that is sent along %s holds nobody up" % what, quiet.ask("PING"), "OK")
            checks.ok("nor when its connection ends: %s" % what, quiet.ask("PING") == "OK" and time.monotonic() - began < 10, time.monotonic() - began)
            receiver.close()
        with acting_as(BIN), stage.open() as again:
            checks.ok("who sent one is served on another connection", again.ask("GET app.job").startswith("OK "))


def many_uids_of_one_member(checks, server, _):
    """A member of a group keeps it in every subordinate uid; root plays them."""
    with prepared(server, "members_per_group = 16\n") as stage:
        stage.application("app", {"job": token(allow='{ group = "games" }, { user = "bin" }')})
        stage.start()
        got, busy = 0, 0
        for uid in range(100_000, 100_040):
            with acting_as(uid, gid=uid, groups=[GAMES_GROUP]):
                reply = stage.ask("GET app.job wait=20")
            got, busy = got + reply.startswith("OK "), busy + bool(BUSY.match(reply))
        checks.equal("members_per_group of them are given a token of their own, the others hear busy", (got, busy), (16, 24))
        checks.equal("no more is fetched", stage.counter("token-requests"), 16)
        with acting_as(BIN):
            checks.ok("a user whom a rule names is served", stage.ask("GET app.job").startswith("OK "))


SECTIONS = [
    connections_of_one_user, connections_of_all, strangers, descriptors, unanswered_requests, client_that_reads_nothing,
    lines_without_end, silent_clients, clients_that_vanish, a_thousand_idle_connections, waiters_of_one_user, many_uids_of_one_member,
    descriptors_that_are_sent_along,
]
