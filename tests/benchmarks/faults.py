"""The time that faults cost, beside an earlier version: ``make bench BENCH="--faults COMMIT"``.

Each import is a process of its own, with the importer, the stand-in and the jumping clock of its version. That clock
skips, but counts, pauses in which no call is under way. Comes in: a commit. Goes out: a table.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
MOST_RUNS, SEED = 5, 7
_FAILING = ("500:before%0.03", "reset:after%0.04", "html-502:before%0.02", "html-502:after%0.02")
_MIXED = (
    *(fault.replace("%", ":any%") for fault in _FAILING),
    "html-504:before:any:slow=3%0.02",
    "hang=3:after:any%0.02",
)


class Night(NamedTuple):
    """What is imported, what goes wrong, and whether the stand-in has Saleshandy's limit."""

    faults: tuple[str, ...] = ()
    rows: int = 2_000
    notes: int = 200
    has_limit: bool = False


NIGHTS = {
    "no fault": Night(),
    "one request is lost": Night(("reset:before@3",)),
    "a firewall refuses a note": Night(("firewall=Call 199",)),
    "11 % of faults": Night(_FAILING),
    "4,000 rows, mixed, some late": Night(_MIXED, 4_000, 1_000),
    "at the limit, no fault": Night(has_limit=True),
    "at the limit, 11 % of faults": Night(_FAILING, has_limit=True),
}


def measure(commit: str) -> None:
    """Run each night with the version of a commit and with this one, and print a table."""
    from tests.benchmarks import data  # noqa: PLC0415 - the process of another version does without it

    print(
        f"{'before, now':30} {'seconds':>15}   {'calls':>13}   {'look-ups':>11}   {'runs':>5}   {'missing':>7}   twice"
    )
    with tempfile.TemporaryDirectory() as name:
        before = Path(name, "before")
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", before, commit], cwd=ROOT, check=True)
        try:
            for night, about in NIGHTS.items():
                sheet = data.write(Path(name, f"{about.rows}.csv"), about.rows, about.notes)
                pairs = zip(
                    _imported(before, night, sheet), _imported(ROOT, night, sheet), (7, 6, 5, 2, 3, 2), strict=True
                )
                shown = "   ".join(f"{was:{width},} {now:{width},}" for was, now, width in pairs)
                print(f"{night:30} {shown}", flush=True)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", before], cwd=ROOT, check=True)


def _imported(tree: Path, night: str, sheet: Path) -> list[int]:
    """Return the figures of an import with the version in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(tree), "HOME": folder}
        command = [sys.executable, "-P", __file__, night, str(sheet), folder]
        ended = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return [*json.loads(ended.stdout)]


def _import(night: Night, sheet: Path, folder: Path) -> list[int]:
    """Import until a run leaves nothing to another, with the version that Python finds; return what it came to."""
    from importer.settings import Settings  # noqa: PLC0415 - of the version that is measured
    from tests import running  # noqa: PLC0415
    from tests.jumping import jumping  # noqa: PLC0415
    from tests.sandbox import REFERENCE, Fault, Sandbox  # noqa: PLC0415

    faults, limit = [Fault.parse(text) for text in night.faults], REFERENCE if night.has_limit else None
    with jumping() as clock, Sandbox(api_key="key", faults=faults, latency=0.02, seed=SEED, limit=limit) as box:
        settings = Settings(
            base_url=box.url, key="key", journal=folder / "journal.sqlite", results=folder / "results.csv"
        )
        began, runs, left = clock(), 0, 1
        while left and runs < MOST_RUNS:
            report = running.run(sheet, settings)
            assert report is not None
            counts = {str(result.value): rows for result, rows in report.counts.items()}
            runs, left = runs + 1, counts.get("not sent", 0) + counts.get("unconfirmed", 0)
        seconds, there = round(clock() - began), Counter((note.prospect_id, note.content) for note in box.notes)
        calls, reads = len(box.received), sum(call.method == "GET" for call in box.received)
    return [seconds, calls, reads, runs, night.rows - len(there), there.total() - len(there)]


if __name__ == "__main__":
    print(json.dumps(_import(NIGHTS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3]))))
