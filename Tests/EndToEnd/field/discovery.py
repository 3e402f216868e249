"""Where a server is, and what it says about itself."""
from .row import FAILED, HELD, Row, ask, asked, get, later, login, person, renew, sign_in, told
from .server import Answer, error

ELSEWHERE = "https://localhost:%d"  # another host than the issuer's, and the same server


def elsewhere(path):
    return lambda server: ELSEWHERE % server.port + path


def pinned(*names, on=ELSEWHERE):
    """`[endpoints]`: by default on another host than the issuer's."""
    paths = {"token": "/token", "authorization": "/authorize", "jwks": "/jwks", "revocation": "/revoke"}
    return lambda server: "\n".join(["[endpoints]", *('%s = "%s%s"' % (name, on % server.port, paths[name]) for name in names)])


MISSING = {"metadata": Answer("not found", 404, "text/plain")}

ROWS = [
    person("DISC-09 the token endpoint is on another host: LOGIN says so at once, with the line to write (Google)", FAILED,
           {"metadata": {"token_endpoint": elsewhere("/token")}},
           [login(r"^ERR refused .*another host, 'localhost'; if that is meant, write token = \"https://localhost:\d+/token\" under \[endpoints\]")]),
    person("DISC-15 one endpoint is pinned, and the rest is discovered: PKCE, keys, revocation (Google)", FAILED,
           {"metadata": {"token_endpoint": elsewhere("/token")}},
           [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-"), asked(2), ask("LOGOUT NAME", "^OK revoked"), asked(1, "/revoke")],
           head=pinned("token")),
    person("DISC-15 token, authorization and keys are pinned, and ID tokens are by ES256, as the metadata say", FAILED,
           {"algorithm": "ES256"}, [sign_in(), get("^OK at-")], head=pinned("token", "authorization", "jwks")),
    person("DISC-15 there are no metadata, all that is needed is pinned, and ID tokens are by ES256", FAILED,
           {**MISSING, "algorithm": "ES256"}, [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-")], head=pinned("token", "authorization", "jwks")),
    Row("DISC-15 there are no metadata, and the token endpoint is pinned (GitHub)", HELD,
        MISSING, [get("^OK at-")], head=pinned("token")),
    Row("DISC-15 the metadata hang, and the token endpoint is pinned: nobody waits", HELD,
        {"metadata": Answer(after=20)}, [get("^OK at-", wait=4)], head=pinned("token")),
    person("DISC-15 there are no metadata, and the authorization endpoint is not pinned", FAILED,
           MISSING, [login("^ERR unavailable .*there are no metadata: .*answered 404")], head=pinned("token", "jwks")),
    Row("DISC-03 there are no metadata and nothing is pinned", HELD,
        MISSING, [get("^ERR (refused|unavailable) .*there are no metadata: .*openid-configuration' answered 404")]),
    Row("NET-05 the metadata have moved: told with the issuer to write", FAILED,
        {"metadata": Answer(status=301, headers={"Location": "https://login.example.com/.well-known/openid-configuration"})},
        [get('^ERR (refused|unavailable) .*write issuer = "https://login.example.com"')]),
    Row("DISC-04 the metadata name the issuer of all tenants (Entra: {tenantid})", FAILED,
        {"metadata": {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}},
        [get(r"^ERR refused .*for all tenants; write the issuer of your own.*directory \(tenant\) id")]),
    Row("DISC-04 the configured issuer has Entra's placeholder in it", FAILED,
        {}, [told("issuer: has a placeholder in it.*directory \\(tenant\\) id")], issuer="https://login.microsoftonline.com/{tenantid}/v2.0"),
    Row("DISC-04 the address of the metadata is configured as the issuer", FAILED,
        {}, [told(r'issuer: is the address of the metadata.*write issuer = "https://127.0.0.1:\d+"')],
        issuer=lambda server: server.issuer + "/.well-known/openid-configuration"),
    Row("DISC-05 the issuer's final slash is missing in the configuration: told with the value to write (Auth0)", FAILED,
        {"path": "/"}, [get(r'^ERR refused .*write issuer = "https://127.0.0.1:\d+/"')], issuer=lambda server: server.base),
    Row("DISC-16 an ERP.net site whose address ends in a slash, and metadata that name it without", FAILED,
        {"path": "/id", "paths": {"/sys/auto-discovery": lambda _, server: Answer(
            {"WebSites": [{"Type": "ID", "Status": "Working", "Url": server.base + "/"}]})}},
        [get("^OK at-")], issuer="-", head=lambda server: 'erpnet = "%s"' % server.origin),
    Row("DISC-16 an ERP.net site whose address has no slash at its end, and metadata that name it with one", FAILED,
        {"path": "/id/", "paths": {"/sys/auto-discovery": lambda _, server: Answer(
            {"WebSites": [{"Type": "ID", "Status": "Working", "Url": server.base}]})}},
        [get("^OK at-")], issuer="-", head=lambda server: 'erpnet = "%s"' % server.origin),
    Row("DISC-06 a web page in place of the metadata, once", HELD,
        {"paths": {"/.well-known/openid-configuration": [Answer("<html>", 200, "text/html")],
                   "/.well-known/oauth-authorization-server": [error("x", 503)]}},
        [get("^ERR unavailable"), later(get("^OK at-"), 20)]),
]
