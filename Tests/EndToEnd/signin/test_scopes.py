"""What a person granted, what a rule allows, and what is asked for: never more is handed out than the rule says."""
import pwd
import re

from lib.conversation import acting_as
from lib.stage import token

from .fixture import MAY_LOGIN, PERSON, SCOPES, SignInFixture, claims, person

AUTO = "knob auto-login " + PERSON
BIN = pwd.getpwnam("bin").pw_uid
WIDE = (*SCOPES, "update")
NARROW_RULE = MAY_LOGIN + ', { user = "bin", scopes = ["read"] }'


def as_bin(scene, line):
    with acting_as(BIN):
        conversation = scene.open()
    with conversation:
        return conversation.ask(line)


def test_narrower_rules(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(WIDE, NARROW_RULE, "shared = true")}).start()
        scene.signed_in()
        reply = as_bin(scene, "GET app.me")
        assert re.match(r"ERR refused reason=wider-than-rule : ", reply), "SEC-08 a token that may do more than a rule allows is not handed over"
        assert scene.ask("GET app.me").startswith("OK "), "and who may have all of it gets it"
        assert '"update" beyond what the rule allows' in reply, "the sentence says what is too much"
        before = scene.counter("token-requests")
        for _ in range(3):
            as_bin(scene, "GET app.me")
        assert scene.counter("token-requests") == before, "CC-05 asking again does not bother the server"
        held = scene.token("app.me", "scope=read")
        assert "update" in held.scopes and held.token == scene.token("app.me").token, (
            "who may have all and asks for less gets the one token there is, and is told what it can do")


def test_narrowed(server):
    with SignInFixture(server, AUTO, "knob refresh-scope narrow") as scene:
        scene.people({"me": person(WIDE, NARROW_RULE, "shared = true\nnarrow = true")}).start()
        scene.signed_in()
        reply = as_bin(scene, "GET app.me")
        entry = scene.entries()[-1]
        assert (reply.startswith("OK ") and entry["grant_type"] == "refresh_token" and "read" in entry["scope"].split(" ")
                and "update" not in entry["scope"].split(" ")), "RT-15 with narrow = true a refresh asks for what the rule allows: %s" % ((reply[:60], entry),)
        assert "offline_access" in entry["scope"].split(" "), "RT-15 and always for offline_access, or there would be no next one"
        assert "update" not in claims(reply.split(" ")[1])["scope"], "the token is as narrow as the rule"
        full = scene.ask("GET app.me")
        assert full.startswith("OK ") and "update" in claims(full.split(" ")[1])["scope"], "who may have all of it still gets it"
        server.control("audit reset")
        scene.ask("RENEW app.me")
        asked = {entry["scope"] for entry in scene.entries()}
        assert None in asked or "" in asked, "RT-01 which is asked for without a scope"
        assert (len(scene.alive()), scene.counter("reused"), len(set(scene.refreshes())) == len(scene.refreshes())) == (1, 0, True), (
            "RT-02 one grant, each of its refresh tokens used once")


def test_what_is_granted(server):
    with SignInFixture(server, AUTO, "knob scope-grant subset") as scene:
        scene.people({"me": person(WIDE), "job": token(["read", "update"])}).start()
        reply = scene.sign_in()
        assert re.match(r"ERR refused reason=missing-scope : the server did not grant scope \"", reply), (
            "TR-08 a scope that is demanded and not granted is named, and nobody is signed in")
        assert server.control("await revocations 1")["ok"] and not scene.alive(), f"TR-08 what the server had begun is ended there: {scene.grants()}"
        reply = scene.ask("GET app.job wait=5")
        assert re.match(r"ERR refused reason=missing-scope : ", reply), "TR-08 so it is for a service"
    with SignInFixture(server, AUTO, "knob scope-grant superset") as scene:
        scene.people({"me": person(allow=MAY_LOGIN), "job": token(["read"]), "bound": token(["read"], '{ user = "root", scopes = ["read"] }')}).start()
        reply = scene.sign_in()
        held = scene.token("app.me")
        assert reply.startswith("OK subject=") and "update" in held.scopes and "update" in scene.token("app.job").scopes, (
            f"TR-07 more was granted than was asked for: it is told, and goes to who has a rule for the whole token: {held.scopes}")
        held = scene.ask("GET app.bound")
        assert held.startswith("ERR refused reason=wider-than-rule : "), "SEC-08 but not where the rule has scopes of its own"


def test_outside_the_registration(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(WIDE)}, client="native").start()
        login, url = scene.begin()
        server.control("knob auto-login off")
        where = scene.walks(url)
        assert where["mode"] == "stopped" and "invalid_scope" in where["words"], (
            "AC-19 a scope that the application does not have stops at the server's own page")
