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

from lib import behaviours, booted, chromium  # noqa: E402

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
    "man_pages": ("renders the manual pages", commands("lowdown", "mandoc", "groff", "man")),
}
# what every test of a folder needs
FOLDERS = {"faults": "root", "signin": "root"}
NEEDS = {name: (meaning, functools.cache(missing)) for name, (meaning, missing) in NEEDS.items()}


def pytest_addoption(parser):
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
