"""A pooler as PgBouncer is one, small: it answers clients itself, and gives their transactions sessions of a server.

With ``keeps`` a client has its session until it leaves (``pool_mode = session``), else until its transaction ends
(``pool_mode = transaction``); then whoever begins one next has the session that became free last.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from typing import Any, Self

from psycopg.conninfo import conninfo_to_dict

_HELLO = b"R" + struct.pack("!II", 8, 0)
_SETTINGS = {
    "server_version": "15.0",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
}


class Pooler:
    """Listens on a free port of this machine.

    Args:
        url: of the database behind it.
        servers: how many sessions there are.
        keeps: whether a client keeps its session.
    """

    def __init__(self, url: str, servers: int, *, keeps: bool = False) -> None:
        self._parts, self._servers, self._keeps = conninfo_to_dict(url), servers, keeps
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"postgresql://{self._parts['user']}@127.0.0.1:{self.port}/{self._parts['dbname']}"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(20)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    async def _start(self) -> None:
        self._free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.LifoQueue()
        self._tasks: set[asyncio.Task[Any]] = set()
        for _ in range(self._servers):
            self._free.put_nowait(await self._session())
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while not self._free.empty():
            self._free.get_nowait()[1].close()
        await asyncio.sleep(0)

    async def _session(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A session of the server, which trusts whoever comes from this machine."""
        reader, writer = await asyncio.open_connection("127.0.0.1", str(self._parts["port"]))
        named = f"user\0{self._parts['user']}\0database\0{self._parts['dbname']}\0\0".encode()
        writer.write(struct.pack("!II", len(named) + 8, 196608) + named)
        while (await _message(reader))[:1] != b"Z":
            pass
        return reader, writer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        held: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while (code := await _opening(reader)) != 196608:
                if code == 80877102:  # to cancel what another connection does
                    return
                writer.write(b"N")  # no encryption
            settings = b"".join(_parameter(name, value) for name, value in _SETTINGS.items())
            writer.write(_HELLO + settings + b"K" + struct.pack("!III", 12, 7, 7) + b"Z" + struct.pack("!I", 5) + b"I")
            while (message := await _message(reader))[:1] != b"X":
                held = held or await self._free.get()
                held[1].write(message)
                if message[:1] not in b"QS":  # the others are answered when it is to be in step again
                    continue
                while (answer := await _message(held[0]))[:1] != b"Z":
                    writer.write(answer)
                writer.write(answer)
                if answer[5:6] == b"I" and not self._keeps:
                    self._free.put_nowait(held)
                    held = None
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if held is not None:
                held[1].close()
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    self._free.put_nowait(await self._session())
            writer.close()
            self._tasks.discard(task)


async def _opening(reader: asyncio.StreamReader) -> int:
    length, code = struct.unpack("!II", await reader.readexactly(8))
    await reader.readexactly(length - 8)
    return int(code)


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)


def _parameter(name: str, value: str) -> bytes:
    content = f"{name}\0{value}\0".encode()
    return b"S" + struct.pack("!I", len(content) + 4) + content
