"""Programs that tests with a real gateway need. Where one is missing they say how to get it, and in CI they fail."""

from __future__ import annotations

import os
import shutil
import socket

import pytest

_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"])


def find(name: str) -> str | None:
    """Where the program is."""
    return shutil.which(name, path=_PATH)


def need(name: str, package: str, *, is_here: bool) -> None:
    """Skip or fail the test where the program is missing."""
    if is_here:
        return
    how = f"{name} is not installed: apt-get install {package}, brew install {name}, or the like"
    if os.environ.get("CI"):
        pytest.fail(how)
    pytest.skip(how)


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
