"""The daemon stands still, is told to stop, or finds another time on the wall."""
import os
import pathlib
import shutil
import subprocess
import time

from lib import processes
from lib.daemon import HURRIED

from .fixture import REPLAY, TOKEN, TortureFixture, pairs

TIMEOUT = 2
HERE = pathlib.Path(__file__).resolve().parent


def waiting_for_the_answer(scene, fault):
    """A GET whose refresh is with the server; the conversation."""
    met = scene.server.faults_met(scene.client)
    scene.fault(fault)
    conversation = scene.victim.open().send("GET %s wait=40\n" % TOKEN)
    scene.waits_for_fault(met + 1)
    return conversation


# --- it stands still

def test_freezes(server):
    """SIGSTOP while the answer is on its way, for less and for more than the exchange may take."""
    for seconds in (0.5, 1.5, 3, 6):
        with TortureFixture(server, timeout=TIMEOUT).with_grant() as scene:
            scene.begin()
            with waiting_for_the_answer(scene, "slow hold=0.3") as conversation:
                scene.victim.freeze()
                time.sleep(seconds)
                scene.victim.thaw()
                reply = conversation.reply() or ""
            assert reply.startswith("OK "), "frozen for %s s: the answer that lay there is taken: %s" % (seconds, (reply, scene.sends()))
            scene.again()
            assert scene.works() == "", "and its successor works"
            assert pairs(scene.sends()) == [(0, 200), (1, 200)], "both were sent once"
        with TortureFixture(server, timeout=TIMEOUT).with_grant() as scene:
            scene.begin()
            with waiting_for_the_answer(scene, "half-body then=hang") as conversation:
                scene.victim.freeze()
                time.sleep(seconds)
                scene.victim.thaw()
                conversation.reply()
            reply = scene.get_at_last()
            assert pairs(scene.sends()) == [(0, 200), (0, 400)], "with half an answer there is one replay"
            assert reply.startswith("ERR login-required reason=answer-lost "), "then answer-lost"


def test_freezes_at_steps(server):
    """SIGSTOP while the store is at work, for longer than an intent and a successor may take."""
    for what, fault, seconds in (("the intent", "wait@intent-synced=500:1", 11), ("the successor", "wait@successor-written=500:1", 4)):
        with TortureFixture(server, timeout=TIMEOUT).with_grant() as scene:
            scene.begin(fault)
            with scene.victim.open() as conversation:
                conversation.send("GET %s wait=40\n" % TOKEN)
                time.sleep(0.3)
                scene.victim.freeze()
                time.sleep(seconds)
                scene.victim.thaw()
                conversation.reply()
            reply = scene.get_at_last()
            assert reply.startswith("OK "), "frozen for %d s while %s is written: it is served then" % (seconds, what)
            scene.again()
            assert scene.works() == "", "and nothing is lost"


# --- it is told to stop

def test_stopping(server):
    """SIGTERM while a refresh is with the server: what comes has to reach the disk."""
    for seconds in (1, 5):
        with TortureFixture(server, timeout=10).with_grant() as scene:
            scene.begin()
            with waiting_for_the_answer(scene, "slow hold=%d" % seconds) as conversation:
                began = time.monotonic()
                scene.victim.process.terminate()
                reply = conversation.reply() or ""
                assert reply.startswith("ERR stopping "), "SIGTERM: who waits hears ERR stopping"
            status = scene.victim.process.wait(40)
            took = time.monotonic() - began
            assert status == 0 and seconds - 0.5 < took < seconds + 4, "the refresh of %d s is waited for, and it ends with 0: %s" % (seconds, (status, took))
            scene.begin()
            assert scene.works() == "", "its successor is there"
            assert pairs(scene.sends()) == [(0, 200), (1, 200)], "and was sent once"
    with TortureFixture(server, timeout=4).with_grant() as scene:
        scene.begin()
        with waiting_for_the_answer(scene, "slow hold=20"):
            scene.victim.process.terminate()
        assert scene.victim.process.wait(45) == 0, "SIGTERM before an answer that never comes in time: it ends with 0"
        scene.begin()
        found = scene.waits_for(1)
        reply = scene.get_at_last()
        assert pairs(scene.sends()) == [(0, 200), (0, 400)], "and the next start makes the one replay"
        assert reply.startswith("ERR login-required reason=answer-lost "), "which tells of the loss: %s" % ((reply, found),)
    with TortureFixture(server).with_grant() as scene:
        scene.begin("wait@fsync=3000:3")
        with scene.victim.open() as conversation:
            conversation.send("GET %s wait=30\n" % TOKEN)
            scene.waits_for(1)
            scene.victim.process.terminate()
            conversation.reply()
        assert scene.victim.process.wait(45) == 0, "SIGTERM while the disk hangs with a successor: it ends with 0"
        scene.begin()
        assert scene.works() == "", "and the successor is on it"


def test_two_daemons(server):
    with TortureFixture(server).with_grant() as scene:
        for attempt in range(5):
            command = [HURRIED, "--config", str(scene.victim.configuration), "--state", str(scene.victim.state), "--log", "stderr", "--socket"]
            pair = [processes.start([*command, str(scene.folder / ("%d.sock" % number))], scene.folder / "two.log") for number in range(2)]
            processes.until(lambda pair=pair: any(process.poll() is not None for process in pair), 20)
            ended = [process.returncode for process in pair if process.poll() is not None]
            assert ended == [71], "of two daemons that start on one state folder, one is refused (try %d)" % (attempt + 1)
            for process in pair:
                processes.stop(process)
        scene.begin()
        assert scene.works() == "", "the grant works"
        second = subprocess.run([*command, str(scene.folder / "second.sock")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
        assert second.returncode == 71 and "another tokend uses" in second.stdout, f"a second one beside it is refused: {second.stdout}"
        scene.again()
        assert scene.works() == "", "and what it leaves is as before"


# --- the clock on the wall

class Wall:
    """The time that one daemon is told, some seconds off."""

    def __init__(self, folder):
        self.library, self.file = folder / "clock.so", folder / "clock"
        # one of the two is there wherever Swift is
        compiler = shutil.which("cc") or shutil.which("clang") or "cc"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(self.library), str(HERE / "clock.c")], check=True)
        self.jump(0)

    def jump(self, seconds):
        new = self.file.with_suffix(".new")
        new.write_text("%d\n" % seconds)
        os.replace(new, self.file)

    @property
    def environment(self):
        return {"LD_PRELOAD": str(self.library), "TORTURE_CLOCK": str(self.file)}


def test_jumps_between(server):
    """A send is in doubt, and the next start finds another time: the replay is neither earlier than allowed nor much later, and only one."""
    # no further back than the server's certificate is valid; a jump forward may make it come at once: the time since then is not known better; backward it waits from the start
    for seconds, at_least in ((3600, 0), (86_400, 0), (-60, TIMEOUT + REPLAY)):
        with TortureFixture(server, timeout=TIMEOUT).with_grant() as scene:
            wall = Wall(scene.folder)
            scene.begin(**wall.environment)
            with waiting_for_the_answer(scene, "reset when=before") as conversation:
                conversation.reply()
            scene.victim.kill()
            wall.jump(seconds)
            scene.begin(**wall.environment)
            began = scene.victim.spawned
            reply = scene.get_at_last()
            found = scene.sends()
            assert reply.startswith("OK ") and pairs(found) == [(0, None), (0, 200)], (
                "the wall jumps by %+d s between two lives: the replay brings the successor: %s" % (seconds, (reply, found)))
            if len(found) > 1:
                assert at_least <= found[1].at - began < TIMEOUT + REPLAY + 5, "%.1f s after the start or later, and soon" % at_least
            scene.again()
            assert scene.works() == "", "and that works, with the clock as it was"


def test_jumps_within(server):
    for seconds in (3600, -60, 86_400):
        with TortureFixture(server, timeout=TIMEOUT).with_grant() as scene:
            wall = Wall(scene.folder)
            scene.begin(**wall.environment)
            with waiting_for_the_answer(scene, "slow hold=1") as conversation:
                wall.jump(seconds)
                reply = conversation.reply() or ""
            assert reply.startswith("OK "), "the wall jumps by %+d s while a refresh is under way: its token is served" % seconds
            scene.victim.kill()
            scene.begin(**wall.environment)
            assert scene.works() == "", "the successor works after a restart"
            with waiting_for_the_answer(scene.again(), "reset when=before") as conversation:
                began = time.monotonic()
                wall.jump(0)
                conversation.reply()
            reply = scene.get_at_last()
            found = scene.sends()
            assert reply.startswith("OK ") and found[-1].at - began > TIMEOUT + REPLAY - 0.2, (
                "and a replay keeps its distance when the wall jumps: %s" % ((reply, found),))
