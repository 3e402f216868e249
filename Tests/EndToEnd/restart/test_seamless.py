"""A restart, a crash, a new systemd: callers go on, and no identity server is asked."""
import re

from lib import processes


def fared_well(scene, what, load, exchanges, worst):
    """What holds for the callers through whatever happened."""
    facts = load.facts
    assert (facts["answered"] > 1000 and facts["worst"] < worst * 1e6), (
        "%s: %d replies; worst wait %.0f ms, over kept connections %.0f ms: %s" % (what, facts["answered"], facts["worst"] / 1000, facts["worst_kept"] / 1000, load.words))
    assert (facts["refused"], facts["cut"], facts["errors"]) == (0, 0, 0), "%s: no connection was refused, no reply cut, none of them an error" % what
    assert facts["tokens"] == 1, "%s: everybody had one and the same token" % what
    assert scene.exchanges() == exchanges, "%s: no identity server was asked" % what


def test_restart(scene):
    scene.get()
    held, exchanges = scene.get(), scene.exchanges()
    with scene.load() as load:
        status = [scene.machine.restart() for _ in range(3)]
    assert status == [0, 0, 0], "three restarts under load succeed"
    fared_well(scene, "restart", load, exchanges, worst=5)
    assert load.facts["unanswered"] == 0, "restart: every line that could be sent was answered"
    assert scene.get() == held, "the token goes on word for word"
    assert scene.machine.ask("STATUS portal.kept").split(" ")[2].split("\n")[0][:11] == "state=ready", "so does the one that is kept always"
    told = scene.machine.journal("TOKEND_EVENT=resumed")
    assert told and "2 access tokens" in told[-1]["MESSAGE"], "the journal says that they do"


def test_crash(scene):
    held, exchanges = scene.get(), scene.exchanges()
    with scene.load() as load:
        back = [scene.kill() for _ in range(3)]
    assert back == [True] * 3, "three crashes are recovered from"
    fared_well(scene, "SIGKILL", load, exchanges, worst=15)
    assert load.facts["unanswered"] <= 3 * 8, f"only those who were being answered at that moment asked twice: {load.words}"
    assert scene.get() == held, "the token goes on word for word"


def test_another_systemd(scene):
    exchanges, process = scene.exchanges(), scene.process()
    with scene.load() as load:
        scene.machine.systemctl("daemon-reexec")
        goes_on = scene.process() == process
        status = scene.machine.restart()
    assert goes_on is True, "systemd executes itself anew, and tokend is the same"
    assert status == 0, "a restart after it succeeds"
    fared_well(scene, "daemon-reexec", load, exchanges, worst=5)


def test_storm(scene):
    exchanges = scene.exchanges()
    with scene.load() as load:
        status = {scene.machine.restart() for _ in range(20)}
    assert status == {0}, "twenty restarts, one after another, succeed"
    fared_well(scene, "twenty restarts", load, exchanges, worst=5)
    stored = int(scene.machine.show("tokend.service", "NFileDescriptorStore"))
    assert stored == 3, "systemd keeps one of each kind (successors, tokens, counts), not twenty times as many"


def test_crash_loop(scene):
    """A daemon that dies as soon as it is up; once it no longer does, everything is as before."""
    held, exchanges = scene.get(), scene.exchanges()
    assert all(scene.kill("SEGV") for _ in range(5)), "five crashes in a row are recovered from"
    assert (scene.get(), scene.exchanges()) == (held, exchanges), "with the token and without an exchange"


def test_counts(scene):
    """The audit over sudden deaths: the sum of TOKEND_COUNT is what was decided."""
    since = scene.moment()
    with scene.load() as load:
        back = [scene.kill() for _ in range(3)]
    assert back == [True] * 3, "three more crashes are recovered from"
    scene.machine.restart()
    told, answered, doubtful = scene.handed_out(since), load.facts["answered"], load.facts["unanswered"]
    # who was being answered when it died was handed a token as far as tokend knows
    assert (answered <= told <= answered + doubtful), (
        "of %d hand-outs the journal counts each once, though tokend was killed three times (%d, and %d that broke off): %s" % (answered, told, doubtful, load.words))


def test_clock_set(scene):
    """The wall clock is set while no tokend runs: the token is the same, and its end is told anew."""
    scene.host.write("/run/clock", "0")
    with scene.drop_in("Environment=LD_PRELOAD=/usr/lib/clock.so TORTURE_CLOCK=/run/clock"):
        scene.machine.restart()
        (token, expires), exchanges = scene.get(), scene.exchanges()
        for hours in (24, -48, 0):
            scene.host.write("/run/clock", str(hours * 3600))
            scene.machine.restart()
            again, end = scene.get()
            moved = int(end.partition("=")[2]) - int(expires.partition("=")[2])
            assert again == token and abs(moved - hours * 3600) <= 1, (
                "a clock that is %d h off moves the end that is told, and not the token: %s" % (hours, (again == token, moved)))
        assert scene.exchanges() == exchanges, "and no server is asked"
    scene.machine.restart()


def test_memory(scene):
    """What is kept is memory too, though only a part of it is mapped."""
    process = scene.process()
    rollup = scene.host.run("cat", "/proc/%s/smaps_rollup" % process).stdout
    pss = 1024 * int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[1])
    files = scene.host.run("sh", "-c", "stat --dereference --format='%%b %%i' $(find /proc/%s/fd -lname '/memfd:*')" % process).stdout.split("\n")
    kept = 512 * sum(int(line.split()[0]) for line in {line for line in files if line})
    assert 0 < kept < 3e5 and pss + kept < 18e6, "it takes %.1f MB, and %.2f MB that are kept: %s" % (pss / 1e6, kept / 1e6, files)


def test_stop_forgets(scene):
    exchanges = scene.exchanges()
    scene.get()
    scene.machine.systemctl("stop", "tokend.service")
    assert scene.machine.show("tokend.service", "NFileDescriptorStore") == "0", "a stop takes the memory with it"
    scene.machine.systemctl("start", "tokend.service")
    scene.get()
    processes.until(lambda: scene.exchanges() >= exchanges + 2, 10)
    assert scene.exchanges() == exchanges + 2, "after a stop and a start each token is asked for again"


def test_what_changed(scene):
    """A restart with other settings asks for what they concern, and for nothing else."""
    from .fixture import TOKENS
    exchanges, held = scene.exchanges(), scene.get()
    scene.configure(TOKENS.replace('scopes = ["read", "update"]', 'scopes = ["read", "update"]\nheader = "X-Api-Key"'))
    assert scene.machine.restart() == 0, "a restart with another setting of one token"
    fresh = scene.get()
    assert isinstance(fresh, tuple) and fresh[0] != held[0], "asks for this one anew"
    assert scene.exchanges() == exchanges + 1, "and only for this one"
    scene.configure(TOKENS)
    scene.machine.restart()
    scene.get()
