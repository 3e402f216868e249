"""A wire with a hand on it: passes TLS on to a server byte for byte, and can hold up what comes back.

It sees no content, but it sees when a client has shaken hands and speaks again: that is its request. Whoever arms the relay is
called just before that, once, and the server can then be stopped or killed with the request at its door.
"""
import contextlib
import socket
import threading


class Relay:
    def __init__(self, upstream, port=0):
        """Listens on loopback `port` (a free one for 0) for the server that listens, or will, on `upstream`."""
        self.upstream = upstream
        self.passed = 0
        self._armed = None
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def arm(self, hook=lambda: None):
        """The next connection's answer is lost. `hook` runs before its request goes on; returns an event that is set after that."""
        done = threading.Event()
        self._armed = (hook, done)
        return done

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.passed += 1
            armed, self._armed = self._armed, None
            threading.Thread(target=self._serve, args=(client, armed), daemon=True).start()

    def _serve(self, client, armed):
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.upstream), 10) as server:
            server.settimeout(None)
            connection = _Connection(client, server, armed)
            back = threading.Thread(target=connection.pump_back, daemon=True)
            back.start()
            connection.pump_forth()
            back.join()


class _Connection:
    def __init__(self, client, server, armed):
        self._client, self._server, self._armed = client, server, armed
        self._has_answered = self._is_mute = False

    def pump_forth(self):
        with contextlib.suppress(OSError):
            while data := self._client.recv(65536):
                if self._armed and self._has_answered:
                    self._is_mute = True
                    hook, done = self._armed
                    self._armed = None
                    hook()
                    self._server.sendall(data)
                    done.set()
                else:
                    self._server.sendall(data)
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_WR)

    def pump_back(self):
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                self._has_answered = True
                if not self._is_mute:
                    self._client.sendall(data)
        if self._is_mute:
            return  # the client hears nothing at all, not even that it is over
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)
