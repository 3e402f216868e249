"""A restart, a crash, a new systemd: callers go on, and no identity server is asked."""
import re

from lib import processes


def fared_well(scene, what, load, exchanges, worst):
    """What holds for the callers through whatever happened."""
    facts = load.facts
    scene.checks.ok("%s: %d replies; worst wait %.0f ms, over kept connections %.0f ms" % (
        what, facts["answered"], facts["worst"] / 1000, facts["worst_kept"] / 1000), facts["answered"] > 1000 and facts["worst"] < worst * 1e6, load.words)
    scene.checks.equal("%s: no connection was refused, no reply cut, none of them an error" % what,
                       (facts["refused"], facts["cut"], facts["errors"]), (0, 0, 0))
    scene.checks.equal("%s: everybody had one and the same token" % what, facts["tokens"], 1)
    scene.checks.equal("%s: no identity server was asked" % what, scene.exchanges(), exchanges)


def restart(scene):
    scene.get()
    held, exchanges = scene.get(), scene.exchanges()
    with scene.load() as load:
        status = [scene.machine.restart() for _ in range(3)]
    scene.checks.equal("three restarts under load succeed", status, [0, 0, 0])
    fared_well(scene, "restart", load, exchanges, worst=5)
    scene.checks.equal("restart: every line that could be sent was answered", load.facts["unanswered"], 0)
    scene.checks.equal("the token goes on word for word", scene.get(), held)
    scene.checks.equal("so does the one that is kept always", scene.machine.ask("STATUS portal.kept").split(" ")[2].split("\n")[0][:11], "state=ready")
    told = scene.machine.journal("TOKEND_EVENT=resumed")
    scene.checks.ok("the journal says that they do", told and "2 access tokens" in told[-1]["MESSAGE"], told[-1:])


def crash(scene):
    held, exchanges = scene.get(), scene.exchanges()
    with scene.load() as load:
        back = [scene.kill() for _ in range(3)]
    scene.checks.equal("three crashes are recovered from", back, [True] * 3)
    fared_well(scene, "SIGKILL", load, exchanges, worst=15)
    scene.checks.ok("only those who were being answered at that moment asked twice", load.facts["unanswered"] <= 3 * 8, load.words)
    scene.checks.equal("the token goes on word for word", scene.get(), held)


def another_systemd(scene):
    exchanges, process = scene.exchanges(), scene.process()
    with scene.load() as load:
        scene.machine.systemctl("daemon-reexec")
        goes_on = scene.process() == process
        status = scene.machine.restart()
    scene.checks.equal("systemd executes itself anew, and tokend is the same", goes_on, True)
    scene.checks.equal("a restart after it succeeds", status, 0)
    fared_well(scene, "daemon-reexec", load, exchanges, worst=5)


def storm(scene):
    exchanges = scene.exchanges()
    with scene.load() as load:
        status = {scene.machine.restart() for _ in range(20)}
    scene.checks.equal("twenty restarts, one after another, succeed", status, {0})
    fared_well(scene, "twenty restarts", load, exchanges, worst=5)
    stored = int(scene.machine.show("tokend.service", "NFileDescriptorStore"))
    scene.checks.equal("systemd keeps one of each kind (successors, tokens, counts), not twenty times as many", stored, 3)


def crash_loop(scene):
    """A daemon that dies as soon as it is up; once it no longer does, everything is as before."""
    held, exchanges = scene.get(), scene.exchanges()
    scene.checks.ok("five crashes in a row are recovered from", all(scene.kill("SEGV") for _ in range(5)))
    scene.checks.equal("with the token and without an exchange", (scene.get(), scene.exchanges()), (held, exchanges))


def counts(scene):
    """The audit over sudden deaths: the sum of TOKEND_COUNT is what was decided."""
    since = scene.moment()
    with scene.load() as load:
        back = [scene.kill() for _ in range(3)]
    scene.checks.equal("three more crashes are recovered from", back, [True] * 3)
    scene.machine.restart()
    told, answered, doubtful = scene.handed_out(since), load.facts["answered"], load.facts["unanswered"]
    # who was being answered when it died was handed a token as far as tokend knows
    scene.checks.ok("of %d hand-outs the journal counts each once, though tokend was killed three times (%d, and %d that broke off)" % (
        answered, told, doubtful), answered <= told <= answered + doubtful, load.words)


def clock_set(scene):
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
            scene.checks.ok("a clock that is %d h off moves the end that is told, and not the token" % hours,
                            again == token and abs(moved - hours * 3600) <= 1, (again == token, moved))
        scene.checks.equal("and no server is asked", scene.exchanges(), exchanges)
    scene.machine.restart()


def memory(scene):
    """What is kept is memory too, though only a part of it is mapped."""
    process = scene.process()
    rollup = scene.host.run("cat", "/proc/%s/smaps_rollup" % process).stdout
    pss = 1024 * int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[1])
    files = scene.host.run("sh", "-c", "stat --dereference --format='%%b %%i' $(find /proc/%s/fd -lname '/memfd:*')" % process).stdout.split("\n")
    kept = 512 * sum(int(line.split()[0]) for line in {line for line in files if line})
    scene.checks.ok("it takes %.1f MB, and %.2f MB that are kept" % (pss / 1e6, kept / 1e6), 0 < kept < 3e5 and pss + kept < 18e6, files)


def stop_forgets(scene):
    exchanges = scene.exchanges()
    scene.get()
    scene.machine.systemctl("stop", "tokend.service")
    scene.checks.equal("a stop takes the memory with it", scene.machine.show("tokend.service", "NFileDescriptorStore"), "0")
    scene.machine.systemctl("start", "tokend.service")
    scene.get()
    processes.until(lambda: scene.exchanges() >= exchanges + 2, 10)
    scene.checks.equal("after a stop and a start each token is asked for again", scene.exchanges(), exchanges + 2)


def what_changed(scene):
    """A restart with other settings asks for what they concern, and for nothing else."""
    from .scene import TOKENS
    exchanges, held = scene.exchanges(), scene.get()
    scene.configure(TOKENS.replace('scopes = ["read", "update"]', 'scopes = ["read", "update"]\nheader = "X-Api-Key"'))
    scene.checks.equal("a restart with another setting of one token", scene.machine.restart(), 0)
    fresh = scene.get()
    scene.checks.ok("asks for this one anew", isinstance(fresh, tuple) and fresh[0] != held[0], fresh)
    scene.checks.equal("and only for this one", scene.exchanges(), exchanges + 1)
    scene.configure(TOKENS)
    scene.machine.restart()
    scene.get()


SECTIONS = [restart, crash, another_systemd, storm, crash_loop, counts, memory, clock_set, stop_forgets, what_changed]
