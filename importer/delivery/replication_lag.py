"""How far reading lags behind writing: measured on young notes whose ids we know.

The API may answer reads from a copy that lags. So a note that a lookup misses proves nothing before reading has surely
caught up with the moment at which its request can have been applied for the last time. How long that takes is measured:
a note that we know to exist is read back again and again while it is young.
"""

from __future__ import annotations

from typing import NamedTuple

ENOUGH = 14
"""Sightings in a row, with no miss between them, after which the lag is known: of several copies each had its turn."""

_YOUNGEST = 4  # sightings at the least ages that count: two copies may take turns
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_GROWTH, _GROWTH_UNTIL_MISSED = 1.3, 1.1  # while nothing is missed, the younger the notes, the more is shown


class Watched(NamedTuple):
    """A note that is known to exist.

    Attributes:
        note_id: its id.
        prospect: whose it is.
        left, came: when its request left and its answer came, by our clock.
        seen: what the journal keeps of how it reads; empty if that doesn't matter.
    """

    note_id: str
    prospect: str
    left: float
    came: float
    seen: bytes = b""


class ReplicationLag:
    """What lookups of known notes have shown.

    Args:
        assumed: seconds that reading may lag while nothing is known.
        learned: what an earlier run measured, in seconds, if it did.

    Attributes:
        assumed: the same as given.
    """

    def __init__(self, assumed: float, learned: float | None = None) -> None:
        self.assumed, self._learned = assumed, learned
        self._seen: list[float] = []  # ages at which notes were there, since one was last missed
        self._behind = 0.0  # age at which a note was missed: so far behind reading surely was
        self._longest = 0.0  # age at which a note was there after it had been missed
        self._missed: set[str] = set()
        self._pause = _FIRST_PAUSE
        self._setback = 0.0  # the pause while looks come to nothing

    @property
    def is_known(self) -> bool:
        """Whether enough was seen."""
        return len(self._seen) >= ENOUGH

    @property
    def is_seen(self) -> bool:
        """Whether reading did lag: a note was missed that exists."""
        return bool(self._missed)

    @property
    def measured(self) -> float | None:
        """Seconds that reading lagged at most, where enough was seen.

        Twice that will be relied on, so enough has to be seen of notes that are no older: of two copies that are asked
        by chance, all the sightings at an age at which one still lagged must have met the other. Where looks were few
        and far between, what they saw says little: no more than what is assumed follows from it. A miss is certain.
        """
        if not self.is_known:
            return None
        ages = sorted(self._seen)
        return max(self._behind, min(self.assumed / 2, max(self._longest, ages[_YOUNGEST - 1], ages[ENOUGH - 1] / 2)))

    @property
    def margin(self) -> float:
        """Seconds after which reading surely has caught up: twice what was measured, now or by an earlier run."""
        lags = [replication_lag for replication_lag in (self.measured, self._learned) if replication_lag is not None]
        return max(2 * max(lags) if lags else self.assumed, 2 * self._behind)

    @property
    def pause(self) -> float:
        """Seconds until the next look is worth its while."""
        return max(self._pause, self._setback)

    def not_read(self) -> None:
        """A look came to nothing."""
        self._setback = min(2 * max(self._setback, _FIRST_PAUSE), _LONGEST_PAUSE)

    def saw(self, note_id: str, age: float) -> None:
        """A note of this age was there when it was looked for."""
        self._seen.append(age)
        if note_id in self._missed:
            self._longest = max(self._longest, age)
        growth = _GROWTH if self._missed else _GROWTH_UNTIL_MISSED
        self._pause, self._setback = min(self._pause * growth, _LONGEST_PAUSE), 0.0

    def missed(self, note_id: str, age: float) -> None:
        """A note of this age wasn't there, though it exists."""
        self._missed.add(note_id)
        self._behind = max(self._behind, age)
        self._seen.clear()
        self._pause, self._setback = min(self._pause * _GROWTH, _LONGEST_PAUSE), 0.0
