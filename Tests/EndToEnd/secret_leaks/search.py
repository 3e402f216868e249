"""Where secrets are looked for, and how many copies each may have."""
import base64
import collections
import os
import time

from .hunt import AS_IT_IS, Trove
from .image import Image, is_locked


def census(what, play, patience=8):
    """The memory of the running daemon: what it holds lies in exactly one place, and nothing else is anywhere.

    What it lets go of at its next look (replies of connections, tokens that have just run out) may still be there at first: the image
    is taken again until it is clean, for a few seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        held, spare = play.held()
        image = Image(play.daemon.pid)
        stray, missing = judge(image.find(play.trove), held, spare)
        if (held, spare) == play.held() and (not stray or time.monotonic() > deadline):
            break
    counts = collections.Counter(find.secret for find in stray)
    first = [next(find for find in stray if find.secret is secret) for secret in counts]
    shown = "\n".join("%d of %s" % (counts[find.secret], image.around(find)) for find in first[:12])
    assert not stray, "%s: no secret lies where it is not in use (%d secrets, %d KiB): %d copies of %d secrets:\n%s" % (
        what, len(play.trove.secrets), image.size >> 10, len(stray), len(first), shown)
    lost = [play.trove.secrets[min(values)] for values in missing]
    assert lost == [], "%s: what is held was found, %d times" % (what, len(held) - len(missing))


def key(play):
    """The key of the store is once in memory, where it is never swapped, and on the disk apart from what it seals."""
    content = (play.daemon.folder / "state-key" / "key").read_bytes()
    places = Image(play.daemon.pid).places(content)
    assert len(places) == 1 and is_locked(play.daemon.pid, places[0]), "the key of the store lies in one place, which is locked"
    encoded = [content, content[::-1], content.hex().encode(), base64.b64encode(content)[:40]]
    files = [path for path, found in play.daemon.folders().items() if "/state/" in path and any(form in found for form in encoded)]
    assert files == [], "and not in the folder of the records"


def judge(finds, held, spare):
    """The finds that must not be, and what should be held and was not found."""
    places = list(held) + list(spare)
    copies = {}
    for find in finds:
        if find.form == AS_IT_IS and find.is_whole:
            free = (number for number, values in enumerate(places) if find.secret.value in values and number not in copies)
            number = next(free, None)
            if number is not None:
                copies[number] = find
    # a nonce is part of the ID token that is held, in base64
    inside = [(copy.start, copy.end) for copy in copies.values()]
    stray = [find for find in finds if not any(start <= find.start and find.end <= end for start, end in inside)]
    return stray, [values for number, values in enumerate(held) if number not in copies]


def nowhere(what, play, content, but=()):
    """Not in these bytes."""
    finds = [find for find in play.trove.find(content) if find.secret.kind not in but]
    assert not finds, "%s (%d bytes): %s" % (what, len(content), play.trove.names(finds))


def itself():
    """The search finds what is there: in every form, and parts of it."""
    trove = Trove()
    token = "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiI" + "A1b2C3d4" * 12 + "." + base64.urlsafe_b64encode(bytes(range(256))).decode().rstrip("=")
    # their header is the same, and so nobody's
    trove.add("token", token, token.replace("A1b2", "9Zy8")[:-300])
    trove.add("refresh token", "0123456789ABCDEF" * 4)
    signature = base64.urlsafe_b64decode(token.split(".")[2] + "==")
    for what, hidden in (
            ("as it is", token.encode()), ("24 bytes of it", token[101:125].encode()), ("reversed", token[::-1].encode()),
            ("in base64", base64.b64encode(b"xy" + token.encode())), ("in hex", token.encode().hex().encode()), ("in UTF-16", token.encode("utf-16-le")),
            ("half of its signature, decoded", signature[128:]), ("a refresh token, decoded", bytes.fromhex("0123456789ABCDEF" * 4))):
        assert trove.find(b"\xa5" * 100 + hidden + b"\0\x01rest of it" * 9), "a planted secret is found %s" % what
    assert trove.find(os.urandom(1 << 16) + b"eyJhbGciOiJSUzI1NiJ9.words of no meaning" * 30) == [], "and nothing else is"


def canaries(play):
    """What a leak would be is found in the memory of the running daemon: a spent token, a part of one, and a second copy of a live one."""
    told = play.learn()
    held, spare = play.held()
    spent = next(secret["value"] for secret in told if secret["kind"] == "refresh_token" and not secret["live"])
    expired = next(secret["value"] for secret in told if secret["kind"] == "access_token" and not secret["live"])
    live = next(value for values in held for value in values if value.count(".") == 2)
    planted = b"\0".join(canary.encode() for canary in (spent, expired[-64:-40], live))
    stray = judge(Image(play.daemon.pid, planted).find(play.trove), held, spare)[0]
    for what, value in (("a spent refresh token", spent), ("24 bytes of an expired access token", expired), ("a second copy of a live token", live)):
        assert value in {find.secret.value for find in stray}, f"a planted canary is found: {what}: {stray}"
    stray = judge(Image(play.daemon.pid, spent.encode(), is_locked_canary=True).find(play.trove), held, spare)[0]
    assert any(find.secret.value == spent and is_locked(play.daemon.pid, find.start) for find in stray), (
        f"SEC-04 so is one in the memory that is locked: it is searched, too: {stray}")


# --- the disk

def folder(what, play, earlier=()):
    """The daemon's own files: no secret in any form, and of records that were replaced not even the sealed bytes. Returns the sealed bytes."""
    files = play.daemon.folders()
    content = b"\n".join(files.values())
    play.learn()
    nowhere("%s: no secret is legible in %d files" % (what, len(files)), play, content)
    names = sorted(path.rpartition("/")[2] for path in files)
    # access tokens are not kept at all: for each NAME there is one record, and one intent while a refresh is under way
    known = {"key", "portal.me", "portal.duo", "portal.pat", "portal.me.next", "portal.duo.next", "lock"}
    assert set(names) <= known, "%s: the files are those of the records alone" % what
    # an identity token, a refresh token and what belongs to them: there is no room for an access token
    most = 64 + max([0, *(len(secret.value) for secret in play.trove.of("id token"))]) + 600
    long = {path: _length(found) for path, found in files.items() if _length(found) > most}
    assert long == {}, "%s: no record has room for an access token" % what
    old = [piece for pieces in earlier for piece in pieces if piece in content]
    assert len(old) == 0, "%s: no earlier record is left, sealed or not" % what
    return {path: _pieces(sealed) for path, sealed in files.items() if path.rpartition("/")[2] in ("portal.me", "portal.duo", "portal.pat")}


def _length(file):
    """How many bytes the last thing has that is sealed in a file."""
    place = file.rfind(b"SEAL")
    return int.from_bytes(file[place - 4:place], "big") if place >= 4 else 0


def _pieces(sealed):
    """Parts of the ciphertext by which a record is known again."""
    place = sealed.rfind(b"SEAL")
    pieces = [sealed[start:start + 32] for start in range(place + 64, min(place + 1024, len(sealed) - 32), 64)] if place >= 0 else []
    return [piece for piece in pieces if any(piece)]
