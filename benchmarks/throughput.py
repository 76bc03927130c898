"""How many answers a second unattended work takes in, with 64 requests under way at a server that takes 1 s.

The same requests are sent after it by the bare openai client, which does nothing with what it gets. A short
run that is not counted goes before, so that both find the libraries imported.

    python -m benchmarks.throughput             # about four minutes
    python -m benchmarks.throughput --quick     # a few seconds
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from openai import AsyncOpenAI

from selfinstruct.core.engine import Engine
from selfinstruct.core.offline.transport import complete
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import Request
from selfinstruct.db.workspace import Workspace

UNDER_WAY = 64
ANSWER_S = 1.0
TARGET_PER_S = 60.0
_END_OF_HEAD = b"\r\n\r\n"


def serve(told: Connection) -> None:
    """A server of its own process: each answer takes `ANSWER_S`, however many are asked for at once."""
    asyncio.run(_serve(told))


async def _serve(told: Connection) -> None:
    server = await asyncio.start_server(_converse, "127.0.0.1", 0, backlog=1024)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(_END_OF_HEAD)
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            due = perf_counter() + ANSWER_S
            body = json.dumps(complete(json.loads(await reader.readexactly(length)), 0)).encode()
            await asyncio.sleep(due - perf_counter())
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
            writer.write(b"content-length: %d\r\n\r\n" % len(body) + body)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def ours(url: str, number: int, path: Path) -> tuple[float, list[Request]]:
    """Seconds that unattended work took for so many requests, and the requests as they are stored."""
    with Workspace.open(path, create=True) as workspace:
        settings = resolve({"base_url": url, "model": "m", "concurrency": UNDER_WAY, "max_requests": number})
        async with Engine(workspace, settings) as engine:
            began = perf_counter()
            await UnattendedRun(engine).run()
            took = perf_counter() - began
        requests = [workspace.requests.get(row) for row in range(1, number + 1)]
    return took, requests


async def bare(url: str, requests: list[Request]) -> float:
    """Seconds that the client alone takes for the same requests."""
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    slots = asyncio.Semaphore(UNDER_WAY)

    async def ask(request: Request) -> None:
        async with slots:
            await client.chat.completions.create(
                model="m",
                messages=request.prompt,  # type: ignore[arg-type]
                extra_body=request.parameters,
            )

    began = perf_counter()
    await asyncio.gather(*map(ask, requests))
    took = perf_counter() - began
    await client.close()
    return took


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="Answers a second with 64 requests under way.")
    parser.add_argument("--quick", action="store_true", help="few requests")
    number = UNDER_WAY * (4 if parser.parse_args().quick else 100)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}/v1"
    try:
        with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
            asyncio.run(ours(url, UNDER_WAY, Path(folder) / "first.db"))
            took, requests = asyncio.run(ours(url, number, Path(folder) / "counted.db"))
        alone = asyncio.run(bare(url, requests))
    finally:
        server.kill()
    stored = sum(request.state == "parsed" for request in requests)
    rate = number / took
    print(f"{number:,} requests, {UNDER_WAY} under way, {ANSWER_S:g} s an answer")
    print(f"stored and taken in: {stored:,}")
    print(f"unattended work   {rate:6.1f} answers a second   >= {TARGET_PER_S:g}   {_verdict(rate)}")
    print(f"the bare client   {number / alone:6.1f} answers a second   ratio {alone / took:.2f}")


def _verdict(rate: float) -> str:
    return "ok" if rate >= TARGET_PER_S else "MISSED"


if __name__ == "__main__":
    main()
