"""``python -m tests.benchmarks.page``: how quick the page's other screens are while a large file is read, and sent."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
import requests

from importer.journal.identity import FOLDER_VARIABLE
from importer.page.serving import PageServer
from importer.settings import KEY_VARIABLE, Settings
from importer.settings.profiles import FILE_VARIABLE
from tests.benchmarks import data
from tests.page.conftest import told_of
from tests.page.test_site import Visitor
from tests.sandbox import Sandbox

_BETWEEN = 0.05  # seconds between two questions


class Asking:
    """Somebody who looks at the first screen again and again, and how long each answer took."""

    def __init__(self, visitor: Visitor) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.while_it = "is read"
        self._visitor, self._over = visitor, threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.cookies = self._visitor.cookies
            while not self._over.wait(_BETWEEN):
                began = time.perf_counter()
                session.get(f"{self._visitor.base}/", timeout=60).raise_for_status()
                self.seconds.setdefault(self.while_it, []).append(time.perf_counter() - began)

    def end(self) -> None:
        self._over.set()
        self._thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.page", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Sandbox(limit=None) as box, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        patch.setenv(FOLDER_VARIABLE, str(folder / "journals"))
        patch.setenv(KEY_VARIABLE, box.api_key)
        (folder / "profiles.toml").touch()
        patch.setenv(FILE_VARIABLE, str(folder / "profiles.toml"))
        file = data.write(folder / "large.csv", options.rows, options.rows // 600 + 1)
        settings = Settings(base_url=box.url, key=box.api_key, journal=folder / "journal.sqlite")
        told = told_of(settings)
        with PageServer(told, folder=folder / "uploads") as server, Visitor(server) as visitor:
            asking, began = Asking(visitor), time.perf_counter()
            seen = visitor.drop(file)
            read, asking.while_it = time.perf_counter() - began, "is sent"
            ended, began = visitor.agree(seen), time.perf_counter()
            while "data-poll" in visitor.get(ended.url, timeout=60).text:
                time.sleep(0.5)
            sent = time.perf_counter() - began
            asking.end()
        size = file.stat().st_size / 1e6
        print(
            f"{options.rows:,} rows, {size:,.0f} MB, {os.cpu_count()} cores: read in {read:.1f} s, sent in {sent:.1f} s"
        )
        print(f"{len(box.notes):,} notes are there")
        for what, seconds in asking.seconds.items():
            ordered = sorted(seconds)
            half, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
            line = f"half of {len(ordered):,} answers within {half * 1000:.0f} ms, 95 % within {most * 1000:.0f} ms"
            print(f"while it {what}: {line}")


if __name__ == "__main__":
    main()
