"""Start, stop, reload and sudden death."""
import os
import re
import signal
import socket
import subprocess
import time

from lib.daemon import TOKEND
from lib.stage import Stage, token

TEMPORARY, CONFIGURATION = 71, 78  # EX_OSERR, EX_CONFIG


def run_beside(stage, *options):
    """A second daemon with the stage's configuration, until it ends by itself."""
    command = [TOKEND, "--config", str(stage.daemon.configuration), "--log", "stderr", *map(str, options)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False)


def stopping_while_callers_wait(checks, server, _):
    with Stage(server) as stage:
        stage.application("app", {"job": token(), "held": token()}).start()
        stage.token("app.held")
        server.control("fault token hang times=forever")
        with stage.open() as watch:
            watch.send("WATCH app.held\n").line()
            callers = stage.ask_together("GET app.job wait=600", 50) + stage.ask_together("WAIT app.job wait=600", 5)
            idle = stage.open()
            server.control("await hung 2")
            started = time.monotonic()
            stage.daemon.process.terminate()
            replies = {caller.reply() for caller in callers}
            checks.ok("on SIGTERM everyone who waits hears ERR stopping",
                      all(reply and reply.startswith("ERR stopping ") for reply in replies), replies)
            row = watch.line()
            checks.ok("and who watches", (row or "").startswith("ERR stopping "), row)
            checks.equal("an idle connection is closed", idle.line(), None)
        checks.equal("the daemon exits with 0", stage.daemon.process.wait(20), 0)
        checks.ok("within seconds", time.monotonic() - started < 5, time.monotonic() - started)
        checks.ok("its socket is gone", not stage.daemon.socket.exists())
        checks.ok("and the audit says that it stopped", "event=stopping" in stage.daemon.words())


def stopping_inside_a_line(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        with stage.open() as conversation:
            conversation.ask("PING")
            conversation.send("GET app.j")
            stage.daemon.process.terminate()
            found = conversation.rest()
        checks.equal("the daemon exits with 0", stage.daemon.process.wait(20), 0)
        checks.ok("whoever is inside a line at SIGTERM hears that the daemon stops", len(found) == 1 and found[0].startswith("ERR stopping "), found)
        checks.ok("and is not blamed for it", "bad-request" not in stage.daemon.words(), stage.daemon.words())


def stopping_with_a_client_that_reads_nothing(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.token()
        with stage.open() as deaf:
            deaf.send("GET app.job\n" * 3000)
            stage.ask("PING")
            started = time.monotonic()
            checks.equal("a client that reads nothing does not keep the daemon from ending", stage.daemon.stop(), 0)
            checks.ok("for more than a few seconds", time.monotonic() - started < 10, time.monotonic() - started)


def reload_with_errors(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        held = stage.token()
        path = stage.daemon.configuration / "apps.d" / "app.toml"
        good = path.read_text()
        path.write_text(good.replace("scopes", "scopez"))
        line = 1 + path.read_text().splitlines().index('scopez = ["read"]')
        place = r"app\.toml:%d: token\.job\.scopez: " % line
        stage.daemon.process.send_signal(signal.SIGHUP)
        said = stage.said(re.compile("event=configuration-refused"))
        checks.ok("SIGHUP with a bad file is told in the audit, with file, line and key", said and re.search(place, said[0]), said)
        checks.equal("the old configuration stays", stage.token().token, held.token)
        reply = stage.ask("RELOAD")
        checks.ok("RELOAD with a bad file is ERR bad-config and names file, line and key",
                  re.search(r"(?s)^\+ \S+%s.*\nERR bad-config .*: 1 problem" % place, reply), reply)
        checks.equal("and keeps the old one too", stage.token().token, held.token)
        by_tokenctl = stage.daemon.tokenctl("reload")
        checks.ok("tokenctl reload exits with 78",
                  by_tokenctl.returncode == CONFIGURATION and re.search(place, by_tokenctl.stdout + by_tokenctl.stderr),
                  by_tokenctl.stdout + by_tokenctl.stderr)
        path.write_text(good.replace("scopes", "\0scopes"))
        reply = stage.ask("RELOAD")
        checks.ok("a file that is not TOML is refused with its line", re.search(r"app\.toml:\d+: ", reply) and "ERR bad-config " in reply, reply)
        path.write_text(good)
        reply = stage.ask("RELOAD")
        checks.ok("the mended file is taken", reply.splitlines()[-1].startswith("OK"), reply)
        checks.equal("and what did not change was not fetched anew", (stage.token().token, stage.counter("token-requests")), (held.token, 1))


def hangup_signal(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.application("more")
        stage.daemon.process.send_signal(signal.SIGHUP)
        loaded = stage.said(re.compile("event=configuration-loaded"))
        checks.ok("SIGHUP reads the configuration anew", loaded and stage.ask("GET more.job").startswith("OK "), loaded)


def two_daemons(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        state, elsewhere = stage.folder / "state", stage.folder / "other.sock"
        second = run_beside(stage, "--state", state, "--socket", elsewhere)
        checks.ok("RT-07 a second daemon on one state folder is refused",
                  second.returncode == TEMPORARY and "another tokend uses" in second.stdout, second.stdout)
        second = run_beside(stage, "--state", stage.folder / "state2", "--socket", stage.daemon.socket)
        checks.ok("and one on a socket that answers", second.returncode == TEMPORARY and "another process listens" in second.stdout, second.stdout)
        (stage.folder / "file").write_text("mine")
        second = run_beside(stage, "--state", stage.folder / "state2", "--socket", stage.folder / "file")
        checks.ok("and one on a path that is no socket", second.returncode == TEMPORARY and "not a socket" in second.stdout, second.stdout)
        checks.equal("which is left alone", (stage.folder / "file").read_text(), "mine")
        checks.equal("the first notices nothing", stage.ask("PING"), "OK")


def sudden_death(checks, server, _):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.token()
        stage.daemon.process.kill()
        stage.daemon.process.wait()
        checks.ok("kill -9 leaves the socket file", stage.daemon.socket.exists())
        by_tokenctl = stage.daemon.tokenctl("get", "app.job")
        checks.equal("with nobody behind it tokenctl exits with 69", by_tokenctl.returncode, 69)
        stage.start()
        checks.ok("and the next daemon serves there", stage.ask("GET app.job").startswith("OK "))


def sockets(checks, server, _):
    with Stage(server) as stage:
        stage.application("app")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as strange:
            strange.bind(str(stage.daemon.socket))
            refused = run_beside(stage, "--state", stage.folder / "state", "--socket", stage.daemon.socket)
        checks.ok("a datagram socket in its place is not taken for a dead one",
                  refused.returncode == TEMPORARY and stage.daemon.socket.exists(), refused.stdout)
        stage.daemon.socket.unlink()
        stage.start()
        checks.equal("the socket is everybody's", oct(os.stat(stage.daemon.socket).st_mode & 0o777), "0o666")
        checks.equal("SEC-02 the state folder is not", oct(os.stat(stage.folder / "state").st_mode & 0o777), "0o700")


SECTIONS = [
    stopping_while_callers_wait, stopping_inside_a_line, stopping_with_a_client_that_reads_nothing, reload_with_errors, hangup_signal, two_daemons,
    sudden_death, sockets,
]
