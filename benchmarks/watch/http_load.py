"""One decision after another over HTTP: so many connections kept alive, each sends its next request when it has its
answer.

The same client for every server. `python http_load.py URL --bodies FILE` sends the lines of FILE (one JSON body each)
in turn; `run(url, bodies, …)` is for the sides. Latency is from the first byte sent to the last received. Nothing is
pipelined or batched.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def run(
    url: str,
    bodies: Sequence[bytes],
    *,
    seconds: float = 10,
    concurrency: int = 16,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Send bodies (each at most once) for `seconds`: requests a second, latencies in ms, answers that are no 2xx."""
    return asyncio.run(_run(url, iter(bodies), seconds, concurrency, dict(headers or {})))


async def _run(
    url: str, bodies: Iterator[bytes], seconds: float, concurrency: int, headers: dict[str, str]
) -> dict[str, Any]:
    took: list[float] = []
    wrong: dict[int, int] = {}
    began = time.perf_counter()
    lines = [_worker(url, bodies, began + seconds, headers, took, wrong) for _ in range(concurrency)]
    await asyncio.gather(*lines)
    wall = time.perf_counter() - began
    took.sort()
    at = {f"p{q}_ms": 1000 * took[min(len(took) - 1, len(took) * q // 100)] if took else None for q in (50, 95, 99)}
    return {
        "requests": len(took),
        "seconds": wall,
        "rate": len(took) / wall,
        **at,
        "concurrency": concurrency,
        "wrong": wrong,
    }


async def _worker(
    url: str, bodies: Iterator[bytes], until: float, headers: dict[str, str], took: list[float], wrong: dict[int, int]
) -> None:
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {host}:{port}", "Content-Type: application/json"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "Content-Length: "]).encode()
    reader, writer = await asyncio.open_connection(host, port)
    for body in bodies:
        began = time.perf_counter()
        if began >= until:
            break
        writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        status, kept = await _answer(reader)
        took.append(time.perf_counter() - began)
        if not 200 <= status < 300:
            wrong[status] = wrong.get(status, 0) + 1
        if not kept:
            writer.close()
            reader, writer = await asyncio.open_connection(host, port)
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    if "transfer-encoding: chunked" in head:
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    elif "content-length:" in head:
        await reader.readexactly(int(head.split("content-length:", 1)[1].split("\r\n", 1)[0]))
    return status, "connection: close" not in head


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--bodies", type=Path, required=True, help="a file with one JSON body a line")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--header", action="append", default=[], help="NAME:VALUE")
    given = parser.parse_args()
    headers = dict(header.split(":", 1) for header in given.header)
    bodies = given.bodies.read_bytes().splitlines()
    print(json.dumps(run(given.url, bodies, seconds=given.seconds, concurrency=given.concurrency, headers=headers)))


if __name__ == "__main__":
    main()
