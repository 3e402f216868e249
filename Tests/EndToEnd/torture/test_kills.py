"""tokend is killed at random moments, and at every step and call of its store: no grant is lost, and every one is accounted for."""
import collections
import concurrent.futures
import time

from .kills import Kills
from .servers import SimulatedServer

FIGURES = (
    ("kills", "kills"), ("rotations", "rotations"), ("grants brought in", "grants"), ("replays that brought the successor", "replays that brought a successor"),
    ("replays that told of the loss", "replays that told of the loss"), ("outcomes undecided until the next send", "undecided until the next send"),
    ("successors cut off at their last byte", "successors cut off at their end"), ("unavoidable losses, each answer-lost", "unavoidable losses"),
    ("grants lost", "grants lost"), ("wrong outcomes", "wrong outcomes"))


def test_every_grant_is_accounted_for(pytestconfig, memory, seed):
    """Several daemons, each with a server of its own, until they were killed as often as --kills says, or for --seconds."""
    wanted, beside = pytestconfig.getoption("kills"), pytestconfig.getoption("beside")
    until = time.monotonic() + pytestconfig.getoption("seconds")

    def station(number):
        with SimulatedServer(memory / ("server%d" % number), access_ttl=4) as server:
            place = memory / ("d%d" % number)
            place.mkdir()
            kills = Kills(server, place, "%d/%d" % (seed, number))
            kills.run(-(-wanted // beside), until)
            return kills

    with concurrent.futures.ThreadPoolExecutor(beside) as pool:
        runs = list(pool.map(station, range(beside)))
    count, deaths = collections.Counter(), collections.Counter()
    for run in runs:
        count.update(run.count)
        deaths.update(run.deaths)
    table(count, deaths)
    assert count["kills"] >= wanted or time.monotonic() >= until, "the daemon was killed as often as asked, or for as long"
    assert count["rotations"] > count["kills"], "and hundreds of grants were renewed meanwhile"
    assert count["grants lost"] == 0
    assert count["wrong outcomes"] == 0


def table(count, deaths):
    print("\ndeaths")
    for place, number in sorted(deaths.items(), key=lambda item: -item[1]):
        print("  %-44s %9d" % ("at a random moment" if place == "random" else "at " + place, number))
    for what, key in FIGURES:
        print("%-46s %9d" % (what, count[key]))
    print("%-46s %9.0f" % ("milliseconds from start to service, on average", count["start ms"] / max(count["lives"], 1)))
