"""One daemon with one grant, and what is expected of the two: what every test stands on."""
import concurrent.futures
import pathlib
import shutil
import tempfile
import time
import traceback

from lib import processes

from .victim import Victim

TOKEN = "app.t"
REPLAY = 1.0


class TortureFixture:
    """`with TortureFixture(server) as scene`: a daemon and a client of its own, not started. `keep` "always" renews without being asked.

    Several are used side by side: nothing that one does to its requests meets those of another."""

    def __init__(self, server, keep=None, timeout=2, state=None):
        self.server, self.timeout = server, timeout
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tk-"))
        self.client = server.register()
        self.victim = Victim(self.folder, server, ["t"], keep, pace="replay=%s,catch-up=3600" % REPLAY, timeout=timeout, client=self.client)
        if state:
            self.victim.state = state
        self.grants = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print("tokend said:\n" + self.victim.last_words())
        process = self.victim.process
        if process and process.poll() is None:
            self.victim.thaw()
            self.victim.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- steps

    def mint(self):
        self.grants.append(self.server.mint(self.client))
        return self.grants[-1]

    def import_(self):
        """A new grant is brought in; the reply."""
        return self.victim.say("IMPORT %s %s" % (TOKEN, self.mint().secret))

    def with_grant(self):
        """A life that does nothing but take a grant in."""
        self.victim.begin()
        reply = self.import_()
        if not reply.startswith("OK "):
            raise RuntimeError("IMPORT: %s" % reply)
        self.victim.stop()
        return self

    def begin(self, fault="", **environment):
        self.victim.begin(fault, **environment)
        return self

    def get(self, wait=20, more=""):
        """The reply; "" where the daemon died of it."""
        return self.told("GET %s wait=%d%s" % (TOKEN, wait, more))

    def told(self, line):
        try:
            return self.victim.say(line) or ""
        except OSError:
            return ""

    def get_at_last(self, seconds=40):
        """The same, asked again for as long as it is told to."""
        deadline = time.monotonic() + seconds
        while True:
            reply = self.get()
            if reply.startswith("OK ") or reply.startswith("ERR login-required") or time.monotonic() > deadline:
                return reply
            time.sleep(0.2)

    def again(self):
        """A sudden death and a healthy life after it."""
        self.victim.kill()
        time.sleep(0.1)  # what it sent is read; others may be connected
        return self.begin()

    def fault(self, what):
        """The next refreshes meet it."""
        self.server.fault(self.client, what)

    def waits_for_fault(self, count=1, seconds=60):
        """Until so many refreshes have met one."""
        self.server.await_fault(self.client, count, seconds)

    # --- what is seen

    def sends(self):
        return self.server.of(*self.grants)

    def waits_for(self, count, seconds=30):
        """The sends of the newest grant, once there are so many."""
        return processes.until(lambda: len(found := self.server.of(self.grants[-1])) >= count and found, seconds) or self.server.of(self.grants[-1])

    def lives(self):
        return self.server.lives(self.grants[-1])

    def works(self):
        """Why the newest grant is not what it was before, with the next token after the last one; "" if all is well."""
        before = self.server.of(self.grants[-1])
        expected = self.grants[-1].fingerprint
        for send in before:
            expected = send.successor if send.status == 200 else expected
        reply = self.get_at_last()
        after = self.server.of(self.grants[-1])[len(before):]
        if not reply.startswith("OK "):
            return "a GET says %r; %s" % (reply[:200], before + after)
        if [send.token for send in after] != [expected] or after[0].status != 200:
            return "expected one send of %s, found %s after %s" % (expected, after, before)
        return "" if self.lives() else "the server has ended the grant"


def pairs(sends):
    """(which token, status) of each send: 0 is the first, 1 its successor, and so on."""
    order = []
    for send in sends:
        if send.token not in order:
            order.append(send.token)
    return [(order.index(send.token), send.status) for send in sends]


def side_by_side(cases, workers=12):
    """`cases`: (what, function without arguments that says what is wrong, or ""). They wait more than they work."""
    def outcome(case):
        try:
            return case()
        except Exception:  # any is a failure of that case
            return traceback.format_exc()

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        found = list(zip(cases, pool.map(outcome, [case for _, case in cases])))
    wrong = ["%s:\n%s" % (what, said) for (what, _), said in found if said]
    assert not wrong, "%d of %d cases\n%s" % (len(wrong), len(cases), "\n".join(wrong))
