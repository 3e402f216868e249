"""A command at a terminal, and what a person reads and types there."""
import fcntl
import os
import select
import subprocess
import termios
import time


def _takes_the_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Dialogue:
    """`all` is everything that was on the screen, echo included."""

    def __init__(self, command, patience=60):
        self.all, self._seen, self._patience = "", 0, patience
        self._terminal, inner = os.openpty()
        self._process = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, preexec_fn=_takes_the_terminal)
        os.close(inner)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def reads(self, words):
        """Waits for these words after all that was read before; what stands before them."""
        deadline = time.monotonic() + self._patience
        while words not in self.all[self._seen:]:
            if not self._take(deadline):
                raise AssertionError("%r did not come; on the screen:\n%s" % (words, self.all))
        end = self.all.index(words, self._seen) + len(words)
        before, self._seen = self.all[self._seen:end], end
        return before

    def answers(self, question, text):
        self.reads(question)
        self.types(text + "\n")

    def types(self, text):
        os.write(self._terminal, text.encode())

    def ends(self):
        """Reads on to the end; the exit status."""
        deadline = time.monotonic() + self._patience
        while self._take(deadline):
            pass
        return self._process.wait(self._patience)

    def _take(self, deadline):
        """`False` at the end, or when the time is over."""
        if not select.select([self._terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            text = os.read(self._terminal, 65536)
        except OSError:
            return False
        self.all += text.decode(errors="replace")
        return bool(text)


def at_terminal(command, environment=None):
    """A command that is run at a terminal and asked nothing, as `subprocess.run` gives it back; all that it says is `stdout`."""
    with Dialogue(["env", *("%s=%s" % pair for pair in (environment or {}).items()), *command]) as dialogue:
        status = dialogue.ends()
        return subprocess.CompletedProcess(command, status, dialogue.all.replace("\r\n", "\n"), "")
