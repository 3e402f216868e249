"""The disk is full, fails, or takes its time: nothing is sent that could not be kept, and what came is kept."""
import os
import pathlib
import subprocess
import tempfile
import time

from lib.servicemanager import ServiceManager

from .scenes import Scene, pairs, side_by_side

ERRORS = ["EIO", "ENOSPC", "EROFS", "EDQUOT", "EACCES"]
# how often one renewal makes each call, and once more
CALLS = {"create": 2, "allocate": 2, "write": 3, "truncate": 2, "fsync": 5, "rename": 3, "unlink": 2}
# without these no intent becomes durable
NEEDED = ["create", "allocate", "write", "fsync", "rename"]


# --- a call fails

def fails_once(server, fault):
    with Scene(server).with_grant() as scene:
        scene.begin(fault)
        if trouble := scene.works():
            return "while it lives: " + trouble
        scene.victim.kill()
        scene.begin()
        trouble = scene.works()
        return "after its death: " + trouble if trouble else ""


def unreadable_once(server, number, error):
    """At the start, where the record is read. A record that cannot be read is left alone for this life."""
    with Scene(server).with_grant() as scene:
        scene.begin("fail@open=%s:%d" % (error, number))
        reply = scene.get(1)
        if number == 1 and (not reply.startswith("ERR refused reason=locked ") or scene.sends()):
            return "a GET says %r; %s" % (reply[:200], scene.sends())
        scene.again()
        return scene.works()


def one_call_fails(checks, server):
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
    side_by_side(checks, cases)


def fails_always(server, call, error):
    with Scene(server).with_grant() as scene:
        scene.begin("fail@%s=%s" % (call, error))
        replies = [scene.get(3), scene.get(3)]
        if not all(reply.startswith("ERR unavailable ") and "reason=store" in reply for reply in replies):
            return "a GET says %r" % replies
        if scene.sends():
            return "a token was sent: %s" % scene.sends()
        scene.victim.kill()
        scene.begin()
        return scene.works()


def a_call_fails_for_good(checks, server):
    side_by_side(checks, [
        ("every %s fails with %s: nothing is sent, and the same token works afterwards" % (call, error),
         lambda call=call, error=error: fails_always(server, call, error)) for call in NEEDED for error in ERRORS[:3]])


def successor_fails(server, faults, ending):
    """The intent is durable and the token sent; then the disk fails for a while, or until the end."""
    with Scene(server).with_grant() as scene:
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


def a_successor_cannot_be_kept(checks, server):
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
    side_by_side(checks, cases)


# --- a call hangs

def slow_successor(server, call, is_kept):
    """With somebody who keeps its memory, a successor is used after 2 s; without, once it is on the disk."""
    with Scene(server).with_grant() as scene:
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
    with Scene(server).with_grant() as scene:
        scene.begin("wait@fsync=8000:3")
        scene.get(3)
        scene.victim.kill()
        scene.begin()
        return scene.works()


def slow_intent(server):
    with Scene(server).with_grant() as scene:
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


def hanging_disk(checks, server):
    side_by_side(checks, [
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


def full_before(checks, server):
    with SmallDisk() as disk, Scene(server, state=disk.state).with_grant() as scene:
        scene.begin()
        disk.fill()
        replies = [scene.get(3), scene.get(3)]
        checks.ok("on a full disk a GET hears of the store", all(r.startswith("ERR unavailable ") and "reason=store" in r for r in replies), replies)
        checks.equal("and nothing is sent", scene.sends(), [])
        scene.again()
        checks.ok("a restart on a full disk too", scene.get(3).startswith("ERR unavailable "))
        checks.equal("sends nothing", scene.sends(), [])
        disk.free()
        checks.equal("with room again the same token works", scene.works(), "")
        scene.again()
        checks.equal("and its successor", scene.works(), "")


def full_while_renewing(checks, server):
    for ending in ("stop", "kill"):
        with SmallDisk() as disk, Scene(server, state=disk.state).with_grant() as scene:
            scene.begin()
            scene.fault("slow hold=1")
            conversation = scene.victim.open().send("GET app.t wait=20\n")
            scene.waits_for_fault()
            disk.fill()
            checks.equal("the disk is full when the answer comes", disk.left(), 0)
            reply = conversation.reply()
            conversation.close()
            checks.ok("its room was taken before: the answer is kept and served", reply.startswith("OK "), reply)
            getattr(scene.victim, ending)()
            scene.begin()
            checks.ok("a start on the full disk (after a %s)" % ending, scene.get(3).startswith("ERR unavailable "))
            checks.equal("sends nothing", len(scene.sends()), 1)
            disk.free()
            checks.equal("with room again the successor works", scene.works(), "")


def full_after_a_kill(checks, server):
    """The successor is whole and has not got its name, and now there is no room to complete it."""
    with SmallDisk() as disk, Scene(server, state=disk.state).with_grant() as scene:
        scene.begin("kill@successor-synced:1")
        scene.get()
        scene.victim.dies_before(time.monotonic() + 20)
        disk.fill()
        scene.begin()
        checks.ok("a successor that cannot be completed for want of room", scene.get(3).startswith("ERR unavailable "))
        checks.equal("is not sent", len(scene.sends()), 1)
        scene.again()
        disk.free()
        checks.equal("and works when there is room", scene.works(), "")
        checks.equal("as the server sees it", pairs(scene.sends()), [(0, 200), (1, 200)])


def import_on_a_full_disk(checks, server):
    with SmallDisk() as disk, Scene(server, state=disk.state).with_grant() as scene:
        scene.begin()
        disk.fill()
        reply = scene.import_()
        refused = scene.grants.pop()
        checks.ok("IMPORT on a full disk is refused", reply.startswith("ERR unavailable reason=store "), reply)
        disk.free()
        checks.equal("and the old grant stays in force", scene.works(), "")
        checks.equal("the new one is never sent", server.of(refused), [])


SECTIONS = [one_call_fails, a_call_fails_for_good, a_successor_cannot_be_kept, hanging_disk, full_before, full_while_renewing, full_after_a_kill,
            import_on_a_full_disk]
