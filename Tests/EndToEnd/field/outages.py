"""Servers, gateways and networks that misbehave for a while: nothing of it is final."""
from .row import FAILED, HELD, Row, ask, asked, behaves, beside, during, get, later, never_said, pause, person, renew, said, sign_in, state, together
from .server import Answer, Tokens, error, page

DISCOVERY = "/.well-known/openid-configuration"
AGAIN = r"^\+ .*state=ready"
MOVED = Answer(status=301, headers={"Location": "https://login.example.com/token"})

# what says neither yes nor no, and the words for it
NO_ANSWER = [
    ("a 502 page", page(502), "answered 502"),
    ("a 504 page", page(504), "answered 504"),
    ("a page with status 200", page(), "a web page, not JSON"),
    ("nothing", Answer(after=3), "took too long"),
    ("a reset", Answer(closes=True), "the connection ended"),
]
# what is no refusal, whoever says it; what 0.1.0 made of it in answer to a machine; and the words for it
NO_REFUSAL = [
    ("a 404", FAILED, Answer("not found", 404, "text/plain"), "answered 404"),
    ("a bare 401", FAILED, Answer(status=401, type=None), "answered 401"),
    ("a 403 page", HELD, page(403), "answered 403"),
    ("a 400 page", HELD, page(400), "answered 400"),
    ("a 421", HELD, Answer(status=421, type=None), "answered 421"),
    ("a 425", HELD, Answer(status=425, type=None), "answered 425"),
    ("a 301", FAILED, MOVED, "answered 301"),
    ("internal_failure", FAILED, error("internal_failure", 400), "internal_failure"),
    ("rate_limit_exceeded", FAILED, error("rate_limit_exceeded", 400), "rate_limit_exceeded"),
    ("slow_down", FAILED, error("slow_down", 400), "slow_down"),
]


def long_outage(what, answer, words):
    return person("RT-11 a gateway answers four refreshes in a row with %s: the fifth is taken, and nobody signs in again" % what, FAILED,
                  {"code": Tokens(expires_in=4), "refresh": [answer] * 4},
                  [sign_in(), later(together(get("."), asked(range(6, 30))), 60), later(get("^OK at-"), 20), said(words), never_said("login-required")],
                  timeout=1)


def once(what, was, answer, words):
    return Row("a token request is answered with %s once: told, and tried again" % what, was,
               {"token": [answer]}, [get("^ERR unavailable .*%s" % words), later(get("^OK at-"), 20), asked(2)])


def for_a_while_at_a_refresh(what, _, answer, words):
    return person("refreshes are answered with %s for a while: the token that is held is served, and the first refresh after it is taken" % what, FAILED,
                  {"refresh": answer}, [sign_in(), renew(words), get("^OK at-"), state("state=degraded .*%s" % words), never_said("login-required"),
                                        behaves("refresh_token"), get("^OK at-"), later(state("state=ready"), 20), never_said("login-required")])


def one_client_is_told_to_wait(request, _):
    return error("temporarily_unavailable", 429) if request.form["client_id"] == "app" else Tokens()


ROWS = [
    *(long_outage(*kind) for kind in NO_ANSWER),
    *(once(*kind) for kind in NO_REFUSAL),
    *(for_a_while_at_a_refresh(*kind) for kind in NO_REFUSAL),
    Row("the metadata are not found once", FAILED,
        {"paths": {DISCOVERY: [Answer("not found", 404, "text/plain")]}}, [get("^ERR unavailable .*there are no metadata"), later(get("^OK at-"), 20)]),
    Row("invalid_client is told as a refusal, and tried again once an hour", FAILED,
        {"token": [error("invalid_client", 401)]}, [get("^ERR refused oauth-error=invalid_client "), asked(1), later(get("^OK at-"), 20), asked(2)]),
    Row("a refusal that lasts is not tried before its hour", HELD,
        {"token": error("unauthorized_client", 400)}, [*([get("^ERR refused oauth-error=unauthorized_client ")] * 5), pause(1), asked(1)]),
    person("the keys cannot be had for a moment after a sign-in: they are asked for again, for the code is spent", FAILED,
           {"paths": {"/jwks": [page(502), page(502)]}}, [sign_in(), get("^OK at-")]),
    Row("a server sends the secret back where its words are quoted: they are withheld", FAILED,
        {"token": Answer("{}", headers={"Content-Encoding": "s3cret-of-the-field-suite"})},
        [get("^ERR unavailable (?!.*s3cret)"), state("state=unavailable (?!.*s3cret)")]),
    # --- kept connections
    Row("NET-11 a server that ends idle connections with close_notify alone: GET and renewal (uvicorn, hypercorn)", FAILED,
        {"idle": 0.3}, [get("^OK at-"), pause(0.6), renew(AGAIN), pause(0.6), later(renew(AGAIN)), get("^OK at-"), asked(3), never_said("event=renewal-failed")]),
    person("NET-11 the same: sign-in, refresh and sign-out (uvicorn, hypercorn)", FAILED,
           {"idle": 0.3}, [sign_in(), pause(0.6), renew(AGAIN), pause(0.6), ask("LOGOUT NAME", "^OK revoked"), asked(1, "/revoke")]),
    # --- sign-outs that the server does not hear of
    person("REV-03 revocation is in trouble at a sign-out: forgotten here, and told again until it is heard", FAILED,
           {"revoke": [Answer(status=503), page(502)]},
           [sign_in(), ask("LOGOUT NAME", "^OK forgotten reason=.*503.*told%20again"), get("^ERR login-required reason=signed-out"),
            later(asked(3, "/revoke"), 20), said("event=trouble-ended")]),
    # --- too much
    Row("tokens that live one second are fetched once a second", FAILED,
        {"token": Tokens(expires_in=1)}, [during(3, get("^(OK at-|ERR )", wait=1)), asked(range(2, 7)), said("hardly enough to use one")]),
    Row("a 429 for one client does not stop another one of the same server", FAILED,
        {"token": one_client_is_told_to_wait}, [get("^ERR unavailable .*429"), beside(get("^OK at-")), get("^ERR unavailable .*429", wait=0)], beside=True),
    Row("a 503 stops the others of the server, and the text says whose answer it was", FAILED,
        {"token": [Answer(status=503, headers={"Retry-After": "2"})]},
        [get("^ERR unavailable .*503"), beside(get(r"^ERR unavailable retry-after=[12] .*answered 503, to \"f\d+\.it\"", wait=0)), beside(later(get("^OK at-")))], beside=True),
]
