"""Ask about columns that an earlier run of the same file used as visibility or status, if they are ignored now.

Input: the journal, and a file as it was understood. Output: questions, so that no draft is published beside itself. A
run of the file's corrected copy counts, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from importer.commands.loading import Loaded
from importer.fields import WORDED
from importer.journal import Journal
from importer.messages import say
from importer.models import DELIVERED, Question, Result, Role, Workspace
from importer.reading import Sheet, column_letter
from importer.rows import unmapped
from importer.rows.suggestions import glance

_MAY_HAVE_DELIVERED = {*DELIVERED, Result.UNCONFIRMED}


@dataclass(frozen=True)
class ReadBefore:
    """The columns of visibility and status in the latest run of a file that delivered something, or may have.

    Attributes:
        run: the run's name.
        columns: role → letter of its column.
    """

    run: str
    columns: Mapping[Role, str]

    @classmethod
    def of(cls, journal: Journal | None, workspace: Workspace, sheet: Sheet) -> ReadBefore | None:
        """Return how a sheet was read before; None if it wasn't, or if the journal doesn't say."""
        which = sheet.sheets.index(sheet.name) + 1 if sheet.name in sheet.sheets else 1
        if journal is None:
            return None
        for run in journal.runs.of_file(workspace, sheet.fingerprint):
            if run.ended is not None and _MAY_HAVE_DELIVERED.isdisjoint(run.counts):
                continue
            about = journal.runs.sent_with(run)
            letters = about.get("columns")
            is_same = run.fingerprint != sheet.fingerprint or about.get("sheet", 1) == which
            if is_same and isinstance(letters, dict):
                return cls(run.name, {role: str(letters[role]) for role in WORDED if role in letters})
        return None

    def asked(self, loaded: Loaded) -> Loaded:
        """Return the file with a question for each of these columns that has no role, unless a person said so."""
        questions = list(self._questions(loaded))
        return replace(loaded, rows=replace(loaded.rows, overlooked=[*loaded.rows.overlooked, *questions]))

    def _questions(self, loaded: Loaded) -> Iterator[Question]:
        roles, headings = loaded.roles, loaded.sheet.headings
        asked = {question.column for question in loaded.rows.overlooked}
        for position in {*roles.unexplained, *roles.doubtful} - asked:
            letter = column_letter(position)
            for role in (role for role in roles.vacant if self.columns.get(role) == letter):
                says = say("overlooked.was-before", role=role, run=self.run)
                yield unmapped.question(headings, position, [role], glance(loaded.sheet)[position], says)
