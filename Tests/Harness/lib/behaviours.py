"""Which behaviours of an OAuth client a test carries in its name, and what became of these tests in the last run."""
import ast
import collections
import csv
import functools
import html
import pathlib
import re
import xml.etree.ElementTree

# what these say of behaviours is about the simulator and the harness
NOT_THE_CLIENT = ("test_identity_simulator.py", "test_harness.py", "behaviours.py")
PASSED, FAILED, SKIPPED, UNKNOWN = "passed", "failed", "skipped", "not run"

_IDS = re.compile(r"(?:[A-Z]{2,5}-\d\d )+")
_SWIFT_NAME = re.compile(r"^(?!\s*(?://|\*)).*\bfunc `([^`\n]+)`", re.MULTILINE)
_SWIFT_CASE = re.compile(r'<testcase [^>]*?name="`([^`"]+)`[^>]*?(/>|>.*?</testcase>)', re.DOTALL)
_PLACE = re.compile(r"%(?:\(\w+\))?[-+ 0#]*[\d.]*[a-zA-Z]|%%")


class Behaviour:
    """A row of the table: what a client does, or why this one does not."""

    def __init__(self, id, priority, text, through="", why_not=""):
        self.id, self.priority, self.text, self.why_not = id, priority, text, why_not
        self.through = through.split()  # the behaviours that this one consists of


class Test:
    """A test that says in its name which behaviours it is about. Of pytest: how the name of a case `begins` that has its sentence, a pattern, and the
    test `functions` that have the sentence."""

    def __init__(self, name, file, begins=None, functions=None):
        self.name, self.file, self.begins, self.functions = name, file, begins, functions
        self.ids = _IDS.match(name).group().split()


def table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [Behaviour(*row) for row in list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]]


# MARK: tests

def swift_tests(text, file):
    return [Test(name, file) for name in _SWIFT_NAME.findall(text) if _IDS.match(name)]


def pytest_tests(modules, library={}):
    """The sentences in the modules of a folder, {file: text}: strings that begin with ids, in asserts and in the names of cases. Each belongs to the
    test functions that have it or that use what has it: a function, a fixture or a table, of their own module or of one without tests. `library`:
    modules that every folder may use."""
    sentences, uses = {}, {}
    folder, modules = modules, {**library, **modules}
    for file, text in modules.items():
        sentences[file], uses[file] = _sentences(text)
    shared = [file for file in modules if not pathlib.PurePath(file).name.startswith("test_")]
    owners = {sentence: set() for file in modules for found in sentences[file].values() for sentence in found}
    for file in modules:
        module = str(pathlib.PurePath(file).with_suffix("")).replace("/", ".")
        if file in shared:
            continue
        seen = [file, *shared]
        for test in {name for place in seen for name in uses[place] if name.startswith("test_")}:
            reached = [test]
            for name in reached:
                reached += {used for place in seen for used in uses[place].get(name, ()) if used not in reached and any(used in uses[there] for there in seen)}
            for sentence in (sentence for place in seen for name in reached for sentence in sentences[place].get(name, ())):
                owners[sentence].add((module, test))
    where = {sentence: file for file in modules for found in sentences[file].values() for sentence in found}
    return [Test(sentence, where[sentence], re.compile(_pattern(sentence)), functions) for sentence, functions in owners.items()
            if functions or where[sentence] in folder]


def _sentences(text):
    """What each definition of a module has of sentences with ids, and which names it uses."""
    sentences, uses = collections.defaultdict(list), collections.defaultdict(set)
    for name, node in _definitions(ast.parse(text)):
        documentation = {id(inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Expr)}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and id(inner) not in documentation and _IDS.match(inner.value):
                sentences[name].append(re.sub(r"(: |: %s)$", "", inner.value))
            uses[name] |= {getattr(inner, kind) for kind in ("id", "attr", "arg") if isinstance(getattr(inner, kind, None), str)}
    return sentences, uses


def _definitions(tree):
    """What a module and its classes define, by name."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, ast.Module([inner for inner in node.body if not isinstance(inner, ast.FunctionDef)], [])
            yield from _definitions(node)
        elif isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield getattr(target, "id", ""), node


def proves(item, ids):
    """Whether a test of pytest proves one of these behaviours."""
    folder = pathlib.Path(item.path).parent
    case = item.callspec.id if hasattr(item, "callspec") else ""
    tests = [test for test in pytest_tests(folder_of_tests(folder, folder)) if set(test.ids) & set(ids)]
    carriers = [test for test in tests if any(function == item.originalname for _, function in test.functions)]
    named = _IDS.match(case)
    return bool(set(named.group().split()) & set(ids)) if named else bool(carriers)


@functools.cache
def _read(path):
    return path.read_text(encoding="utf-8")


def folder_of_tests(folder, root):
    """The modules of a folder, by their path from a root."""
    return {str(path.relative_to(root)): _read(path) for path in sorted(folder.glob("*.py")) if path.name not in NOT_THE_CLIENT}


def _pattern(sentence):
    """Of a sentence with places for values; more may follow."""
    return ".*?".join(re.escape(part) for part in _PLACE.split(sentence))


def tests(repository):
    """Every test whose name begins with ids. Those of the simulator and of the harness are about these, not about the client."""
    found = []
    for path in sorted((repository / "Tests").glob("*/**/*.swift")):
        place = path.relative_to(repository / "Tests")
        if place.parts[0] != "IdentitySimulator" and ".build" not in place.parts:
            found += swift_tests(path.read_text(encoding="utf-8"), str(place))
    library = repository / "Tests" / "Harness" / "lib"
    library = folder_of_tests(library, library.parent)
    root = repository / "Tests" / "EndToEnd"
    for folder in [root, *sorted(path.parent for path in root.glob("*/__init__.py"))]:
        found += pytest_tests(folder_of_tests(folder, root), library)
    return found


# MARK: results

class Results:
    """What the reports of the runners say, those of Swift by the name of the test."""

    def __init__(self, swift=(), pytest=()):
        self.swift = collections.defaultdict(set)
        for report in swift:
            for name, rest in _SWIFT_CASE.findall(report):
                self.swift[html.unescape(name)].add(FAILED if "<failure" in rest else SKIPPED if "<skipped" in rest else PASSED)
        self.cases = [case for report in pytest for case in _cases(report)]

    def of(self, test):
        found = self._of_pytest(test) if test.functions is not None else self.swift.get(test.name, set())
        return next((result for result in (FAILED, SKIPPED, PASSED) if result in found), UNKNOWN)

    def _of_pytest(self, test):
        """Where its sentence names cases, these alone."""
        own = [(case, result) for place, function, case, result in self.cases
               if not test.functions or any(function == name and (place + ".").startswith(module + ".") for module, name in test.functions)]
        named = [result for case, result in own if test.begins.match(case)]
        return named or ([result for _, result in own] if test.functions else [])


def _cases(report):
    """(module and class, function, case in brackets, result) of each test in a report of pytest."""
    for case in xml.etree.ElementTree.fromstring(report).iter("testcase"):
        function, _, name = case.get("name", "").partition("[")
        kinds = {child.tag for child in case}
        result = FAILED if kinds & {"failure", "error"} else SKIPPED if "skipped" in kinds else PASSED
        yield case.get("classname", ""), function, name[:-1], result


# MARK: the account

class Entry:
    """One behaviour, the tests that carry it with their results, and what follows for it."""

    MISSING, NOT_APPLICABLE = "missing", "not applicable"

    def __init__(self, behaviour, carried):
        self.behaviour, self.carried = behaviour, carried
        self.parts = []

    @property
    def state(self):
        if self.behaviour.why_not:
            return self.NOT_APPLICABLE
        if self.behaviour.through:
            states = [part.state for part in self.parts if part.state != self.NOT_APPLICABLE]
            return next((state for state in (FAILED, self.MISSING, UNKNOWN) if state in states), PASSED if states else self.NOT_APPLICABLE)
        results = [result for _, result in self.carried]
        return next((result for result in (FAILED, PASSED, SKIPPED, UNKNOWN) if result in results), self.MISSING).replace(SKIPPED, UNKNOWN)


def account(rows, tests, results):
    """An entry for each row, and what is wrong between the rows and the names."""
    carried = collections.defaultdict(list)
    for test in tests:
        for id in test.ids:
            carried[id].append((test, results.of(test)))
    entries = {row.id: Entry(row, carried[row.id]) for row in rows}
    faults = ['%s: two rows' % row.id for row in rows if entries[row.id].behaviour is not row]
    faults += ["%s: no row, but a test: %s (%s)" % (id, found[0][0].name, found[0][0].file) for id, found in sorted(carried.items()) if id not in entries]
    for entry in entries.values():
        row = entry.behaviour
        entry.parts = [entries[id] for id in row.through if id in entries]
        faults += ["%s: consists of %s, which has no row" % (row.id, id) for id in row.through if id not in entries]
        if row.why_not and entry.carried:
            faults.append("%s: does not apply, but has a test: %s" % (row.id, entry.carried[0][0].name))
    return list(entries.values()), faults
