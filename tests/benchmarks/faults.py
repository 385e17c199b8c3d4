"""The time that faults cost, beside the version of another commit: ``make bench BENCH="--faults COMMIT"``.

Each import is a process of its own, with the importer, the sandbox and the jumping clock of its version. The seconds
are those of that clock: calls take their real time, and pauses in which no call is under way are skipped, but counted.
So minutes of waiting are measured in seconds. Comes in: a commit. Goes out: a table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS, NOTES, LATENCY, MOST_RUNS, SEED = 2_000, 200, 0.02, 5, 7


@dataclass(frozen=True)
class Night:
    """What goes wrong: faults as the sandbox names them, and after how many seconds they end; None: never."""

    faults: tuple[str, ...]
    lasts: float | None = None


NIGHTS = {
    "no fault": Night(()),
    "one answer lost, applied": Night(("reset:after@3",)),
    "one answer lost, not applied": Night(("reset:before@3",)),
    "11 % of faults": Night(("500:before%0.03", "reset:after%0.04", "html-502:before%0.02", "html-502:after%0.02")),
    "a gateway restarts, 20 s": Night(("html-502:before:any",), 20.0),
    "429s for three minutes": Night(("429:before:any",), 180.0),
    "a firewall refuses a note": Night((f"firewall=Call {NOTES - 1}",)),
}


def measure(commit: str) -> None:
    """Run each night with this version and with that of a commit, and print a table."""
    from tests.benchmarks import data  # noqa: PLC0415 - the process of another version does without it

    print(f"\n{ROWS:,} rows, {NOTES} notes, {LATENCY * 1000:.0f} ms latency; pauses by a clock that skips them")
    print(f"{'before, now':29}{'seconds':>17}{'calls':>18}{'runs':>12}{'missing':>14}{'twice':>12}")
    with tempfile.TemporaryDirectory() as name, _version(commit) as before:
        sheet = data.write(Path(name) / "sheet.csv", ROWS, NOTES)
        for night in NIGHTS:
            columns = [_imported(tree, night, sheet) for tree in (before, ROOT)]
            widths = {"seconds": 8, "calls": 7, "runs": 4, "missing": 5, "twice": 4}
            pairs = (" ".join(f"{column[what]:{width},}" for column in columns) for what, width in widths.items())
            print(f"{night:29}{'   '.join(pairs)}", flush=True)


@contextmanager
def _version(commit: str) -> Iterator[Path]:
    """A folder with the files of a commit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "before"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", folder, commit], cwd=ROOT, check=True)
        try:
            yield folder
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=ROOT, check=True)


def _imported(tree: Path, night: str, sheet: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(tree), "HOME": folder}
        command = [sys.executable, "-P", __file__, night, str(sheet), folder]
        ended = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def _import(night: Night, sheet: Path, folder: Path) -> dict[str, float]:
    """Import until a run leaves nothing to another, with the version that Python finds; return what it came to."""
    from importer.models import Result  # noqa: PLC0415 - of the version that is measured
    from importer.settings import Settings  # noqa: PLC0415
    from tests import running  # noqa: PLC0415
    from tests.jumping import jumping  # noqa: PLC0415
    from tests.sandbox import Fault, Sandbox  # noqa: PLC0415

    faults = [Fault.parse(text) for text in night.faults]
    sandbox = Sandbox(api_key="benchmark", faults=faults, latency=LATENCY, seed=SEED, limit=None)
    with jumping() as clock, sandbox as box:
        began = clock()

        def observe(_: object) -> None:
            if night.lasts is not None and clock() - began >= night.lasts:
                box.clear_faults()

        settings = Settings(
            base_url=box.url, key="benchmark", journal=folder / "journal.sqlite", results=folder / "results.csv"
        )
        runs, left = 0, 1
        while left and runs < MOST_RUNS:
            report = running.run(sheet, settings, observe=observe)
            assert report is not None
            runs, left = runs + 1, sum(report.counts.get(result, 0) for result in (Result.NOT_SENT, Result.UNCONFIRMED))
        notes = [(note.prospect_id, note.content) for note in box.notes]
        seconds, calls = round(clock() - began, 1), len(box.received)
    return {
        "seconds": seconds,
        "calls": calls,
        "runs": runs,
        "missing": ROWS - len({*notes}),
        "twice": len(notes) - len({*notes}),
    }


if __name__ == "__main__":
    print(json.dumps(_import(NIGHTS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3]))))
