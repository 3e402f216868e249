"""A server that does what its script says, one connection after another, and tells what it saw.

Argument: JSON {"certificate": PEM or null, "tls": "1.1" | "1.2" | null, "connections": [[step, ...], ...]}.
Connection n follows the n-th list; the last list serves all later ones. Prints "READY port", then one JSON event a line.

Steps: tls (handshake), read (a whole request), pause:MILLISECONDS, send:HEX, fill:COUNT:HEX (as many times), drip:HEX (again and again), data
(wait for bytes, do not read them), reset, close (without an end of TLS), bye (with one), hang, leave (take no more
connections), tunnel (answer a CONNECT that was read, then carry bytes).
"""
import json, os, select, socket, ssl, struct, sys, threading, time

order = json.loads(sys.argv[1])
out = threading.Lock()


def tell(number, event, data=b""):
    with out:
        sys.stdout.write(json.dumps({"connection": number, "event": event, "count": len(data), "hex": data[:4096].hex()}) + "\n")
        sys.stdout.flush()


def context():
    if not order["certificate"]:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(order["certificate"])
    made.set_alpn_protocols(["h2", "http/1.1"])
    version = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2}.get(order["tls"])
    if version:
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version = made.maximum_version = version
    return made


def read_request(peer):
    data = b""
    while b"\r\n\r\n" not in data:
        part = peer.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        part = peer.recv(65536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(peer.detach())


def tunnel(peer, request, number):
    host, port = request.split(b" ")[1].rsplit(b":", 1)
    onward = socket.create_connection((host.decode().strip("[]"), int(port)))
    peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    first = True
    while True:
        for side in select.select([peer, onward], [], [])[0]:
            data = side.recv(65536)
            if not data:
                return
            if first:
                tell(number, "tunnelled", data)
                first = False
            (onward if side is peer else peer).sendall(data)


def serve(raw, number):
    peer, request = raw, b""
    tell(number, "open")
    try:
        for step in order["connections"][min(number, len(order["connections"]) - 1)]:
            name, _, argument = step.partition(":")
            if name == "tls":
                peer = tls.wrap_socket(raw, server_side=True)
                tell(number, "tls", f"{peer.version()} {peer.selected_alpn_protocol()}".encode())
            elif name == "read":
                request = read_request(peer)
                if not request:
                    break
                tell(number, "request", request)
            elif name == "send":
                peer.sendall(bytes.fromhex(argument))
            elif name == "fill":
                times, _, text = argument.partition(":")
                peer.sendall(bytes.fromhex(text) * int(times))
            elif name == "bye":
                peer = peer.unwrap()
            elif name == "drip":
                while True:
                    peer.sendall(bytes.fromhex(argument))
                    time.sleep(0.02)
            elif name == "pause":
                time.sleep(int(argument) / 1000)
            elif name == "data":
                select.select([peer.fileno()], [], [])
            elif name == "reset":
                reset(peer)
                tell(number, "gone")
                return
            elif name == "tunnel":
                tunnel(peer, request, number)
            elif name == "leave":
                listener.shutdown(socket.SHUT_RDWR)
                tell(number, "left")
            elif name == "close":
                break
            elif name == "hang":
                select.select([], [], [])
    except (OSError, ValueError) as fault:
        tell(number, "fault", str(fault).encode())
    peer.close()
    tell(number, "gone")


tls = context()
listener = socket.create_server(("127.0.0.1", 0), backlog=512)
print("READY", listener.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
number = 0
while True:
    try:
        connection, _ = listener.accept()
    except OSError:
        listener.close()
        select.select([], [], [])
    threading.Thread(target=serve, args=(connection, number), daemon=True).start()
    number += 1
