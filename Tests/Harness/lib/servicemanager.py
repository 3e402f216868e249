"""What systemd is to a service, without systemd: who hears what it says, keeps what it hands over, and has its sockets."""
import contextlib
import os
import socket
import threading
import time


class ServiceManager:
    """Takes what a service tells systemd, and keeps the descriptors that it hands over."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.said = []  # (time.monotonic(), message)
        self.kept = {}  # descriptors by name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._changed = threading.Condition()
        self._reads = threading.Event()
        self._reads.set()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _listen(self):
        while True:
            self._reads.wait()
            try:
                message, descriptors, _, _ = socket.recv_fds(self._socket, 65536, 8)
            except OSError:
                return
            if not message:
                return  # closed
            with self._changed:
                text = message.decode()
                self._keep(text, descriptors)
                self.said.append((time.monotonic(), text))
                self._changed.notify_all()

    def _keep(self, text, descriptors):
        fields = dict(line.partition("=")[::2] for line in text.splitlines())
        name = fields.get("FDNAME", "stored")
        if "FDSTOREREMOVE" in fields:
            descriptors = [*descriptors, *self.kept.pop(name, [])]
        elif "FDSTORE" in fields:
            self.kept.setdefault(name, []).extend(descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)

    def wait(self, condition, seconds):
        """Until what has been said and kept is such; returns the first true answer, or the last one."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def heard(self, word, since=0):
        """When a line of this beginning was heard, each time."""
        return [moment for moment, message in self.said if moment >= since and any(line.startswith(word) for line in message.splitlines())]

    def hears(self, word, seconds=20, since=0, times=1):
        """Whether it is said so often, as soon as it is."""
        return self.wait(lambda: len(self.heard(word, since)) >= times, seconds)

    @contextlib.contextmanager
    def deaf(self):
        """Meanwhile it reads nothing, and its queue is full."""
        self._reads.clear()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    filler.sendto(b"X_FULL=1", str(self.path))
        try:
            yield
        finally:
            self._reads.set()

    def close(self):
        # a thread that still reads would hear the next one, whose socket may have the same number
        self._reads.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        for descriptor in (descriptor for kept in self.kept.values() for descriptor in kept):
            os.close(descriptor)


def activation(manager, sockets, watchdog=0):
    """The command before a program that has systemd's words for it in its environment, and what `subprocess` has to pass for it: the
    descriptors of `sockets` by their names."""
    names, numbers = ":".join(name for name, _ in sockets), [fd for _, fd in sockets]
    first = 3
    # they move away first: one may stand where another belongs
    moves = ["exec %d<&%d" % (200 + index, fd) for index, fd in enumerate(numbers)]
    moves += ["exec %d<&%d %d<&-" % (first + index, 200 + index, 200 + index) for index in range(len(numbers))]
    words = ["export NOTIFY_SOCKET=%s LISTEN_PID=$$ LISTEN_FDS=%d LISTEN_FDNAMES=%s" % (manager.path, len(numbers), names)]
    if watchdog:
        words.append("export WATCHDOG_PID=$$ WATCHDOG_USEC=%d" % (watchdog * 1_000_000))
    return ["bash", "-c", "; ".join([*moves, *words, 'exec "$@"']), "activated"], numbers
