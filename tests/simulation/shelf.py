"""The files that a world's API holds: who names an id, and whether it still serves; drawn apart from all else."""

import atexit
import hashlib
import random
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from importer.api import FilePart
from importer.models import AttachedFile
from tests.simulation.regime import Regime


def file(number: int) -> AttachedFile:
    content = f"the content of file {number}".encode() * (number + 1)
    digest = hashlib.sha256(content).hexdigest()
    if not (path := _FOLDER / f"{number}.pdf").is_file():
        path.write_bytes(content)
    return AttachedFile(path.name, path, _FOLDER, len(content), digest)


@dataclass
class Kept:
    """A file that was uploaded: when, and how many requests have named it."""

    digest: str
    at: float
    requests: int = 0


class Shelf:
    def __init__(self, seed: int, regime: Regime) -> None:
        self.chance = random.Random(f"shelf {seed} {regime.beyond}")  # decides of uploads alone
        self.journalled: Callable[[], Collection[str]] = lambda: ()  # the digests that stand in the journal now
        self._entered: set[str] = set()
        self.violations: list[str] = []  # what must not be
        self._files = regime.files
        of_files = () if self._files is None else self._files.fates
        self._turns_away = bool(regime.closed or regime.lost_route or any(fate.startswith("page") for fate in of_files))
        self._kept: dict[str, Kept] = {}
        self._refused = None if self._files is None or self._files.refused < 0 else file(self._files.refused).digest

    # -- uploads ----------------------------------------------------------------------------------------------------

    def receive(self, part: FilePart) -> str:
        digest = hashlib.sha256(part.content).hexdigest()
        if digest in self.journalled() and not self._turns_away:
            self.violations.append(f"the file {part.name} is uploaded again, though the journal has it")
        return digest

    def fate(self) -> str:
        files = self._files
        return "ok" if files is None or self.chance.random() >= files.faults else self.chance.choice(files.fates)

    def is_unfit(self, digest: str) -> bool:
        return digest == self._refused

    def keep(self, digest: str, now: float) -> str:
        """A file is there from now on, under a new id."""
        self._kept[attachment := f"A{len(self._kept)}"] = Kept(digest, now)
        return attachment

    # -- notes ------------------------------------------------------------------------------------------------------

    def lacks(self, attachments: Sequence[str], now: float) -> bool:
        """Whether an id isn't there, or serves no more."""
        return not all(self._serves(self._kept.get(attachment), now) for attachment in attachments)

    def _serves(self, kept: Kept | None, now: float) -> bool:
        if kept is None or self._files is None:
            return False
        is_spent = 0 < self._files.serves <= kept.requests
        return not is_spent and not 0 < self._files.lives < now - kept.at

    def named(self, attachments: Sequence[str]) -> None:
        self._entered |= {*self.journalled()} if attachments else set()  # which keeps them for a day
        if not self._entered.issuperset(self.held(attachments)):
            self.violations.append("a note carries a file that the journal doesn't have")

    def serve(self, attachments: Sequence[str]) -> None:
        for attachment in attachments:
            self._kept[attachment].requests += 1

    def held(self, attachments: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._kept[attachment].digest for attachment in attachments)


_FOLDER = Path(mkdtemp(prefix="note-importer-simulation-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
