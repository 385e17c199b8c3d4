"""A stand-in of the API that costs next to nothing, in a process of its own, so that what calls it is measured.

It creates notes with a latency and a limit, and remembers what was delivered: ``GET /counted`` says how many calls it
answered and refused, and how many deliveries it made, each (note, prospect) once and in all.
"""

import asyncio
import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from multiprocessing import get_context
from multiprocessing.connection import Connection


@dataclass
class _Api:
    latency: float
    calls_a_second: int  # 0: no limit
    answered: int = 0
    refused: int = 0
    made: int = 0
    deliveries: set[int] = field(default_factory=set)
    notes: dict[str, list[tuple[str, dict[str, object], str]]] = field(default_factory=dict)  # of each prospect
    second: int = 0
    used: int = 0

    def reply(self, method: str, path: str, body: bytes) -> tuple[bytes, bool]:
        """The reply, and whether it takes its time. A prospect has the notes that were made, and none of its own."""
        if path.endswith("/counted"):
            counted = {
                "requests": self.answered, "refused": self.refused, "made": self.made, "distinct": len(self.deliveries),
            }  # fmt: skip
            return _http(200, counted), False
        if method == "GET":
            notes = [
                {"id": name, **note, "createdAt": at} for name, note, at in self.notes.get(path.split("/")[-2], ())
            ]
            page: dict[str, object] = {"notes": notes, "draftNote": None, "pagination": {"hasMore": False}}
            return _http(200, {"message": "OK", "payload": page}), True
        limit = self._limit()
        if limit is None:
            self.refused += 1
            wait = str(max(1, math.ceil(self.second + 1 - time.time())))
            return _http(429, {"message": "Too many requests"}, [*self._told(0), ("retry-after", wait)]), True
        self.answered += 1
        note, at = json.loads(body), datetime.now(UTC).isoformat(timespec="milliseconds")
        shown = {name: note[name] for name in ("content", "visibility", "status") if name in note}
        said = hash((note["content"], note["visibility"], note.get("status")))
        results = []
        for prospect in note["prospectIds"]:
            self.made += 1
            self.deliveries.add(hash((said, prospect)))
            self.notes.setdefault(prospect, []).append((f"note-{self.made:010}", shown, at))
            results.append({"prospectId": prospect, "success": True, "noteId": f"note-{self.made:010}"})
        return _http(201, {"payload": {"results": results}}, self._told(limit)), True

    def _limit(self) -> int | None:
        """What remains of the second, or None when the call is one too many."""
        second = int(time.time())
        if second != self.second:
            self.second, self.used = second, 0
        if self.calls_a_second and self.used >= self.calls_a_second:
            return None
        self.used += 1
        return self.calls_a_second - self.used

    def _told(self, remaining: int) -> list[tuple[str, str]]:
        if not self.calls_a_second:
            return []
        reset = datetime.fromtimestamp(self.second + 1, UTC).isoformat(timespec="milliseconds")
        return [
            ("x-ratelimit-limit", str(self.calls_a_second)),
            ("x-ratelimit-remaining", str(remaining)),
            ("x-ratelimit-reset", reset),
        ]


def _http(status: int, content: object, headers: list[tuple[str, str]] | None = None) -> bytes:
    body = json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} -", f"date: {formatdate(usegmt=True)}", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", *(f"{name}: {value}" for name, value in headers or ())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _serve(api: _Api, ready: Connection) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lower = head.lower()
                at = lower.find("content-length:")
                size = int(lower[at + 15 : lower.index("\r\n", at)]) if at >= 0 else 0
                body = await reader.readexactly(size)
                method, path, _ = head.split(" ", 2)
                reply, takes_time = api.reply(method, path, body)
                if takes_time:
                    await asyncio.sleep(api.latency)
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=2**20, backlog=1024)
    ready.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def _run(latency: float, calls_a_second: int, ready: Connection) -> None:
    sys.tracebacklimit = 0
    asyncio.run(_serve(_Api(latency, calls_a_second), ready))


@contextmanager
def serving(latency: float, calls_a_second: int = 0) -> Iterator[str]:
    """The base URL of a stub in a process of its own."""
    context = get_context("spawn")
    ours, its = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(latency, calls_a_second, its), daemon=True)
    process.start()
    its.close()  # so that the end of the process is the end of the pipe, and not waited for
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.terminate()
        process.join()
