"""Token responses as servers write them (RFC 6749 section 5.1)."""
from .row import HELD, Row, asked, get, later, person, renew, sign_in, state
from .server import Answer, Tokens, error

ROWS = [
    Row("TR-02 the type is written bearer (Keycloak, GitHub, GitLab)", HELD,
        {"token": Tokens(token_type="bearer")}, [get("^OK at-")]),
    Row("TR-05 expires_in is a string (older Azure AD)", HELD,
        {"token": Tokens(expires_in="3599")}, [get("^OK at-"), state("state=ready")]),
    Row("TR-04 nothing says how long a token lives (Slack, GitHub)", HELD,
        {"token": Tokens(expires_in=None)}, [get("^OK at-"), state("state=ready")]),
    Row("TR-09 the scopes come as an array (Twitch)", HELD,
        {"token": Tokens(scope=["read", "update"])}, [get("^OK at-.* scope=read scope=update")], scopes=("read", "update")),
    Row("TR-10 members that nobody asked for (Salesforce: instance_url, id, signature)", HELD,
        {"token": Tokens(instance_url="https://eu1.example", id="https://login.example/id/1", signature="c2ln", issued_at="1790000000000")},
        [get("^OK at-")]),
    Row("503 with Retry-After, once (every server at a deployment)", HELD,
        {"token": [Answer(status=503, headers={"Retry-After": "1"})]}, [get("^ERR unavailable retry-after=1 .* answered 503"), later(get("^OK at-")), asked(2)]),
    person("the refresh token stays as it was (Google, Entra for web clients)", HELD,
           {"rotates": False}, [sign_in(), get("^OK at-"), renew(r"^\+ .*state=ready"), get("^OK at-"), asked(2)]),
    person("every refresh brings another refresh token (Auth0, Okta, ERP.net)", HELD,
           {}, [sign_in(), renew(r"^\+ .*state=ready"), later(renew(r"^\+ .*state=ready")), get("^OK at-"), asked(3)]),
    person("the session is over: invalid_grant (every server)", HELD,
           {"refresh": error("invalid_grant")},
           [sign_in(), renew("."), get("^OK at-"), asked(range(2, 20))]),
]
