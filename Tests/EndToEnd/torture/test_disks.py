"""The disk is full, fails, or takes its time: nothing is sent that could not be kept, and what came is kept."""
import os
import pathlib
import subprocess
import tempfile
import time

from lib.servicemanager import ServiceManager

from .fixture import TortureFixture, pairs, side_by_side

ERRORS = ["EIO", "ENOSPC", "EROFS", "EDQUOT", "EACCES"]
# how often one renewal makes each call, and once more
CALLS = {"create": 2, "allocate": 2, "write": 3, "truncate": 2, "fsync": 5, "rename": 3, "unlink": 2}
# without these no intent becomes durable
NEEDED = ["create", "allocate", "write", "fsync", "rename"]


# --- a call fails

def fails_once(server, fault):
    with TortureFixture(server).with_grant() as scene:
        scene.begin(fault)
        if trouble := scene.works():
            return "while it lives: " + trouble
        scene.victim.kill()
        scene.begin()
        trouble = scene.works()
        return "after its death: " + trouble if trouble else ""


def unreadable_once(server, number, error):
    """At the start, where the record is read. A record that cannot be read is left alone for this life."""
    with TortureFixture(server).with_grant() as scene:
        scene.begin("fail@open=%s:%d" % (error, number))
        reply = scene.get(1)
        if number == 1 and (not reply.startswith("ERR refused reason=locked ") or scene.sends()):
            return "a GET says %r; %s" % (reply[:200], scene.sends())
        scene.again()
        return scene.works()


def test_one_call_fails(server):
    """Each call of a renewal fails once: the renewal is made all the same, and its successor outlives a SIGKILL."""
    cases = []
    for call, most in CALLS.items():
        for time_ in range(1, most + 1):
            for error in ERRORS if time_ == 1 else ERRORS[:1]:
                fault = "fail@%s=%s:%d" % (call, error, time_)
                cases.append(("%s number %d fails once with %s: nothing is lost" % (call, time_, error), lambda fault=fault: fails_once(server, fault)))
    for number in (1, 2, 3, 4):
        for error in ERRORS if number == 1 else ERRORS[:1]:
            cases.append(("open number %d fails once with %s: the next start finds what was there" % (number, error),
                          lambda number=number, error=error: unreadable_once(server, number, error)))
    side_by_side(cases)


def fails_always(server, call, error):
    with TortureFixture(server).with_grant() as scene:
        scene.begin("fail@%s=%s" % (call, error))
        replies = [scene.get(3), scene.get(3)]
        if not all(reply.startswith("ERR unavailable ") and "reason=store" in reply for reply in replies):
            return "a GET says %r" % replies
        if scene.sends():
            return "a token was sent: %s" % scene.sends()
        scene.victim.kill()
        scene.begin()
        return scene.works()


def test_a_call_fails_for_good(server):
    side_by_side([
        ("every %s fails with %s: nothing is sent, and the same token works afterwards" % (call, error),
         lambda call=call, error=error: fails_always(server, call, error)) for call in NEEDED for error in ERRORS[:3]])


def successor_fails(server, faults, ending):
    """The intent is durable and the token sent; then the disk fails for a while, or until the end."""
    with TortureFixture(server).with_grant() as scene:
        scene.begin(faults)
        first = scene.get(8)
        if len(scene.sends()) != 1:
            return "expected one send: %s" % scene.sends()
        if ending == "mended":
            reply = scene.get_at_last()
            if not reply.startswith("OK "):
                return "after the disk works again: %r" % reply
        elif first.startswith("OK "):
            return "it was handed out before it was kept: %r" % first[:40]
        if ending == "stopped":
            scene.victim.stop()
        else:
            scene.victim.kill()
        scene.begin()
        return scene.works()


def test_a_successor_cannot_be_kept(server):
    """Every call from a successor's first one on fails, several times over."""
    def failing(call, first, count, error="EIO"):
        return ",".join("fail@%s=%s:%d" % (call, error, number) for number in range(first, first + count))

    ways = {
        "fsync fails three times": failing("fsync", 3, 3), "fsync fails six times": failing("fsync", 3, 6, "ENOSPC"),
        "rename fails twice": failing("rename", 2, 2), "rename and fsync fail": failing("rename", 2, 1) + "," + failing("fsync", 4, 2),
        "write fails twice": failing("write", 2, 2), "write fails four times": failing("write", 2, 4, "ENOSPC"),
        "truncate fails twice": failing("truncate", 1, 2, "EROFS"),
    }
    cases = [("%s: it is written again until it is there" % what, lambda faults=faults: successor_fails(server, faults, "mended"))
             for what, faults in ways.items()]
    cases.append(("fsync fails until a SIGKILL: the bytes are there", lambda: successor_fails(server, failing("fsync", 3, 60), "killed")))
    cases.append(("rename fails until a SIGKILL: the file is there", lambda: successor_fails(server, failing("rename", 2, 60), "killed")))
    side_by_side(cases)


# --- a call hangs

def slow_successor(server, call, is_kept):
    """With somebody who keeps its memory, a successor is used after 2 s; without, once it is on the disk."""
    with TortureFixture(server).with_grant() as scene:
        manager = ServiceManager(scene.victim.folder)
        try:
            scene.begin("wait@%s" % call, **({"NOTIFY_SOCKET": str(manager.path)} if is_kept else {}))
            began = time.monotonic()
            reply = scene.get_at_last()
            took = time.monotonic() - began
            scene.victim.kill()
            scene.begin()
            trouble = scene.works()
            is_right = reply.startswith("OK ") and (took < 3.9 if is_kept else took > 3.9)
            return trouble or ("" if is_right else "a GET says %r after %.1f s" % (reply[:60], took))
        finally:
            manager.close()


def killed_while_it_hangs(server):
    with TortureFixture(server).with_grant() as scene:
        scene.begin("wait@fsync=8000:3")
        scene.get(3)
        scene.victim.kill()
        scene.begin()
        return scene.works()


def slow_intent(server):
    with TortureFixture(server).with_grant() as scene:
        scene.begin("wait@fsync=12500:1")
        began = time.monotonic()
        reply = scene.get(20)
        took = time.monotonic() - began
        if not (reply.startswith("ERR unavailable ") and "reason=store" in reply and 9.5 < took < 12):
            return "a GET says %r after %.1f s" % (reply, took)
        if scene.sends():
            return "a token was sent: %s" % scene.sends()
        if trouble := scene.works():
            return "when the disk answers again: " + trouble
        scene.victim.kill()
        scene.begin()
        return scene.works()


def test_hanging_disk(server):
    side_by_side([
        ("an intent that takes longer than 10 s: nothing is sent, callers hear of the store, and the same token works then", lambda: slow_intent(server)),
        ("a successor whose fsync takes 4 s is used after 2 s, where systemd keeps its memory", lambda: slow_successor(server, "fsync=4000:3", True)),
        ("without that it is used once it is on the disk", lambda: slow_successor(server, "fsync=4000:3", False)),
        ("and one whose folder takes so long", lambda: slow_successor(server, "fsync=4000:4", True)),
        ("SIGKILL while the fsync of a successor hangs", lambda: killed_while_it_hangs(server)),
    ])


# --- no room

class SmallDisk:
    """A file system of its own, of a few hundred KiB."""

    def __init__(self, kib=768):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tk-disk-"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dk,mode=0700" % kib, "tmpfs", str(self.path)], check=True)
        self.state = self.path / "state"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.path)], check=False)
        self.path.rmdir()

    def fill(self):
        with open(self.path / "ballast", "ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                pass

    def free(self):
        (self.path / "ballast").unlink()

    def left(self):
        facts = os.statvfs(self.path)
        return facts.f_bavail * facts.f_frsize


def test_full_before(server):
    with SmallDisk() as disk, TortureFixture(server, state=disk.state).with_grant() as scene:
        scene.begin()
        disk.fill()
        replies = [scene.get(3), scene.get(3)]
        assert all(r.startswith("ERR unavailable ") and "reason=store" in r for r in replies), f"on a full disk a GET hears of the store: {replies}"
        assert scene.sends() == [], "and nothing is sent"
        scene.again()
        assert scene.get(3).startswith("ERR unavailable "), "a restart on a full disk too"
        assert scene.sends() == [], "sends nothing"
        disk.free()
        assert scene.works() == "", "with room again the same token works"
        scene.again()
        assert scene.works() == "", "and its successor"


def test_full_while_renewing(server):
    for ending in ("stop", "kill"):
        with SmallDisk() as disk, TortureFixture(server, state=disk.state).with_grant() as scene:
            scene.begin()
            scene.fault("slow hold=1")
            conversation = scene.victim.open().send("GET app.t wait=20\n")
            scene.waits_for_fault()
            disk.fill()
            assert disk.left() == 0, "the disk is full when the answer comes"
            reply = conversation.reply()
            conversation.close()
            assert reply.startswith("OK "), "its room was taken before: the answer is kept and served"
            getattr(scene.victim, ending)()
            scene.begin()
            assert scene.get(3).startswith("ERR unavailable "), "a start on the full disk (after a %s)" % ending
            assert len(scene.sends()) == 1, "sends nothing"
            disk.free()
            assert scene.works() == "", "with room again the successor works"


def test_full_after_a_kill(server):
    """The successor is whole and has not got its name, and now there is no room to complete it."""
    with SmallDisk() as disk, TortureFixture(server, state=disk.state).with_grant() as scene:
        scene.begin("kill@successor-synced:1")
        scene.get()
        scene.victim.dies_before(time.monotonic() + 20)
        disk.fill()
        scene.begin()
        assert scene.get(3).startswith("ERR unavailable "), "a successor that cannot be completed for want of room"
        assert len(scene.sends()) == 1, "is not sent"
        scene.again()
        disk.free()
        assert scene.works() == "", "and works when there is room"
        assert pairs(scene.sends()) == [(0, 200), (1, 200)], "as the server sees it"


def test_import_on_a_full_disk(server):
    with SmallDisk() as disk, TortureFixture(server, state=disk.state).with_grant() as scene:
        scene.begin()
        disk.fill()
        reply = scene.import_()
        refused = scene.grants.pop()
        assert reply.startswith("ERR unavailable reason=store "), "IMPORT on a full disk is refused"
        disk.free()
        assert scene.works() == "", "and the old grant stays in force"
        assert server.of(refused) == [], "the new one is never sent"
