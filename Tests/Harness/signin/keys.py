"""The server's keys change: they are fetched when they are needed, and not oftener than a server must bear."""
from .people import HYBRID, PERSON, Scene, person

AUTO = "knob auto-login " + PERSON


def fetches(scene):
    return scene.counter("jwks-requests")


def rotation(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        scene.signed_in()
        checks.equal("JWKS-06 the keys are fetched once for both ID tokens of a sign-in", fetches(scene), 1)
        scene.signed_in()
        checks.equal("JWKS-06 and not again for the next one", fetches(scene), 1)
        server.control("keys rotate")
        scene.signed_in()
        checks.equal("JWKS-02 a key that is new is fetched, once", fetches(scene), 2)
        server.control("keys rotate")
        reply = scene.sign_in()
        checks.ok("JWKS-02 another new one within the same minute is not: the server is asked at most once a minute",
                  reply.startswith("ERR unavailable") and fetches(scene) == 2, (reply, fetches(scene)))
        checks.ok("the person is told what it is about, and that it passes", "try again in a minute" in reply, reply)


def unpublished(checks, server):
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        scene.signed_in()
        server.control("keys unpublished")
        reply = scene.sign_in()
        checks.ok("JWKS-02 a token whose key is not published is not believed after one more look at the keys",
                  reply.startswith("ERR unavailable retry-after=60 : the ID token is signed with a key that the server does not publish; ") and fetches(scene) == 2,
                  (reply, fetches(scene)))
        replies = [scene.sign_in() for _ in range(3)]
        checks.ok("JWKS-02 and the server is not asked for each further one", all(reply.startswith("ERR unavailable") for reply in replies) and fetches(scene) == 2,
                  (replies, fetches(scene)))
        checks.equal("HYB-04 no code was sent for any of them", scene.counter("token-requests"), 1)
    with Scene(server, AUTO) as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        server.control("keys unpublished fetches=1")
        reply = scene.sign_in()
        checks.ok("JWKS-02 one that is published meanwhile is found by the second look", reply.startswith("OK subject=") and fetches(scene) == 2,
                  (reply, fetches(scene)))


def out_of_reach(checks, server):
    with Scene(server, AUTO, "fault jwks status code=503 times=forever") as scene:
        scene.people({"me": person(more=HYBRID)}).start()
        reply = scene.sign_in()
        checks.ok("JWKS-01 without keys nothing is believed, and the code is kept for nobody", reply.startswith("ERR unavailable")
                  and scene.counter("token-requests") == 0,
                  reply)
        server.control("clear")
        scene.signed_in()
        server.control("keys rotate")
        server.control("fault jwks hang times=forever")
        before = scene.counter("refresh-grants")
        renewed = scene.ask("RENEW app.me").splitlines()[-1]
        checks.ok("IDT-17 a refresh does not wait for keys: what it brought is kept and served", renewed == "OK 1"
                  and scene.counter("refresh-grants") == before + 1
                  and scene.ask("GET app.me").startswith("OK "), renewed)


SECTIONS = [rotation, unpublished, out_of_reach]
