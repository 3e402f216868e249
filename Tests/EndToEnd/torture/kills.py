"""tokend is killed thousands of times: at random moments, and at every step and call of its store."""
import collections
import random
import time

from lib.conversation import Conversation

from .ledger import ANSWERED, DOUBT, LOST, NEW, OPEN, SOUND, Account, Wrong
from .victim import Files, Victim

STEPS = [
    "intent-created", "intent-allocated", "intent-written", "intent-synced", "intent-renamed", "intent-folder-synced",
    "successor-written", "successor-synced", "successor-renamed", "successor-folder-synced", "withdrawn", "withdrawn-folder-synced"]
CALLS = ["create", "open", "allocate", "write", "truncate", "fsync", "rename", "unlink"]
# the time of a send has whole seconds, and is taken before its intent is on the disk: so much earlier may the replay come
FLOOR = 1.5
REPLAY = 0.1
# seconds from the start before which nothing can have been sent
SOONEST = 0.02
# seconds until it serves, and how the lives are measured
USUAL_START = 0.15


def ask(conversation, line):
    """The reply; one that does not come is the daemon's death."""
    reply = conversation.ask(line)
    if reply is None:
        raise ConnectionError("the daemon has gone")
    return reply


class Kills:
    """Lives and deaths of one daemon that holds many grants."""

    def __init__(self, server, folder, seed, grants=40):
        self.server = server
        self.random = random.Random(seed)
        self.victim = Victim(folder, server, ["g%d" % number for number in range(grants)], pace="replay=%s,catch-up=0.2" % REPLAY)
        self.accounts = {name: Account(name, server.timeout) for name in self.victim.names}
        self.owner = {}  # account and grant by fingerprint
        self.pending = []  # sends not yet judged
        self.count = collections.Counter()
        self.deaths = collections.Counter()
        self.wrong = []
        self.died_at = None
        self.start = USUAL_START
        self.files = {}

    # --- one life

    def cycle(self):
        chance = self.random.random()
        fault, place = "", "random"
        if chance < 0.55:
            place = self.random.choice(STEPS + CALLS)
            most = {"open": 60, "fsync": 24, "unlink": 6}.get(place, 12)
            fault = "kill@%s:%d" % (place, self.random.randint(1, most))
        wanted = self.random.random()
        life = self.random.uniform(0.02, 0.5) if wanted < 0.88 else self.random.uniform(0.5, 1.5) if wanted < 0.98 else self.random.uniform(1.5, 5)
        # on a machine that does other things too everything takes longer, and the moments are to be as many before as after the start
        life *= min(max(1, self.start / USUAL_START), 3)
        if fault:
            life = self.start + max(life, 0.8)
        if place.startswith("withdrawn") or self.random.random() < 0.05:
            self.server.control("fault token status code=500 grant=refresh_token times=%d" % self.random.randint(1, 3))
        victim = self.victim.spawn(fault)
        spawned = victim.spawned
        deadline = spawned + life
        if victim.serves_before(deadline):
            self.count["lives"] += 1
            took = time.monotonic() - spawned
            self.start += (took - self.start) / 8
            self.count["start ms"] += int(1000 * took)
            try:
                self.look()
            except OSError:
                # it dies while it is asked
                if not victim.dies_before(time.monotonic() + 1):
                    raise
        died_itself = victim.dies_before(deadline)
        if not victim.kill() and not died_itself:
            died_itself = True
        status = victim.process.returncode
        if status != -9:
            self.fault("the daemon ended with status %s:\n%s" % (status, victim.words()[-2000:]))
        self.died_at = time.monotonic()
        self.count["kills"] += 1
        self.deaths[place if died_itself else "random"] += 1
        self.settle()

    def settle(self):
        """Judges a life that has ended, with everything that the server has seen of it."""
        self.server.rests()
        for send in self.server.sends():
            self.attribute(send)
        outlived = self.died_at - self.victim.spawned > self.server.timeout
        for account in self.accounts.values():
            files = self.victim.files(account.name)
            alive_for = self.died_at - account.answered_at if account.answered_at else 0
            if files.content == Files.TORN:
                self.count["successors cut off at their end"] += 1
            was = account.state
            self.hold(account, lambda: account.judge(files, alive_for, outlived), files)
            if account.state == OPEN != was:
                self.count["undecided until the next send"] += 1

    def attribute(self, send):
        account, grant = self.owner.get(send.token, (None, None))
        if account is None:
            return self.fault("a refresh token came that nobody has: %r" % send)
        if send.status == 200:
            self.count["rotations"] += 1
            self.owner[send.successor] = account, grant
        if account.state == NEW:
            return None
        if grant is not account.grant:
            # one that was on its way when the new one was brought in
            if send.at > account.began_at + self.server.timeout:
                self.fault("%s: a token of a sign-in that was replaced was sent: %r" % (account.name, send), account)
            return None
        if send.at < self.victim.spawned + SOONEST and account.state in (DOUBT, LOST, OPEN):
            # of an earlier life: the server took its time to look at what the dead had sent, and the doubt is about this
            self.count["sends that came after the death"] += 1
            return None
        was = account.state
        if was == OPEN and account.successor != account.held:
            self.count["of which %s" % ("replayed" if send.token == account.held else "kept")] += 1
        self.hold(account, lambda: account.take(send, self.server.timeout + REPLAY - FLOOR), send)
        if was == DOUBT and account.state == ANSWERED:
            self.count["replays that brought a successor"] += 1
        elif was == DOUBT and account.state == LOST:
            self.count["replays that told of the loss"] += 1
        return None

    def hold(self, account, step, detail):
        """Takes a step of the account; what must not be is told once, and the grant replaced."""
        was = account.state
        try:
            step()
        except Wrong as wrong:
            self.fault("%s: %s (%r; %r)" % (account.name, wrong, account, detail), account)
            account.state = NEW
        account.note(detail)
        if account.state == LOST and was != LOST:
            self.count["unavoidable losses"] += 1

    def fault(self, text, account=None):
        self.count["wrong outcomes"] += 1
        if account is not None and account.grant is not None:
            self.count["grants lost"] += 1
        self.wrong.append("kill %d: %s" % (self.count["kills"], text))
        print("WRONG %s" % self.wrong[-1], flush=True)

    # --- what it says of itself

    def look(self):
        """Compares what the daemon says after a start with what must be; brings in new grants for those that are lost."""
        states = self.victim.states()
        with Conversation(self.victim.socket, 30) as conversation:
            for name, account in self.accounts.items():
                state, reason = states.get(name, ("missing", ""))
                if account.state == LOST:
                    self.check_lost(conversation, account)
                elif account.state == OPEN:
                    if state == "login-required":
                        account.lose("the record was cut off at its last byte")
                        self.count["unavoidable losses"] += 1
                elif account.state != NEW and state in ("login-required", "locked", "refused", "missing"):
                    self.settle_early(account, state, reason)
                if account.state == NEW or account.starts_lost >= 2:
                    self.renew(conversation, account)

    def check_lost(self, conversation, account):
        reply = ask(conversation, "GET %s wait=0" % account.name)
        # after a start the server is asked once more, late
        if not reply.startswith(("ERR login-required reason=answer-lost ", "ERR unavailable ", "ERR timeout : an exchange is under way")):
            self.fault("%s: the answer is lost, and a GET says %r (%r)" % (account.name, reply[:200], account), account)
            account.state = NEW
        account.starts_lost += 1

    def settle_early(self, account, state, reason):
        """The daemon may know by now what the server has just told it."""
        if account.state == DOUBT:
            for send in self.server.sends():
                self.attribute(send)
            if account.state == LOST:
                return
        self.fault("%s is %s (%s) without a reason (%r)" % (account.name, state, reason, account), account)
        account.state = NEW

    def renew(self, conversation, account):
        grant = self.server.mint()
        account.state = NEW
        self.owner[grant.fingerprint] = account, grant
        reply = ask(conversation, "IMPORT %s %s" % (account.name, grant.secret))
        if not reply.startswith("OK "):
            raise RuntimeError("%s: IMPORT says %r" % (account.name, reply))
        account.begin(grant)
        self.count["grants"] += 1

    # --- all of them

    def run(self, kills, until):
        began = time.monotonic()
        while self.count["kills"] < kills and time.monotonic() < until:
            self.cycle()
            if self.count["kills"] % 500 == 0:
                print("%d kills, %d rotations, %d unavoidable losses" % tuple(
                    self.count[what] for what in ("kills", "rotations", "unavoidable losses")), flush=True)
        self.finish()
        self.count["seconds"] = int(time.monotonic() - began)

    def finish(self):
        """One more life without a death: every grant that is not lost must serve."""
        victim = self.victim
        self.server.control("clear")
        victim.begin()
        self.look()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            states = victim.states()
            for send in self.server.sends():
                self.attribute(send)
            waiting = [name for name, account in self.accounts.items() if account.state != LOST and states[name][0] != "ready"]
            if not waiting:
                break
            time.sleep(0.2)
        for name in waiting:
            self.fault("%s does not serve at the end: %s (%r)" % (name, states[name], self.accounts[name]), self.accounts[name])
        victim.stop()
        living = self.server.grants()
        for account in self.accounts.values():
            if account.state in (SOUND, ANSWERED) and not living[account.grant.number]["alive"]:
                self.fault("%s: the server has ended the grant" % account.name, account)
