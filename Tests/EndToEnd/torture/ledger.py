"""What must be true of each grant after each death of the daemon, worked out from what the server saw and what lies on the disk.

    sound ──sent, 200──► answered ──successor on the disk──► sound
      │                     └──died before──► doubt
      └──died with an intent──► doubt ──a replay──► answered, or lost where the server refuses it
    doubt ──died with the replay's intent──► doubt
    lost ──a start──► lost: the server is asked once more, and refuses
"""
import time

from .victim import Files

SOUND, ANSWERED, DOUBT, LOST, OPEN, NEW = "sound", "answered", "doubt", "lost", "open", "new"


class Wrong(Exception):
    """What happened to a grant and must not."""


class Account:
    """One credential of the daemon with the grant that it holds now."""

    def __init__(self, name, timeout):
        self.name = name
        # seconds that the daemon gives an exchange
        self.timeout = timeout
        self.state = NEW
        self.grant = self.began_at = None
        # of the refresh token that the record has, and of the one that the server gave last for it
        self.held = self.successor = None
        self.answered_at = None
        # of the send in doubt, and the file that tells of it
        self.sent_at = self.intent = None
        self.record = None
        # of this life
        self.answers = 0
        self.starts_lost = 0
        self.why = None
        # whether an intent without a successor lay on the disk at the last death
        self.has_intent = False
        self.trail = []

    def note(self, what):
        """Remembers what has happened, for the day when something must not have."""
        self.trail = self.trail[-11:] + ["%.3f %s: %s" % (time.monotonic() % 10_000, what, self.state)]

    def __repr__(self):
        return "%s is %s: held %s, successor %s\n  %s" % (self.name, self.state, self.held, self.successor, "\n  ".join(self.trail))

    def begin(self, grant):
        """A new grant was brought in and is in force."""
        self.__init__(self.name, self.timeout)
        self.state, self.grant, self.held, self.began_at = SOUND, grant, grant.fingerprint, time.monotonic()

    # --- while the daemon lives

    def take(self, send, earliest):
        """A refresh token of this grant came to the server. `earliest`: seconds after the first send at which a replay may come."""
        if self.state == ANSWERED:
            if send.token == self.successor:
                self._store()
            elif send.token == self.held and send.at - self.answered_at >= earliest - 1:
                # the answer came after the daemon's patience was over
                self.state, self.sent_at = DOUBT, self.answered_at
            else:
                raise Wrong("%s was sent though its successor %s had come" % (send.token, self.successor))
        if self.state == OPEN:
            # both ways are right, and this tells which it was
            if send.token != self.held:
                self._store()
            if send.token == self.held and (self.has_intent or self.state == OPEN):
                # with the intent of an earlier life on the disk it is the replay, whichever token that intent was for
                self.state, self.sent_at = DOUBT, None
        if self.state == LOST and send.status == 200:
            raise Wrong("%s was taken after the answer was lost" % send.token)
        if send.token != self.held:
            raise Wrong("%s was sent, and %s is in force" % (send.token, self.held))
        if send.status == 200:
            if self.state == DOUBT:
                self._mind(send, earliest)
            self.state, self.successor, self.answered_at = ANSWERED, send.successor, send.at
            self.answers += 1
        elif self.state == LOST:
            return
        elif send.status == 500:
            # nothing was spent: a replay is still to come
            if self.state == DOUBT:
                self._mind(send, earliest)
                self.intent = None
            else:
                self.sent_at = send.at
        elif self.state == DOUBT:
            self._mind(send, earliest)
            self.lose("the server rotated, and the answer never reached the disk")
        else:
            raise Wrong("the server refuses %s with %s" % (send.token, send.error))

    def _mind(self, send, earliest):
        if self.sent_at is not None and send.at - self.sent_at < earliest:
            raise Wrong("the replay came %.2f s after the send; %.2f are the least" % (send.at - self.sent_at, earliest))

    def _store(self):
        self.state, self.held, self.successor, self.intent = SOUND, self.successor, None, None

    def lose(self, why):
        self.state, self.why, self.starts_lost = LOST, why, 0

    # --- after it died

    def judge(self, files, alive_for, outlived):
        """`alive_for`: seconds from the last answer of the server to the death. `outlived`: the life was longer than an exchange may take,
        so that the daemon may have given one up and begun the replay."""
        before, self.record = self.record, files.record
        self.has_intent = files.content == Files.INTENT
        try:
            self._judge(files, before, alive_for, outlived)
        finally:
            self.answers = 0

    def _judge(self, files, before, alive_for, outlived):
        if self.state in (NEW, LOST):
            return
        if files.record is None:
            raise Wrong("its record is gone")
        judges = {Files.NONE: self._nothing, Files.WHOLE: self._whole, Files.INTENT: self._intent, Files.TORN: self._torn}
        judges[files.content](files, before, alive_for, outlived)

    def _nothing(self, files, before, *_):
        if self.state == DOUBT:
            raise Wrong("that %s may be spent is forgotten" % self.held)
        if self.state == ANSWERED:
            if before is not None and before == files.record:
                raise Wrong("its successor is nowhere, and the intent is gone")
            self._store()

    def _whole(self, *_):
        # also of an earlier death, when the daemon died before it could complete it; the next start writes it
        self.record = None
        if self.state == ANSWERED:
            self._store()
        elif self.state == DOUBT:
            raise Wrong("a successor of a token that was not answered")

    def _torn(self, *_):
        self.record = None
        if self.state == ANSWERED:
            self.state = OPEN

    def _intent(self, files, before, alive_for, outlived):
        if self.state == OPEN:
            return
        if self.state == ANSWERED:
            is_same = before is not None and before == files.record
            later = files.written - self.answered_at
            if outlived and later > 0 and (is_same or before is None):
                # the daemon's patience may have been over before the answer came: then this intent is the replay's
                self.state = OPEN
                return
            if is_same and later > BLUR:
                raise Wrong("an intent came %.3f s after an answer that was not written" % later)
            if before is not None and not is_same and self.answers == 1 and files.written < self.answered_at - BLUR:
                raise Wrong("its record was written, and the intent is still there")
            if not is_same and later > 0:
                # of the next send: the successor was stored before
                self._store()
            elif alive_for > PATIENCE:
                raise Wrong("the successor came %.1f s before the death and is not on the disk" % alive_for)
        if self.state == DOUBT:
            if self.intent is None:
                self.state = OPEN  # its intent is written anew after an answer that spent nothing
                self.successor = self.held
            elif files.next != self.intent:
                # of a replay: there is another one, as late after this
                self.intent, self.sent_at = files.next, files.written
            return
        if outlived and self.state == SOUND:
            # also a send that never came to the server may have been given up
            self.state, self.successor = OPEN, self.held
            return
        self.state, self.intent, self.sent_at = DOUBT, files.next, files.written
        self.successor = None


# seconds in which an answer must be on the disk, on a machine that does many things
PATIENCE = 5.0
# between the clocks of the server, the disk and this program
BLUR = 0.25
