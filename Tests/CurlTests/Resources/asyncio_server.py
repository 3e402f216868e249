"""A server on asyncio over TLS that keeps connections for a while, as uvicorn and hypercorn do.

It ends an idle connection with close_notify alone: asyncio leaves TCP open for 30 s, for the peer's close_notify (`ssl_shutdown_timeout`).

Argument: JSON {"certificate": PEM, "idle": seconds}. Prints "READY port", then one JSON event a line, as server.py does: request, closed.
"""
import asyncio, json, ssl, sys

order = json.loads(sys.argv[1])
count = 0


def tell(number, event, data=b""):
    print(json.dumps({"connection": number, "event": event, "count": len(data), "hex": data[:4096].hex()}), flush=True)


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0]) if lengths else 0)


async def serve(reader, writer):
    global count
    number, count = count, count + 1
    try:
        while True:
            request = await asyncio.wait_for(read_request(reader), order["idle"])
            tell(number, "request", request)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
    except asyncio.TimeoutError:
        writer.close()
        # the close_notify is written in the next turn
        await asyncio.sleep(0.05)
        tell(number, "closed")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(order["certificate"])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print("READY", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
