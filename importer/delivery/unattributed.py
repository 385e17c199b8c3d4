"""Whose a note is that could be a delivery's, while nobody has told yet who writes our notes.

Comes in: lookups that found such a note once reading had caught up. Goes out: the lookups again, when it is told, or
when nothing is left that could tell.

An id that a reply brings tells, once its note is read; so what else there is to send goes first. Where nothing tells,
what could be a delivery's is taken for ours only if one and the same author wrote all of it.
"""

from __future__ import annotations

from importer.delivery.decisions import Doubt, LookDecision, Missed, Settle
from importer.delivery.evidence import Evidence
from importer.delivery.readback import Verdict
from importer.delivery.tasks import Lookup

_ANYBODYS = (
    "and several people wrote what stands there, of whom nothing has told which is us; verify may tell after an import"
    " that got clear answers"
)


class Unattributed:
    """Lookups that wait until it is known who writes our notes.

    Args:
        evidence: what is known of notes.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._waiting: list[tuple[Lookup, bool]] = []  # and whether it is shown who wrote what stands there
        self._authors: set[str] = set()  # of what could be a delivery's

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def decided(
        self, lookup: Lookup, verdict: Verdict | None, decision: LookDecision, *, is_early: bool
    ) -> LookDecision | None:
        """The decision on a lookup as it stands with what is known so far; None where it waits until more is known.

        Args:
            lookup: at a prospect's notes.
            verdict: what they say, None where they could not be read.
            decision: what follows from that, whoever we are.
            is_early: whether reading may not have caught up yet. Then what isn't clear is looked at once more anyway.
        """
        authors = verdict.authors if verdict is not None else frozenset()
        is_anybodys = isinstance(decision, Settle) and bool(authors)
        if is_early:
            return Missed() if is_anybodys or isinstance(decision, Doubt) else decision
        if is_anybodys or isinstance(decision, Doubt) or (isinstance(decision, Missed) and lookup.candidates):
            self._authors |= authors
            if not lookup.is_last and self._must_wait(is_shown=bool(authors)):
                self._waiting.append((lookup, bool(authors)))
                return None
        return Doubt(_ANYBODYS) if is_anybodys and len(self._authors) > 1 else decision

    def told(self) -> list[Lookup]:
        """Those that need wait no longer."""
        told = [lookup for lookup, is_shown in self._waiting if not self._must_wait(is_shown=is_shown)]
        self._waiting = [(lookup, is_shown) for lookup, is_shown in self._waiting if lookup not in told]
        return told

    def rest(self) -> list[Lookup]:
        """All of them: nothing is left that could tell."""
        rest, self._waiting = self._waiting, []
        return [lookup for lookup, _ in rest]

    def _must_wait(self, *, is_shown: bool) -> bool:
        return self._evidence.is_introducing or (is_shown and not self._evidence.authors)
