"""Callers who would be taken for others: each attack by both ways of telling who is there."""
import re

from .fixture import ATTACK, OLDER_KERNEL, SETUID, SOCKET

DENIED = re.compile(r"ERR denied : ")
HANDED_OUT = re.compile(r"OK eyJ")
AGAIN = re.compile(r"ERR busy retry-after=1 reason=connect-again : ")
ASK = "GET portal.sync"
GIVEN = "/run/given.sock"
GROUP = "/sys/fs/cgroup/system.slice/erp-sync.service"
# asks from a control group below the unit's own, which bears the name of the unit that has a rule
DISGUISED = ("g=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/system.slice/erp-sync.service; mkdir -p $g && echo $$ > $g/cgroup.procs && "
             "printf '%s\\n' | nc -NU %s" % (ASK, SOCKET))


def test_by_pinned_connections(scene):
    """SO_PEERPIDFD: the connection names the process."""
    every_attack(scene, "pinned", isPinned=True)


def test_by_numbers(scene):
    """As on kernels before 6.5: pidfd_open of the process number."""
    scene.drop_in("older-kernel", "Environment=LD_PRELOAD=%s\n" % OLDER_KERNEL)
    try:
        scene.restart()
        environment = scene.host.run("cat", "/proc/%s/maps" % scene.main_pid()).stdout
        assert OLDER_KERNEL in environment, "tokend believes that the kernel is an older one"
        every_attack(scene, "numbers", isPinned=False)
        waiting_before_start(scene)
        first_callers(scene)
    finally:
        scene.drop_in("older-kernel", None)
        scene.restart()


def every_attack(scene, way, isPinned):
    scene.ask("PING")
    honest(scene, way)
    if isPinned:
        # without the pin nobody can tell, as long as the loop stands still
        reused(scene, way, "before")
    reused(scene, way, "after")
    vanished(scene, way)
    given(scene, way)
    became(scene, way)
    delegated(scene, way)


def said(process, line="\n"):
    """Lets it go on, and what it says until its end."""
    return process.communicate(line, timeout=30)[0].strip()


def honest(scene, way):
    answer = said(scene.unit("erp-sync", "nc", "-NU", SOCKET), ASK + "\n")
    assert HANDED_OUT.search(answer), "%s: the unit with a rule is served" % way
    answer = said(scene.unit("impostor", "nc", "-NU", SOCKET), ASK + "\n")
    assert DENIED.search(answer), "%s: another one is not" % way


def reused(scene, way, when):
    """The process that connected ends, and its number becomes that of a process in the unit that has a rule."""
    holder = scene.unit("erp-sync", "sh", "-c", "echo up; read end")
    holder.stdout.readline()
    process = scene.main_pid()
    since = scene.now()
    try:
        if when == "before":
            scene.host.run("kill", "-STOP", process)
        impostor = scene.unit("impostor", ATTACK, "reuse", SOCKET, GROUP, ASK, when)
        taken = impostor.stdout.readline()
        assert taken.startswith("taken "), "%s: the number of who connected is another's, %s the connection was accepted" % (way, when)
        scene.host.run("kill", "-CONT", process)
        assert DENIED.search(said(impostor)), "%s: and nothing is given to it" % way
        assert scene.decisions(since, "TOKEND_EVENT=handed-out", "TOKEND_CONSUMER=erp-sync.service") == 0, (
            "%s: nor does the journal say that the unit got something" % way)
    finally:
        scene.host.run("kill", "-CONT", process)
        said(holder)


def vanished(scene, way):
    """The process ends before anybody could look at it, though it was of the unit that has a rule."""
    process = scene.main_pid()
    scene.host.run("kill", "-STOP", process)
    try:
        asker = scene.unit("erp-sync", ATTACK, "vanish", SOCKET, ASK)
        gone = asker.stdout.readline()
        scene.host.run("kill", "-CONT", process)
        assert gone.startswith("gone "), "%s: a process asks and ends at once" % way
        assert DENIED.search(said(asker)), "%s: whoever cannot be identified is refused" % way
    finally:
        scene.host.run("kill", "-CONT", process)


def given(scene, way):
    """A connection belongs to who made it, whoever it is given to (SCM_RIGHTS)."""
    for maker, user, expected, what in (("impostor", "erp-sync", DENIED, "a connection of another unit, given to the one with a rule, is refused"),
                                        ("erp-sync", "impostor", HANDED_OUT, "what the unit with a rule gives away is its own deed")):
        since = scene.now()
        receiver = scene.unit(user, ATTACK, "receive", GIVEN, ASK)
        receiver.stdout.readline()
        giver = scene.unit(maker, ATTACK, "give", SOCKET, GIVEN)
        answer = said(receiver)
        said(giver)
        assert expected.search(answer), "%s: %s" % (way, what)
        told = {entry.get("TOKEND_CONSUMER_UNIT") for entry in scene.entries(since, "TOKEND_TOKEN=portal.sync")}
        assert told <= {maker + ".service"}, "%s: and the journal names who connected" % way


def became(scene, way):
    """A process connects and then becomes a set-user-ID program: it stays who it was."""
    answer = scene.host.run("runuser", "-u", "games", "--", ATTACK, "become", SOCKET, "GET portal.root", SETUID, check=False).stdout.split("\n")
    assert answer[0] == "euid 0", "%s: a set-user-ID program speaks as root" % way
    assert re.search(r"ERR denied : uid 5 ", answer[1]), "%s: on a connection that is not root's" % way


def delegated(scene, way):
    answer = said(scene.unit("impostor", "-p", "Delegate=yes", "sh", "-c", DISGUISED.replace("$", "$$")))
    assert DENIED.search(answer), "%s: a delegated group that bears the unit's name is not the unit" % way


def waiting_before_start(scene):
    """A connection that waited in the socket while tokend was not there may be older than its number."""
    go = scene.host.path("/run/go")
    scene.drop_in("held", "ExecStartPre=+/bin/sh -c 'until [ -e /run/go ]; do sleep 0.05; done'\n")
    holder = scene.unit("erp-sync", "sh", "-c", "echo up; read end")
    holder.stdout.readline()
    try:
        scene.systemctl("stop", "tokend.service")
        impostor = scene.unit("impostor", ATTACK, "reuse", SOCKET, GROUP, ASK, "before")
        taken = impostor.stdout.readline()
        assert taken.startswith("taken "), "numbers: the number is another's before tokend is up"
        go.touch()
        assert AGAIN.search(said(impostor)), "numbers: who waited is told to connect again"
    finally:
        go.touch()
        said(holder)
        scene.drop_in("held", None)
        go.unlink()


def first_callers(scene):
    """Whoever starts tokend by calling it has connected too early to be told; tokenctl sees to that."""
    scene.systemctl("stop", "tokend.service")
    assert re.search(r"eyJ\S+$", said(scene.unit("erp-sync", "tokenctl", "get", "portal.sync"), "")), "numbers: the unit that starts tokend has its token"
    scene.systemctl("stop", "tokend.service")
    waited = scene.unit("erp-sync", "tokenctl", "wait", "portal.sync")
    assert (said(waited, ""), waited.returncode) == ("", 0), "numbers: and so it does with another command"
    scene.systemctl("stop", "tokend.service")
    assert re.search(r"tokenctl: portal\.sync: denied: ", said(scene.unit("impostor", "tokenctl", "get", "portal.sync"), "")), (
        "numbers: another unit is told no for good")
