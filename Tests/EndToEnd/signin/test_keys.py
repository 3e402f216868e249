"""The server's keys change: they are fetched when they are needed, and not oftener than a server must bear."""
from .fixture import HYBRID, PERSON, SignInFixture, person

AUTO = "knob auto-login " + PERSON


def fetches(scene):
    return scene.counter("jwks-requests")


def test_rotation(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        scene.signed_in()
        assert fetches(scene) == 1, "JWKS-06 the keys are fetched once for both ID tokens of a sign-in"
        scene.signed_in()
        assert fetches(scene) == 1, "JWKS-06 and not again for the next one"
        server.control("keys rotate")
        scene.signed_in()
        assert fetches(scene) == 2, "JWKS-02 a key that is new is fetched, once"
        server.control("keys rotate")
        reply = scene.sign_in()
        assert reply.startswith("ERR unavailable") and fetches(scene) == 2, (
            "JWKS-02 another new one within the same minute is not: the server is asked at most once a minute: %s" % ((reply, fetches(scene)),))
        assert "try again in a minute" in reply, "the person is told what it is about, and that it passes"


def test_unpublished(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        scene.signed_in()
        server.control("keys unpublished")
        reply = scene.sign_in()
        assert (reply.startswith("ERR unavailable retry-after=60 : the ID token is signed with a key that the server does not publish; ")
                and fetches(scene) == 2), (
            "JWKS-02 a token whose key is not published is not believed after one more look at the keys: %s" % ((reply, fetches(scene)),))
        replies = [scene.sign_in() for _ in range(3)]
        assert all(reply.startswith("ERR unavailable") for reply in replies) and fetches(scene) == 2, (
            "JWKS-02 and the server is not asked for each further one: %s" % ((replies, fetches(scene)),))
        assert scene.counter("token-requests") == 1, "HYB-04 no code was sent for any of them"
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        server.control("keys unpublished fetches=1")
        reply = scene.sign_in()
        assert reply.startswith("OK subject=") and fetches(scene) == 2, (
            "JWKS-02 one that is published meanwhile is found by the second look: %s" % ((reply, fetches(scene)),))


def test_out_of_reach(server):
    with SignInFixture(server, AUTO, "fault jwks status code=503 times=forever") as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        reply = scene.sign_in()
        assert reply.startswith("ERR unavailable") and scene.counter("token-requests") == 0, (
            "JWKS-01 without keys nothing is believed, and the code is kept for nobody")
        server.control("clear")
        scene.signed_in()
        server.control("keys rotate")
        server.control("fault jwks hang times=forever")
        before = scene.counter("refresh-grants")
        renewed = scene.ask("RENEW app.me").splitlines()[-1]
        assert renewed == "OK 1" and scene.counter("refresh-grants") == before + 1 and scene.ask("GET app.me").startswith("OK "), (
            "IDT-17 a refresh does not wait for keys: what it brought is kept and served")
