"""What a core image of a process would hold, read while it stands still: all memory that it can write to."""
import contextlib
import os
import re
import signal

_ROW = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)")
PIECE = 4 << 20


class Region:
    def __init__(self, start, end, name, content):
        self.start, self.end, self.name, self.content = start, end, name, content


class Image:
    """The writable memory of a process at one moment; root reads it although the process is not dumpable.

    `canary`: bytes that are in it for this one moment, at the end of the heap, where nothing is, or of the memory that is locked (mlock(2)).
    """

    def __init__(self, pid, canary=b"", is_locked_canary=False):
        self.regions = []
        with standing_still(pid), open("/proc/%d/mem" % pid, "r+b" if canary else "rb", buffering=0) as memory:
            mapped = list(_writable(pid))
            end = locked(pid)[-1][1] if is_locked_canary else next(end for _, end, name in mapped if name == "[heap]")
            with _planted(memory, canary, end):
                for start, end, name in mapped:
                    self.regions += _read(memory, start, end, name)

    @property
    def size(self):
        return sum(len(region.content) for region in self.regions)

    def places(self, content):
        """Where these very bytes are."""
        return [region.start + found.start() for region in self.regions for found in re.finditer(re.escape(content), region.content)]

    def region(self, address):
        return next(region for region in self.regions if region.start <= address < region.end)

    def find(self, trove):
        return [find for region in self.regions for find in trove.find(region.content, region.start)]

    def around(self, find, before=48, after=32):
        """Where it is, and its neighbours: what a reader needs to tell whose copy it is."""
        region = self.region(find.start)
        place = find.start - region.start
        shown = region.content[max(0, place - before):place + after]
        return "%r\n    in %s+%#x: %r" % (find, region.name, place, shown)


@contextlib.contextmanager
def standing_still(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        while not re.search(r"^State:\s+[tT]", open("/proc/%d/status" % pid, encoding="ascii").read(), re.MULTILINE):
            pass
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def _planted(memory, canary, end):
    place = end - 4096
    memory.seek(place)
    before = memory.read(len(canary))
    try:
        if canary:
            memory.seek(place)
            memory.write(canary)
        yield
    finally:
        if canary:
            memory.seek(place)
            memory.write(before)


def is_locked(pid, address):
    """Whether the memory at this address is never swapped."""
    return any(start <= address < end for start, end in locked(pid))


def locked(pid):
    """The memory that can be written to and is never swapped: OpenSSL's heap for secrets."""
    found, place, rights = [], None, ""
    with open("/proc/%d/smaps" % pid, encoding="utf-8") as maps:
        for row in maps:
            if head := _ROW.match(row):
                place, rights = (int(head[1], 16), int(head[2], 16)), head[3]
            elif row.startswith("VmFlags:") and " lo " in row.rstrip("\n") + " " and rights.startswith("rw"):
                found.append(place)
    return found


def _writable(pid):
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps:
        for row in maps:
            start, end, rights, name = _ROW.match(row.rstrip("\n")).groups()
            if rights.startswith("rw"):
                yield int(start, 16), int(end, 16), name or "anonymous"


def _read(memory, start, end, name):
    """Its parts that are not all zeros."""
    parts = []
    for place in range(start, end, PIECE):
        memory.seek(place)
        piece = memory.read(min(PIECE, end - place))
        first = len(piece) - len(piece.lstrip(b"\0"))
        piece = piece.strip(b"\0")
        if piece:
            # a copy across two pieces is found in both halves: each has windows of its own
            parts.append(Region(place + first, place + first + len(piece), name, piece))
    return parts
