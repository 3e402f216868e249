"""What well-known servers do, each in one row: discovery, sign-in or grant, refresh, and their peculiarities together."""
from .row import FAILED, HELD, Row, ask, asked, get, later, person, renew, sent, sign_in, state
from .server import Answer, Tokens, error
from .discovery import MISSING, elsewhere, pinned

SITES = {"/sys/auto-discovery": lambda _, server: Answer({
    "Host": "127.0.0.1", "WebSites": [
        {"Type": "FutureThing", "Status": "Unknown", "Url": server.origin + "/future"},
        {"Type": "ID", "Status": "Working", "StatusDescription": "", "Url": server.base, "System": True}]})}


def erpnet(server):
    return 'erpnet = "%s"' % server.origin


def no_scope(request, _):
    """A refresh must not ask for scopes."""
    return error("invalid_scope") if "scope" in request.form else Tokens()


ROWS = [
    Row("ERP.net, a service: auto-discovery, an answer without token_type, a cyrillic refusal for a wrong scope", HELD,
        {"path": "/id", "paths": SITES, "token": Tokens(token_type=None)},
        [get("^OK at-"), state("state=ready")], issuer="-", head=erpnet),
    person("ERP.net, a person: code id_token by form_post, rotating refresh tokens, revocation unknown", HELD,
           {"path": "/id", "paths": SITES, "refresh": no_scope, "metadata": {"revocation_endpoint": None}},
           [sign_in(), get("^OK at-"), renew(r"^\+ .*state=ready"), ask("LOGOUT NAME", "^OK forgotten")],
           issuer="-", head=erpnet, token='response_type = "code id_token"'),
    person("Entra: string lifetimes, refresh tokens of other characters, ext_expires_in, a v2.0 issuer with a path", HELD,
           {"path": "/7d1f2c/v2.0", "code": Tokens(expires_in="3599", ext_expires_in="3599", refresh_token="0.AXoA!x*y$z.AgABAwEAAAD-row"),
            "refresh": Tokens(expires_in=3599, ext_expires_in=3599, refresh_token="0.AXoA!x*y$z.AgABAwEAAAD-row2")},
           [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-"),
            sent("/token", lambda request: request.form["refresh_token"] == "0.AXoA!x*y$z.AgABAwEAAAD-row", "sends the token as it came")]),
    person("Google: three endpoints on other hosts, no new refresh token, no offline_access, an ID token with every refresh", FAILED,
           {"metadata": {"token_endpoint": elsewhere("/token"), "jwks_uri": elsewhere("/jwks"), "revocation_endpoint": elsewhere("/revoke")},
            "rotates": False, "refresh": Tokens(id_token=lambda request, server: server.id_token({"client_id": "app"}))},
           [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-"), ask("LOGOUT NAME", "^OK revoked"), asked(1, "/revoke")],
           scopes=("openid", "email"), head=pinned("token", "jwks", "revocation")),
    person("Okta: a custom authorization server, rotation with a grace period, more than RS256 in the set", HELD,
           {"path": "/oauth2/default", "keys": lambda key: [key.jwk(), key.jwk(kid="other", use="enc")]},
           [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-")]),
    person("Auth0: an issuer with a final slash, rotating refresh tokens, an opaque access token", HELD,
           {"path": "/", "code": Tokens(expires_in=86400)}, [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-")]),
    person("Keycloak: iss in the answer, refresh_expires_in, not-before-policy, session_state, more scopes than asked for", HELD,
           {"path": "/realms/field", "metadata": {"authorization_response_iss_parameter_supported": True},
            "code": Tokens(refresh_expires_in=0, scope="openid read email profile", session_state="1-2", **{"not-before-policy": 0}),
            "refresh": Tokens(refresh_expires_in=1800, scope="openid read email profile", session_state="1-2", **{"not-before-policy": 0})},
           [sign_in(iss=lambda server: server.issuer, session_state="1-2"), get("^OK at-"), renew(r"^\+ .*state=ready"), get("^OK at-")]),
    person("GitHub: no metadata, no ID token, commas between scopes, no lifetime, 8 h with a refresh token, bearer", FAILED,
           {**MISSING, "code": Tokens(token_type="bearer", scope="repo,gist", expires_in=28800, refresh_token_expires_in=15811200),
            "refresh": Tokens(token_type="bearer", scope="repo,gist", expires_in=28800)},
           [sign_in(r"^OK\b"), get("^OK at-.* scope=repo scope=gist"), renew(r"^\+ .*state=ready"), get("^OK at-.* scope=repo scope=gist")],
           scopes=("repo", "gist"), head=pinned("token", "authorization")),
    person("Zitadel: the project is a second audience, iss in the answer, ES256", FAILED,
           {"algorithm": "ES256", "claims": {"aud": ["app", "249842"]}, "metadata": {"authorization_response_iss_parameter_supported": True}},
           [sign_in(iss=lambda server: server.issuer), renew(r"^\+ .*state=ready"), get("^OK at-")],
           client='id = "app"\nauthentication = "none"\nid_token_audiences = ["249842"]'),
    person("authentik: an issuer for each application, with a final slash", HELD,
           {"path": "/application/o/field/"}, [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-")]),
    person("GitLab: created_at, two hours, rotation, and a refresh token that dies with its reuse", HELD,
           {"code": Tokens(expires_in=7200, created_at=1790000000), "refresh": Tokens(expires_in=7200, created_at=1790000000)},
           [sign_in(), renew(r"^\+ .*state=ready"), later(renew(r"^\+ .*state=ready")), get("^OK at-"),
            sent("/token", lambda request: request.form["refresh_token"].startswith("rt-"), "uses the newest")]),
    person("Salesforce: ! in the access token, no lifetime, no new refresh token, an API of its own", FAILED,
           {"rotates": False,
            "code": Tokens(access_token="00Dx0000000BV7z!AR8AQP0jITN80ESEsj5E-row", expires_in=None, instance_url="https://eu1.example", issued_at="1790000000000"),
            "refresh": Tokens(access_token="00Dx0000000BV7z!AR8AQP0jITN80ESEsj5E-row2", expires_in=None, instance_url="https://eu1.example")},
           [sign_in(), get("^OK 00Dx0000000BV7z!AR8AQP0jITN80ESEsj5E-row "), renew(r"^\+ .*state=ready"),
            get("^OK 00Dx0000000BV7z!AR8AQP0jITN80ESEsj5E-row2 ")], scopes=("openid", "api", "refresh_token")),
    person("Login with Amazon: no metadata, | in every token, bearer, an hour", FAILED,
           {**MISSING, "rotates": False, "code": Tokens(access_token="Atza|IQEBLjAsAhRmHjNgHpi0U-row", refresh_token="Atzr|IQEBLzAtAhUAibmh-row", token_type="bearer"),
            "refresh": Tokens(access_token="Atza|IQEBLjAsAhRmHjNgHpi0U-row2", token_type="bearer")},
           [sign_in(r"^OK\b"), get(r"^OK Atza\|IQEBLjAsAhRmHjNgHpi0U-row "), renew(r"^\+ .*state=ready"), get(r"^OK Atza\|IQEBLjAsAhRmHjNgHpi0U-row2 ")],
           scopes=("profile",), head=pinned("token", "authorization")),
]
