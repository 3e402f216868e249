"""LOGIN, LOGOUT and IMPORT, killed at each step, or refused by the disk there: afterwards the old or the new grant is in force, never none and never a
mixture."""
import http.client
import signal
import ssl
import threading
import time
import urllib.parse

from lib import processes

from .fixture import TOKEN, TortureFixture, side_by_side

STEPS = [
    "kill@create:1", "kill@write:1", "kill@truncate:1", "kill@successor-written:1", "kill@fsync:1", "kill@successor-synced:1", "kill@rename:1",
    "kill@successor-renamed:1", "kill@unlink:1", "kill@fsync:2", "kill@successor-folder-synced:1"]
# the disk refuses a call of its own, and the daemon lives
REFUSALS = [
    "fail@create:1", "fail@write=ENOSPC:1", "fail@truncate:1", "fail@fsync:1", "fail@rename:1", "fail@unlink:1", "fail@fsync:2", "fail@fsync",
    "fail@rename=EROFS"]
# beside these, where what is there cannot be opened and is kept
ASIDE = ["kill@link:1", "kill@moved-aside:1"]
OLD, NEW, ENDED = "the old grant", "the new grant", "nobody"


def redirected(server, url):
    """Where the browser of a person who signs in at once is sent; the query of that address."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPSConnection(address.hostname, address.port, context=ssl.create_default_context(cafile=server.about["ca_file"]), timeout=30)
    connection.request("GET", address.path + "?" + address.query)
    location = connection.getresponse().getheader("Location")
    connection.close()
    return urllib.parse.urlsplit(location).query


class Change:
    """What one operation does to a credential that has a grant."""

    def __init__(self, server, scene):
        self.server, self.scene = server, scene
        self.reply = ""

    def import_(self):
        self.new = self.scene.mint()
        self.reply = self.scene.told("IMPORT %s %s" % (TOKEN, self.new.secret))

    def logout(self):
        self.new = None
        self.reply = self.scene.told("LOGOUT %s" % TOKEN)

    def login(self):
        self.new = None
        begun = self.scene.told("LOGIN %s" % TOKEN)
        _, id_, url = begun.split(" ")[:3]
        self.reply = self.scene.told("CALLBACK %s %s" % (id_, redirected(self.server, url)))


def in_force(scene, old, operation):
    """Whose token is sent, and what a GET says."""
    before = {send.number for send in scene.server.history()}
    reply = scene.get_at_last()
    sends = [send for send in scene.server.of(old) if send.number not in before]
    if reply.startswith("ERR login-required reason=signed-out "):
        return ENDED if not sends else "a signed-out grant was sent"
    if not reply.startswith("OK "):
        return "a GET says %r" % reply[:200]
    if sends:
        return OLD if sends[-1].status == 200 else "the old grant is in force and dead"
    return NEW if operation != "logout" else "an unknown grant"


def damage(scene):
    """The record cannot be opened any more; what it was before."""
    path = scene.victim.state / "grants" / TOKEN
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    return good


def spoil(scene, beside):
    """`beside`: "intent", where a send of the old grant is in doubt; "damage", where its record cannot be opened: then what that was before."""
    if beside == "intent":
        scene.begin("kill@intent-folder-synced:1")
        scene.get()
        if not scene.victim.dies_before(time.monotonic() + 20):
            raise RuntimeError("it was to be killed with an intent")
    return damage(scene) if beside == "damage" else None


def killed(server, operation, fault, beside=""):
    """`beside` as in `spoil`."""
    with TortureFixture(server).with_grant() as scene:
        old = scene.grants[0]
        good = spoil(scene, beside)
        scene.begin(fault)
        change = Change(server, scene)
        getattr(change, operation)()
        died = scene.victim.dies_before(time.monotonic() + 1.0)
        if not died:
            scene.victim.kill()
        scene.begin()
        if beside == "damage":
            return damaged(scene, change, good)
        found = in_force(scene, old, operation)
        wanted = ENDED if operation == "logout" else NEW
        allowed = {wanted} if change.reply.startswith("OK ") else {OLD, wanted}
        if found not in allowed:
            return "in force is %s after %r" % (found, change.reply[:80])
        scene.again()
        # the same after one more restart: nothing waits to turn up
        again = in_force(scene, old, operation)
        return "" if again == found else "first %s, then %s" % (found, again)


def refused(server, operation, fault, beside, lives):
    """The disk refuses the operation at one step, or for good. `lives`: the daemon goes on until its disk has taken it; otherwise it is killed
    before it tries again."""
    with TortureFixture(server).with_grant() as scene:
        old = scene.grants[0]
        good = spoil(scene, beside)
        scene.begin(fault)
        change = Change(server, scene)
        getattr(change, operation)()
        if not change.reply.startswith(("OK ", "ERR unavailable reason=store ")):
            return "it says %r" % change.reply
        wanted = ENDED if operation == "logout" else NEW
        allowed = {wanted} if change.reply.startswith("OK ") else {OLD, wanted}
        is_there = lives and "written again" in change.reply
        if is_there:
            allowed = {wanted}
            if not processes.until(lambda: said(scene, operation), 20):
                return "it was not written again: %s" % scene.victim.words()[-800:]
        else:
            time.sleep(0.5)  # what would be revoked is revoked
        if not lives:
            scene.again()
        if beside == "damage":
            return damaged(scene, change, good, is_there) or (second_names(scene, good) if lives else "")
        found = in_force(scene, old, operation)
        if found not in allowed:
            return "in force is %s after %r" % (found, change.reply[:80])
        scene.again()
        again = in_force(scene, old, operation)
        return "" if again == found else "first %s, then %s" % (found, again)


def said(scene, operation):
    return "event=%s " % {"login": "signed-in", "logout": "signed-out", "import_": "imported"}[operation] in scene.victim.words()


def cut_off(server, operation, remedy):
    """The disk hangs, and the end does not wait for it."""
    with TortureFixture(server).with_grant() as scene:
        scene.begin("wait@fsync=60000")
        change = Change(server, scene)
        begun = threading.Thread(target=getattr(change, operation))
        begun.start()
        folder = scene.victim.state / "grants"
        if not processes.until(lambda: any(path.name.startswith("." + TOKEN) for path in folder.iterdir()), 20):
            return "nothing is written"
        before = scene.victim.words().count("event=stopping")
        for _ in range(2):
            scene.victim.process.send_signal(signal.SIGTERM)
            processes.until(lambda: scene.victim.words().count("event=stopping") > before, 10)
        status = scene.victim.process.wait(20)
        begun.join(20)
        lines = [line for line in scene.victim.words().splitlines() if "from now on: tokenctl %s %s" % (remedy, TOKEN) in line]
        return "" if status == 74 and len(lines) == 2 else "status %s, %s" % (status, scene.victim.words()[-800:])


def second_names(scene, good):
    """What could not be opened got one other name, and nothing else did."""
    paths = list((scene.victim.state / "grants").glob(TOKEN + ".locked-*"))
    is_kept_once = len(paths) <= 1 and all(path.read_bytes()[:-1] == good[:-1] for path in paths)
    return "" if is_kept_once else "kept are %s" % [path.name for path in paths]


def damaged(scene, change, good, is_there=False):
    """What could not be opened is kept, whatever happened; it is locked, or the new grant is in force."""
    is_there = is_there or change.reply.startswith("OK ")
    folder = scene.victim.state / "grants"
    kept = [path for path in folder.iterdir() if path.name.startswith(TOKEN) and path.read_bytes()[:-1] == good[:-1]]
    if not kept:
        return "what could not be opened is gone: %s" % [path.name for path in folder.iterdir()]
    reply = scene.get_at_last() if is_there else scene.get(3)
    if reply.startswith("OK "):
        return "" if [send.status for send in scene.server.of(change.new)] == [200] else "it is served, and not from the new grant"
    if is_there or not reply.startswith("ERR refused reason=locked "):
        return "IMPORT said %r, a GET says %r" % (change.reply, reply[:200])
    return ""


def test_changes(server):
    server.control("knob auto-login m.petrova")
    cases = []
    for operation in ("import_", "login", "logout"):
        for fault in STEPS:
            for beside in ("", "intent"):
                what = "%s, %s%s: the old or the new" % (operation.strip("_").upper(), fault, ", with an intent" if beside else "")
                cases.append((what, lambda o=operation, f=fault, b=beside: killed(server, o, f, b)))
    for fault in [*ASIDE, *STEPS]:
        cases.append(("IMPORT over a damaged record, %s: it is kept, and locked or replaced" % fault, lambda f=fault: killed(server, "import_", f, "damage")))
    side_by_side(cases)


def test_refusals(server):
    server.control("knob auto-login m.petrova")
    cases = []
    for operation in ("import_", "login", "logout"):
        for fault in REFUSALS:
            for beside in ("", "intent"):
                for lives in (False, True) if ":" in fault else (False,):
                    what = "%s, %s%s%s: the old or the new" % (
                        operation.strip("_").upper(), fault, ", with an intent" if beside else "", "" if lives else ", then a SIGKILL")
                    cases.append((what, lambda o=operation, f=fault, b=beside, l=lives: refused(server, o, f, b, l)))
    for fault in ["fail@link:1", *REFUSALS]:
        for lives in (False, True) if ":" in fault else (False,):
            what = "IMPORT over a damaged record, %s%s: it is kept, and locked or replaced" % (fault, "" if lives else ", then a SIGKILL")
            cases.append((what, lambda f=fault, l=lives: refused(server, "import_", f, "damage", l)))
    side_by_side(cases)


def test_ends(server):
    server.control("knob auto-login m.petrova")
    side_by_side([
        ("%s while the disk hangs: an end that does not wait says what to do about it" % operation.strip("_").upper(),
         lambda o=operation, r=remedy: cut_off(server, o, r))
        for operation, remedy in (("import_", "import"), ("login", "login"), ("logout", "logout"))])
