"""What the tests share: what each of them needs, fixtures, which tests stay together in a parallel run, and what a failure shows."""
import functools
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Harness"))

pytest.register_assert_rewrite("identity_servers.sign_ins", "secret_leaks.search", "torture.fixture")
from lib import behaviours, booted, chromium, django_oauth_toolkit  # noqa: E402
from lib.machine import Machine  # noqa: E402

IN_CI = os.environ.get("CI") == "true"


def commands(*names):
    """What is missing of these commands."""
    return lambda: ['the command "%s" is not installed; "make deps" brings it' % name for name in names if not shutil.which(name)]


def root():
    return [] if os.getuid() == 0 else ["needs root"]


# marker: (what it means, what keeps such a test from running here)
NEEDS = {
    "root": ("connects as several users, reads the memory of others or mounts file systems", root),
    "systemd": ("boots a Debian of its own", booted.missing),
    "browser": ("drives chromium", chromium.missing),
    "packaging": ("makes the Debian package and boots a Debian of its own", lambda: booted.missing() + commands("lintian", "dpkg-shlibdeps", "lowdown")()),
    "glewlwyd": ("signs in at a glewlwyd of its own", commands("glewlwyd")),
    "django": ("signs in at a django-oauth-toolkit of its own",
               lambda: [] if django_oauth_toolkit.installed() else ['django-oauth-toolkit is not there; "make deps" brings it from PyPI']),
    "man_pages": ("renders the manual pages", commands("lowdown", "mandoc", "groff", "man")),
}
# what every test of a folder needs
FOLDERS = {"faults": "root", "signin": "root", "secret_leaks": "root", "torture": "root", "units": "systemd", "restart": "systemd", "audit": "systemd"}
NEEDS = {name: (meaning, functools.cache(missing)) for name, (meaning, missing) in NEEDS.items()}


def pytest_addoption(parser):
    parser.addoption("--keep", action="store_true", help="leave the last machine up, to look around: Tests/Harness/host --name systemd-bookworm run bash")
    parser.addoption("--first-release", action="store_true", help="the rows of field/ do what they say of tokend 0.1.0, which TOKEND_HURRIED names")
    parser.addoption("--kills", type=int, default=300, help="how often the daemon is killed in torture/test_kills.py")
    parser.addoption("--seconds", type=float, default=120, help="that test ends after so long, however many kills it has made by then")
    parser.addoption("--beside", type=int, default=2, help="daemons that are killed side by side, each with a server of its own")
    parser.addoption("--seed", type=int, help="the same order of deaths again; a failed test shows it")
    parser.addoption("--behaviour", action="append", metavar="ID", help="only tests that prove this behaviour of Tests/behaviours.tsv; may be repeated")


def pytest_configure(config):
    for name, (meaning, _) in NEEDS.items():
        config.addinivalue_line("markers", "%s: %s" % (name, meaning))
    # fixtures clean up
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # a job in the background ignores SIGINT, and hands that on to what it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        # a failed assertion shows whole values; this is not the process that prints a line for each test
        config.option.verbose = 2


def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.path.parent.name in FOLDERS:
            item.add_marker(FOLDERS[item.path.parent.name])
    wanted = config.getoption("behaviour")
    if wanted:
        kept = [item for item in items if behaviours.proves(item, wanted)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def pytest_xdist_make_scheduler(config, log):
    """What shares a machine runs in one process: the tests of a file or of a folder of FOLDERS, on one Debian."""
    from xdist.scheduler import LoadScopeScheduling

    class ByMachine(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            place = file.partition("/")[0]
            release = next((release for release in booted.RELEASES if "[%s" % release in test), "")
            return (place if FOLDERS.get(place) == "systemd" else file) + release

    return ByMachine(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    missing = [sentence for name, (_, obstacles) in NEEDS.items() if item.get_closest_marker(name) for sentence in obstacles()]
    if missing:
        (pytest.fail if IN_CI else pytest.skip)("; ".join(missing))


@pytest.fixture
def folder():
    """A new folder with a short path (a socket's may have 107 bytes) that other users may enter."""
    with tempfile.TemporaryDirectory(prefix="tokend-") as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and report.when == "call":
        for value in item.funcargs.values():
            for source in (value, getattr(value, "machine", None), getattr(value, "daemon", None)):
                if hasattr(source, "last_words"):
                    report.sections.append(("what tokend said", source.last_words()))


@pytest.fixture(scope="module", params=booted.RELEASES)
def machine(request):
    """A booted Debian, with nothing of ours in it."""
    name = request.module.__name__.removeprefix("test_").partition(".")[0]
    with Machine(name, request.param, request.config.getoption("keep")) as machine:
        yield machine
