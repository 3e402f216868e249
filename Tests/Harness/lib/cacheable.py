"""A token endpoint that says of each token that it may be kept and served again; ERP.net never does (RFC 6749 section 5.1)."""
import http.server
import json
import ssl
import threading

from . import pki

HEADERS = {"Content-Type": "application/json", "Cache-Control": "public, max-age=3600", "ETag": '"same"', "Age": "0"}


class CacheableServer:
    """`with CacheableServer(folder) as server`: `about` as a simulator's, `requests` counts the POSTs. Each gets another token."""

    def __init__(self, folder):
        authority = pki.Authority(folder)
        self.requests = 0
        self._listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.server("cacheable"))
        self._listener.socket = context.wrap_socket(self._listener.socket, server_side=True, do_handshake_on_connect=False)
        self.address = "https://localhost:%d" % self._listener.server_address[1]
        self.about = {"issuer": self.address, "ca_file": str(authority.certificate),
                      "clients": {"machine": {"client_id": "cacheable", "client_secret": "a-secret-of-nobody"}}}

    def __enter__(self):
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown()
        self._listener.server_close()

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                server.requests += 1
                body = json.dumps({"access_token": "token-%d" % server.requests, "token_type": "Bearer", "expires_in": 3600}).encode()
                self.send_response(200)
                for name, value in {**HEADERS, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
