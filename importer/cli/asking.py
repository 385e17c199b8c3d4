"""Ask a person at the terminal what couldn't be decided, question by question, after the preview and before sending.

Input: a prepared file with questions. Output: the same file with answers. If nobody can be asked, the questions become
an error, which names the settings that answer them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from importer.cli.options import Options
from importer.cli.terminal import ask, ask_for, is_terminal, paragraph, say_line
from importer.errors import BadSettings, UnclearColumns
from importer.messages import Cell, lines, say, words
from importer.models import MOST_WAYS, PossibleAnswer, Question, Workspace
from importer.settings import Settings, readings
from importer.settings.reading import Reading, named
from importer.telling.rendering import offered

if TYPE_CHECKING:
    from importer.importing.run import Prepared
    from importer.importing.workspaces import Unconfirmed

_ENTER = {"map": "asking.enter-keeps", "in-doubt": "asking.enter-leaves"}


class Asking:
    """Questions about one file, or about several files in turn, and their answers."""

    def __init__(self, options: Options) -> None:
        self._options = options

    @property
    def may(self) -> bool:
        """Whether a person is at the terminal and wants to be asked."""
        return is_terminal(sys.stdin) and is_terminal(sys.stderr) and not self._options.read("yes")

    def check(self, settings: Settings) -> None:
        """Raise BadSettings if no export has the given name, and nobody answers questions about a new one."""
        name = settings.export or readings.NONE
        may_be_new = self.may or not settings.origin.said.isdisjoint(readings.HELD)
        if name.casefold() != readings.NONE and not may_be_new and named(name, settings.readings) is None:
            raise BadSettings(say("readings.no-such", name=repr(name)), setting="export")

    def choose(self, error: UnclearColumns) -> PossibleAnswer | None:
        """Ask a question about how a file is read; return None if nobody can be asked.

        Raises:
            UnclearColumns: the person gives no answer.
        """
        if not self.may or not error.questions or not error.questions[0].choices:
            return None
        if (answer := _ask(error.questions[0], ())) is None:
            raise error
        return answer

    def ask(self, prepared: Prepared, *, offers: bool = False) -> None:
        """Ask until nothing is left to decide, or the person gives no answer.

        Args:
            prepared: the file.
            offers: whether to ask the questions that may stay open, too, after the others. An answer to the offer to
                compose the texts from further columns may lead to a question about the dates in them.
        """
        passed = set[str]()
        while self.may:
            optional = [] if prepared.loaded.questions or not offers else prepared.optional
            questions = prepared.loaded.questions or [one for one in optional if one.asks.kind not in passed]
            if not questions or not questions[0].choices:
                break
            question, may_stay = questions[0], bool(optional)
            answer = _ask(question, prepared.settings.readings, may_stay=may_stay)
            if may_stay:
                passed.add(question.asks.kind)
            elif answer is None:
                break
            if answer is not None:
                try:
                    prepared.decide(answer)
                except BadSettings as error:
                    paragraph(error.reason, err=True)


def which_workspace(unclear: Unconfirmed, own: Workspace) -> Workspace | None:
    """Ask which workspace a profile has: that of another profile, or its own. Return it; None without an answer."""
    if not unclear.others:
        paragraph(unclear.why, err=True)
        return own if ask(say(f"unconfirmed.{unclear.kind}.asks")) else None
    meant = {str(other): (other, say("unconfirmed.same", other=str(other))) for other in unclear.others}
    meant[str(own)] = own, say("unconfirmed.own", profile=repr(own.profile))
    choices = [PossibleAnswer("profile", name, means) for name, (_, means) in meant.items()]
    answer = _ask(Question(lines(unclear.why, say("unconfirmed.which")), choices), ())
    return meant[answer.value][0] if answer is not None else None


def _ask(question: Question, known: Sequence[Reading], *, may_stay: bool = False) -> PossibleAnswer | None:
    """Return the person's choice; None if only Enter was pressed."""
    say_line(err=True)
    paragraph(question.asks, err=True)
    for sample in question.samples if may_stay else ():
        paragraph(words(sample), "     ", err=True)
    names_a_column = question.column is None and bool(question.roles)
    all_choices = offered(question, known)
    choices = all_choices[: MOST_WAYS if names_a_column else None]
    for number, choice in enumerate(choices, 1):
        is_likely = choice.setting == "map" and choice.is_likely and not choices[0].is_likely
        text = say("asking.likely", choice=choice.means) if is_likely else choice.means
        if choice.samples and not may_stay:
            text = say("asking.with-samples", choice=text, samples=tuple(map(Cell, choice.samples)))
        paragraph(text, f"  {number}  ", err=True)
        for sample in choice.samples if may_stay else ():
            paragraph(words(sample), "       ", err=True)
    if more := len(all_choices) - len(choices):
        paragraph(say("asking.another-column", more=more), "     ", err=True)
    enter = say(_ENTER[choices[0].setting] if may_stay else "asking.enter-stops")
    prompt = say("asking.column" if names_a_column else "asking.number", enter=enter)
    while answer := ask_for(prompt):
        if answer.isdecimal() and answer.isascii() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
        if names_a_column and not answer.isdecimal():
            return PossibleAnswer("map", f"{question.roles[0]}={answer}", words(answer))
        paragraph(say("asking.none-of-these", answer=repr(answer), most=len(choices)), err=True)
    return None
