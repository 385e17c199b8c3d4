"""Measure how far reading lags behind writing, on young notes whose IDs are known.

The API may answer reads from a copy that lags. So a missed note proves nothing until reading has surely caught up with
the last moment at which its request can have been applied. To measure that, an existing note is read repeatedly while
young.
"""

from __future__ import annotations

from typing import NamedTuple

ENOUGH = 14
"""Consecutive sightings without a miss after which the lag is known; each of several copies had its turn (D74)."""

_YOUNGEST = 4  # the lag counts as at least the fourth-lowest age of a sighting, as two copies may take turns (D75)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_GROWTH, _GROWTH_UNTIL_MISSED = 1.3, 1.1  # slower until a miss, because young notes show more


class Watched(NamedTuple):
    """Note that is known to exist.

    Attributes:
        note_id: the note's ID.
        prospect: the note's prospect.
        left, came: when its request left and its answer came, by this run's clock.
        seen: the journal's digest of the text that a reader sees; empty if that does not matter.
    """

    note_id: str
    prospect: str
    left: float
    came: float
    seen: bytes = b""


class ReplicationLag:
    """Lag of reading behind writing, as lookups of known notes have shown it.

    Args:
        assumed: seconds that reading may lag until the lag is known.
        learned: seconds that an earlier run measured, if it did.

    Attributes:
        assumed: the same as the argument.
    """

    def __init__(self, assumed: float, learned: float | None = None) -> None:
        self.assumed, self._learned = assumed, learned
        self._seen: list[float] = []  # ages at which notes were seen since the last miss
        self._behind = 0.0  # greatest age at which a note was missed
        self._longest = 0.0  # greatest age at which a note was seen after a miss
        self._missed: set[str] = set()
        self._pause = _FIRST_PAUSE
        self._setback = 0.0  # pause while lookups fail

    @property
    def is_known(self) -> bool:
        """Whether enough was seen to know the lag."""
        return len(self._seen) >= ENOUGH

    @property
    def is_seen(self) -> bool:
        """Whether lag was proved, because reading missed a note that exists."""
        return bool(self._missed)

    @property
    def measured(self) -> float | None:
        """Longest lag in seconds, or None if not enough was seen.

        Twice the lag will be relied on, so enough young notes must be seen. If two copies answer by chance, all
        sightings at an age at which one still lagged must have come from the other. Rare lookups prove little, so they
        give at most half of ``assumed``. A miss is certain.
        """
        if not self.is_known:
            return None
        ages = sorted(self._seen)
        return max(self._behind, min(self.assumed / 2, max(self._longest, ages[_YOUNGEST - 1], ages[ENOUGH - 1] / 2)))

    @property
    def margin(self) -> float:
        """Seconds after which reading surely has caught up: twice the lag that a run has measured (D76, D77)."""
        lags = [lag for lag in (self.measured, self._learned) if lag is not None]
        return max(2 * max(lags) if lags else self.assumed, 2 * self._behind)

    @property
    def pause(self) -> float:
        """Seconds to wait before the next lookup."""
        return max(self._pause, self._setback)

    def not_read(self) -> None:
        """Record that a lookup failed."""
        self._setback = min(2 * max(self._setback, _FIRST_PAUSE), _LONGEST_PAUSE)

    def saw(self, note_id: str, age: float) -> None:
        """Record that a note of this age was seen."""
        self._seen.append(age)
        if note_id in self._missed:
            self._longest = max(self._longest, age)
        growth = _GROWTH if self._missed else _GROWTH_UNTIL_MISSED
        self._pause, self._setback = min(self._pause * growth, _LONGEST_PAUSE), 0.0

    def missed(self, note_id: str, age: float) -> None:
        """Record that a note of this age was missed, though it exists."""
        self._missed.add(note_id)
        self._behind = max(self._behind, age)
        self._seen.clear()
        self._pause, self._setback = min(self._pause * _GROWTH, _LONGEST_PAUSE), 0.0
