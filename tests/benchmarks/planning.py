"""Planning against a journal that holds every row of the sheet, beside another version of the program, as a table.

The figures are seconds of the processor, so that other work on the machine doesn't count.
``python -m tests.benchmarks.planning --rows 1000000 --beside FOLDER``; the folder has a checkout of the other version.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks import data
from tests.benchmarks.measuring import process
from tests.benchmarks.stub import serving

_HERE = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.planning", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="of the sheet (default: 200,000)")
    parser.add_argument("--runs", type=int, default=3, help="of which the medians are shown (default: 3)")
    parser.add_argument("--beside", type=Path, action="append", default=[], help="a checkout of another version")
    options = parser.parse_args(arguments)
    print(f"{options.rows:,} rows, .csv, 50 rows a note; medians of {options.runs}")
    print(f"{'':45} {'import':>8} {'plan, none known':>17} {'plan, all known':>16} {'MB':>6}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sheet = data.write(folder / "notes.csv", options.rows, max(1, options.rows // 50))
        for version in (_HERE, *options.beside):
            _measure(version.resolve(), sheet, folder, options.runs)
    return 0


def _measure(version: Path, sheet: Path, folder: Path, runs: int) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as place, serving(0.0) as url:
        journal = ["--base-url", url, "--journal", str(Path(place) / "journal.sqlite")]
        check, results = ["check", str(sheet), *journal], ["--results", str(Path(place) / "results.csv")]
        before = [_used(version, *check) for _ in range(runs)]
        took, _ = _used(version, "run", str(sheet), *journal, *results, "--yes")
        after = [_used(version, *check) for _ in range(runs)]
    none, every = (median(seconds for seconds, _ in some) for some in (before, after))
    memory = median(peak for _, peak in after)
    print(f"{version.name:45} {took:8,.1f} {none:17,.1f} {every:16,.1f} {memory:6,.0f}", flush=True)


def _used(version: Path, *arguments: str) -> tuple[float, float]:
    """Seconds of the processor and peak memory in MB of a command of a version."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _, memory = process(["importer", *arguments], version)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory


if __name__ == "__main__":
    raise SystemExit(main())
