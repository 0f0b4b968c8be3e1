#!/usr/bin/python3
"""An application whose connections are short and many: RATE a second to
ADDRESS PORT, until ended.

Our side closes first, or with --served the server.
"""

import argparse
import asyncio
import contextlib


async def connect_and_close(address, port):
    _, writer = await asyncio.open_connection(address, port)
    writer.close()
    await writer.wait_closed()


async def ask_and_read(address, port):
    """Not in TLS: nginx says so and closes.  A TLS client would still send its
    close_notify, for which the far end forgets the connection at once."""
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def one(how, address, port):
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        await asyncio.wait_for(how(address, port), 5)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--served", action="store_true")
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("rate", type=float)
    args = parser.parse_args()
    how = ask_and_read if args.served else connect_and_close
    tasks = set()
    while True:
        task = asyncio.ensure_future(one(how, args.address, args.port))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(1 / args.rate)


asyncio.run(main())
