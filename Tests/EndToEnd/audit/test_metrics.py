"""METRICS: what a reader of OpenMetrics makes of it, for whom, and at what size."""
import re
import subprocess

from .fixture import MANY, SOCKET


def test_metrics(scene):
    scene.restart()
    scene.load("pipeline", 16, MANY * 2, "GET many.t% wait=60", MANY)
    for line in ("GET stranger.name", "GTE x", 'GET a"b.c', "RENEW portal.root", "REJECT many.t3"):
        scene.ask(line)
    reply = scene.ask("METRICS")
    numbers = scene.metrics()
    assert len(reply) > 65_536, "the answer is longer than a page"
    assert len(numbers.families["tokend_token_state"].samples) == MANY + 2, "every configured token has its state"
    assert numbers.value("tokend_tokens") == MANY + 2, "the states add up"
    assert numbers.value("tokend_handed_out_total", token="many.t5") == 3, "hand-outs are counted by token"
    assert numbers.labels("token") - {"none", "portal.sync", "portal.root"} - {"many.t%d" % i for i in range(MANY)} == set(), "labels are configured names"
    assert numbers.value("tokend_refused_total", token="none", code="denied") == 2, "a name that nobody configured is none"
    assert numbers.value("tokend_refused_total", token="none", code="bad-request") == 1, "nor is a line that is no request"
    assert (numbers.value("tokend_exchanges_total", application="many", cause="asked", outcome="issued") == MANY
            and numbers.value("tokend_exchange_duration_seconds_count", application="many") == MANY), "exchanges are counted by cause and outcome"
    assert 0 < numbers.value("tokend_token_expires_seconds", token="many.t1") <= 3600, "tokens tell when they end"
    assert numbers.value("tokend_connections") == 1, "every connection is accounted for"
    denied = scene.host.run("runuser", "-u", "games", "--", "nc", "-NU", SOCKET, input="METRICS\n").stdout
    assert re.search("^ERR denied : uid 5 is not an administrator", denied), "others are told no"
    sums = {name: scene.metrics().value("tokend_decisions_total", event=name) for name in ("handed-out", "refused")}
    scene.restart()
    since_start = [entry for entry in scene.entries("@0") if entry["TOKEND_EVENT"] == "started"][-2]["__REALTIME_TIMESTAMP"]
    for name, number in sums.items():
        found = scene.settled("@%.6f" % (int(since_start) / 1e6), number, "TOKEND_EVENT=" + name)
        assert found == number, "%s: the metrics say what the journal says" % name


def test_slow_reader(scene):
    """Who asks for everything and reads nothing is given a page, and nobody waits for it."""
    slow = scene.host.start("nc", "-NU", SOCKET, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    slow.stdin.write("METRICS\n" * 32 + "PING\nQUIT\n")
    slow.stdin.close()
    assert slow.stdout.read(2) == "+ ", "it is answered"
    held = int(re.search(r"VmRSS:\s+(\d+)", scene.host.run("cat", "/proc/%s/status" % scene.main_pid()).stdout)[1])
    assert scene.ask("PING") == "OK", "others are answered meanwhile"
    assert held < 40_000, "tokend keeps a page of it, not all"
    text = slow.stdout.read()
    slow.wait()
    assert text.count("+ # EOF\nOK\n") == 32, "read late, each answer is whole"
    assert text.endswith("+ # EOF\nOK\nOK\nOK\n"), "and what was asked behind them comes last"
