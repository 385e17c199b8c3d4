"""An nginx of the test's own: its configuration, its port and its files, started and stopped by the test."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest

_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"])
PROGRAM = shutil.which("nginx", path=_PATH)
# On Windows nginx knows no signals, which it is started anew and stopped with here.
_IS_HERE = PROGRAM is not None and os.name != "nt"

_CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid "{folder}/nginx.pid";
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    {http}
    server {{
        listen 127.0.0.1:{port}{tls};
        location /pages/ {{ root "{folder}"; }}
        {server}
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host 127.0.0.1:{behind};
            {location}
        }}
    }}
}}
"""


def need() -> None:
    """Skip the test where nginx is missing; in CI, fail."""
    if not _IS_HERE:
        how = "nginx is not installed: apt-get install nginx-light, brew install nginx, or the like"
        pytest.fail(how) if os.environ.get("CI") else pytest.skip(how)


class Nginx:
    """Stands before the port ``behind`` and passes on what comes; each level of its configuration may say more."""

    def __init__(
        self, folder: Path, behind: int, *, http: str = "", server: str = "", location: str = "", is_tls: bool = False
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port: int = taken.getsockname()[1]
        self.is_tls = is_tls
        self._folder, self._behind = folder / "nginx", behind
        self._extra = {"http": http, "server": server, "location": location}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http{'s' if self.is_tls else ''}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        (self._folder / "pages").mkdir(parents=True)
        self._write()
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        self._until_it_answers()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def reload(self, **extra: str) -> None:
        """Go on with another configuration; connections that are open end as it sees fit."""
        assert self._process is not None
        self._extra |= extra
        self._write()
        self._process.send_signal(signal.SIGHUP)

    @property
    def _command(self) -> list[str]:
        assert PROGRAM is not None
        log = self._folder / "error.log"
        return [PROGRAM, "-p", str(self._folder), "-c", str(self._folder / "nginx.conf"), "-e", str(log)]

    def _write(self) -> None:
        text = _CONFIGURATION.format(
            user="user root;" if os.geteuid() == 0 else "",  # the test's folder is nobody else's to read
            folder=self._folder, port=self.port, tls=" ssl" if self.is_tls else "", behind=self._behind, **self._extra,
        )  # fmt: skip
        (self._folder / "nginx.conf").write_text(text, encoding="utf-8")

    def _until_it_answers(self) -> None:
        assert self._process is not None
        for _ in range(500):
            if self._process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return
            except OSError:
                time.sleep(0.02)
        log = self._folder / "error.log"
        pytest.fail(f"nginx did not start: {log.read_text(errors='replace') if log.exists() else 'no log'}")
