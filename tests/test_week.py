"""A week of nights that nobody watches, by the real program: whatever goes wrong, every note is there once in the end.

Each night is the command that a schedule runs, in a process of its own; each morning its exit status, its log, its
document and what was notified are looked at, and a person mends what was said, with one command.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from importer.importing import workspaces
from importer.settings import Settings
from tests.listening import Ear, http_ear
from tests.sandbox import Sandbox

pytestmark = pytest.mark.slow

KEY, NEW_KEY = "the-first-key", "the-second-key"
HEAD = "Prospect ID,Note,Visibility\n"
LONGEST = 90.0  # seconds that anything in here may take; far more than it does
Note = tuple[str, str]


@dataclass
class Morning:
    """What is found of a night."""

    status: int
    said: str
    document: dict[str, Any]
    log: list[str]
    notified: list[str]

    @property
    def fates(self) -> dict[str, tuple[str, int]]:
        """File → what became of it, and its exit status."""
        return {Path(one["file"]).name: (one["fate"], one["exit_status"]) for one in self.document.get("files", [])}

    @property
    def counts(self) -> Counter[str]:
        """Rows of all files by what became of them."""
        found: Counter[str] = Counter()
        for one in self.document.get("files", []):
            found.update((one["report"] or {}).get("counts", {}))
        return found


@dataclass
class Office:
    """A computer with the program set up on it, a folder of exports, and who is notified."""

    folder: Path
    box: Sandbox
    ear: Ear

    @property
    def exports(self) -> Path:
        return self.folder / "exports"

    def exported(self, name: str, rows: list[Note], *, visibility: str = "Public") -> Path:
        """Last evening's export."""
        text = HEAD + "".join(f"{prospect},{note},{visibility}\n" for prospect, note in rows)
        return self.laid(name, text)

    def laid(self, name: str, text: str) -> Path:
        path = self.exports / name
        path.write_text(text, encoding="utf-8")
        os.utime(path, (time.time() - 3600,) * 2)
        return path

    def started(self, *words: str, limit: str = "") -> subprocess.Popen[str]:
        program = [sys.executable, str(Path(__file__).with_name("week_launcher.py")), *words]
        if limit:  # of what a file may grow to: a disk that is full
            program = ["sh", "-c", f'trap "" XFSZ; ulimit -f {limit}; exec "$@"', "sh", *program]
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONIOENCODING": "utf-8",
            "NOTE_IMPORTER_PROFILES": str(self.folder / "settings" / "profiles.toml"),
            "NOTE_IMPORTER_JOURNALS": str(self.folder / "settings" / "journals"),
            **({"NOTE_IMPORTER_BASE_URL": self.box.url, "NOTE_IMPORTER_JOURNAL": str(self.folder / "journal.sqlite")}
               if words[0] == "init" else {}),
        }  # fmt: skip
        return subprocess.Popen(
            program, cwd=self.folder, env=environment, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def night(self, *more: str, limit: str = "") -> Morning:
        """What the schedule runs."""
        heard, log = len(self.ear.calls), self.log()
        process = self.started("run", "exports", "--profile", "night", "--yes", "--json", *more, limit=limit)
        return self.morning(process, heard, len(log))

    def morning(self, process: subprocess.Popen[str], heard: int, logged: int) -> Morning:
        out, said = process.communicate(timeout=LONGEST)
        assert "Traceback" not in out + said
        assert not any(key in out + said for key in (KEY, NEW_KEY))
        document = json.loads(out)
        assert document["exit_status"] == process.returncode, f"{out}\n{said}"
        notified = [call.body for call in self.ear.calls[heard:]]
        return Morning(process.returncode, said, document, self.log()[logged:], notified)

    def typed(self, *words: str, answers: str = "") -> tuple[int, str]:
        """What a person types in the morning."""
        process = self.started(*words)
        out, said = process.communicate(answers, timeout=LONGEST)
        return process.returncode, " ".join((out + said).split())

    def says_that_the_key_is_right(self) -> None:
        """What a person's answer at a terminal does."""
        settings = Settings(
            profile="night", base_url=self.box.url, key=NEW_KEY, journal=self.folder / "journal.sqlite",
            guard_local_address=True,
        )  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NOTE_IMPORTER_JOURNALS", str(self.folder / "settings" / "journals"))
            workspaces.confirm(settings)

    def log(self) -> list[str]:
        path = self.folder / "log" / "night.log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def there(self) -> Counter[Note]:
        return Counter((note.prospect_id, note.sent_content) for note in self.box.notes)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Set up by `init`, as a person does it; and a few lines added to the profile."""
    for name in ("exports", "settings", "log"):
        (tmp_path / name).mkdir()
    profiles = tmp_path / "settings" / "profiles.toml"
    profiles.touch()
    with Sandbox(api_key=KEY) as box, http_ear() as ear:
        office = Office(tmp_path, box, ear)
        answers = ("night", "-", "", KEY, f"json://{ear.place}/told")
        status, said = office.typed("init", answers="".join(f"{answer}\n" for answer in answers))
        assert status == 0, said
        more = ('log-file = "log/night.log"', 'journal = "journal.sqlite"', "settle = 0.2",
                "read-timeout = 2", "give-up-after = 2", "batch-size = 4", "workers = 2")  # fmt: skip
        profiles.write_text(profiles.read_text(encoding="utf-8") + "\n".join(more) + "\n", encoding="utf-8")
        assert office.typed("doctor", "--profile", "night", "--test-notification")[0] == 0
        assert len(ear.calls) == 1
        yield office


def rows(day: str, count: int, first: int = 0) -> list[Note]:
    return [(f"P{number}", f"{day} {number % 5}") for number in range(first, first + count)]


@pytest.mark.skipif(os.name != "posix", reason="a full disk and a kill are POSIX's here")
def test_a_week_of_nights_ends_with_exactly_the_right_notes(office: Office) -> None:
    """Overlaps, a corrected file, an outage, two runs at once, a wrong file, an empty one, a full disk, a key that is
    revoked, a kill, a lost journal: each night ends with the status, the log, the document and the word that it should.
    """
    monday(office)
    tuesday(office)
    wednesday(office)
    thursday(office)
    friday(office)
    saturday(office)
    sunday(office)
    wanted = [*rows("Mon", 9), ("P90", "Mon fixed"), *rows("Tue", 8), *rows("Wed", 9), *rows("Two", 60),
              *rows("Thu", 7), *rows("Fri", 11), *rows("Key", 6), *rows("Kill", 40), *rows("Sun", 5)]  # fmt: skip
    assert office.there == Counter(wanted)
    assert not [*office.exports.glob("*.csv")]  # all of them are in the archive, each with its results
    everything = b"".join(path.read_bytes() for path in office.folder.rglob("*") if path.is_file()
                          and path.suffix != ".key")  # fmt: skip
    assert KEY.encode() not in everything
    assert NEW_KEY.encode() not in everything


def is_well(morning: Morning) -> None:
    """Nothing is to be heard of a night that went well; its log says so."""
    assert morning.status == 0, morning.said
    assert morning.notified == []
    assert any("command over" in line and "exit_status=0" in line for line in morning.log)


def told(morning: Morning, status: int, *words: str) -> None:
    """One notification with these words, the same status in all places; the log says what went wrong."""
    assert morning.status == status, morning.said
    assert len(morning.notified) == 1
    for word in words:
        assert word in morning.notified[0]
    assert f"exit status {status}" in morning.notified[0]
    assert any("command over" in line and f"exit_status={status}" in line for line in morning.log)


def monday(office: Office) -> None:
    """One row has a visibility that is none: it needs a person, who corrects it; the rest is there."""
    text = HEAD + "".join(f"{prospect},{note},Public\n" for prospect, note in rows("Mon", 9)) + "P90,Mon wrong,Pubic\n"
    office.laid("monday.csv", text)
    morning = office.night()
    told(morning, 1, "1 row needs your attention", "invalid")
    assert "Pubic" not in morning.notified[0] + "".join(morning.log)
    assert morning.fates == {"monday.csv": ("imported", 1)}
    assert morning.counts == {"created": 9, "invalid": 1}


def tuesday(office: Office) -> None:
    """Monday's file comes again, corrected, beside a new one that overlaps with it: only what is new is sent."""
    office.exported("monday corrected.csv", [*rows("Mon", 9), ("P90", "Mon fixed")])
    office.exported("tuesday.csv", [*rows("Mon", 4), *rows("Tue", 8)])
    morning = office.night()
    is_well(morning)
    assert morning.counts == {"already imported": 13, "created": 9}


def wednesday(office: Office) -> None:
    """The API is away, and the schedule tries again; then two runs are at work at once, of which one ends."""
    office.exported("wednesday.csv", rows("Wed", 9))
    office.box.stop()
    morning = office.night()
    told(morning, 3, "stopped before the end")
    assert morning.counts == {"not sent": 9}
    office.box.start()
    is_well(office.night())
    office.exported("two.csv", rows("Two", 60))
    office.box.latency = 1.2
    heard, logged, before = len(office.ear.calls), len(office.log()), len(office.box.received)
    first = office.started("run", "exports", "--profile", "night", "--yes", "--json")
    wait_for(lambda: len(office.box.received) > before)
    second = office.night()
    office.box.latency = 0.0
    told(second, 3, "Another import of this workspace is running")
    morning = office.morning(first, heard, logged)
    assert (morning.status, morning.counts) == (0, {"created": 60}), morning.said


def thursday(office: Office) -> None:
    """A file whose columns have moved and an empty one are refused and stay; the good one beside them goes through."""
    wrong = office.laid("shifted.csv", HEAD + "".join(f"Called,P{number},Tom\n" for number in range(8)))
    empty = office.laid("empty.csv", HEAD)
    office.exported("thursday.csv", rows("Thu", 7))
    morning = office.night()
    told(morning, 2, "nothing was sent (2 of 3 files)", "has 0 rows below its headings")
    assert morning.fates == {
        "empty.csv": ("not imported", 2), "shifted.csv": ("not imported", 2), "thursday.csv": ("imported", 0),
    }  # fmt: skip
    assert {path.name for path in office.exports.glob("*.csv")} == {"empty.csv", "shifted.csv"}
    for path in (wrong, empty):
        path.unlink()


def friday(office: Office) -> None:
    """The disk is full: nothing is sent that can't be recorded. Room is made, and the same command goes on."""
    office.exported("friday.csv", rows("Fri", 11))
    before = office.there
    blocks = max(path.stat().st_size for path in office.folder.glob("journal.sqlite*")) // 512
    morning = office.night(limit=str(max(8, blocks // 8)))
    assert morning.status in (2, 3), morning.said
    assert len(morning.notified) == 1
    assert office.there == before
    is_well(office.night())
    assert office.typed("journal", "backup", "old.sqlite", "--profile", "night")[0] == 0


def saturday(office: Office) -> None:
    """The key is revoked and replaced; then the machine is switched off in the middle of a large import."""
    office.exported("key.csv", rows("Key", 6))
    office.box.service._api_key = NEW_KEY
    morning = office.night()
    told(morning, 4, "The API does not accept the key", "Check that the key is complete", "The key of profile")
    assert morning.counts == {"not sent": 6}
    status, said = office.typed("doctor", "--profile", "night")
    assert (status, "does not accept the key" in said) == (4, True)
    (office.folder / "settings" / "night.key").write_text(NEW_KEY, encoding="utf-8")
    told(office.night(), 2, "nothing was sent", "is not the one that was used before")
    office.says_that_the_key_is_right()
    is_well(office.night())
    office.exported("kill.csv", rows("Kill", 40))
    office.box.latency = 0.2
    before = len(office.box.received)
    process = office.started("run", "exports", "--profile", "night", "--yes", "--json")
    wait_for(lambda: len(office.box.received) > before + 3)
    process.kill()
    process.communicate(timeout=LONGEST)
    office.box.latency = 0.0
    morning = office.night()
    is_well(morning)
    assert morning.counts["created"] + morning.counts["already imported"] == 40


def sunday(office: Office) -> None:
    """The journal is lost: nothing is sent without it, nor with a copy that is too old; the latest goes on."""
    journal, latest = office.folder / "journal.sqlite", office.folder / "latest.sqlite"
    assert office.typed("journal", "backup", "latest.sqlite", "--profile", "night")[0] == 0
    office.exported("sunday.csv", [*rows("Mon", 9), *rows("Sun", 5)])
    for path in office.folder.glob("journal.sqlite*"):
        path.unlink()
    told(office.night(), 4, "are recorded in another journal", "restore it from your backup")
    shutil.copy(office.folder / "old.sqlite", journal)
    morning = office.night()
    told(morning, 4, "is an earlier copy of the one that")
    assert "is an earlier copy" in " ".join(morning.said.split())
    for path in office.folder.glob("journal.sqlite*"):
        path.unlink()
    shutil.copy(latest, journal)
    morning = office.night()
    is_well(morning)
    assert morning.counts == {"already imported": 9, "created": 5}


def wait_for(happened: Any) -> None:
    deadline = time.monotonic() + LONGEST
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
