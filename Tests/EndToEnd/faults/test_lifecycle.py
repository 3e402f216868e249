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


def test_stopping_while_callers_wait(server):
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
            assert all(reply and reply.startswith("ERR stopping ") for reply in replies), f"on SIGTERM everyone who waits hears ERR stopping: {replies}"
            row = watch.line()
            assert (row or "").startswith("ERR stopping "), "and who watches"
            assert idle.line() is None, "an idle connection is closed"
        assert stage.daemon.process.wait(20) == 0, "the daemon exits with 0"
        assert time.monotonic() - started < 5, "within seconds"
        assert not stage.daemon.socket.exists(), "its socket is gone"
        assert "event=stopping" in stage.daemon.words(), "and the audit says that it stopped"


def test_stopping_inside_a_line(server):
    with Stage(server) as stage:
        stage.application("app").start()
        with stage.open() as conversation:
            conversation.ask("PING")
            conversation.send("GET app.j")
            stage.daemon.process.terminate()
            found = conversation.rest()
        assert stage.daemon.process.wait(20) == 0, "the daemon exits with 0"
        assert len(found) == 1 and found[0].startswith("ERR stopping "), "whoever is inside a line at SIGTERM hears that the daemon stops"
        assert "bad-request" not in stage.daemon.words(), "and is not blamed for it"


def test_stopping_with_a_client_that_reads_nothing(server):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.token()
        with stage.open() as deaf:
            deaf.send("GET app.job\n" * 3000)
            stage.ask("PING")
            started = time.monotonic()
            assert stage.daemon.stop() == 0, "a client that reads nothing does not keep the daemon from ending"
            assert time.monotonic() - started < 10, "for more than a few seconds"


def test_reload_with_errors(server):
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
        assert said and re.search(place, said[0]), "SIGHUP with a bad file is told in the audit, with file, line and key"
        assert stage.token().token == held.token, "the old configuration stays"
        reply = stage.ask("RELOAD")
        assert re.search(r"(?s)^\+ \S+%s.*\nERR bad-config .*: 1 problem" % place, reply), (
            "RELOAD with a bad file is ERR bad-config and names file, line and key")
        assert stage.token().token == held.token, "and keeps the old one too"
        by_tokenctl = stage.daemon.tokenctl("reload")
        assert by_tokenctl.returncode == CONFIGURATION and re.search(place, by_tokenctl.stdout + by_tokenctl.stderr), (
            f"tokenctl reload exits with 78: {by_tokenctl.stdout + by_tokenctl.stderr}")
        path.write_text(good.replace("scopes", "\0scopes"))
        reply = stage.ask("RELOAD")
        assert re.search(r"app\.toml:\d+: ", reply) and "ERR bad-config " in reply, "a file that is not TOML is refused with its line"
        path.write_text(good)
        reply = stage.ask("RELOAD")
        assert reply.splitlines()[-1].startswith("OK"), "the mended file is taken"
        assert (stage.token().token, stage.counter("token-requests")) == (held.token, 1), "and what did not change was not fetched anew"


def test_hangup_signal(server):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.application("more")
        stage.daemon.process.send_signal(signal.SIGHUP)
        loaded = stage.said(re.compile("event=configuration-loaded"))
        assert loaded and stage.ask("GET more.job").startswith("OK "), "SIGHUP reads the configuration anew"


def test_two_daemons(server):
    with Stage(server) as stage:
        stage.application("app").start()
        state, elsewhere = stage.folder / "state", stage.folder / "other.sock"
        second = run_beside(stage, "--state", state, "--socket", elsewhere)
        assert second.returncode == TEMPORARY and "another tokend uses" in second.stdout, (
            f"RT-07 a second daemon on one state folder is refused: {second.stdout}")
        second = run_beside(stage, "--state", stage.folder / "state2", "--socket", stage.daemon.socket)
        assert second.returncode == TEMPORARY and "another process listens" in second.stdout, f"and one on a socket that answers: {second.stdout}"
        (stage.folder / "file").write_text("mine")
        second = run_beside(stage, "--state", stage.folder / "state2", "--socket", stage.folder / "file")
        assert second.returncode == TEMPORARY and "not a socket" in second.stdout, f"and one on a path that is no socket: {second.stdout}"
        assert (stage.folder / "file").read_text() == "mine", "which is left alone"
        assert stage.ask("PING") == "OK", "the first notices nothing"


def test_sudden_death(server):
    with Stage(server) as stage:
        stage.application("app").start()
        stage.token()
        stage.daemon.process.kill()
        stage.daemon.process.wait()
        assert stage.daemon.socket.exists(), "kill -9 leaves the socket file"
        by_tokenctl = stage.daemon.tokenctl("get", "app.job")
        assert by_tokenctl.returncode == 69, "with nobody behind it tokenctl exits with 69"
        stage.start()
        assert stage.ask("GET app.job").startswith("OK "), "and the next daemon serves there"


def test_sockets(server):
    with Stage(server) as stage:
        stage.application("app")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as strange:
            strange.bind(str(stage.daemon.socket))
            refused = run_beside(stage, "--state", stage.folder / "state", "--socket", stage.daemon.socket)
        assert refused.returncode == TEMPORARY and stage.daemon.socket.exists(), f"a datagram socket in its place is not taken for a dead one: {refused.stdout}"
        stage.daemon.socket.unlink()
        stage.start()
        assert oct(os.stat(stage.daemon.socket).st_mode & 0o777) == "0o666", "the socket is everybody's"
        assert oct(os.stat(stage.folder / "state").st_mode & 0o777) == "0o700", "SEC-02 the state folder is not"
