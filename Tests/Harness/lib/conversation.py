"""One connection to tokend, a byte at a time if need be, and whom it is made as."""
import contextlib
import os
import socket
import time


class Conversation:
    """Speaks the line protocol as a test wants to: any bytes, in any fragments, read when it pleases."""

    def __init__(self, path, seconds=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(str(path))
        self._kept = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)
        return self

    def end_input(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def line(self):
        """The next line without its LF; None when the daemon has closed. Bytes without a LF at the end are an error."""
        while b"\n" not in self._kept:
            try:
                part = self.socket.recv(65536)
            except (ConnectionResetError, BrokenPipeError):
                part = b""
            if not part:
                if self._kept:
                    raise ValueError("closed inside a line: %r" % self._kept[:100])
                return None
            self._kept += part
        line, _, self._kept = self._kept.partition(b"\n")
        return line.decode()

    def reply(self):
        """The rows and the closing line of one reply; the closing line alone where there are no rows; None after the end."""
        rows = []
        while True:
            line = self.line()
            if line is None:
                return None if not rows else "\n".join(rows)
            rows.append(line)
            if not line.startswith("+ "):
                return "\n".join(rows)

    def ask(self, line):
        return self.send(line + "\n").reply()

    def rest(self):
        """Everything until the daemon closes."""
        lines = []
        while (line := self.line()) is not None:
            lines.append(line)
        return lines

    def ends_within(self, seconds):
        """Whether the daemon closes in this time; what it says until then is dropped. Returns the seconds, or None."""
        started = time.monotonic()
        self.socket.settimeout(seconds)
        try:
            self.rest()
            return time.monotonic() - started
        except TimeoutError:
            return None
        finally:
            self.socket.settimeout(60)

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def acting_as(uid, gid=None, groups=()):
    """Connections made meanwhile are this user's, as the kernel tells it (SO_PEERCRED, SO_PEERGROUPS). For root, in one thread."""
    before = os.getegid(), os.geteuid(), os.getgroups()
    os.setgroups(list(groups))
    os.setegid(uid if gid is None else gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(before[1])
        os.setegid(before[0])
        os.setgroups(before[2])
