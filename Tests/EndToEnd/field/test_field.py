"""What servers and networks did in the field, and what tokend makes of it: a table, played against one daemon.

A report is a row in a module of this folder: what the server does, and the reply, the state, the text and the recovery that are expected. Each row has
a server of its own and an application of its own; all that are chosen are played side by side. TOKEND_HURRIED in the environment names another debug
build: only that has the shorter pauses that the rows count on. With --first-release it is one of 0.1.0, and a row passes if it does what the row says
of that version.
"""
import pytest

from . import answers, changes, configuration, discovery, identity, outages, proxies, refusals, servers, words
from .row import HELD
from .world import World

ROWS = [row for part in (answers, identity, discovery, words, servers, outages, refusals, changes, configuration, proxies) for row in part.ROWS]


@pytest.fixture(scope="module")
def world(request):
    chosen = [item.callspec.params["row"] for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    with World(chosen) as world:
        world.faults = dict(world.play())
        yield world


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_row(world, row, request):
    fault = world.faults[row]
    if request.config.getoption("first_release"):
        assert (fault is None) == (row.was == HELD), fault or "every step held"
    else:
        assert fault is None, fault


def test_what_is_left(world):
    leaks = world.leaks()
    assert not leaks, "LOG-01 no token, code or secret of these rows is in the log: %s" % "\n".join(leak[:12] + "…" for leak in leaks)
    assert world.daemon.process.poll() is None, "the daemon is the one that was started"
