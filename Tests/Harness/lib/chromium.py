"""A real browser without a window, driven through its debugging pipe (the DevTools protocol); needs no library."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


def missing():
    """What keeps it from running here."""
    return [] if shutil.which("chromium") else ['chromium is not installed; "make deps" as root brings it']


class Chromium:
    """One browser with one tab and an empty profile."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="browser-check.")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def hand_over():
            # the pipe is descriptors 3 and 4 by definition; moved out of the way first, one may already be the other
            source, target = os.dup(theirs_in), os.dup(theirs_out)
            high = [os.dup2(fd, 200 + n) for n, fd in enumerate((source, target))]
            for n, fd in enumerate(high):
                os.dup2(fd, 3 + n)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
             "--user-data-dir=" + self.profile, "--window-size=900,640", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=hand_over, close_fds=False,
            start_new_session=True, env={**os.environ, "HOME": self.profile})
        os.close(theirs_in)
        os.close(theirs_out)
        self._in, self._out, self._rest, self._number = ours_in, ours_out, b"", 0
        self.events = []
        self._session = None
        target = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self.profile, ignore_errors=True)

    def ask(self, method, **parameters):
        """One command and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._next(time.monotonic() + 60)
            if reply.get("id") == self._number:
                if "error" in reply:
                    raise RuntimeError("%s: %s" % (method, reply["error"]))
                return reply["result"]
            self.events.append(reply)

    def _next(self, end):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0, end - time.monotonic()))
            piece = os.read(self._in, 1 << 20) if ready else b""
            if not piece:
                raise TimeoutError("the browser says nothing any more")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, url):
        """Goes there, and forgets what was noted before. Answers without waiting for the page."""
        self.events.clear()
        self.ask("Page.navigate", url=url)

    def script(self, text):
        """The value of an expression in the page. It runs beside the page's own policy, as a person's hands do."""
        return self.ask("Runtime.evaluate", expression=text, returnByValue=True)["result"].get("value")

    def until(self, expression, seconds=20):
        """Waits until an expression is true in the page, over all navigation; whether it became so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.script(expression):
                    return True
            except RuntimeError:
                pass  # the page was just replaced
            time.sleep(0.05)
        return False

    def dress(self, dark=False, width=900, height=640):
        """How the person likes pages, and how large the window is."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path, seconds=20):
        """A picture of the page. Between two pages, and on a machine with other work, the browser has none to give: it is asked again."""
        end = time.monotonic() + seconds
        while True:
            try:
                picture = self.ask("Page.captureScreenshot", format="png")["data"]
                break
            except RuntimeError:
                if time.monotonic() >= end:
                    raise
                time.sleep(0.1)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))

    def history(self):
        """The addresses that the back button leads to, this one included."""
        return [entry["url"] for entry in self.ask("Page.getNavigationHistory")["entries"]]

    def requests(self):
        """Every address asked for since `open`."""
        return [event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]

    def complaints(self):
        """What the browser holds against the pages since `open`: breaches of their policy, errors of scripts, what failed to load."""
        logged = [event["params"]["entry"] for event in self.events if event.get("method") == "Log.entryAdded"]
        thrown = [event["params"] for event in self.events if event.get("method") == "Runtime.exceptionThrown"]
        return [entry["text"] for entry in logged if "favicon" not in entry.get("url", "")] + [str(fault) for fault in thrown]
