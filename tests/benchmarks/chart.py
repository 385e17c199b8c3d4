"""The chart for the README: seconds by rows, both axes logarithmic, since the contenders lie a hundredfold apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Measured

_COLOURS = ("#1F7A83", "#B7791F", "#A3201A", "#56626C", "#7A5AA6")


def draw(path: Path, title: str, found: Mapping[str, Sequence[tuple[int, Measured]]]) -> None:
    """Draw one line for each contender; open marks were reckoned from a slice."""
    import matplotlib as mpl  # noqa: PLC0415 - of the extra ``bench``; the table comes without it

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(7.2, 3.9), dpi=110)
    for points, colour in zip(found.values(), _COLOURS, strict=False):
        rows = [count for count, _ in points]
        seconds = [measured.seconds for _, measured in points]
        faces = ["white" if measured.is_reckoned else colour for _, measured in points]
        axes.plot(rows, seconds, color=colour, linewidth=1.6)
        axes.scatter(rows, seconds, c=faces, edgecolors=colour, s=28, zorder=3)
    _label(axes, found)
    axes.set(xscale="log", yscale="log", xlabel="rows (logarithmic)", ylabel="seconds (logarithmic)")
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlim(right=axes.get_xlim()[1] * 6)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    sizes = sorted({count for points in found.values() for count, _ in points})
    axes.set_xticks(sizes, [f"{count:,}" for count in sizes])
    axes.set_xticks([], minor=True)
    axes.grid(axis="y", color="#E4E8EB")
    axes.spines[["top", "right"]].set_visible(False)
    figure.text(0.01, 0.01, "open circles: reckoned from a slice of the rows", fontsize=7, color="#56626C")
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    figure.savefig(path)
    plt.close(figure)


def _label(axes: Any, found: Mapping[str, Sequence[tuple[int, Measured]]]) -> None:
    """Write each line's name at its end, from the slowest down, none over another that ends at as many rows."""
    ends = {name: points[-1] for name, points in found.items()}
    colours = dict(zip(found, _COLOURS, strict=False))
    above: defaultdict[int, float] = defaultdict(lambda: float("inf"))
    for name, (rows, measured) in sorted(ends.items(), key=lambda end: -end[1][1].seconds):
        height = above[rows] = min(measured.seconds, above[rows] / 1.8)
        text = f" {name}, {measured.seconds:,.0f} s"
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axes.text(rows * 1.08, height, text, color=colours[name], va="center", fontsize=9, bbox=paper)
