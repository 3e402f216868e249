"""Refreshes that the server refuses, clocks that are wrong, and grants that are narrower than what was asked for."""
from .row import FAILED, HELD, asked, get, later, never_said, person, renew, said, sign_in, state
from .server import Tokens, error, identity

AGAIN = r"^\+ .*state=ready"
# an hour off, in both directions
AHEAD = identity(iat=lambda now: now + 3600, exp=lambda now: now + 4200)
BEHIND = identity(iat=lambda now: now - 4200, exp=lambda now: now - 3600)
CLOCK = "clock"

# who says so, and how: the person must sign in again
THE_PERSON = [
    ("interaction_required (Entra)", error("interaction_required")),
    ("login_required (Auth0)", error("login_required")),
    ("consent_required (Google, Entra)", error("consent_required")),
    ("invalid_token (Okta's older servers)", error("invalid_token")),
    ("bad_refresh_token, with status 200 (GitHub)", error("bad_refresh_token", 200)),
    ("invalid_refresh_token", error("invalid_refresh_token")),
    ("expired_token", error("expired_token")),
    ("invalid_request, at the first refresh", error("invalid_request")),
    ("access_denied", error("access_denied", 403)),
    ("invalid_grant (RFC 6749)", error("invalid_grant")),
]


def asks_the_person(who, answer):
    word = who.split(" ")[0].rstrip(",")
    was = HELD if word == "invalid_grant" else FAILED
    return person("RT-10 a refresh is refused as %s: the person is asked" % who, was,
                  {"code": Tokens(expires_in=3), "refresh": answer},
                  [sign_in(), later(get("^ERR login-required reason=refresh-refused oauth-error=%s .*tokenctl login" % word, wait=1), 30),
                   state("state=login-required .*%s" % word), said("oauth-error=%s|%s" % (word, word))])


ROWS = [
    *(asks_the_person(*kind) for kind in THE_PERSON),
    person("a person who was asked to sign in again, does, and all is well", HELD,
           {"code": [Tokens(expires_in=3)], "refresh": error("invalid_grant")},
           [sign_in(), later(get("^ERR login-required reason=refresh-refused", wait=1), 30), sign_in(), get("^OK at-"), state("state=ready")]),
    # --- clocks
    person("IDT-09 the ID token of a sign-in is from a clock that is ahead: both clocks are told, and it is tried again", FAILED,
           {"code": [Tokens(id_token=AHEAD)]}, [sign_in("^ERR unavailable .*" + CLOCK), never_said("login-required"), sign_in(), get("^OK at-")]),
    person("IDT-09 the ID token of a sign-in is from a clock that is behind", FAILED,
           {"code": [Tokens(id_token=BEHIND)]}, [sign_in("^ERR unavailable .*" + CLOCK), sign_in(), get("^OK at-")]),
    person("IDT-09 the ID token of a refresh is from a clock that is ahead: tried again, and nobody signs in again", HELD,
           {"refresh": [Tokens(id_token=AHEAD)]},
           [sign_in(), renew(CLOCK), get("^OK at-"), never_said("login-required"), later(renew(AGAIN), 20), get("^OK at-"), asked(range(3, 9))]),
    person("IDT-09 the ID token of a refresh is from a clock that is behind", HELD,
           {"refresh": [Tokens(id_token=BEHIND)]},
           [sign_in(), renew(CLOCK), get("^OK at-"), never_said("login-required"), later(renew(AGAIN), 20), get("^OK at-"), asked(range(3, 9))]),
    person("IDT-09 the ID tokens of all refreshes are from a clock that is ahead: never the end of the sign-in", FAILED,
           {"code": Tokens(expires_in=3), "refresh": Tokens(id_token=AHEAD)},
           [sign_in(), later(get("^ERR unavailable .*" + CLOCK, wait=1), 20), asked(range(2, 30)), never_said("login-required")]),
    # --- narrower
    person("a narrowed refresh does not narrow what the sign-in was granted", FAILED,
           {}, [sign_in(), get("^OK at-", "scope=read"), renew(AGAIN), get("^OK at-.* scope=update", "scope=update"), get("^OK at-.* scope=update")],
           scopes=("openid", "read", "update", "offline_access"), token="narrow = true"),
    person("a server that narrowed a refresh which asked for all is told", HELD,
           {"refresh": Tokens(scope="openid read offline_access")},
           [sign_in(), renew("."), get("^(OK at-|ERR refused reason=missing-scope)"), said("update|renewed")], scopes=("openid", "read", "update", "offline_access")),
    person("a server that narrowed the sign-in itself is told", FAILED,
           {"code": Tokens(scope="openid read offline_access")},
           [sign_in("^ERR refused reason=missing-scope .*update.*sign in again"), get("^ERR login-required reason=no-sign-in .*update")],
           scopes=("openid", "read", "update", "offline_access")),
    # --- what a person is told of a sign-in
    person("a sign-in without a refresh token says so at once, and its token is ready until it ends", FAILED,
           {"code": Tokens(refresh_token=None)},
           [sign_in(r"^OK subject=user-1 .*refresh-token=none token-expires=\d+"), get("^OK at-"), state("state=ready"), asked(1)]),
    person("the end of a sign-in is never the end of its access token", FAILED,
           {}, [sign_in("^OK subject=user-1$"), get("^OK at-")]),
    person("a person is told by name beside the subject", FAILED,
           {"claims": {"sub": "3f9c", "preferred_username": "m.petrova"}}, [sign_in("^OK subject=3f9c person=m.petrova"), get("^OK at-")]),
    person("a person is told by e-mail where there is no name", FAILED,
           {"claims": {"sub": "3f9c", "email": "m@example.com"}}, [sign_in("^OK subject=3f9c person=m@example.com"), get("^OK at-")]),
    person("a subject that is a number is told, with the way round", FAILED,
           {"claims": {"sub": 12345}}, [sign_in("^ERR refused .*sub.*(text|string).*openid")]),
]
