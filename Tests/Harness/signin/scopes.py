"""What a person granted, what a rule allows, and what is asked for: never more is handed out than the rule says."""
import pwd
import re

from lib.conversation import acting_as
from lib.stage import token

from .people import MAY_LOGIN, PERSON, SCOPES, Scene, claims, person

AUTO = "knob auto-login " + PERSON
BIN = pwd.getpwnam("bin").pw_uid
WIDE = (*SCOPES, "update")
NARROW_RULE = MAY_LOGIN + ', { user = "bin", scopes = ["read"] }'


def as_bin(scene, line):
    with acting_as(BIN):
        conversation = scene.open()
    with conversation:
        return conversation.ask(line)


def narrower_rules(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(WIDE, NARROW_RULE, "shared = true")}).start()
        scene.signed_in()
        reply = as_bin(scene, "GET app.me")
        checks.ok("SEC-08 a token that may do more than a rule allows is not handed over", re.match(r"ERR refused reason=wider-than-rule : ", reply), reply)
        checks.ok("and who may have all of it gets it", scene.ask("GET app.me").startswith("OK "))
        checks.ok("the sentence says what is too much", '"update" beyond what the rule allows' in reply, reply)
        before = scene.counter("token-requests")
        for _ in range(3):
            as_bin(scene, "GET app.me")
        checks.equal("CC-05 asking again does not bother the server", scene.counter("token-requests"), before)
        held = scene.token("app.me", "scope=read")
        checks.ok("who may have all and asks for less gets the one token there is, and is told what it can do", "update" in held.scopes
                  and held.token == scene.token("app.me").token, held.scopes)


def narrowed(checks, server):
    with Scene(server, AUTO, "knob refresh-scope narrow") as scene:
        scene.people({"me": person(WIDE, NARROW_RULE, "shared = true\nnarrow = true")}).start()
        scene.signed_in()
        reply = as_bin(scene, "GET app.me")
        entry = scene.entries()[-1]
        checks.ok("RT-15 with narrow = true a refresh asks for what the rule allows", reply.startswith("OK ") and entry["grant_type"] == "refresh_token"
                  and "read" in entry["scope"].split(" ") and "update" not in entry["scope"].split(" "), (reply[:60], entry))
        checks.ok("RT-15 and always for offline_access, or there would be no next one", "offline_access" in entry["scope"].split(" "), entry)
        checks.ok("the token is as narrow as the rule", "update" not in claims(reply.split(" ")[1])["scope"], reply[:60])
        full = scene.ask("GET app.me")
        checks.ok("who may have all of it still gets it", full.startswith("OK ") and "update" in claims(full.split(" ")[1])["scope"], full[:80])
        server.control("audit reset")
        scene.ask("RENEW app.me")
        asked = {entry["scope"] for entry in scene.entries()}
        checks.ok("RT-01 which is asked for without a scope", None in asked or "" in asked, asked)
        checks.equal("RT-02 one grant, each of its refresh tokens used once",
                     (len(scene.alive()), scene.counter("reused"), len(set(scene.refreshes())) == len(scene.refreshes())),
                     (1, 0, True))


def what_is_granted(checks, server):
    with Scene(server, AUTO, "knob scope-grant subset") as scene:
        scene.people({"me": person(WIDE), "job": token(["read", "update"])}).start()
        reply = scene.sign_in()
        checks.ok("TR-08 a scope that is demanded and not granted is named, and nobody is signed in",
                  re.match(r"ERR refused reason=missing-scope : the server did not grant scope \"", reply), reply)
        checks.ok("TR-08 what the server had begun is ended there", server.control("await revocations 1")["ok"] and not scene.alive(), scene.grants())
        reply = scene.ask("GET app.job wait=5")
        checks.ok("TR-08 so it is for a service", re.match(r"ERR refused reason=missing-scope : ", reply), reply)
    with Scene(server, AUTO, "knob scope-grant superset") as scene:
        scene.people({"me": person(allow=MAY_LOGIN), "job": token(["read"]), "bound": token(["read"], '{ user = "root", scopes = ["read"] }')}).start()
        reply = scene.sign_in()
        held = scene.token("app.me")
        checks.ok("TR-07 more was granted than was asked for: it is told, and goes to who has a rule for the whole token", reply.startswith("OK subject=")
                  and "update" in held.scopes and "update" in scene.token("app.job").scopes, held.scopes)
        held = scene.ask("GET app.bound")
        checks.ok("SEC-08 but not where the rule has scopes of its own", held.startswith("ERR refused reason=wider-than-rule : "), held[:100])


def outside_the_registration(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(WIDE)}, client="native").start()
        login, url = scene.begin()
        server.control("knob auto-login off")
        where = scene.walks(url)
        checks.ok("AC-19 a scope that the application does not have stops at the server's own page", where["mode"] == "stopped"
                  and "invalid_scope" in where["words"], where)


SECTIONS = [narrower_rules, narrowed, what_is_granted, outside_the_registration]
