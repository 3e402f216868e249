"""An HTTP proxy that opens tunnels by CONNECT (RFC 9110 section 9.3.6) to whoever says the right user name and password."""
import base64
import contextlib
import hashlib
import re
import select
import socket
import socketserver
import threading

REALM, NONCE = "field", "n0nce-of-the-proxy"


class Proxy:
    """`scheme`: how it asks: "Basic" (RFC 7617), "Digest" (RFC 7616), "Negotiate", which it then never takes, or None. `closes`: it ends the
    connection after a 407. `status`: it answers every request with this instead."""

    def __init__(self, scheme=None, user="tokend", password="", closes=False, status=None):
        self.scheme, self.user, self.password, self.closes, self.status = scheme, user, password, closes, status
        self.requests = []
        self._listener = Listener(self)
        self.port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()

    def close(self):
        self._listener.server_close()

    def lets_in(self, method, target, authorization):
        how, _, value = authorization.partition(" ")
        if self.scheme is None:
            return True
        if self.scheme == "Basic" and how == "Basic":
            return base64.b64decode(value).decode() == "%s:%s" % (self.user, self.password)
        if self.scheme == "Digest" and how == "Digest":
            said = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]*))', value)}
            return said.get("response") == self._response(method, target, said)
        return False

    def _response(self, method, target, said):
        def digest(*parts):
            return hashlib.sha256(":".join(parts).encode()).hexdigest()
        first = digest(self.user, REALM, self.password)
        return digest(first, NONCE, said.get("nc", ""), said.get("cnonce", ""), "auth", digest(method, target))

    @property
    def challenge(self):
        more = ', nonce="%s", qop="auth", algorithm=SHA-256' % NONCE if self.scheme == "Digest" else ""
        return self.scheme if self.scheme == "Negotiate" else '%s realm="%s"%s' % (self.scheme, REALM, more)


class Listener(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 64

    def __init__(self, proxy):
        self.behaves = proxy
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request, client_address):
        """A client that goes away is no fault of the row's."""


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        proxy = self.server.behaves
        while True:
            method, target, headers = self._request()
            if not method:
                return
            proxy.requests.append((method, target, headers))
            if proxy.status or method != "CONNECT":
                return self._refuse(proxy.status or 405)
            if proxy.lets_in(method, target, headers.get("proxy-authorization", "")):
                return self._carry(target)
            self._refuse(407, "Proxy-Authenticate: %s\r\n" % proxy.challenge)
            if proxy.closes:
                return

    def _request(self):
        line = self.rfile.readline(65536).decode("latin-1").split(" ")
        headers = {}
        while (field := self.rfile.readline(65536).decode("latin-1").strip()):
            name, _, value = field.partition(":")
            headers[name.lower()] = value.strip()
        return (*line[:2], headers) if len(line) == 3 else (None, None, headers)

    def _refuse(self, status, more=""):
        closing = "Connection: close\r\n" if self.server.behaves.closes else ""
        self.wfile.write(("HTTP/1.1 %d No\r\n%s%sContent-Length: 0\r\n\r\n" % (status, more, closing)).encode())

    def _carry(self, target):
        host, _, port = target.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port))) as onward, contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ways = {self.connection: onward, onward: self.connection}
            while True:
                for side in select.select(list(ways), [], [], 60)[0]:
                    data = side.recv(65536)
                    if not data:
                        return
                    ways[side].sendall(data)
