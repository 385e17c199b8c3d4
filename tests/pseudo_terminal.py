"""A person at a pseudo-terminal in this process: answers typed ahead, and what the screen showed."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from importer.cli import main

_COLOUR = re.compile(r"\x1b\[\d+m")


@dataclass(frozen=True)
class Seen:
    """How a command ended at the terminal, and all that it showed: as one line of single spaces, and as it came."""

    status: int
    screen: str
    raw: str


def types(arguments: Sequence[str], answers: Sequence[str]) -> Seen:
    """Run a command at a terminal of its own, where these lines are typed; whoever asks for more finds the end.

    The end is Ctrl-D, as from a person who has had enough.
    """
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown: list[bytes] = []

    def watch() -> None:
        try:
            while data := os.read(mine, 65536):
                shown.append(data)
        except OSError:  # the other side is closed
            pass

    watching = threading.Thread(target=watch)
    watching.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            patch.setattr(sys, name, open(os.dup(theirs), mode, encoding="utf-8", newline=None))  # noqa: SIM115, PTH123
        os.write(mine, "".join(f"{answer}\n" for answer in answers).encode() + b"\x04")
        status = main([*arguments])
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.close()
    os.close(theirs)
    watching.join(10)
    os.close(mine)
    raw = b"".join(shown).decode("utf-8", "replace").replace("\r\n", "\n")
    return Seen(status, " ".join(_COLOUR.sub("", raw).split()), raw)
