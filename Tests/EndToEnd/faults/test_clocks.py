"""The clock that counts while a machine sleeps, CLOCK_BOOTTIME, and not the one that stops: a time namespace tells one from the other."""
import contextlib

from lib.daemon import Daemon, Served
from lib.servicemanager import ServiceManager
from lib.stage import Stage
from .test_shortage import listening, started, stored

DAY = 86_400


def ahead(clock, seconds):
    """A command that runs a program in a time namespace of its own, in which this clock is so far ahead (time_namespaces(7))."""
    return ["unshare", "--time", "--%s" % clock, str(seconds)]


def test_timers(server):
    """A moment of CLOCK_MONOTONIC would be a day away on CLOCK_BOOTTIME, on which timers are set."""
    with Stage(server, "knob access-ttl 4") as stage:
        stage.application("app")
        stage.daemon = Daemon(stage.folder, ahead("monotonic", DAY))
        stage.start()
        with stage.open(20) as watch:
            rows = [Served(watch.send("WATCH app.job\n").line())]
            with contextlib.suppress(TimeoutError):
                rows.append(Served(watch.line()))
        assert len({row.token for row in rows}) == 2 and rows[1].arrived < rows[0].expires, (
            f"TIME-02 a token is renewed before its end where CLOCK_MONOTONIC is a day ahead of CLOCK_BOOTTIME: {[(row.expires, row.arrived) for row in rows]}")


def test_asleep_between_two_daemons(server):
    """Nothing else than CLOCK_BOOTTIME tells the second daemon how long ago the first one was handed the token."""
    with Stage(server) as stage, ServiceManager(stage.folder) as manager, listening(stage.daemon.socket, 0o666) as listener:
        stage.application("app")
        tokens = []
        for slept in (0, 60, DAY):
            with started(stage, manager, [("clients", listener.fileno()), *stored(manager)], ahead("boottime", slept)) as daemon:
                manager.hears("READY=1")
                tokens.append(stage.token().token)
                assert daemon.stop() == 0, "tokend ends"
        assert tokens[1] == tokens[0], "a token outlives a restart"
        assert tokens[2] != tokens[0], "TIME-02 a token of an hour is not served after a machine that slept for a day between two runs of tokend"
