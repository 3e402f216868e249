"""Token responses as servers write them (RFC 6749 section 5.1)."""
import gzip
import json
import urllib.parse

from .row import FAILED, HELD, Row, asked, get, later, never_said, person, renew, sent, sign_in, state
from .server import Answer, Tokens, error, page


def as_form(members):
    return Answer(urllib.parse.urlencode(members), type="application/x-www-form-urlencoded")


def as_gzip(members):
    return Answer(gzip.compress(json.dumps(members).encode()))


ROWS = [
    # --- the type
    Row("TR-02 the type is written bearer (Keycloak, GitHub, GitLab)", HELD,
        {"token": Tokens(token_type="bearer")}, [get("^OK at-")]),
    Row("TR-03 no token_type, and no key that allows it (LinkedIn, Foursquare)", FAILED,
        {"token": Tokens(token_type=None)}, [get(r"^ERR refused .*without a token_type; .*write assume_bearer = true"), state("state=refused")]),
    Row("TR-03 no token_type, and the key that allows it (LinkedIn, Foursquare)", FAILED,
        {"token": Tokens(token_type=None)}, [get("^OK at-"), asked(1)], head="assume_bearer = true"),
    Row("TR-02 an odd token_type, and no key that allows it (Apigee: BearerToken)", FAILED,
        {"token": Tokens(token_type="BearerToken")}, [get(r"^ERR refused .*'BearerToken'.*write assume_bearer = true")]),
    Row("TR-02 an odd token_type, and the key that allows it (Apigee: BearerToken)", FAILED,
        {"token": Tokens(token_type="BearerToken")}, [get("^OK at-")], head="assume_bearer = true"),
    Row("TR-02 a token that is bound to a key is never taken for a Bearer token (DPoP)", FAILED,
        {"token": Tokens(token_type="DPoP")}, [get(r"^ERR refused .*'DPoP'.*not supported")], head="assume_bearer = true"),
    # --- the lifetime
    Row("TR-05 expires_in is a string (older Azure AD)", HELD,
        {"token": Tokens(expires_in="3599")}, [get("^OK at-"), state("state=ready")]),
    Row("TR-05 expires_in has a fraction", FAILED,
        {"token": Tokens(expires_in=3599.72)}, [get("^OK at-"), state("state=ready")]),
    Row("TR-05 expires_in is the text of a floating point number", FAILED,
        {"token": Tokens(expires_in="3600.0")}, [get("^OK at-"), state("state=ready")]),
    Row("TR-05 expires_in is a number beyond all bounds", FAILED,
        {"token": Answer('{"access_token":"at-of-a-server-that-never-ends-anything","token_type":"Bearer","expires_in":1e400,"scope":"read"}')},
        [get("^OK at-"), state("state=ready")]),
    Row("TR-05 expires_in is 0", HELD,
        {"token": Tokens(expires_in=0)}, [get(r"^ERR refused reason=short-lived .*already expired"), later(get("^ERR "), 2)]),
    Row("TR-05 expires_in is negative", FAILED,
        {"token": Tokens(expires_in=-60)}, [get(r"^ERR refused reason=short-lived .*already expired.*expires_in is 0 or less")]),
    Row("TR-04 nothing says how long a token lives (Slack, GitHub)", HELD,
        {"token": Tokens(expires_in=None)}, [get("^OK at-"), state("state=ready")]),
    # --- the scopes
    Row("TR-09 the scopes come as an array (Twitch)", HELD,
        {"token": Tokens(scope=["read", "update"])}, [get("^OK at-.* scope=read scope=update")], scopes=("read", "update")),
    Row("TR-09 the scopes are separated by commas (GitHub, Slack, LinkedIn)", FAILED,
        {"token": Tokens(scope="read,update")}, [get("^OK at-.* scope=read scope=update")], scopes=("read", "update")),
    Row("TR-09 the scopes are separated by commas and blanks", FAILED,
        {"token": Tokens(scope="read, update")}, [get("^OK at-.* scope=read scope=update")], scopes=("read", "update")),
    Row("TR-09 a scope that was asked for has a comma in it (Strava)", HELD,
        {"token": Tokens(scope="read,activity:read")}, [get("^OK at-.* scope=read,activity:read$")], scopes=("read,activity:read",)),
    person("TR-09 the scopes of a sign-in are separated by commas, and stay so after a refresh (GitHub)", FAILED,
           {"code": Tokens(scope="read,update"), "refresh": Tokens(scope="read,update")},
           [sign_in(r"^OK\b"), get("^OK at-.* scope=read scope=update"), renew(r"^\+ .*state=ready"), get("^OK at-.* scope=read scope=update")],
           scopes=("read", "update")),
    # --- the tokens
    Row("TR-12 an access token with | in it (Login with Amazon, Laravel Sanctum)", FAILED,
        {"token": Tokens(access_token="Atza|IQEBLjAsAhRmHjNgHpi0U-of-row-1")}, [get(r"^OK Atza\|IQEBLjAsAhRmHjNgHpi0U-of-row-1 ")]),
    Row("TR-12 an access token with ! in it (Salesforce)", FAILED,
        {"token": Tokens(access_token="00Dx0000000BV7z!AR8AQP0jITN80ESEsj5E")}, [get("^OK 00Dx0000000BV7z!AR8AQP0jITN80ESEsj5E ")]),
    Row("TR-12 an access token with : in it", FAILED,
        {"token": Tokens(access_token="abc:def:ghi:jkl:mno:pqr")}, [get("^OK abc:def:ghi:jkl:mno:pqr ")]),
    Row("TR-12 an access token with = in the middle (Bitbucket)", FAILED,
        {"token": Tokens(access_token="ATCTT3xFfGN0abcDEF_-123=1A2B3C4D")}, [get("^OK ATCTT3xFfGN0abcDEF_-123=1A2B3C4D ")]),
    Row("TR-12 an access token with a blank in it breaks no line", HELD,
        {"token": Tokens(access_token="two words of a token that breaks lines")}, [get("^ERR unavailable .*access_token")]),
    # --- the status and the body
    Row("TR-01 201 Created with a token (Ostrom, Harvest, Supabase)", FAILED,
        {"token": Tokens(status=201)}, [get("^OK at-"), asked(1)]),
    person("TR-01 201 Created at a sign-in and at its refreshes, which rotate", FAILED,
           {"code": Tokens(status=201), "refresh": Tokens(status=201)},
           [sign_in(), get("^OK at-"), renew(r"^\+ .*state=ready"), later(renew(r"^\+ .*state=ready")), get("^OK at-"), asked(3)]),
    Row("TR-10 members that nobody asked for (Salesforce: instance_url, id, signature)", HELD,
        {"token": Tokens(instance_url="https://eu1.example", id="https://login.example/id/1", signature="c2ln", issued_at="1790000000000")},
        [get("^OK at-")]),
    Row("TR-14 a form in place of JSON is named (GitHub without Accept)", FAILED,
        {"token": Tokens(wraps=as_form)}, [get("^ERR unavailable .*answered 200, but the answer is a form, not JSON"), never_said("answer-lost")]),
    Row("NET-07 gzip that nobody asked for is named", FAILED,
        {"token": Tokens(wraps=as_gzip)}, [get(r"^ERR unavailable .*compressed \(gzip\), which was not requested"), never_said("answer-lost")]),
    Row("TR-14 a web page with status 200 is named, and what comes after it is taken", FAILED,
        {"token": [page()]}, [get("^ERR unavailable .*a web page, not JSON"), later(get("^OK at-"))]),
    Row("TR-01 a 200 without an access_token is named, with the words in it", FAILED,
        {"token": Answer({"status": "error", "message": "tenant is suspended"})}, [get(r"^ERR unavailable .*without an access_token \('tenant is suspended'\)")]),
    Row("503 with Retry-After, once (every server at a deployment)", HELD,
        {"token": [Answer(status=503, headers={"Retry-After": "1"})]}, [get("^ERR unavailable retry-after=1 .* answered 503"), later(get("^OK at-")), asked(2)]),
    # --- refresh tokens
    person("the refresh token stays as it was (Google, Entra for web clients)", HELD,
           {"rotates": False}, [sign_in(), get("^OK at-"), renew(r"^\+ .*state=ready"), get("^OK at-"), asked(2)]),
    person("every refresh brings another refresh token (Auth0, Okta, ERP.net)", HELD,
           {}, [sign_in(), renew(r"^\+ .*state=ready"), later(renew(r"^\+ .*state=ready")), get("^OK at-"), asked(3)]),
    person("the session is over: invalid_grant (every server)", HELD,
           {"refresh": error("invalid_grant")}, [sign_in(), renew("."), get("^OK at-"), asked(range(2, 20))]),
    person("RT-12 a refresh is answered with a form, and the old token then refused: the answer is named, and not said to be lost", FAILED,
           {"code": Tokens(expires_in=4), "refresh": [Tokens(wraps=as_form), *[error("invalid_grant")] * 50]},
           [sign_in(), later(get("^ERR login-required reason=refresh-refused .*a form, not JSON", wait=1), 40), never_said("answer-lost")]),
    person("RT-12 a refresh is answered with a page, and the old token then refused: the answer is lost", HELD,
           {"code": Tokens(expires_in=4), "refresh": [page(), *[error("invalid_grant")] * 50]},
           [sign_in(), later(get("^ERR login-required reason=answer-lost", wait=1), 40)]),
    # --- scopes about a person, for a machine
    Row("CC-04 a machine must ask for openid (OpenBao, Vault)", FAILED,
        {"token": lambda request, server: Tokens() if "openid" in request.form.get("scope", "") else error("invalid_request")},
        [get("^OK at-"), sent("/token", lambda request: request.form["scope"] == "openid read", "has both scopes")], scopes=("openid", "read")),
]
