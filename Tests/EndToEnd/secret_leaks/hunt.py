"""Looks for secrets in any bytes: whole or in part, as they are or encoded, and says which one lies where.

A secret is cut into windows of 16 bytes, one at every eighth place, so that every copy of 24 bytes or more holds at least one of them
whole. What two secrets share (the header of a JWT, a session in two ID tokens) is nobody's and is not looked for.
"""
import base64
import binascii
import re
import urllib.parse

WINDOW, STEP = 16, 8
# two windows of one copy are never further apart, unless nobody's windows lie between them
GAP = 512
AS_IT_IS = "as it is"
_PRINTABLE = re.compile(rb"[ -~]{%d,}" % WINDOW)
_WIDE = re.compile(rb"(?:[ -~]\0){%d,}" % WINDOW)


class Secret:
    def __init__(self, kind, value, is_coded):
        # `is_coded`: encoded forms of it are looked for, too
        self.kind, self.value, self.is_coded = kind, value, is_coded

    def __repr__(self):
        return "%s …%s (%d bytes)" % (self.kind, self.value[-8:], len(self.value))


class Find:
    """One copy of a secret, or of a part of it."""

    def __init__(self, secret, form, start, end, is_whole):
        self.secret, self.form, self.start, self.end, self.is_whole = secret, form, start, end, is_whole

    def __repr__(self):
        return "%r, %s%s, at %#x" % (self.secret, self.form, "" if self.is_whole else ", %d bytes of it" % (self.end - self.start), self.start)


def _decoded(text):
    """What a text of base64url or hex encodes, where that is as secret as the text."""
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}){12,}", text):
        return [bytes.fromhex(text)]
    parts = text.split(".") if text.count(".") == 2 else [text]
    # of a JWT only the signature: the rest says what is no secret
    found = []
    for part in parts[-1:]:
        if re.fullmatch(r"[A-Za-z0-9_-]{32,}", part):
            try:
                found.append(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            except binascii.Error:
                pass
    return found


def _texts(value):
    """The secret in every way in which text could hold it: (name, bytes)."""
    plain = value.encode()
    forms = {AS_IT_IS: plain, "reversed": plain[::-1], "in hex": plain.hex().encode(), "in upper-case hex": plain.hex().upper().encode()}
    for name, text in (("form-encoded", urllib.parse.quote(value, safe="-._~")), ("form-encoded with plus", urllib.parse.quote_plus(value))):
        if text != value:
            forms[name] = text.encode()
    for lead in range(3):
        # the characters at both ends depend on what stands beside it
        coded = base64.b64encode(b"\0" * lead + plain)[(0, 2, 3)[lead]:].rstrip(b"=")[:-1]
        forms["in base64 (%d)" % lead] = coded
        if b"+" in coded or b"/" in coded:
            forms["in base64url (%d)" % lead] = coded.replace(b"+", b"-").replace(b"/", b"_")
    return forms.items()


def _places(length):
    """Where the windows of a text of this length begin."""
    return [0] if length <= WINDOW else [*range(0, length - WINDOW, STEP), length - WINDOW]


class Trove:
    """All secrets that are known, each once."""

    def __init__(self):
        self.secrets = {}
        self._stale = True

    def add(self, kind, *values, is_coded=True):
        for value in values:
            if value and value not in self.secrets:
                self.secrets[value] = Secret(kind, value, is_coded)
                self._stale = True

    def of(self, *kinds):
        return [secret for secret in self.secrets.values() if secret.kind in kinds]

    def _prepare(self):
        if not self._stale:
            return
        self._stale = False
        self._windows, self._short, self._binary = {}, [], []
        shared = self._shared()
        for secret in self.secrets.values():
            for form, text in _texts(secret.value) if secret.is_coded else [(AS_IT_IS, secret.value.encode())]:
                if len(text) < WINDOW:
                    self._short.append((text, secret, form))
                for place in _places(len(text)) if len(text) >= WINDOW else []:
                    window = text[place:place + WINDOW]
                    if window not in shared:
                        # what is the same in two forms belongs to the plain one, which comes first
                        self._windows.setdefault(window, (secret, form, place, len(text)))
            for content in _decoded(secret.value) if secret.is_coded else []:
                self._binary.append((content, secret))

    def _shared(self):
        """The windows, at any place, that more than one secret has."""
        owners, shared = {}, set()
        for secret in self.secrets.values():
            text = secret.value.encode()
            for place in range(len(text) - WINDOW + 1):
                window = text[place:place + WINDOW]
                if owners.setdefault(window, secret) is not secret:
                    shared.add(window)
        return shared

    def find(self, content, base=0):
        """Every copy in these bytes, the first of which lies at `base`."""
        self._prepare()
        hits = {}
        runs = [(found.start(), 1, found.group()) for found in _PRINTABLE.finditer(content)]
        runs += [(found.start(), 2, found.group()[::2]) for found in _WIDE.finditer(content)]
        windows = self._windows
        for start, width, run in runs:
            for place in range(len(run) - WINDOW + 1):
                owner = windows.get(run[place:place + WINDOW])
                if owner:
                    secret, form, offset, length = owner
                    form = form if width == 1 else form + ", in UTF-16"
                    hits.setdefault((secret, form), []).append((base + start + place * width, WINDOW * width, offset, length))
        finds = [find for (secret, form), places in hits.items() for find in _copies(secret, form, places)]
        for text, secret, form in self._short:
            finds += [Find(secret, form, base + place, base + place + len(text), True) for place in _all(content, text)]
        for binary, secret in self._binary:
            finds += self._decoded_copies(content, base, binary, secret)
        return finds

    @staticmethod
    def _decoded_copies(content, base, binary, secret):
        for part in (binary[:WINDOW], binary[len(binary) // 2:][:WINDOW], binary[-WINDOW:]):
            for place in _all(content, part):
                yield Find(secret, "decoded", base + place, base + place + len(part), False)

    def names(self, finds):
        return "\n".join(sorted({repr(find) for find in finds}))


def _copies(secret, form, places):
    """Windows that lie beside each other as they do in the secret are one copy."""
    copies = []
    for start, width, offset, length in sorted(places):
        origin = start - offset * (width // WINDOW)
        if copies and copies[-1][0] == origin and start - copies[-1][2] <= GAP:
            copies[-1][2] = max(copies[-1][2], start + width)
        else:
            copies.append([origin, start, start + width, length * (width // WINDOW)])
    # windows that are nobody's count for neither side: a JWT is whole when its own part is
    return [
        Find(secret, form, origin, end, True) if end - origin >= length else Find(secret, form, start, end, False)
        for origin, start, end, length in copies]


def _all(content, part):
    place = content.find(part)
    while place >= 0:
        yield place
        place = content.find(part, place + 1)
