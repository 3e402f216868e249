"""The harness can fail: its own checks of imports, metrics, logs and behaviours."""
import pathlib
import re

import pytest
from lib import arrows, behaviours, openmetrics, summaries, swiftsource

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


SWIFT_LOG = """◇ Test run started.
✔ Test `RT-04 the successor is on disk` passed after 0.001 seconds.
✘ Test `an endless line is refused` recorded an issue at t.swift:4:49: Expectation failed: 1 == 2
tokend: a line without an end✘ Test `an endless line is refused` failed after 0.002 seconds with 1 issue.
◇ Test case passing 1 argument to both() started.
✔ Test both(_:) with 3 test cases passed after 0.003 seconds.
✔ Suite Lines passed after 0.003 seconds.
➜ Test later() skipped: "later"
✘ Test run with 4 tests in 1 suite failed after 0.004 seconds with 1 issue.
"""
PYTEST_LOG = """..s
FAILED test_x.py::test_y - AssertionError
= 1 failed, 2 passed, 1 skipped, 1 error in 3.02s (0:00:03) =
"""


@pytest.mark.parametrize("log, status, expected", cases(
    ("Swift Testing's events", SWIFT_LOG, 1, (2, 1, 1)),
    ("the last line of pytest", PYTEST_LOG, 1, (2, 2, 1)),
    ("a closing line", "ok\n12 passed, 0 failed\n", 0, (12, 0, 0)),
    ("a run that died is a failure", "✔ Test a() passed after 1 seconds.\n", 139, (0, 1, 0)),
    ("a run without a summary is a failure", "nothing\n", 0, (0, 1, 0)),
    ("a bad exit status under good counts is a failure", "3 passed, 0 failed\n", 1, (3, 1, 0)),
    ("a run of no test is a failure", "✔ Test run with 0 tests in 0 suites passed after 0.001 seconds.\n", 0, (0, 1, 0))))
def test_summaries_count(log, status, expected):
    counted = summaries.count(log, status)
    assert (counted.passed, counted.failed, counted.skipped) == expected


SWIFT_SUITE = """
    // @Test func `AA-09 nobody runs this`() {
    @Test func `AA-01 AA-02 one thing`() {}
    @Test(arguments: [(1, "x")]) func `AA-03 another, in cases`(number: Int) throws {}
    func `AB-01 a sentence`() {}
    @Test func `no more than AA-04 in the middle`() {}
"""
CHECK_SUITE = '''"""AA-05 is what this suite is about."""
def part(checks):
    """AA-06 and this section."""
    # checks.ok("AA-07 not yet", True)
    checks.ok("AA-08 %s is (%d %%) so" % (what, number), found)
    for what in [("AB-02 from a table", 1)]:
        pass
    print("see AA-04")
'''
LOG = """
✔ Test "AA-01 AA-02 one thing" passed after 0.1 seconds.
tokend: no end of line✘ Test "AA-03 another, in cases" with 2 test cases failed after 0.1 seconds with 1 issue.
➜ Test "AB-01 a sentence" skipped: "not here"
--- part
ok    AA-08 it is (3 %) so
FAIL  AB-02 from a table, with more
      found: 1
"""


def account(rows, log=LOG):
    tests = behaviours.swift_tests(SWIFT_SUITE, "S.swift") + behaviours.check_tests(CHECK_SUITE, "suite")
    entries, faults = behaviours.account([behaviours.Behaviour(*row) for row in rows], tests, behaviours.Results([log]))
    return {entry.behaviour.id: entry.state for entry in entries}, faults


ROWS = [(id, "P0", "it does") for id in ("AA-01", "AA-02", "AA-03", "AA-04", "AA-08", "AB-01", "AB-02")]


def test_behaviours_have_the_results_of_the_tests_that_carry_their_ids():
    states, faults = account(ROWS)
    assert states == {"AA-01": "passed", "AA-02": "passed", "AA-03": "failed", "AA-04": "missing", "AA-08": "passed", "AB-01": "not run", "AB-02": "failed"}
    assert faults == [], "neither comments nor documentation carry an id, and here all have a row"
    assert set(account(ROWS, "")[0].values()) == {"missing", "not run"}, "without a log nothing has passed"
    both = LOG + '✘ Test "AA-01 AA-02 one thing" failed after 0.1 seconds with 1 issue.\n'
    assert account(ROWS, both)[0]["AA-02"] == "failed", "one failure counts more than a success"


@pytest.mark.parametrize("sign, word, expected", [("✔", "passed", "passed"), ("✘", "failed", "not run")])
def test_a_swift_test_whose_end_is_not_told_has_the_result_of_its_run(sign, word, expected):
    log = '◇ Test "AA-03 another, in cases" started.\n%s Test run with 1 test in 1 suite %s after 1 seconds.\n' % (sign, word)
    assert account(ROWS, log)[0]["AA-03"] == expected


@pytest.mark.parametrize("through, expected", [("AA-01 AA-08", "passed"), ("AA-01 AB-01", "not run"), ("AA-04 AB-01", "missing"), ("AA-04 AA-03", "failed")])
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
    entries, faults = behaviours.account(rows, behaviours.pytest_tests({"a/test_m.py": MODULE, "a/table.py": SHARED}), behaviours.Results(reports=[REPORT]))
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
