"""A tinyproxy or a squid of the test's own, which the test starts, kills and starts anew on the same port."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest

from tests.gateways import programs

_TINYPROXY = """
Listen 127.0.0.1
Port {port}
Timeout 600
MaxClients 100
LogLevel Critical
"""
_SQUID = """
cache deny all
access_log none
cache_log /dev/null
pid_filename none
coredump_dir /
shutdown_lifetime 0 seconds
http_access allow all
"""
_SQUID_BEFORE = """
http_port 127.0.0.1:{port} accel defaultsite=127.0.0.1
cache_peer 127.0.0.1 parent {behind} 0 no-query no-digest originserver
"""
# Squid asks a program about each name and password; this one accepts all of them.
ASKING = {
    "tinyproxy": "BasicAuth user secret\n",
    "squid": f"""
auth_param basic program {shutil.which("sed")} -u s/.*/OK/
acl known proxy_auth REQUIRED
http_access deny !known
""",
}


class RealProxy:
    """Leads to wherever it is asked for, or passes on what comes.

    Args:
        program: ``tinyproxy`` or ``squid``.
        folder: for its configuration.
        behind: the port that it passes requests on to; 0 where clients ask it for a way.
    """

    def __init__(self, program: str, folder: Path, behind: int = 0) -> None:
        self.port = programs.free_port()
        self._program, self._file, self._behind = program, folder / f"{program}.conf", behind
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, *, asks: bool = False) -> None:
        """Begin; ``asks`` for the name *user* and the password *secret*."""
        more = ASKING[self._program] if asks else ""
        program = programs.find(self._program)
        assert program is not None
        self._file.write_text(more + self._configuration(), encoding="utf-8")
        command = {"tinyproxy": ["-d", "-c"], "squid": ["-N", "-f"]}[self._program]
        self._process = subprocess.Popen(
            [program, *command, str(self._file)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for _ in range(1_000):
            if self._process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return
            except OSError:
                time.sleep(0.01)
        pytest.fail(f"{self._program} did not start")

    def kill(self) -> None:
        """End it as a crash would: every connection with it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def _configuration(self) -> str:
        if self._program == "tinyproxy":
            before = f'ReversePath "/" "http://127.0.0.1:{self._behind}/"\nReverseOnly Yes\n' if self._behind else ""
            return _TINYPROXY.format(port=self.port) + before
        before = _SQUID_BEFORE if self._behind else "http_port 127.0.0.1:{port}\n"
        return before.format(port=self.port, behind=self._behind) + _SQUID
