"""One application of ERP.net for people and for a service (a hybrid application): two sets of tokens that never mix, and the licences they take."""
import pwd

from lib.conversation import acting_as
from lib.stage import token

from .fixture import PERSON, SignInFixture, claims, person

AUTO = "knob auto-login " + PERSON
BIN = pwd.getpwnam("bin").pw_uid
BOTH = '{ user = "root" }, { user = "bin" }'
TOKENS = {"me": person(), "service": token(["read", "update"])}


def test_two_sets(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people(TOKENS).start()
        service = scene.token("app.service")
        reply = scene.ask("GET app.me")
        assert reply.startswith("ERR login-required reason=no-sign-in"), (
            "CC-08 before anybody has signed in, the service's token does not answer for the person's")
        scene.signed_in()
        user = scene.token("app.me")
        said = {name: claims(held.token) for name, held in (("service", service), ("user", user))}
        assert said["user"].get("sub") == PERSON and "sid" in said["user"] and "client_system_user" not in said["user"], (
            "CC-08 the person's token says who it is")
        assert "sub" not in said["service"] and "sid" not in said["service"] and said["service"]["client_system_user"], (
            "CC-08 the service's says that nobody is")
        assert said["user"]["client_id"] == said["service"]["client_id"], "CC-08 both are of the one application"
        scene.ask("RENEW app.me")
        assert scene.token("app.service").token == service.token and scene.token("app.me").token != user.token, (
            "CC-08 a refresh of the person's leaves the service's alone")
        renewed = scene.token("app.me").token
        scene.ask("RENEW app.service")
        assert scene.token("app.service").token != service.token and scene.token("app.me").token == renewed, "CC-08 and the other way round"
        assert (scene.counter("service-grants"), scene.counter("code-grants"), scene.counter("refresh-grants")) == (2, 1, 1), "CC-08 each by its own grant"
        header = scene.ask("HEADER app.service")[3:]
        assert (scene.call(scene.ask("HEADER app.me")[3:], server.about["me"])[0], scene.call(header, server.about["me"])[0]) == (200, 403), (
            "the Profile site takes the person's token, not the service's")
        scene.ask("LOGOUT app.me")
        assert (scene.ask("HEADER app.service")[3:] == header and scene.call(header)[0] == 200
                and scene.ask("GET app.me").startswith("ERR login-required reason=signed-out")), "CC-08 LOGOUT of the person keeps the service"
        reply = scene.ask("LOGIN app.service")
        assert reply.startswith(("ERR denied", "ERR refused reason=grant")), "nobody signs in for a service"


def test_slots(server):
    def used():
        return server.control("licences")["in_use"]

    with SignInFixture(server, AUTO) as scene:
        scene.people({**TOKENS, "each": token(["read"], BOTH), "together": token(["read"], BOTH, "shared = true")}).start()
        scene.signed_in()
        for _ in range(10):
            scene.call(scene.ask("HEADER app.service")[3:])
        assert (used(), scene.counter("service-grants")) == (1, 1), "CC-03 many requests of one consumer take one licence slot and one exchange"
        for _ in range(3):
            scene.call(scene.ask("HEADER app.me")[3:])
        scene.ask("RENEW app.me")
        scene.call(scene.ask("HEADER app.me")[3:])
        assert used() == 2, "a person takes one more, whatever is refreshed"
        for name, more, what in (("app.each", 2, "CC-06 two consumers of a service token take two slots"),
                                 ("app.together", 1, "CC-06 with shared = true they take one")):
            before = used()
            scene.call(scene.ask("HEADER " + name)[3:])
            with acting_as(BIN):
                other = scene.open()
            with other:
                scene.call(other.ask("HEADER " + name)[3:])
            assert used() - before == more, what


def test_no_slot(server):
    with SignInFixture(server, AUTO, "knob licences 0") as scene:
        scene.people(TOKENS).start()
        scene.signed_in()
        before = scene.token("app.me").token, scene.token("app.service").token
        requests = scene.counter("token-requests")
        answers = [scene.call(scene.ask("HEADER " + name)[3:]) for name in ("app.me", "app.service") for _ in range(3)]
        assert all(status == 500 and "MaximumLicenseCountExceeded" in body for status, body in answers), f"the API has no licence left: {answers}"
        assert ((scene.token("app.me").token, scene.token("app.service").token), scene.counter("token-requests")) == (before, requests), (
            "ERR-11 which is nothing that a token can mend: the same ones are served, and the token endpoint hears nothing")
