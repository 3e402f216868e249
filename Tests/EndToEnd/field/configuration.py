"""What `--check` and `--check --online` say before anything goes wrong, and secrets that servers read in another way."""
import base64

from .row import FAILED, HELD, Row, get, online, person, told
from .server import Answer, Tokens, error, page
from .discovery import elsewhere, pinned

ODD = "s3cret+of/the%field:suite=and&more"
MISSING = Answer("not found", 404, "text/plain")


def undecoded(request, _):
    """RFC 6749 section 2.3.1 is not known here: user and password are taken as they come."""
    said = base64.b64decode(request.headers["Authorization"].partition(" ")[2]).decode()
    return Tokens() if said == "app:" + ODD else error("invalid_client", 401)


def decoded(request, _):
    from urllib.parse import unquote_plus
    said = base64.b64decode(request.headers["Authorization"].partition(" ")[2]).decode()
    return Tokens() if unquote_plus(said.partition(":")[2]) == ODD else error("invalid_client", 401)


ROWS = [
    # --- secret files
    Row("a byte order mark before a secret is told, and left out (Windows editors)", FAILED,
        {"token": lambda request, _: Tokens() if request.form["client_secret"] == "s3cret-after-a-mark" else error("invalid_client", 401)},
        [told("warning: .*byte order mark"), get("^OK at-")], files={"secret": "\ufeffs3cret-after-a-mark\n"}),
    Row("a blank at the end of a secret is told, and sent", FAILED,
        {"token": lambda request, _: Tokens() if request.form["client_secret"] == "s3cret-before-a-blank " else error("invalid_client", 401)},
        [told("warning: .*blank"), get("^OK at-")], files={"secret": "s3cret-before-a-blank \n"}),
    Row("Basic with + / % : = & in the secret, at a server that decodes it", HELD,
        {"token": decoded}, [get("^OK at-")], files={"secret": ODD}, authentication="client_secret_basic"),
    Row("Basic with + / % : = & in the secret, at a server that does not decode it: told, with what to use instead", FAILED,
        {"token": undecoded}, [get("^ERR refused oauth-error=invalid_client .*client_secret_post")], files={"secret": ODD}, authentication="client_secret_basic"),
    # --- --check --online
    Row("--check --online asks for a token, and all is well", HELD, {}, [online(0, "^app.it: granted read")]),
    Row("--check --online of a client whose secret is wrong", HELD,
        {"token": error("invalid_client", 401)}, [online(78, "^app.it: error: .*invalid_client")]),
    person("--check --online of a secret that nothing proves: not tried", FAILED,
           {"metadata": {"revocation_endpoint": None}}, [online(0, "^app: not tried: whether the server takes the client's secret")]),
    Row("--check --online has no warning about an endpoint that has just granted a token (ADFS: GET is 405)", HELD,
        {}, [online(0, "^app.it: granted read", "0 warnings, 0 errors")]),
    Row("--check --online of permanent trouble exits 78: a token endpoint on another host", FAILED,
        {"metadata": {"token_endpoint": elsewhere("/token")}}, [online(78, r"^app.*error: .*another host.*write token = ")]),
    Row("--check --online of permanent trouble exits 78: the metadata have moved", FAILED,
        {"metadata": Answer(status=301, headers={"Location": "https://login.example.com/.well-known/openid-configuration"})},
        [online(78, '^app: error: .*write issuer = "https://login.example.com"')]),
    Row("--check --online of a token endpoint that has moved", HELD,
        {"token": Answer(status=301, headers={"Location": "https://login.example.com/token"})}, [online(78, "^app.it: error: .*301")]),
    Row("--check --online of what passes exits 75: a gateway's page", HELD,
        {"token": page(502)}, [online(75, "^app.it: not now: .*502")]),
    Row("--check --online of a body that is held back", FAILED,
        {"token": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{", after=0)},
        [online(75, "^app.it: not now: .*something on the way may hold answers back")], timeout=2),
    Row("--check --online of a server that is not there", HELD,
        {}, [online(75, "^app: not now: .*check the address, the network and the proxy")], issuer="https://127.0.0.1:9"),
    person("--check --online of a sign-in alone looks at the token endpoint with POST (ADFS)", HELD,
           {}, [online(0, "^app: the token endpoint .* answers", "0 warnings, 0 errors")], client='id = "app"\nauthentication = "none"'),
    person("--check --online of a pinned token endpoint that is not there", FAILED,
           {"metadata": {"token_endpoint": elsewhere("/token")}, "paths": {"/token": MISSING}},
           [online(78, "^app: error: there is no token endpoint")], head=pinned("token"), client='id = "app"\nauthentication = "none"'),
]
