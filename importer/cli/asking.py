"""Asks a person at the terminal what couldn't be decided, one by one, between the preview and the sending.

Comes in: a prepared file with questions. Goes out: the same with answers. Who may not be asked gets the questions as an
error, which names the settings that answer them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from importer.cli.options import Options
from importer.cli.terminal import ask, ask_for, is_terminal, paragraph, say_line
from importer.commands.answering import offered
from importer.errors import BadSettings, UnclearColumns, as_argument
from importer.messages import Cell, SettingPart, say, words
from importer.models import PossibleAnswer, Question, Role
from importer.settings import Settings, remembering

if TYPE_CHECKING:
    from importer.commands.run import Prepared

_LEAST_SHOWN, _MOST_SHOWN = 3, 7
_BACK = "b"


class Asking:
    """The questions of one file, or of several one after the other, and the answers to them.

    Args:
        options: whether anything may be asked, and whether the answers are to be kept.
    """

    def __init__(self, options: Options) -> None:
        self._told = options
        self._answers: list[PossibleAnswer] = []
        self._before: dict[tuple[str, ...], list[PossibleAnswer]] = {}

    @property
    def may(self) -> bool:
        """Whether a person is there who wants to be asked."""
        return self._is_anybody_there and not self._told.says("yes")

    @property
    def _is_anybody_there(self) -> bool:
        return is_terminal(sys.stdin) and is_terminal(sys.stderr)

    def check(self, settings: Settings) -> None:
        """See that nothing is left for a person to look at where none is.

        Raises:
            BadSettings: the rest would never be sent.
        """
        if settings.first is not None and not self._is_anybody_there:
            raise BadSettings(
                say("asking.nobody-here"),
                setting="first",
                origin=self._told.given["first"].at("first"),
            )

    def choose(self, error: UnclearColumns) -> PossibleAnswer | None:
        """Ask what has to be known before a file can be read; None where nobody says.

        How an export is encoded is kept in the profile, for its headings. Which sheet is meant isn't: other files are
        imported with the profile, too.
        """
        if not self.may or not error.questions or not error.questions[0].choices:
            return None
        answer = _ask(error.questions[0])
        if isinstance(answer, PossibleAnswer):
            if answer.setting in remembering.REMEMBERED:
                self._answers.append(answer)
            else:
                setting = SettingPart(answer.setting, as_argument(answer.value))
                paragraph(say("asking.no-more", setting=setting), err=True)
            return answer
        return None

    def ask(self, prepared: Prepared) -> None:
        """Ask until nothing is left to decide, or the person doesn't say.

        What was answered for a sheet with the same headings isn't asked again.
        """
        before = self._before.setdefault(tuple(prepared.all_headings), [])
        known, taken = [*before], list[PossibleAnswer]()
        while self.may and (questions := prepared.questions) and questions[0].choices:
            answer: PossibleAnswer | str | None
            answer = next((found for found in known if _is_among(found, questions[0].choices)), None)
            if answer is None and (answer := _ask(questions[0], may_go_back=bool(taken))) is None:
                break
            if answer == _BACK:
                self._take_back(taken.pop(), before)
                prepared.undecide()
                known.clear()
                continue
            assert isinstance(answer, PossibleAnswer)
            if is_known := answer in known:
                known.remove(answer)
            try:
                prepared.decide(answer)
            except BadSettings as error:
                paragraph(error.reason, err=True)
                continue
            taken.append(answer)
            if not is_known:
                self._answers.append(answer)
                before.append(answer)

    def _take_back(self, answer: PossibleAnswer, before: list[PossibleAnswer]) -> None:
        for answers in (self._answers, before):
            if answer in answers:
                answers.remove(answer)

    def offer_to_remember(self, settings: Settings, headings: Mapping[Role, str]) -> None:
        """Offer to keep in the profile what was answered since the last time, so that it isn't asked next time.

        Args:
            settings: with the answers.
            headings: role → heading of its column in the file; what was said of words is kept for it.
        """
        is_wanted = self._told.says("remember")
        answered = {answer.setting for answer in self._answers}
        only = {name for name in remembering.REMEMBERED if is_wanted or name in answered}
        alone = tuple(
            SettingPart(found.setting, as_argument(found.value)) for found in self._answers if found.setting not in only
        )
        self._answers.clear()
        offer = say("asking.remember", profile=repr(settings.profile))
        if only and (is_wanted or ask(offer)):
            say_line(say("asking.remembered", place=str(remembering.remember(settings, only, headings))))
        if alone:
            paragraph(say("asking.of-this-file-alone", settings=alone))


def _is_among(answer: PossibleAnswer, choices: Sequence[PossibleAnswer]) -> bool:
    return any((choice.setting, choice.value) == (answer.setting, answer.value) for choice in choices)


def _ask(question: Question, *, may_go_back: bool = False) -> PossibleAnswer | str | None:
    """What a person chooses; b to go back to the question before; None for Enter alone."""
    say_line(err=True)
    paragraph(question.asks, err=True)
    names_a_column = question.column is None and bool(question.roles)
    everything = offered(question)
    choices = everything[: _most_shown(question)] if names_a_column else everything
    for number, choice in enumerate(choices, 1):
        is_likely = choice.setting == "map" and choice.is_likely and not choices[0].is_likely
        said = choice.means
        said = say("asking.likely", choice=said) if is_likely else said
        if choice.samples:
            said = say("asking.with-samples", choice=said, samples=tuple(map(Cell, choice.samples)))
        paragraph(said, f"  {number}  ", err=True)
    if more := len(everything) - len(choices):
        paragraph(say("asking.another-column", more=more), "     ", err=True)
    wanted = say("asking.column" if names_a_column else "asking.number")
    if may_go_back:
        wanted = say("asking.column-or-back" if names_a_column else "asking.number-or-back")
    while answer := ask_for(wanted):
        if answer == _BACK and may_go_back:
            return answer
        if answer.isdecimal() and answer.isascii() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
        if answer == _BACK:
            paragraph(say("asking.first-question"), err=True)
        elif names_a_column and not answer.isdecimal():
            role = question.roles[0]
            setting, before = ("key-column", "") if role is Role.KEY else ("map", f"{role}=")
            return PossibleAnswer(setting, f"{before}{answer}", words(answer))
        else:
            paragraph(say("asking.none-of-these", answer=repr(answer), most=len(choices)), err=True)
    return None


def _most_shown(question: Question) -> int:
    """How many choices are shown: those for which the sheet speaks, or a few more."""
    telling = sum(
        choice.is_likely or choice.setting != "map" or choice.value.endswith("=") for choice in question.choices
    )
    return min(max(telling, _LEAST_SHOWN), _MOST_SHOWN) if telling else _MOST_SHOWN
