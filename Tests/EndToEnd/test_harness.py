"""The harness can fail: its own checks of imports, metrics and behaviours."""
import pathlib
import re

import pytest
from lib import arrows, behaviours, openmetrics, swiftsource

TABLE = """
| room | imports | outside packages |
|---|---|---|
| Secrets | CShims | - (Glibc) |
| Wire | Secrets | - (no Foundation) |
| Daemon | Wire, Secrets, CShims | TOMLKit (one file) |
| tool | Daemon | swift-argument-parser |
"""
SOURCES = {
    "Secrets/Secret.swift": "internal import CShims\nimport Glibc\n",
    "Wire/Line.swift": "package import Secrets\n",
    "Daemon/Main.swift": "internal import Wire\nimport struct Glibc.timespec\nimport Synchronization\n",
    "Daemon/Table.swift": "private import TOMLKit\n",
    "tool/main.swift": "@testable import Daemon\nimport ArgumentParser\n",
    "CShims/shims.c": "",
}


def findings(root, changes=None, table=TABLE):
    page = {arrows.PAGE: "# A house\n" + table + "\nand more\n"}
    for name, text in {**page, **{pathlib.Path("Sources", name): text for name, text in {**SOURCES, **(changes or {})}.items()}}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return arrows.findings(root)


def cases(*rows):
    """Parameters whose first is the name of the case."""
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


def test_sources_that_follow_the_import_table(tmp_path):
    assert findings(tmp_path) == []


@pytest.mark.parametrize("changes, table, expected", cases(
    ("a stray import", {"Wire/More.swift": "// fine\n\nimport Daemon\n"}, TABLE,
     'Sources/Wire/More.swift:3: "Wire" may not import Daemon'),
    ("the C library in a pure room", {"Wire/More.swift": "import Glibc\n"}, TABLE,
     'Sources/Wire/More.swift:1: "Wire" may not import Glibc'),
    ("full Foundation", {"Daemon/More.swift": "import Foundation\n"}, TABLE,
     'Sources/Daemon/More.swift:1: "Daemon" may not import Foundation'),
    ("an import of one declaration", {"Wire/More.swift": "import struct Foundation.Data\n"}, TABLE,
     'Sources/Wire/More.swift:1: "Wire" may not import Foundation'),
    ("a C module that crosses a wall", {"Secrets/More.swift": "package import CShims\n"}, TABLE,
     "Sources/Secrets/More.swift:1: CShims must stay inside the room: import it as internal"),
    ("a package in a second file", {"Daemon/More.swift": "import TOMLKit\n"}, TABLE,
     "Sources/Daemon: TOMLKit belongs in one file, not in Sources/Daemon/More.swift, Sources/Daemon/Table.swift"),
    ("a room without a row", {"Attic/Box.swift": "\n"}, TABLE, 'Architecture.md: no row for the room "Attic"'),
    ("a row without a room", {}, TABLE + "| Cellar | - | - |\n", 'Architecture.md: a row for "Cellar", but no such room in Sources'),
    ("a circle", {}, TABLE.replace("| Wire | Secrets |", "| Wire | Secrets, tool |"),
     'Architecture.md: the arrows lead from "Wire" back to it'),
    ("no table", {}, "", "Architecture.md: no arrow table (| room | imports | outside packages |)")))
def test_import_table_finds(tmp_path, changes, table, expected):
    assert expected in findings(tmp_path, changes, table)


def test_words_in_strings_and_comments_are_not_code():
    code = 'let a = "import A" // import B\n/* import C\n */ import D\nlet b = #"async \\" "# + """\n await\n"""\nawait x\n'
    assert swiftsource.imports(code) == [(3, None, "D")]
    assert swiftsource.lines_with(code, re.compile(r"\bawait\b|\basync\b")) == [(7, "await")]


SWIFT_SUITE = """
    // @Test func `AA-09 nobody runs this`() {
    @Test func `AA-01 AA-02 one thing`() {}
    @Test(arguments: [(1, "x")]) func `AA-03 another, in cases`(number: Int) throws {}
    func `AB-01 a sentence`() {}
    @Test func `no more than AA-04 in the middle`() {}
"""
SWIFT_REPORT = """<testsuites><testsuite name="TestResults">
<testcase classname="A.B" name="`AA-01 AA-02 one thing`()" time="0.1" />
<testcase classname="A.B" name="`AA-03 another, in cases`(number:)" time="0.1">
  <failure message="1 > 2 "quoted" & not escaped" />
</testcase>
<testcase classname="A.B" name="`AB-01 a sentence`()"><skipped /></testcase>
<testcase classname="A.B" name="plain()" />
</testsuite></testsuites>"""


def account(rows, report=SWIFT_REPORT):
    entries, faults = behaviours.account([behaviours.Behaviour(*row) for row in rows], behaviours.swift_tests(SWIFT_SUITE, "S.swift"), behaviours.Results([report]))
    return {entry.behaviour.id: entry.state for entry in entries}, faults


ROWS = [(id, "P0", "it does") for id in ("AA-01", "AA-02", "AA-03", "AA-04", "AB-01")]


def test_behaviours_have_the_results_of_the_tests_that_carry_their_ids():
    states, faults = account(ROWS)
    assert states == {"AA-01": "passed", "AA-02": "passed", "AA-03": "failed", "AA-04": "missing", "AB-01": "not run"}
    assert faults == [], "comments carry no id, and here all have a row"
    assert set(account(ROWS, "")[0].values()) == {"missing", "not run"}, "without a report nothing has passed"
    both = SWIFT_REPORT + '<testcase name="`AA-01 AA-02 one thing`()"><failure message="" /></testcase>'
    assert account(ROWS, both)[0]["AA-02"] == "failed", "one failure counts more than a success"


@pytest.mark.parametrize("through, expected", [("AA-01 AA-02", "passed"), ("AA-01 AB-01", "not run"), ("AA-04 AB-01", "missing"), ("AA-04 AA-03", "failed")])
def test_a_behaviour_that_consists_of_others(through, expected):
    assert account([*ROWS, ("AC-01", "P0", "all", through)])[0]["AC-01"] == expected


@pytest.mark.parametrize("rows, expected", cases(
    ("an id without a row", ROWS[1:], "AA-01: no row, but a test: AA-01 AA-02 one thing (S.swift)"),
    ("two rows of one id", [*ROWS, ROWS[0]], "AA-01: two rows"),
    ("a part without a row", [*ROWS, ("AC-01", "P0", "all", "AA-99")], "AC-01: consists of AA-99, which has no row"),
    ("a test of what does not apply", [*ROWS[1:], ("AA-01", "P0", "it does", "", "it cannot")], "AA-01: does not apply, but has a test: AA-01 AA-02 one thing")))
def test_account_of_behaviours_finds(rows, expected):
    assert expected in account(rows)[1]


MODULE = '''"""AA-01 is not proved by this."""
CASES = [("AA-02 a case", 1), ("AA-03 another case", 2)]
TABLE = [("AA-04 used in a loop", 1)]

def helper(x):
    """AA-01 nor by this."""
    assert x, "AA-05 %s holds" % x

class TestOne:
    @parametrize("name, number", CASES)
    def test_cases(self, name, number):
        assert number

    def test_all(self, browser):
        for what, found in TABLE:
            helper(found)

def browser():
    assert 1, "AA-06 the fixture is made"

def test_alone():
    assert 1, f"AA-07 AA-08 both: {1}"

def test_rows(table):
    shared.check()

def unused():
    assert 1, "AA-09 nobody comes here"
'''
SHARED = '''
def check():
    assert 1, "AA-10 in a module without tests"
'''
REPORT = """<testsuites><testsuite>
<testcase classname="a.test_m.TestOne" name="test_cases[AA-02 a case]" />
<testcase classname="a.test_m.TestOne" name="test_cases[AA-03 another case]"><failure message="x" /></testcase>
<testcase classname="a.test_m.TestOne" name="test_all"/>
<testcase classname="a.test_m" name="test_alone"><skipped message="x" /></testcase>
<testcase classname="a.test_m" name="test_rows" />
<testcase classname="a.test_m2" name="test_alone" />
</testsuite></testsuites>"""


def test_behaviours_that_pytest_proves():
    rows = [behaviours.Behaviour("AA-%02d" % number, "P0", "it does") for number in range(1, 11)]
    entries, faults = behaviours.account(rows, behaviours.pytest_tests({"a/test_m.py": MODULE, "a/table.py": SHARED}), behaviours.Results(pytest=[REPORT]))
    assert [entry.state for entry in entries] == [
        "missing", "passed", "failed", "passed", "passed", "passed", "not run", "not run", "not run", "passed"]
    assert faults == []


METRICS = """# TYPE a_seconds histogram
# UNIT a_seconds seconds
# HELP a_seconds how long
a_seconds_bucket{x="1",le="0.1"} 1
a_seconds_bucket{x="1",le="+Inf"} 3
a_seconds_count{x="1"} 3
a_seconds_sum{x="1"} 4.5
# TYPE b counter
b_total{name="q\\"u\\\\o\\nte",other="y"} 7
# EOF
"""


def test_openmetrics_text_is_read():
    assert openmetrics.parse(METRICS)["b"].samples == [("b_total", {"name": 'q"u\\o\nte', "other": "y"}, 7.0)]


@pytest.mark.parametrize("was, becomes", cases(
    ("no end", "# EOF\n", ""), ("a family twice", "# TYPE b counter", "# TYPE b counter\nb_total 1\n# TYPE a_seconds gauge"),
    ("a suffix of another type", "b_total{", "b_count{"), ("a sample without a family", "# TYPE b counter\n", ""),
    ("buckets that fall", 'le="+Inf"} 3', 'le="+Inf"} 0'), ("no last bucket", 'le="+Inf"} 3', 'le="9.0"} 3'),
    ("another count", 'a_seconds_count{x="1"} 3', 'a_seconds_count{x="1"} 4'), ("a label that ends itself", 'q\\"u', 'q"u'),
    ("the same sample twice", "# EOF", 'b_total{other="y",name="q\\"u\\\\o\\nte"} 7\n# EOF'), ("a number that is none", "} 7", "} seven"),
    ("a comma too many", ',other="y"', ',other="y",'), ("a unit of another name", "# UNIT a_seconds seconds", "# UNIT a_seconds bytes"),
    ("counting below nothing", "} 7", "} -7"), ("an empty line", "# TYPE b", "\n# TYPE b")))
def test_openmetrics_text_is_not_read_with(was, becomes):
    assert METRICS.replace(was, becomes) != METRICS
    with pytest.raises(openmetrics.Malformed):
        openmetrics.parse(METRICS.replace(was, becomes))
