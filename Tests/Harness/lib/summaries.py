"""What a runner's log says: how many tests passed, failed and were skipped, in the runner's own words."""
import re

_CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
_PYTEST = re.compile(r"^=+ (.*\b(?:passed|failed|skipped|errors?)\b.*) in [\d.]+s.*=+$", re.MULTILINE)
_RUN = re.compile(r"^.*Test run with (\d+) tests? .*$", re.MULTILINE)
# not anchored: what a test's own processes print may stand before it on the line
_FAILED = re.compile(r"✘ Test (?!run with ).* failed after [\d.]+ seconds")
_SKIPPED = re.compile(r"➜ Test .* skipped[:.]")


class Count:
    def __init__(self, passed=0, failed=0, skipped=0, lines=(), fault=None):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.lines = list(lines)  # the runner's summary lines
        self.fault = fault  # what is wrong with the run as a whole


def count(log, status):
    """Counts a finished run from its log and exit status; a run that proves nothing has one failure."""
    counted = _closing_line(log) or _pytest(log) or _swift_testing(log)
    if counted.failed == 0 and status != 0:
        counted.fault = "the run ended with status %d" % status
    elif counted.passed + counted.failed == 0:
        counted.fault = "the run executed no test"
    counted.failed += 1 if counted.fault else 0
    return counted


def _closing_line(log):
    found = _CLOSING.findall(log)
    if not found:
        return None
    passed, failed, skipped = found[-1]
    return Count(int(passed), int(failed), int(skipped or 0), _whole(_CLOSING, log)[-1:])


def _pytest(log):
    found = _PYTEST.findall(log)
    if not found:
        return None
    counts = {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) (\w+)", found[-1])}
    return Count(counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0), counts.get("skipped", 0), _whole(_PYTEST, log)[-1:])


def _swift_testing(log):
    announced = sum(int(number) for number in _RUN.findall(log))
    failed, skipped = len(_FAILED.findall(log)), len(_SKIPPED.findall(log))
    return Count(max(announced - failed - skipped, 0), failed, skipped, _whole(_RUN, log))


def _whole(pattern, log):
    return [match.group() for match in pattern.finditer(log)]
