"""One application of ERP.net for people and for a service (a hybrid application): two sets of tokens that never mix, and the licences they take."""
import pwd

from lib.conversation import acting_as
from lib.stage import token

from .people import PERSON, Scene, claims, person

AUTO = "knob auto-login " + PERSON
BIN = pwd.getpwnam("bin").pw_uid
BOTH = '{ user = "root" }, { user = "bin" }'
TOKENS = {"me": person(), "service": token(["read", "update"])}


def two_sets(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people(TOKENS).start()
        service = scene.token("app.service")
        reply = scene.ask("GET app.me")
        checks.ok("CC-08 before anybody has signed in, the service's token does not answer for the person's",
                  reply.startswith("ERR login-required reason=no-sign-in"), reply)
        scene.signed_in()
        user = scene.token("app.me")
        said = {name: claims(held.token) for name, held in (("service", service), ("user", user))}
        checks.ok("CC-08 the person's token says who it is", said["user"].get("sub") == PERSON and "sid" in said["user"]
                  and "client_system_user" not in said["user"], said)
        checks.ok("CC-08 the service's says that nobody is", "sub" not in said["service"] and "sid" not in said["service"]
                  and said["service"]["client_system_user"], said)
        checks.equal("CC-08 both are of the one application", said["user"]["client_id"], said["service"]["client_id"])
        scene.ask("RENEW app.me")
        checks.ok("CC-08 a refresh of the person's leaves the service's alone", scene.token("app.service").token == service.token
                  and scene.token("app.me").token != user.token)
        renewed = scene.token("app.me").token
        scene.ask("RENEW app.service")
        checks.ok("CC-08 and the other way round", scene.token("app.service").token != service.token and scene.token("app.me").token == renewed)
        checks.equal("CC-08 each by its own grant", (scene.counter("service-grants"), scene.counter("code-grants"), scene.counter("refresh-grants")), (2, 1, 1))
        header = scene.ask("HEADER app.service")[3:]
        checks.equal("the Profile site takes the person's token, not the service's",
                     (scene.call(scene.ask("HEADER app.me")[3:], server.about["me"])[0], scene.call(header, server.about["me"])[0]), (200, 403))
        scene.ask("LOGOUT app.me")
        checks.ok("CC-08 LOGOUT of the person keeps the service", scene.ask("HEADER app.service")[3:] == header and scene.call(header)[0] == 200
                  and scene.ask("GET app.me").startswith("ERR login-required reason=signed-out"))
        reply = scene.ask("LOGIN app.service")
        checks.ok("nobody signs in for a service", reply.startswith(("ERR denied", "ERR refused reason=grant")), reply)


def slots(checks, server):
    def used():
        return server.control("licences")["in_use"]

    with Scene(server, AUTO) as scene:
        scene.people({**TOKENS, "each": token(["read"], BOTH), "together": token(["read"], BOTH, "shared = true")}).start()
        scene.signed_in()
        for _ in range(10):
            scene.call(scene.ask("HEADER app.service")[3:])
        checks.equal("CC-03 many requests of one consumer take one licence slot and one exchange", (used(), scene.counter("service-grants")), (1, 1))
        for _ in range(3):
            scene.call(scene.ask("HEADER app.me")[3:])
        scene.ask("RENEW app.me")
        scene.call(scene.ask("HEADER app.me")[3:])
        checks.equal("a person takes one more, whatever is refreshed", used(), 2)
        for name, more, what in (("app.each", 2, "CC-06 two consumers of a service token take two slots"),
                                 ("app.together", 1, "CC-06 with shared = true they take one")):
            before = used()
            scene.call(scene.ask("HEADER " + name)[3:])
            with acting_as(BIN):
                other = scene.open()
            with other:
                scene.call(other.ask("HEADER " + name)[3:])
            checks.equal(what, used() - before, more)


def no_slot(checks, server):
    with Scene(server, AUTO, "knob licences 0") as scene:
        scene.people(TOKENS).start()
        scene.signed_in()
        before = scene.token("app.me").token, scene.token("app.service").token
        requests = scene.counter("token-requests")
        answers = [scene.call(scene.ask("HEADER " + name)[3:]) for name in ("app.me", "app.service") for _ in range(3)]
        checks.ok("the API has no licence left", all(status == 500 and "MaximumLicenseCountExceeded" in body for status, body in answers), answers)
        checks.equal("ERR-11 which is nothing that a token can mend: the same ones are served, and the token endpoint hears nothing",
                     ((scene.token("app.me").token, scene.token("app.service").token), scene.counter("token-requests")), (before, requests))


SECTIONS = [two_sets, slots, no_slot]
