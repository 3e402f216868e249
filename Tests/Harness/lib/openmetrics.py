"""A strict reader of OpenMetrics 1.0 text, as far as tokend writes it: every rule it knows is a `Malformed` where it is broken."""
import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_META = re.compile(r"# (TYPE|UNIT|HELP) (%s) ?(.*)" % _NAME)
_SAMPLE = re.compile(r"(%s)(?:\{(.*)\})? (\S+)" % _NAME)
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
_SUFFIXES = {"counter": ("_total", "_created"), "gauge": ("",), "info": ("_info",), "histogram": ("_bucket", "_count", "_sum", "_created")}


class Malformed(Exception):
    pass


class Family:
    def __init__(self, name):
        self.name, self.type, self.unit, self.help, self.samples = name, "unknown", None, None, []


def parse(text):
    """The families by name; their samples are (name, labels as a dictionary, number)."""
    lines = text.split("\n")
    if lines[-2:] != ["# EOF", ""]:
        raise Malformed("the text does not end with # EOF and a line feed")
    families, present, seen = {}, None, set()
    for line in lines[:-2]:
        described = _META.fullmatch(line)
        if described:
            word, name, rest = described.groups()
            if present is None or present.name != name:
                if name in families:
                    raise Malformed("%s comes a second time" % name)
                present = families[name] = Family(name)
            if present.samples or getattr(present, word.lower()) not in (None, "unknown"):
                raise Malformed("%s of %s is not where it belongs" % (word, name))
            if word == "TYPE" and rest not in _SUFFIXES:
                raise Malformed("%s is no type: %s" % (rest, line))
            if word == "UNIT" and not name.endswith("_" + rest):
                raise Malformed("%s does not end with its unit" % name)
            setattr(present, word.lower(), rest)
            continue
        sample = _sample(line)
        if present is None or sample[0] not in [present.name + suffix for suffix in _SUFFIXES.get(present.type, ())]:
            raise Malformed("a sample outside its family: %s" % line)
        identity = (sample[0], tuple(sorted(sample[1].items())))
        if identity in seen:
            raise Malformed("twice the same: %s" % line)
        seen.add(identity)
        present.samples.append(sample)
    for family in families.values():
        _judge(family)
    return families


def _sample(line):
    found = _SAMPLE.fullmatch(line)
    if not found:
        raise Malformed("no sample: %r" % line)
    name, inside, number = found.groups()
    labels, rest = {}, inside or ""
    while rest:
        label = _LABEL.match(rest)
        if not label or label[1] in labels or (label[3] == "," and label.end() == len(rest)):
            raise Malformed("no labels: %r" % line)
        labels[label[1]] = re.sub(r'\\(["\\n])', lambda escaped: "\n" if escaped[1] == "n" else escaped[1], label[2])
        rest = rest[label.end():]
    try:
        return name, labels, float(number)
    except ValueError:
        raise Malformed("no number: %r" % line) from None


def _judge(family):
    """What holds for the samples of a type."""
    if family.type == "counter" and any(number < 0 or number != number for _, _, number in family.samples):
        raise Malformed("%s counts backwards" % family.name)
    if family.type == "info" and any(number != 1 for _, _, number in family.samples):
        raise Malformed("%s is an info that is not 1" % family.name)
    if family.type == "histogram":
        rows = {}
        for name, labels, number in family.samples:
            labels = dict(labels)
            bound = labels.pop("le", None)
            rows.setdefault(tuple(sorted(labels.items())), []).append((name[len(family.name):], bound, number))
        for labels, row in rows.items():
            buckets = [(float(bound), number) for suffix, bound, number in row if suffix == "_bucket"]
            counts = [number for suffix, _, number in row if suffix == "_count"]
            rising = buckets == sorted(buckets) and [number for _, number in buckets] == sorted(number for _, number in buckets)
            if not buckets or not rising or buckets[-1][0] != float("inf") or counts != [buckets[-1][1]]:
                raise Malformed("the buckets of %s%s do not add up" % (family.name, dict(labels)))


class Metrics:
    """The numbers of one answer to METRICS."""

    def __init__(self, reply):
        rows = reply.split("\n")
        if rows[-1] != "OK" or not all(row.startswith("+ ") for row in rows[:-1]):
            raise Malformed("no answer to METRICS: %r" % reply[-200:])
        self.families = parse("".join(row[2:] + "\n" for row in rows[:-1]))

    def value(self, sample, **labels):
        """The number of one sample; 0 where there is none, as of a counter that nothing was counted in."""
        return sum(number for family in self.families.values() for name, its, number in family.samples
                   if name == sample and all(its.get(key) == word for key, word in labels.items()))

    def labels(self, key):
        return {its[key] for family in self.families.values() for _, its, _ in family.samples if key in its}
