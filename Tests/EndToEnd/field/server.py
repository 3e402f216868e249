"""An identity server that behaves well but for what a row of the table says. Each row has one of its own, on a port of its own, over TLS."""
import base64
import contextlib
import hashlib
import http.server
import itertools
import json
import select
import ssl
import threading
import time
import urllib.parse

from .signing import base64url


class Answer:
    """What is sent back: a body (a dict becomes JSON), a status, headers. `after` seconds pass before. `closes`: the connection ends
    instead, without a byte; with `raw` these bytes are sent as they are, and then it ends."""

    def __init__(self, body=b"", status=200, type="application/json", headers=None, after=0, closes=False, raw=None):
        body = json.dumps(body) if isinstance(body, (dict, list)) else body
        self.body = body.encode() if isinstance(body, str) else body
        self.status, self.type, self.headers = status, type, headers or {}
        self.after, self.closes, self.raw = after, closes, raw


def error(code, status=400, **more):
    """RFC 6749 section 5.2."""
    return Answer({"error": code, **more}, status)


def page(status=200, text="<html><body>gateway</body></html>"):
    return Answer(text, status, "text/html")


class Tokens:
    """A well-formed token response with these members changed; `None` takes one away. `status` and `wraps` (a function of the members that
    gives an Answer) change how it comes."""

    def __init__(self, status=200, wraps=None, **members):
        self.status, self.wraps, self.members = status, wraps, members


def identity(**claims):
    """For `id_token` of `Tokens`: a good ID token with these claims changed; a function is given the present second."""
    def made(request, server):
        now = int(time.time())
        return server.id_token(server.asked_for(request), **{name: value(now) if callable(value) else value for name, value in claims.items()})
    return made


class Request:
    def __init__(self, handler, body):
        self.method, self.headers = handler.command, handler.headers
        parts = urllib.parse.urlsplit(handler.path)
        self.path, self.query = parts.path, parts.query
        self.form = {name: values[0] for name, values in urllib.parse.parse_qs(body.decode("latin-1"), keep_blank_values=True).items()}


class Server:
    """What it does beside behaving well:

    - `token`, `code`, `refresh`: how the token endpoint answers each grant. One answer is given always; of a list each is given once, in turn, and
      after them it behaves well. An answer is an `Answer`, `Tokens(…)`, or a function of the request and the server that gives one of them.
    - `metadata`: members of the metadata to change, or an answer in their place; `keys`: a function of the signing key that gives the key set; `revoke`: answers of revocation.
    - `paths`: answers at other paths.
    - `claims`, `header`: of ID tokens; `None` takes one away. `algorithm`: RS256 or ES256. `identity=False`: none are given.
    - `path`: of the issuer, such as "/oauth2/default".
    - `idle`: seconds after which it ends a connection with close_notify alone and leaves TCP open, as asyncio's servers do.
    """

    def __init__(self, world, name, token=None, code=None, refresh=None, metadata=None, keys=None, revoke=None, paths=None, claims=None, header=None,
                 algorithm="RS256", identity=True, path="", rotates=True, idle=None):
        self._scripts = {"client_credentials": Script(token), "authorization_code": Script(code), "refresh_token": Script(refresh)}
        self._paths = {where: Script(answer) for where, answer in (paths or {}).items()}
        self._revoke = Script(revoke)
        self._metadata, self._keys = metadata or {}, keys
        self._claims, self._header, self._identity = claims or {}, header or {}, identity
        self._key, self._rotates = world.keys[algorithm], rotates
        self.requests, self.secrets, self._codes = [], set(), {}
        self._numbers = itertools.count(1)
        self._name, self.idle = name, idle
        # what the row has beside it
        self.files, self.proxy = {}, None
        self._listener = Listener(self, world.context)
        self.port = self._listener.server_address[1]
        self.origin = "https://127.0.0.1:%d" % self.port
        self.issuer = self.origin + path
        self.base = self.issuer.rstrip("/")
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()

    # --- what a row asks about

    def asked(self, path):
        """The requests to one path below the issuer."""
        return [request for request in list(self.requests) if self._below(request.path) == path]

    def asked_for(self, request):
        """What the sign-in had asked for whose code comes with this request."""
        return self._codes.get(request.form.get("code"), {"client_id": "app"})

    def authorize(self, address):
        """A person signs in at this address: the parameters that the browser brings back."""
        query = {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(address).query).items()}
        code = self._made("code")
        self._codes[code] = query
        back = {"code": code, "state": query["state"]}
        if "id_token" in query["response_type"]:
            half = hashlib.sha256(code.encode()).digest()[:16]
            back["id_token"] = self.id_token(query, c_hash=base64url(half))
        return back

    def behave(self, grant):
        """This grant is answered well from now on."""
        self._scripts[grant] = Script(None)

    # --- what it says

    def answer(self, request):
        self.requests.append(request)
        path = self._below(request.path)
        script = self._paths.get(path) or self._paths.get(request.path)
        scripted = script.next() if script else None
        if scripted is not None:
            return self._finished(scripted, request)
        if path == "/.well-known/openid-configuration":
            return self._metadata if isinstance(self._metadata, Answer) else Answer(self.metadata())
        if path == "/jwks":
            return Answer({"keys": [self._key.jwk()] if self._keys is None else self._keys(self._key)})
        if path == "/token" and request.method != "POST":
            return Answer("POST it", 405, "text/plain")
        if path == "/token":
            script = self._scripts.get(request.form.get("grant_type"))
            return self._finished(script.next(), request) if script else error("unsupported_grant_type")
        if path == "/revoke":
            return self._finished(self._revoke.next() or Answer(), request)
        return Answer("not found", 404, "text/plain")

    def metadata(self):
        members = {
            "issuer": self.issuer, "authorization_endpoint": self.base + "/authorize", "token_endpoint": self.base + "/token",
            "jwks_uri": self.base + "/jwks", "revocation_endpoint": self.base + "/revoke", "response_types_supported": ["code", "code id_token"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": [self._key.algorithm],
            "code_challenge_methods_supported": ["S256"]}
        changes = self._metadata(self) if callable(self._metadata) else self._metadata
        members.update({name: value(self) if callable(value) else value for name, value in changes.items()})
        return {name: value for name, value in members.items() if value is not None}

    def tokens(self, request, changes):
        """The members of a token response."""
        form = request.form
        members = {"access_token": self._made("at"), "token_type": "Bearer", "expires_in": 3600}
        asked = form.get("scope")
        if form["grant_type"] == "authorization_code":
            query = self._codes.get(form.get("code"), {})
            asked = query.get("scope")
            members["refresh_token"] = self._made("rt")
            if self._identity and "openid" in (asked or "").split():
                members["id_token"] = self.id_token(query)
        elif form["grant_type"] == "refresh_token" and self._rotates:
            members["refresh_token"] = self._made("rt")
        if asked:
            members["scope"] = asked
        members.update({name: value(request, self) if callable(value) else value for name, value in changes.items()})
        for name in ("access_token", "refresh_token"):
            if isinstance(members.get(name), str):
                self.secrets.add(members[name])
        return {name: value for name, value in members.items() if value is not None}

    def id_token(self, query, **more):
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "user-1", "aud": query.get("client_id"), "iat": now, "exp": now + 600, "nonce": query.get("nonce"), **more}
        claims.update({name: value(now) if callable(value) else value for name, value in self._claims.items()})
        return self._key.token({name: value for name, value in claims.items() if value is not None}, **self._header)

    def close(self):
        self._listener.server_close()

    def _finished(self, answer, request):
        answer = Tokens() if answer is None else answer
        if callable(answer):
            answer = answer(request, self)
        if isinstance(answer, Tokens):
            members = self.tokens(request, answer.members)
            return answer.wraps(members) if answer.wraps else Answer(members, answer.status)
        return answer

    def _below(self, path):
        prefix = urllib.parse.urlsplit(self.base).path
        return path[len(prefix):] if path.startswith(prefix) else path

    def _made(self, kind):
        made = "%s-%s-%d-%s" % (kind, self._name, next(self._numbers), base64.b32encode(hashlib.sha256(repr((self._name, time.time())).encode()).digest()[:20]).decode())
        self.secrets.add(made)
        return made


class Script:
    """One answer for ever, or a list of which each is given once; `None` is good behaviour."""

    def __init__(self, answers):
        self._always = None if isinstance(answers, list) else answers
        self._turns = iter(answers if isinstance(answers, list) else [])
        self._lock = threading.Lock()

    def next(self):
        with self._lock:
            return next(self._turns, self._always)


class Listener(http.server.ThreadingHTTPServer):
    """One thread for each connection; TLS begins in that thread, so that nobody holds up the others."""
    request_queue_size = 64

    def __init__(self, server, context):
        self.behaves, self._context = server, context
        super().__init__(("127.0.0.1", 0), Handler)

    def get_request(self):
        connection, address = super().get_request()
        connection.settimeout(60)
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True), address

    def handle_error(self, request, client_address):
        """A client that goes away is no fault of the row's."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.request.do_handshake()
        super().setup()

    def handle_one_request(self):
        idle = self.server.behaves.idle
        if idle is None or select.select([self.connection], [], [], idle)[0]:
            return super().handle_one_request()
        self.close_connection = True
        self.connection.settimeout(0)
        with contextlib.suppress(OSError):
            self.connection.unwrap()
        select.select([self.connection], [], [], 30)
        return None

    def do_GET(self):
        self._answer(b"")

    def do_POST(self):
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body):
        answer = self.server.behaves.answer(Request(self, body))
        if answer.after:
            time.sleep(answer.after)
        if answer.closes or answer.raw is not None:
            self.close_connection = True
            return self.wfile.write(answer.raw or b"")
        self.send_response(answer.status)
        if answer.type:
            self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        return None

    def log_message(self, *_):
        """The row says what matters."""


def context(certificate, key):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made
