"""Clients that take too much, say too little, read nothing or vanish: they harm nobody but themselves."""
import contextlib
import grp
import pathlib
import pwd
import re
import resource
import select
import socket
import statistics
import struct
import subprocess
import time

import pytest
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


def test_connections_of_one_user(server):
    with prepared(server, "per_uid = 8\n") as stage:
        stage.start()
        held = [stage.open() for _ in range(8)]
        assert [one.ask("PING") for one in held] == ["OK"] * 8, "eight connections of one user are served"
        heard = told(stage.open())
        assert len(heard) == 1 and BUSY.match(heard[0]), "the ninth hears ERR busy and is closed"
        with acting_as(BIN):
            other = stage.open()
        assert other.ask("GET app.job").startswith("OK "), "another user notices nothing"
        told(stage.open())
        held.pop().send("QUIT\n").rest()
        with stage.open() as again:
            assert again.ask("PING") == "OK", "once one has gone there is room"
        stage.said(re.compile("event=limit-cleared"))
        for event in ("limit-reached", "limit-cleared"):
            lines = re.findall("event=%s .*" % event, stage.daemon.words())
            assert len(lines) == 1, "the audit says once that it was %s" % event


def test_connections_of_all(server):
    with prepared(server, "connections = 16\nper_uid = 16\nstrangers = 16\n") as stage:
        stage.start()
        held = [stage.open() for _ in range(16)]
        assert {one.ask("PING") for one in held} == {"OK"}, "sixteen connections are served"
        heard = told(stage.open())
        assert len(heard) == 1 and BUSY.match(heard[0]), "one more hears ERR busy"


def test_strangers(server):
    with prepared(server, "stranger_idle = 1\n") as stage:
        stage.start()
        with acting_as(GAMES):
            held = [stage.open() for _ in range(8)]
            ninth = stage.open()
        assert [one.ask("PING") for one in held] == ["OK"] * 8, "eight connections of a user without any rule are served"
        heard = told(ninth)
        assert len(heard) == 1 and BUSY.match(heard[0]), "the ninth hears ERR busy"
        with acting_as(NEWS):
            assert stage.ask("PING") == "OK", "another stranger is served"
        friend = stage.open()
        seconds = [one.ends_within(8) for one in held]
        assert all(second is not None for second in seconds), f"a silent stranger is closed after stranger_idle: {seconds}"
        assert friend.ask("PING") == "OK", "one for whom there is a rule is not"


def test_descriptors(server):
    with prepared(server, "per_uid = 500\n") as stage:
        stage.daemon = Daemon(stage.folder, ["prlimit", "--nofile=64:64"])
        stage.start()
        first = stage.open()
        served = first.ask("GET app.job")
        held = [stage.open() for _ in range(80)]
        heard = [one.line() for one in held[-4:]]
        assert all(line and BUSY.match(line) for line in heard), f"without descriptors the daemon says ERR busy: {heard}"
        assert first.ask("GET app.job") == served, "and serves who is there"
        for one in held:
            one.close()
        assert stage.ask("GET app.job") == served, "and everybody when they have gone"
        assert stage.said(re.compile(r"limit-cleared \(descriptors\)")) and stage.said(re.compile(r"limit-reached: busy \(descriptors\)")), (
            f"the audit says which limit was met, and that it no longer is: {stage.daemon.words()}")


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


def test_unanswered_requests(server):
    with prepared(server, "pipelined = 4\n") as stage:
        stage.start()
        server.control("fault token hang")
        with stage.open() as eager:
            eager.send("GET app.job\n")
            server.control("await hung 1")
            sent = fill(eager, "PING\n")
            assert sent < 4 << 20, "a client that asks without waiting is read no further"
            assert stage.ask("PING") == "OK", "others are answered meanwhile"
            server.control("clear")
            replies = [eager.line() for _ in range(1 + sent // 5)]
            assert replies[0].startswith("OK ") and set(replies[1:]) == {"OK"}, "and it gets all its replies"


def closed(conversation, seconds):
    """Whether the daemon hangs up in this time, without anything being read."""
    poll = select.poll()
    poll.register(conversation.socket, 0)
    return bool(poll.poll(seconds * 1000))


def test_client_that_reads_nothing(server):
    with prepared(server, "stalled = 1\n") as stage:
        stage.start()
        served = stage.ask("GET app.job")
        with stage.open() as deaf:
            sent = fill(deaf, "GET app.job\n")
            assert sent < 4 << 20, "a client that reads nothing is read no further"
            assert stage.ask("GET app.job") == served, "others are served meanwhile"
            assert closed(deaf, 10), "it is closed when its output has not moved for `stalled`"
        assert stage.ask("GET app.job") == served, "and nobody else is"


def test_lines_without_end(server):
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
        assert closed(half, 0), f"half a line is closed after `stalled`: {rounds}"
        for _ in range(500):
            busy.send("NG\nPI")
            heard = busy.line()
        assert heard == "OK", "a client whose lines do end is not, however its bytes fall"
        server.control("clear")
        replies = [waiting.line() for _ in range(64)]
        waiting.send("NG\n")
        assert all(reply and reply.startswith("OK ") for reply in replies) and waiting.line() == "OK", (
            f"nor is one whose line is not read because its replies are not ready: {replies[:2]}")


def test_silent_clients(server):
    with prepared(server, "idle = 1\n") as stage:
        stage.start()
        server.control("fault token hang")
        waiting, watching, idle = stage.open(), stage.open(), stage.open()
        waiting.send("GET app.job\n")
        watching.send("WATCH app.job\n")
        server.control("await hung 1")
        assert idle.ends_within(8), "a connection without a request is closed after `idle`"
        server.control("clear")
        assert (waiting.line() or "").startswith("OK "), "one that waits for a reply is not"
        assert (watching.line() or "").startswith("+ "), "nor one that watches"


def test_clients_that_vanish(server):
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
        assert stage.counter("token-requests") == 1, "RT-06 callers that left cancel nothing: the exchange they began ends in a token"
        assert stage.ask("GET app.job").split()[1] == first.token, "which the next caller gets"
        for reader in stage.ask_together("GET app.job", 100):
            reader.send("LIST\nHELP\nSTATUS\n" * 20).close()
        assert stage.ask("PING") == "OK", "leaving amid replies harms nobody"


def test_a_thousand_idle_connections(server):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    with prepared(server, "per_uid = 2000\n") as stage, stage.start().open() as conversation:
        conversation.ask("GET app.job")
        before = median(conversation)
        held = [stage.open() for _ in range(1000)]
        assert {one.ask("PING") for one in held} == {"OK"}, "a thousand connections are taken"
        during = median(conversation)
        assert during < 2 * before + 0.0005, "and change nothing for who asks: %s" % ("%.0f us before, %.0f us with them" % (before * 1e6, during * 1e6),)
        for one in held:
            one.close()


def median(conversation):
    seconds = []
    for _ in range(500):
        started = time.perf_counter()
        conversation.ask("GET app.job")
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def test_waiters_of_one_user(server):
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
        assert waiting, "so many of one user's requests wait: %s" % (stage.gauge("tokend_requests_waiting"),)
        other = stage.in_background("GET app.job wait=60")
        assert processes.until(lambda: stage.gauge("tokend_requests_waiting") > 1_024, 10), "root's request waits with them"
        server.control("clear")
        reply = other.result()
        assert reply and reply.startswith("OK "), "and is answered with the token"
        heard = [one.line() for one in crowd for _ in range(64)]
        odd = [line for line in heard if not line or not (line.startswith("OK ") or BUSY.match(line))]
        assert odd[:3] == [], "each request of the one user is answered, with the token or with busy"
        assert any(BUSY.match(line) for line in heard), "with busy where there was no place"


def lingering():
    """A TCP socket whose close takes a minute: nobody reads what it has sent (SO_LINGER, socket(7)). The other end is to be kept."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
    sender.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            sender.send(b"x" * 65536)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 60))
    return sender, receiver


@pytest.fixture(scope="session")
def older_kernel(tmp_path_factory):
    library = tmp_path_factory.mktemp("kernel") / "kernel.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(pathlib.Path(__file__).with_name("kernel.c"))], check=True)
    return library


def send_along(client, sender, how):
    """Sends a descriptor along, as the message itself, out of band, or unread in a socket that is sent along."""
    if how != "in a socket":
        return client.sendmsg([b"PING\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", sender.fileno()))],
                              socket.MSG_OOB if how == "out of band" else 0)
    near, far = socket.socketpair(socket.AF_UNIX)
    with near, far:
        socket.send_fds(near, [b"x"], [sender.fileno()])
        return socket.send_fds(client, [b"PING\n"], [far.fileno()])


@pytest.mark.parametrize("kernel", ["this kernel", "a kernel before Linux 6.16"])
def test_descriptors_that_are_sent_along(server, kernel, older_kernel):
    """unix(7), SCM_RIGHTS: whoever closes the last copy of a descriptor waits for it."""
    with prepared(server, "") as stage:
        if kernel != "this kernel":
            stage.daemon.wrapper = [*stage.daemon.wrapper, "env", "LD_PRELOAD=%s" % older_kernel]
        stage.start()
        descriptors = pathlib.Path("/proc/%d/fd" % stage.daemon.process.pid)
        quiet = stage.open()
        assert quiet.ask("PING") == "OK"
        held = len(list(descriptors.iterdir()))
        receivers = []
        for first in (b"", b"QUIT\n", b"PI", b"HELP\n" * 600):
            for how in ("with a request", "out of band", "in a socket"):
                sender, receiver = lingering()
                receivers.append(receiver)
                with socket.socket(socket.AF_UNIX) as client:
                    with acting_as(BIN):
                        client.connect(str(stage.daemon.socket))
                    client.send(first)
                    with contextlib.suppress(OSError):
                        send_along(client, sender, how)
                    sender.close()
                    began = time.monotonic()
                    assert quiet.ask("PING") == "OK", "a descriptor that is sent %s holds nobody up" % how
                assert quiet.ask("PING") == "OK" and time.monotonic() - began < 10, "nor when its connection ends: %s, behind %r" % (how, first[:8])
        assert processes.until(lambda: len(list(descriptors.iterdir())) <= held, 15), "and none is held for as long as its owner likes"
        for receiver in receivers:
            receiver.close()
        with acting_as(BIN), stage.open() as again:
            assert again.ask("GET app.job").startswith("OK "), "who sent one is served on another connection"


def test_many_uids_of_one_member(server):
    """A member of a group keeps it in every subordinate uid; root plays them."""
    with prepared(server, "members_per_group = 16\n") as stage:
        stage.application("app", {"job": token(allow='{ group = "games" }, { user = "bin" }')})
        stage.start()
        got, busy = 0, 0
        for uid in range(100_000, 100_040):
            with acting_as(uid, gid=uid, groups=[GAMES_GROUP]):
                reply = stage.ask("GET app.job wait=20")
            got, busy = got + reply.startswith("OK "), busy + bool(BUSY.match(reply))
        assert (got, busy) == (16, 24), "members_per_group of them are given a token of their own, the others hear busy"
        assert stage.counter("token-requests") == 16, "no more is fetched"
        with acting_as(BIN):
            assert stage.ask("GET app.job").startswith("OK "), "a user whom a rule names is served"
