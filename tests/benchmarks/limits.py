"""The share of the limit that is used, and the refusals that this costs, for windows of 20 calls in 60 seconds.

It measures the importer's own limiter in virtual time, against a model of the API (:mod:`tests.calls.virtual`), because
an hour of the real clock would say no more.
"""

from __future__ import annotations

import statistics

from tests.calls.virtual import NOON, Api, Importer, importer

_HOUR = 3600.0
_LEARNING = 150.0  # seconds of the beginning, in which the limit is learned, that are shown apart
_WAYS = {
    "headers": {"reset": "iso"},
    "refusals only": {"reset": "off", "retry": False},
    "`retry-after` only": {"reset": "off"},
    "refusals only, over any minute": {"reset": "off", "retry": False, "sliding": True},
}


def measure(seeds: int = 20) -> None:
    """Print a table, each line the mean of so many hours."""
    print("| how the limit is told | used later | refusals while it is learned | refusals an hour later |")
    print("| --- | --- | --- | --- |")
    for name, options in _WAYS.items():
        _row(name, [[importer(Api(20, 60.0, **options), 0.3, seed)] for seed in range(seeds)])  # type: ignore[arg-type]
    pairs = []
    for seed in range(seeds):
        api = Api(20, 60.0, "off", retry=False)
        pairs.append([importer(api, 0.3, seed), importer(api, 0.3, seed + 1000, began_later=7.0)])
    _row("two importers on one key, refusals only", pairs)


def _row(name: str, runs: list[list[Importer]]) -> None:
    shares, learning, later = [], [], []
    for importers in runs:
        Importer.side_by_side(*importers, until=NOON + 60.0 + _HOUR)
        start = max(one.began_at for one in importers) + _LEARNING
        passed = sorted(at for one in importers for at in one.let_through if at >= start)
        refused = [at for one in importers for at in one.refused]
        shares.append((len(passed) - 20) / (passed[-1] - passed[0]) / (20 / 60.0))
        learning.append(sum(at < start for at in refused))
        later.append(sum(at >= start for at in refused) / ((passed[-1] - start) / _HOUR))
    means = [statistics.mean(learning), statistics.mean(later)]
    print(f"| {name} | {statistics.mean(shares):.1%} | {means[0]:.1f} | {means[1]:.1f} |")
