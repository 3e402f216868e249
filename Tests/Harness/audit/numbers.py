"""METRICS: what a reader of OpenMetrics makes of it, for whom, and at what size."""
import re
import subprocess

from .scene import MANY, SOCKET


def metrics(scene):
    checks = scene.checks
    scene.restart()
    scene.load("pipeline", 16, MANY * 2, "GET many.t% wait=60", MANY)
    for line in ("GET stranger.name", "GTE x", 'GET a"b.c', "RENEW portal.root", "REJECT many.t3"):
        scene.ask(line)
    reply = scene.ask("METRICS")
    numbers = scene.metrics()
    checks.ok("the answer is longer than a page", len(reply) > 65_536, len(reply))
    checks.equal("every configured token has its state", len(numbers.families["tokend_token_state"].samples), MANY + 2)
    checks.equal("the states add up", numbers.value("tokend_tokens"), MANY + 2)
    checks.equal("hand-outs are counted by token", numbers.value("tokend_handed_out_total", token="many.t5"), 3)
    checks.equal("labels are configured names", numbers.labels("token") - {"none", "portal.sync", "portal.root"} - {"many.t%d" % i for i in range(MANY)}, set())
    checks.equal("a name that nobody configured is none", numbers.value("tokend_refused_total", token="none", code="denied"), 2)
    checks.equal("nor is a line that is no request", numbers.value("tokend_refused_total", token="none", code="bad-request"), 1)
    checks.ok("exchanges are counted by cause and outcome", numbers.value("tokend_exchanges_total", application="many", cause="asked", outcome="issued") == MANY
              and numbers.value("tokend_exchange_duration_seconds_count", application="many") == MANY)
    checks.ok("tokens tell when they end", 0 < numbers.value("tokend_token_expires_seconds", token="many.t1") <= 3600)
    checks.equal("every connection is accounted for", numbers.value("tokend_connections"), 1)
    denied = scene.host.run("runuser", "-u", "games", "--", "nc", "-NU", SOCKET, input="METRICS\n").stdout
    checks.matches("others are told no", denied, re.compile("^ERR denied : uid 5 is not an administrator"))
    sums = {name: scene.metrics().value("tokend_decisions_total", event=name) for name in ("handed-out", "refused")}
    scene.restart()
    since_start = [entry for entry in scene.entries("@0") if entry["TOKEND_EVENT"] == "started"][-2]["__REALTIME_TIMESTAMP"]
    for name, number in sums.items():
        found = scene.settled("@%.6f" % (int(since_start) / 1e6), number, "TOKEND_EVENT=" + name)
        checks.equal("%s: the metrics say what the journal says" % name, found, number)


def slow_reader(scene):
    """Who asks for everything and reads nothing is given a page, and nobody waits for it."""
    slow = scene.host.start("nc", "-NU", SOCKET, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    slow.stdin.write("METRICS\n" * 32 + "PING\nQUIT\n")
    slow.stdin.close()
    scene.checks.ok("it is answered", slow.stdout.read(2) == "+ ")
    held = int(re.search(r"VmRSS:\s+(\d+)", scene.host.run("cat", "/proc/%s/status" % scene.main_pid()).stdout)[1])
    scene.checks.equal("others are answered meanwhile", scene.ask("PING"), "OK")
    scene.checks.ok("tokend keeps a page of it, not all", held < 40_000, held)
    text = slow.stdout.read()
    slow.wait()
    scene.checks.equal("read late, each answer is whole", text.count("+ # EOF\nOK\n"), 32)
    scene.checks.ok("and what was asked behind them comes last", text.endswith("+ # EOF\nOK\nOK\nOK\n"), text[-40:])
