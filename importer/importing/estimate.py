"""Estimate how long a run takes at the account's limits, and how much of it fits before the allowed hours end.

Input: the calls of a run, the limits that an earlier run learned, and the settings. Output: :class:`Estimate`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from importer.api import Endpoint
from importer.calls.windows import ASSUMED
from importer.errors import OutOfHours
from importer.importing.hours import AT_THE_END, Hours
from importer.models import Group, Rows
from importer.settings import Rate, Settings

_MOST_RANGES = 6


@dataclass(frozen=True)
class Estimate:
    """How long the calls of a run take, one kind after the other.

    Attributes:
        seconds: the whole duration.
        of_emails: the seconds of it in which emails are looked up.
        of_requests: the seconds of it in which notes are sent.
        rate: the limit for requests.
        is_assumed: whether no earlier run has seen that limit, so that other accounts' is assumed.
        is_own: whether it is the person's own rate.
        ends: the local time at which the allowed hours end, if not everything fits before; else empty.
        fitting: the number of notes that fit.
        waiting: the numbers of the rows that don't fit, as in ``2-40, 44``.
    """

    seconds: float
    of_emails: float
    of_requests: float
    rate: Rate
    is_assumed: bool
    is_own: bool
    ends: str = ""
    fitting: int = 0
    waiting: str = ""


def of(
    calls: Mapping[Endpoint, int],
    learned: Mapping[Endpoint, Rate],
    settings: Settings,
    groups: Sequence[Group],
    rows: Rows,
    batch_size: int,
    clock: Callable[[], float] = time.time,
) -> Estimate | None:
    """Estimate how long a run takes; None if it makes no calls.

    Args:
        calls: the number of calls of each kind.
        learned: the limit of each kind of call, as far as an earlier run learned it.
        settings: the person's own rate, and the allowed hours.
        groups: the notes to send, in the order in which they are sent.
        rows: the rows that the groups refer to.
        batch_size: maximum number of prospects in a request.
        clock: seconds since 1970, by the system's clock.
    """
    if not any(calls.values()):
        return None
    rates = {kind: _slower(learned.get(kind, ASSUMED), settings.rate) for kind in calls}
    seconds = {kind: (max(1, number) - 1) // rates[kind].calls * rates[kind].seconds for kind, number in calls.items()}
    rate = rates[Endpoint.CREATE]
    estimate = Estimate(
        sum(seconds.values()),
        seconds[Endpoint.PROSPECTS],
        seconds[Endpoint.CREATE],
        rate,
        is_assumed=Endpoint.CREATE not in learned and rate == ASSUMED,
        is_own=rate == settings.rate,
    )
    now = clock()
    left, ends = _until_the_end(settings, now, clock)
    if estimate.seconds <= left:
        return estimate
    free = left - (estimate.seconds - estimate.of_requests)  # what comes before the requests takes its time first
    requests = (math.floor(free / rate.seconds) + 1) * rate.calls if free >= 0 else 0
    fitting, waiting = _divided(groups, requests, batch_size)
    numbers = sorted({*rows.number[waiting].tolist()})
    return replace(estimate, ends=ends, fitting=fitting, waiting=in_ranges(numbers))


def _slower(rate: Rate, own: Rate | None) -> Rate:
    return own if own is not None and own.calls / own.seconds <= rate.calls / rate.seconds else rate


def _until_the_end(settings: Settings, now: float, clock: Callable[[], float]) -> tuple[float, str]:
    """Return the seconds that a run has, and the local time of their end; if the window is closed, its whole length."""
    try:
        ends_at = Hours.of(settings, clock).ends_at
    except OutOfHours:
        assert settings.between is not None
        opens, closes = (datetime.combine(date.min, at) for at in (settings.between.opens, settings.between.closes))
        return (closes - opens) % timedelta(days=1) / timedelta(seconds=1) - AT_THE_END, f"{closes:%H:%M}"
    if ends_at is None:
        return math.inf, ""
    return ends_at - AT_THE_END - now, f"{datetime.fromtimestamp(ends_at, UTC).astimezone():%H:%M}"


def _divided(groups: Iterable[Group], requests: int, batch_size: int) -> tuple[int, list[int]]:
    """Return how many notes these requests send, and the positions of the rows after them."""
    fitting, waiting = 0, []
    for group in groups:
        positions = group.positions.tolist()
        some = min(len(positions), requests * batch_size)
        requests -= math.ceil(some / batch_size)
        fitting += some
        waiting += positions[some:]
    return fitting, waiting


def in_ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as ranges: ``2-40, 44``."""
    starts = [number for at, number in enumerate(numbers) if not at or numbers[at - 1] != number - 1]
    ends = [number for at, number in enumerate(numbers) if at + 1 == len(numbers) or numbers[at + 1] != number + 1]
    ranges = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)]
    return ", ".join(ranges[:_MOST_RANGES]) + (", …" if len(ranges) > _MOST_RANGES else "")
