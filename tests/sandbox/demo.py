"""Run ``make demo``: import the samples into the sandbox, by the commands that a person would type.

Input: the spreadsheets in ``samples/``. Output: results beside copies of them in ``demo/``. Practice
never mixes with real imports: the journal is in ``demo/`` too, and the key is the sandbox's own, new at each start.
"""

import os
import secrets
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl

from tests.sandbox import SAMPLES, Fault, Limit, Sandbox

# One reply is lost after its notes were created, and one request is refused as by an overloaded server. Both recover.
_FAULTS = ("reset:after@4", "503:before@7")
# The options by which a person answers the questions that `run` would ask about a sample.
_SAID = {
    "3-hubspot-export.csv": ("--several-in-cell", "each"),
    "4-salesforce-report.csv": (
        *("--map", "content=[{Date}, ][{Assigned}, ][{Subject}: ]{Full Comments}", "--map", "visibility=Shared?"),
        *("--value", "visibility:Team only=Public", "--value", "visibility:Only the owner=Private"),
    ),
    "5-price-list.csv": ("--attachments", str(SAMPLES / "attachments")),
}


def main(samples: Path, folder: Path) -> int:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    faults = [Fault.parse(fault) for fault in _FAULTS]
    key, limit = secrets.token_urlsafe(16), Limit.parse("20/1s:headers")
    with Sandbox(latency=0.15, limit=limit, faults=faults, any_email=True, any_id=False, api_key=key) as box:
        print(f"A sandbox of the Saleshandy API is at {box.url}; nothing leaves this machine.")
        print(f"The commands below have its key, {key}, in the environment variable SALESHANDY_API_KEY.")
        print("It loses one reply and refuses one call, on purpose. The last lines say which rows show it.")
        print("Two samples name people by email, as a CRM's export does. In each, one person isn't in Saleshandy.")
        print("One row names two people: each of them receives its note.")
        print("The report has words of its own; flags say what run would ask at a terminal.")
        print("Its notes go in with their dates, authors and subjects, which a template puts before each text.")
        print("The last names files: each is uploaded once, and serves all notes that carry it. One is missing.")
        sheets = sorted(sample for sample in samples.iterdir() if sample.is_file())
        statuses = [import_sample(sample, folder, box) for sample in sheets]
        first = sheets[0]
        print("\nThe first file once more, as the nightly run would do it: what is there already is left alone.")
        statuses.append(import_sample(first, folder, box, results=f"{first.stem}.second-run.xlsx"))
        print(f"\nThe sandbox holds {len(box.notes):,} notes, made by {_posts(box)} requests.")
        for upload in box.attachments:
            print(f"It was given {upload.name!r}, {upload.size:,} bytes. Notes that carry it: {upload.notes:,}.")
    results = sorted(folder.glob("*.results.xlsx"))
    for path in results:
        if found := _read_back(path):
            in_words = "1 row says" if found == 1 else f"{found} rows say"
            print(
                f"A reply was lost: in {path.name}, {in_words} as the reason that the note was found by reading back."
            )
    if any(call.status == 503 for call in box.received):
        print("The call that was refused was made again, so no row shows it.")
    print("\nOpen the results:")
    for path in [*results, *folder.glob("*.second-run.xlsx")]:
        print(f"  {path.resolve()}")
    return 0 if all(status in (0, 1) for status in statuses) and results else 1


def import_sample(sample: Path, folder: Path, box: Sandbox, results: str | None = None) -> int:
    copy = Path(shutil.copy(sample, folder))
    arguments = ["run", str(copy), "--base-url", box.url, "--journal", str(folder / "journal.sqlite"), "--yes"]
    arguments += [*_SAID.get(sample.name, ()), "--read-timeout", "5", "--settle", "1"]
    arguments += ["--results", str(folder / results)] if results else []
    print(f"\n$ note-importer {shlex.join(arguments)}", flush=True)
    environment = {**os.environ, "SALESHANDY_API_KEY": box.api_key}
    return subprocess.run([sys.executable, "-m", "importer", *arguments], env=environment, check=False).returncode


def _read_back(results: Path) -> int:
    """Return the number of rows whose note was created, but whose reply was lost."""
    book = openpyxl.load_workbook(results, read_only=True)
    head, *rows = book["Results"].iter_rows(values_only=True)
    book.close()
    return sum(str(row[head.index("reason")]).startswith("found by reading back") for row in rows)


def _posts(box: Sandbox) -> int:
    return sum(call.path == "/v1/notes" and call.status == 201 for call in box.received)


if __name__ == "__main__":
    sys.exit(main(SAMPLES, Path("demo")))
