"""``python -m tests.benchmarks``: the importer beside the script one would write instead, as a table."""

import argparse
import compileall
import os
import platform
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import importer
from tests.benchmarks import faults, night
from tests.benchmarks.measuring import Case, Contender, Measured, medians, run

IMPORTER = Contender("note-importer", "importer")
GROUPED = Contender("groupby, 1 Session", "tests.benchmarks.scripts.grouped")
MILLION = 1_048_575  # rows that a worksheet holds below its headings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--night", action="store_true", help="only: a bad night, the table of the README")
    parser.add_argument("--faults", metavar="COMMIT", help="only: the time that faults cost, beside that version")
    parser.add_argument("--quick", action="store_true", help="2,000 and 10,000 rows, once each")
    parser.add_argument("--million", action="store_true", help="also 1,048,575 rows, .xlsx and .csv, once each")
    parser.add_argument("--runs", type=int, default=3, help="of which the medians are shown (default: 3)")
    options = parser.parse_args(arguments)
    if options.night:
        night.measure()
        return 0
    if options.faults:
        faults.measure(options.faults)
        return 0
    compileall.compile_dir(Path(importer.__path__[0]), quiet=1)
    runs = 1 if options.quick else options.runs
    sizes = [2_000, 10_000] if options.quick else [2_000, 10_000, 100_000]
    print(f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores; medians of {runs}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _measure(folder, [Case(rows) for rows in sizes], runs)
        if options.million:
            _measure(folder, [Case(MILLION)], 1, [IMPORTER])
            _measure(folder, [Case(MILLION, suffix=".csv")], 1, [IMPORTER])
        _measure(folder, [Case(rows, calls_a_second=20) for rows in sizes[:2]], runs)
        _measure(folder, [Case(sizes[0] if options.quick else 10_000, share=1)], runs, [IMPORTER])
    return 0


def _measure(
    folder: Path, cases: Sequence[Case], runs: int, contenders: Sequence[Contender] = (IMPORTER, GROUPED)
) -> None:
    """Run every contender for every case, in turns, and print the medians; the cases differ in their rows only."""
    print(f"\n{cases[0]}")
    print(f"{'rows':>9}  {'':25} {'seconds':>9} {'ratio':>7} {'requests':>9} {'429s':>7} {'lost':>7} {'MB':>5}")
    for case in cases:
        measured: defaultdict[Contender, list[Measured]] = defaultdict(list)
        for _ in range(runs):
            for contender in contenders:
                measured[contender].append(run(contender, folder, case))
        best = medians(measured[IMPORTER]).seconds
        for contender in contenders:
            figures = medians(measured[contender])
            print(
                f"{case.rows:>9,}  {contender.name:25} {figures.seconds:9,.1f} {figures.seconds / best:7.1f}"
                f" {figures.requests:>9,} {figures.refused:>7,} {figures.lost:>7,} {figures.memory:>5,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    raise SystemExit(main())
