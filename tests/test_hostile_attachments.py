"""A sheet that names files which nobody meant to send: no byte of them leaves this machine, and each row says why."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from importer.cli import main
from importer.settings.profiles import FILE_VARIABLE
from tests import systems
from tests.sandbox import Sandbox
from tests.truth import read_results, write_csv

pytestmark = pytest.mark.usefixtures("jumping")

KEY = "a-key-that-nobody-may-see"
HEADINGS = ("Prospect ID", "Note", "Visibility", "Attachments")
GOOD = b"%PDF-1.7 the summary of a call"
ABSOLUTE = ("/etc/passwd", "/etc/shadow", "C:\\Windows\\win.ini", "C:secret.txt", "\\\\server\\share\\secret.txt")
OUTSIDE = (
    "../secret.txt", "..\\..\\secret", "..\\secret.txt", "./../secret.txt", "within/../../secret.txt", "..", ".", "/",
    "~/secret.txt", "~root/.bashrc", "$HOME/secret.txt", "%USERPROFILE%\\secret.txt", "file:///etc/passwd",
    "http://127.0.0.1/secret.txt", "//server/share/secret.txt",
)  # fmt: skip
DEVICES = ("CON", "NUL", "nul.txt", "COM1.pdf", "LPT9", "call.pdf:stream", "call.pdf::$DATA", "/dev/stdin", "\\\\.\\C:")
MANGLED = ("call.pdf.", "call.pdf\x07", "call.pdf%00", "x" * 300 + ".pdf", "*.pdf", "call.pdf,call.pdf")
OURS = ("notes.csv", "earlier.results.csv", "notes.results.csv", ".env", ".hidden/call.pdf")
LINKS = (
    "out.pdf", "out/secret.txt", "to-key.pdf", "to-journal.pdf", "to-hidden.pdf", "hard-key.pdf", "dangling.pdf",
    "loop.pdf",
)  # fmt: skip
NO_FILES = ("within", "pipe", "socket", "sparse.bin", "large.bin", "empty.pdf")
PERMITTED = {"call.pdf": GOOD, "within-link.pdf": GOOD, "a name with blanks, & more.txt": b"plain"}


@dataclass
class Folder:
    """A folder of files of all sorts, with the sheet in it, and links to the key and the journal."""

    place: Path
    box: Sandbox
    variables: dict[str, str]

    def run(self, names: Iterable[str], results: str) -> tuple[int, list[dict[str, str]]]:
        """Import a sheet with a note for each of the names: exit status, and the results' rows."""
        rows = [(f"P{place}", f"note {place}", "Public", name) for place, name in enumerate(names, 1)]
        write_csv(self.place / "notes.csv", HEADINGS, *rows)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables.items():
                patch.setenv(name, value)
            patch.chdir(self.place)
            status = main(["run", "notes.csv", "--yes", "--attachments", str(self.place), "--results", results])
        return status, read_results(self.place / results)


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    place = tmp_path / "files"
    for part in ("files", "files/within", "files/.hidden", "outside"):
        (tmp_path / part).mkdir()
    for path in ("secret.txt", "outside/secret.txt", "files/.env", "files/.hidden/call.pdf"):
        (tmp_path / path).write_text(f"the secret of {path}")
    (tmp_path / "key.txt").write_text(KEY)
    for name, content in PERMITTED.items():
        (place / name).write_bytes(content)
    (place / "within" / "call.pdf").write_bytes(GOOD)
    (place / "within-link.pdf").unlink()
    (place / "within-link.pdf").symlink_to("call.pdf")
    (place / "empty.pdf").touch()
    for name, size in (("sparse.bin", 2 << 30), ("large.bin", (20 << 20) + 1)):
        with (place / name).open("wb") as file:
            file.truncate(size)
    if hasattr(os, "mkfifo"):
        os.mkfifo(place / "pipe")
    for name, to in (
        ("out.pdf", "../secret.txt"), ("out", "../outside"), ("to-key.pdf", "../key.txt"),
        ("to-journal.pdf", "../journal.sqlite"), ("to-hidden.pdf", ".env"), ("dangling.pdf", "nobody.pdf"),
        ("loop.pdf", "loop.pdf"),
    ):  # fmt: skip
        (place / name).symlink_to(to)
    os.link(tmp_path / "key.txt", place / "hard-key.pdf")
    profiles = tmp_path / "profiles.toml"
    with Sandbox(api_key=KEY) as box:
        profiles.write_text(
            f'[default]\nbase-url = "{box.url}"\napi-key-file = "../key.txt"\njournal = "../journal.sqlite"\n'
            'log-file = "../log.txt"\n'
        )
        yield Folder(place, box, {FILE_VARIABLE: str(profiles), "NOTE_IMPORTER_SETTLE": "0"})


def left(box: Sandbox) -> set[str]:
    """The digests of all files of which anything came to the server, whatever became of it."""
    return {body["file"]["sha256"] for received in box.received if (body := received.body) and "file" in body}  # type: ignore[index]


def digests(*contents: bytes) -> set[str]:
    return {hashlib.sha256(content).hexdigest() for content in contents}


HOSTILE = [*ABSOLUTE, *OUTSIDE, *DEVICES, *MANGLED, *OURS, *LINKS, *NO_FILES]


@systems.links
def test_no_byte_of_what_a_hostile_sheet_names_leaves(folder: Folder) -> None:
    for expected, results in (("created", "earlier.results.csv"), ("already imported", "notes.results.csv")):
        status, rows = folder.run([*HOSTILE, *PERMITTED], results)
        assert status == 1
        assert len(rows) == len(HOSTILE) + len(PERMITTED)
        found = {row["Attachments"]: (row["result"], row["reason"]) for row in rows}
        wrong = {name: found[name] for name in HOSTILE if found[name][0] != "invalid" or not found[name][1]}
        assert wrong == {}
        assert {found[name][0] for name in PERMITTED} == {expected}
        assert left(folder.box) == digests(*PERMITTED.values())
    assert {attachment.name for attachment in folder.box.attachments} <= PERMITTED.keys()


# Swaps the folder `within` for a link to `../outside`, or back, whenever this process is about to open something whose
# name holds one of these words: at exactly the moments between a look and what follows from it.
SWAPPING = """
import os, sys
here, words, only = sys.argv[1], ("within", "call.pdf"), int(sys.argv[2])
within, aside, link = (os.path.join(here, name) for name in ("within", "aside", "link"))
os.symlink("../outside", link)
opens = 0

def swap(event, arguments):
    global opens
    if event == "open" and isinstance(arguments[0], str) and os.path.basename(arguments[0]) in words:
        opens += 1
        if only in (0, opens):
            gone, comes = (link, aside) if os.path.islink(within) else (aside, link)
            os.rename(within, gone)
            os.rename(comes, within)

sys.addaudithook(swap)
from importer.cli import main
status = main(sys.argv[3:])
print("opens:", opens)
sys.exit(status)
"""


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="this system opens nothing part by part")
@pytest.mark.parametrize("at", [1, *(pytest.param(at, marks=pytest.mark.slow) for at in (2, 3, 0))])
def test_a_folder_that_is_swapped_for_a_link_leads_nowhere(folder: Folder, tmp_path: Path, at: int) -> None:
    (tmp_path / "outside" / "call.pdf").write_bytes(b"nobody's business")
    sheet = folder.place / "swapped.csv"
    sheet.write_text("Prospect ID,Note,Visibility,Attachments\nP1,a,Public,within/call.pdf\n")
    arguments = ["run", str(sheet), "--yes", "--attachments", str(folder.place), "--results", "swapped.results.csv"]
    done = subprocess.run(
        [sys.executable, "-c", SWAPPING, str(folder.place), str(at), *arguments], cwd=folder.place,
        env={**os.environ, **folder.variables}, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    opens = int(done.stdout.rpartition("opens:")[2])
    assert opens >= at
    assert left(folder.box) <= digests(GOOD), done.stdout + done.stderr
