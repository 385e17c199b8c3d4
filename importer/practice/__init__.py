"""Practise an import: settle each row as a run would if Saleshandy knew every prospect and accepted every note.

Input: the rows of a file, and what the workspace's journal knows of them. Output: the prospects of the file's emails,
which are invented if nobody has looked them up; the rows' outcomes, which a check counts, and practice writes. Nothing
is sent or recorded, and no key is needed.

The folder ``samples/``, if installed, has example sheets, and the files that one of them names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from importer.delivery.earlier import Earlier, Sorted
from importer.delivery.ledger import Ledger
from importer.delivery.outcomes import Outcomes, settle_before
from importer.delivery.updating import End, settle
from importer.journal import Journal
from importer.models import Plan, Result, Rows
from importer.rows.emails import Answers

_INSTALLED = Path(__file__).with_name("samples")
SAMPLES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "samples"
"""The folder of example sheets: in the package, or at the top of the source tree."""


def with_invented(answers: Answers, rows: Rows) -> Answers:
    """Return the prospects of all emails: known ones, those whose IDs stand beside them, or an invented one."""
    beside: defaultdict[str, list[str]] = defaultdict(list)
    pairs = [] if rows.email is None else zip(rows.email.tolist(), rows.prospect.tolist(), strict=True)
    for email, prospect in pairs:
        beside[email] += [prospect] if prospect not in ("", email) else []
    invented = {email: tuple(dict.fromkeys(ids)) or (f"practice-{i}",) for i, (email, ids) in enumerate(beside.items())}
    return {**invented, **answers}


def sort(earlier: Earlier, plan: Plan, headings: Sequence[str]) -> tuple[Sorted, Outcomes]:
    """Sort the deliveries of a plan, with the outcomes of the rows that no other row repeats; the journal is only read.

    What got no clear answer is looked up first, and sent if it isn't there.
    """
    outcomes, journal = Outcomes(len(earlier.rows)), cast("Journal", earlier.journal)  # nothing is entered
    settle_before(earlier.rows, outcomes, headings)
    ledger = Ledger(journal, outcomes, earlier.workspace, None)
    ledger.earlier = earlier
    found = earlier.sort(plan, ledger.known)
    for match in found.asked:
        ledger.in_question(match)
    for group in found.groups:
        outcomes.settle([*group.left.tolist(), *(row.position for row in group.in_doubt)], Result.CREATED)
    if earlier.updates:
        due = (wish for wish in found.wishes if wish.is_due)
        settle({wish.note_id: End(Result.UPDATED, wish.now, wish.to_agree) for wish in due}, found.wishes, outcomes)
    return found, outcomes
