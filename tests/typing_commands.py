"""Commands as a person types them, in this process or in one of their own; and what they print is looked over."""

import os
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from importer.cli import main
from importer.settings.secrets import KEY_VARIABLE
from tests.sandbox import Sandbox

KEY = "sandbox-key"


def steering(text: str) -> list[str]:
    """What a terminal would obey in the text, by Unicode's own classes and not by our list."""
    return [
        sign
        for sign in text
        if (unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") and sign not in "\n\t")
        or unicodedata.bidirectional(sign) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything that was printed, as one line of single spaces: where lines break is the terminal's affair."""
        return " ".join((self.out + " " + self.err).split())


class Terminal:
    """Types commands in a folder of its own, against a sandbox; in this process, or in one of its own."""

    def __init__(self, folder: Path, box: Sandbox, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.box, self._capture = folder, box, capture
        self.last = Ended(0, "", "")
        self.variables = {
            "NOTE_IMPORTER_BASE_URL": box.url,
            "NOTE_IMPORTER_JOURNAL": str(folder / "journal.sqlite"),
            "NOTE_IMPORTER_SETTLE": "0",
            "NOTE_IMPORTER_READ_TIMEOUT": "10",
            "NOTE_IMPORTER_GIVE_UP_AFTER": "20",
            KEY_VARIABLE: KEY,
        }

    def __call__(self, *arguments: str | Path) -> Ended:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            self._capture.readouterr()
            status = main([str(argument) for argument in arguments])
        self.last = Ended(status, *self._capture.readouterr())
        _look_over(self.last)
        return self.last

    def process(self, *arguments: str | Path, given: bytes | None = None) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "importer", *map(str, arguments)],
            input=given, stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True, cwd=self.folder, env=self.environment, timeout=60, check=False,
        )  # fmt: skip
        ended = Ended(done.returncode, done.stdout.decode(), done.stderr.decode())
        _look_over(ended)
        return ended

    @property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONIOENCODING": "utf-8", **self.variables}

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    @property
    def posts(self) -> int:
        return sum(call.method == "POST" for call in self.box.received)


def _look_over(ended: Ended) -> None:
    """Whatever the command: no traceback, no fault of our own, no key, nothing that steers the terminal."""
    for text in (ended.out, ended.err):
        assert steering(text.replace("\r\n", "\n")) == []
        assert "Traceback" not in text
        assert "note-importer failed because of an error of its own" not in ended.all
        assert KEY not in text
        assert f"{tempfile.gettempdir()}{os.sep}note-importer-" not in text, "a folder for what was fetched is no name"
