"""Counted checks: each prints a line when it is made, and the last line of a run says how many held."""
import sys
import traceback


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def ok(self, what, held, detail=""):
        """Counts one expectation; `detail` is shown when it does not hold. Returns whether it held."""
        if held:
            self.passed += 1
            print("ok    %s" % what, flush=True)
        else:
            self.failed += 1
            print("FAIL  %s%s" % (what, _indented(detail)), flush=True)
        return bool(held)

    def equal(self, what, found, expected):
        return self.ok(what, found == expected, "found:    %r\nexpected: %r" % (found, expected))

    def matches(self, what, found, pattern):
        return self.ok(what, pattern.search(found) is not None, "found:    %r\nexpected: %s" % (found, pattern.pattern))

    def section(self, title, body, *arguments):
        """Runs one part of a suite; an exception in it is one failure and does not stop the others."""
        print("--- %s" % title, flush=True)
        try:
            body(*arguments)
        except Exception:
            self.ok(title, False, traceback.format_exc())

    def end(self):
        """Prints the closing line and returns the exit status."""
        print("%d passed, %d failed" % (self.passed, self.failed), flush=True)
        return 1 if self.failed or not self.passed else 0


def _indented(detail):
    lines = str(detail).strip().splitlines()
    return "".join("\n      " + line for line in lines[-40:])


def die_cleanly_on_signals():
    """SIGTERM and SIGHUP end the program through its `finally` blocks."""
    import signal
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
