"""The recipes of tokend(8) answer what they say they answer: its commands are run as they stand there."""
import json
import re

from lib.daemon import REPOSITORY, Served

from .fixture import SOCKET

EXAMPLE_ID = "9f3ac2d1770b41e6"
# what any local user can write, with whatever the recipes look for
FORGED = """MESSAGE=forged
TOKEND_EVENT={event}
TOKEND_DECISION=denied
TOKEND_TOKEN=portal.sync
TOKEND_TOKEN_ID={id}
TOKEND_PREVIOUS_ID={id}
TOKEND_CONSUMER=erp-sync.service
TOKEND_CONSUMER_UNIT=erp-sync.service
TOKEND_COUNT=1000000
TOKEND_CAUSE=forged
_SYSTEMD_UNIT=tokend.service
"""


def commands():
    """The shell commands of THE JOURNAL in tokend(8): {comment: command}."""
    section = (REPOSITORY / "systemd" / "man" / "tokend.8.md").read_text().partition("# THE JOURNAL\n")[2]
    block = section.partition("```sh\n")[2].partition("```")[0]
    found = (recipe.partition("\n") for recipe in re.split(r"(?m)^# ", block)[1:])
    return {comment: re.sub(r"\s*\\?\n\s*", " ", command).strip() for comment, _, command in found}


class Recipes:
    def __init__(self, scene):
        self.scene, self.commands, self.used = scene, commands(), set()

    def run(self, what, change=lambda command: command):
        """The output of the recipe whose comment says `what`."""
        found = [(comment, command) for comment, command in self.commands.items() if what in comment]
        if len(found) != 1:
            raise AssertionError("tokend(8) has %d recipes for %r" % (len(found), what))
        self.used.add(found[0][0])
        done = self.scene.host.run("sh", "-c", change(found[0][1]), check=False)
        if done.stderr.strip():
            raise AssertionError("%s says: %s" % (found[0][1], done.stderr))
        assert "forged" not in done.stdout, "what others wrote is not in the answer to %r" % what
        return done.stdout

    def entries(self, what, change=lambda command: command):
        """The same as entries with all their fields."""
        def as_json(command):
            return change("journalctl --no-pager --output=json" + re.sub(r"^journalctl| -o \w+| --output-fields=\S+", "", command))
        return [json.loads(line) for line in self.run(what, as_json).splitlines()]


def get(scene, unit, line="GET portal.sync"):
    return scene.unit(unit, "nc", "-NU", SOCKET).communicate(line + "\n", timeout=30)[0].strip()


def test_what_they_say(scene):
    recipes = Recipes(scene)
    scene.restart()
    first = Served(get(scene, "erp-sync"))
    get(scene, "stranger")
    get(scene, "stranger", "GTE portal.sync")
    scene.ask("RENEW portal.sync")
    second = Served(get(scene, "erp-sync"))
    get(scene, "erp-sync", "REJECT portal.sync")
    for _ in range(4):
        get(scene, "erp-sync")
    scene.control("fault token status code=503 times=1")
    assert scene.ask("GET portal.root").split()[:2] == ["ERR", "unavailable"], "a server that fails"
    assert scene.ask("WAIT portal.root wait=30") == "OK state=ready", "is asked again"
    scene.restart()
    for event in ("handed-out", "refused", "renewed", "renewal-failed", "recovered"):
        scene.host.run("runuser", "-u", "nobody", "--", "logger", "--journald", input=FORGED.format(event=event, id=first.fields["id"]))
    scene.host.run("journalctl", "--sync")
    assert scene.host.run("journalctl", "-o", "cat", "TOKEND_CAUSE=forged").stdout == "forged\n" * 5, "a local user can forge entries"

    def shifted(command):
        return command.replace("today", "tomorrow").replace("yesterday", "today")
    # a night may pass while this runs
    days = recipes.entries("yesterday") + recipes.entries("yesterday", shifted)
    assert ({first.fields["id"], second.fields["id"]} <= {entry["TOKEND_TOKEN_ID"] for entry in days}
            and {entry["TOKEND_CONSUMER"] for entry in days} == {"erp-sync.service"}), f"who got a token yesterday: the unit, with what it got: {days[-3:]}"
    assert any(re.fullmatch(r"portal\.toml:\d+", entry.get("TOKEND_RULE", "")) for entry in days), f"and by which rule: {days[-3:]}"
    unit = recipes.entries("one unit")
    assert ({"handed-out", "renewed", "rejected"} <= {entry["TOKEND_EVENT"] for entry in unit}
            and {entry["TOKEND_CONSUMER_UNIT"] for entry in unit} == {"erp-sync.service"}), (
        "what a unit got: every event of it, and no other's: %s" % ({entry["TOKEND_EVENT"] for entry in unit},))
    refusals = recipes.entries("refusal")
    assert ({("portal.sync", None, "denied"), (None, "line", "bad-request")} <= {(entry.get("TOKEND_TOKEN"), entry.get("TOKEND_REQUEST"), entry["TOKEND_DECISION"]) for entry in refusals if entry.get("TOKEND_CONSUMER_UNIT") == "stranger.service"}), (
        f"every refusal: of a token, and of a line that is none: {refusals[-3:]}")
    # others whom no rule admits ask for it too, and are no consumer
    assert ({entry.get("TOKEND_CONSUMER") for entry in refusals if (entry.get("TOKEND_TOKEN"), entry.get("TOKEND_CONSUMER_UID")) == ("portal.root", "0")}
            == {"uid 0"}), "one whom a rule admits is told as the consumer it is"
    told = recipes.run("its cause")
    causes = [entry["TOKEND_CAUSE"] for entry in recipes.entries("its cause") if entry["TOKEND_TOKEN"] == "portal.sync"]
    assert {"asked", "administrator"} <= set(causes) and "TOKEND_CAUSE=administrator" in told, "every renewal and its cause"
    life = recipes.entries("when it was", lambda command: command.replace(EXAMPLE_ID, first.fields["id"]))
    assert [life[0]["TOKEND_EVENT"], life[-1]["TOKEND_EVENT"]] == ["renewed", "renewed"], "when a token was in use: from its issue to its successor"
    assert ((life[0]["TOKEND_TOKEN_ID"], life[-1].get("TOKEND_PREVIOUS_ID"), life[-1]["TOKEND_TOKEN_ID"])
            == (first.fields["id"], first.fields["id"], second.fields["id"])), "which it names"
    number = int(recipes.run("how often"))
    assert number == scene.decisions("@0", "TOKEND_TOKEN=portal.sync", "TOKEND_EVENT=handed-out"), "how often: the sum of the counts"
    trouble = [(entry["TOKEND_EVENT"], entry.get("TOKEND_TOKEN")) for entry in recipes.entries("trouble")]
    assert trouble[-2:] == [("renewal-failed", "portal.root"), ("recovered", "portal.root")], "when trouble began and ended"
    explained = recipes.run("explained")
    assert re.search(r"(?m)^(░░|--) .*(rules|no rule admits)", explained), "the journal explains what happened and what to do"
    assert set(recipes.commands) - recipes.used == set(), "tokend(8) has no recipe that is not tried"
