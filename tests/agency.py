"""Many workspaces, as an agency has them: each an account, a profile, a folder; and what has to come of it."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from importer.journal.identity import FOLDER_VARIABLE
from importer.settings.profiles import FILE_VARIABLE
from tests.sandbox import Limit, Sandbox

_PROSPECTS = 4  # that receive the same note


@dataclass
class Agency:
    """Workspaces over one journal, and the sandbox that has their accounts; a context manager, which serves it.

    Attributes:
        folder: in which everything is.
        journal: the journal's URL.
        count: how many workspaces.
        requests: that each one's file takes.
        limit: of each account.
        latency: of the API, in seconds.
        settings: more of every profile, as TOML has them.
    """

    folder: Path
    journal: str
    count: int
    requests: int = 5
    limit: Limit | None = None
    latency: float = 0.0
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = [f"client-{number:05d}" for number in range(self.count)]
        first, *others = [self.key(name) for name in self.names]
        self.box = Sandbox(api_key=first, further_keys=others, limit=self.limit, latency=self.latency)

    def __enter__(self) -> Agency:
        self.box.start()
        profiles = []
        for name in self.names:
            key = self.folder / "keys" / name
            inbox, done = self.folder / "inbox" / name, self.folder / "done" / name
            for made in (key.parent, inbox, done):
                made.mkdir(parents=True, exist_ok=True)
            key.write_text(self.key(name))
            key.chmod(0o600)
            with (inbox / "notes.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["prospect", "note", "visibility"])
                writer.writerows([*delivery, "private"] for delivery in self.wanted(name))
            os.utime(inbox / "notes.csv", (0, 0))  # long whole
            entries = {
                "base-url": self.box.url, "api-key-file": str(key), "archive": str(done),
                "results": "{name}.results.csv", **self.settings,
            }  # fmt: skip
            profiles += [f"[{name}]", *(f"{entry} = {json.dumps(value)}" for entry, value in entries.items())]
        self._profiles.write_text("\n".join(profiles), encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self.box.stop()

    @property
    def _profiles(self) -> Path:
        return self.folder / "profiles.toml"

    @staticmethod
    def key(name: str) -> str:
        return f"key-of-{name}"

    def wanted(self, name: str) -> list[tuple[str, str]]:
        """Prospect and note of each row; prospects are called the same in every workspace, as are some notes."""
        return [
            (f"P-{row}", f"Call {row // _PROSPECTS} of {name if row // _PROSPECTS % 2 else 'everybody'}")
            for row in range(self.requests * _PROSPECTS)
        ]

    @property
    def environment(self) -> dict[str, str]:
        """For a process that imports."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("NOTE_IMPORTER_")}
        return {
            **plain,
            FILE_VARIABLE: str(self._profiles),
            FOLDER_VARIABLE: str(self.folder / "known"),
            "NOTE_IMPORTER_JOURNAL": self.journal,
        }

    def arguments(self, name: str, *more: str) -> list[str]:
        """What is typed to import a workspace's files, by hand or by a scheduler."""
        inbox = str(self.folder / "inbox" / name)
        return ["run", inbox, "--profile", name, "--yes", "--quiet", "--min-rows", "0", *more]

    def command(self, name: str, *more: str) -> list[str]:
        """The same as a process."""
        return [sys.executable, "-m", "importer", *self.arguments(name, *more)]

    def faults(self, names: Sequence[str] | None = None) -> list[str]:
        """What is wrong with what was delivered: every row once, nothing twice, nothing missing, a result for each."""
        found = []
        for name in names or self.names:
            there = Counter((note.prospect_id, note.sent_content) for note in self.box.notes_of(self.key(name)))
            wanted = Counter(self.wanted(name))
            if twice := there - wanted:
                found.append(f"{name}: {twice.total()} too many")
            if lost := wanted - there:
                found.append(f"{name}: {lost.total()} missing")
            done = self.folder / "done" / name
            written = sorted(done.glob("notes.results*.csv"), key=lambda path: path.stat().st_mtime)
            if not (done / "notes.csv").exists() or not written:
                found.append(f"{name}: not in the archive with its results")
                continue
            with written[-1].open(encoding="utf-8-sig", newline="") as file:
                results = Counter(row["result"] for row in csv.DictReader(file))
            if results["created"] + results["already imported"] != len(self.wanted(name)):
                found.append(f"{name}: {dict(results)}")
        return found
