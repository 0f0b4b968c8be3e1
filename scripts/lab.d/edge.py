#!/usr/bin/python3
"""The edge's servers that nginx is not: a WebSocket echo server, behind nginx
and with TLS of its own, and an HTTP server that answers late or at length.

An address is HOST:PORT or unix:PATH.
"""

import argparse
import asyncio
import contextlib
import ssl
import urllib.parse

import websockets


# Seconds, or bytes: more is nobody's intention.
NUMBER_MAX = 1e9


def number_of(target):
    """The number that the query of a request target is."""
    query = urllib.parse.urlsplit(target).query
    try:
        return min(max(float(query), 0.0), NUMBER_MAX)
    except ValueError:
        return 0.0


async def echo(websocket):
    with contextlib.suppress(websockets.ConnectionClosed):
        async for message in websocket:
            await websocket.send(message)


async def late_upgrade(path, headers):
    if path.startswith("/slow-listen"):
        await asyncio.sleep(number_of(path))
    return None


async def write_body(writer, target):
    """/body?N: N bytes; /slow?N: a line, N seconds late."""
    number = number_of(target)
    if target.startswith("/body"):
        body = b"x" * int(number)
    else:
        await asyncio.sleep(number)
        body = b"natdiff lab, late\n"
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                 b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body))
    writer.write(body)
    await writer.drain()


async def on_request(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        await write_body(writer, head.split(b" ", 2)[1].decode("latin-1"))
    except (OSError, IndexError, asyncio.IncompleteReadError,
            asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


def serve_websocket(address, context=None):
    options = {"process_request": late_upgrade, "ssl": context,
               "ping_interval": None, "backlog": 8192}
    if address.startswith("unix:"):
        return websockets.unix_serve(echo, address[5:], **options)
    host, port = address.rsplit(":", 1)
    return websockets.serve(echo, host, int(port), **options)


async def main():
    parser = argparse.ArgumentParser()
    for name in ("websocket", "tls-websocket", "slow", "cert", "key", "ready"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert, args.key)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(serve_websocket(args.websocket))
        await stack.enter_async_context(
            serve_websocket(args.tls_websocket, context))
        await stack.enter_async_context(await asyncio.start_unix_server(
            on_request, args.slow.removeprefix("unix:"), backlog=8192))
        with open(args.ready, "w", encoding="ascii"):
            pass
        await asyncio.Event().wait()


asyncio.run(main())
