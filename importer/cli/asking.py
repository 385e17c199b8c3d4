"""Ask a person at the terminal what couldn't be decided, question by question, after the preview and before sending.

Input: a prepared file with questions. Output: the same file with answers. If nobody can be asked, the questions become
an error, which names the settings that answer them.
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
from importer.settings.kinds import mapped

if TYPE_CHECKING:
    from importer.commands.run import Prepared

_LEAST_SHOWN, _MOST_SHOWN = 3, 7
_BACK = "b"


class Asking:
    """Questions about one file, or about several files in turn, and their answers.

    Args:
        options: the options that say whether questions are allowed, and whether answers are to be remembered.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._answers: list[PossibleAnswer] = []
        self._before: dict[tuple[str, ...], list[PossibleAnswer]] = {}

    @property
    def may(self) -> bool:
        """Whether a person is at the terminal and wants to be asked."""
        return self._is_anybody_there and not self._options.says("yes")

    @property
    def _is_anybody_there(self) -> bool:
        return is_terminal(sys.stdin) and is_terminal(sys.stderr)

    def check(self, settings: Settings) -> None:
        """Refuse to send only the first rows if nobody is at the terminal to look at them.

        Raises:
            BadSettings: the other rows would never be sent.
        """
        if settings.first is not None and not self._is_anybody_there:
            raise BadSettings(
                say("asking.nobody-here"), setting="first", origin=self._options.given["first"].at("first")
            )

    def choose(self, error: UnclearColumns) -> PossibleAnswer | None:
        """Ask a question that must be answered before a file can be read; return None if nobody answers.

        The encoding of an export is kept in the profile, for files with the same headings. The choice of a sheet isn't
        kept, because the profile is also used for other files.
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
        """Ask until nothing is left to decide, or the person gives no answer.

        Answers for a sheet with the same headings are used again without asking.
        """
        for_headings = self._before.setdefault(tuple(prepared.all_headings), [])
        reusable, decided = [*for_headings], list[PossibleAnswer]()
        while self.may and (questions := prepared.questions) and questions[0].choices:
            answer: PossibleAnswer | str | None
            answer = next((earlier for earlier in reusable if _is_among(earlier, questions[0].choices)), None)
            if answer is None and (answer := _ask(questions[0], may_go_back=bool(decided))) is None:
                break
            if answer == _BACK:
                self._take_back(decided.pop(), for_headings)
                prepared.undecide()
                reusable.clear()
                continue
            assert isinstance(answer, PossibleAnswer)
            if is_reused := answer in reusable:
                reusable.remove(answer)
            try:
                prepared.decide(answer)
            except BadSettings as error:
                paragraph(error.reason, err=True)
                continue
            decided.append(answer)
            if not is_reused:
                self._answers.append(answer)
                for_headings.append(answer)

    def _take_back(self, answer: PossibleAnswer, for_headings: list[PossibleAnswer]) -> None:
        for answers in (self._answers, for_headings):
            if answer in answers:
                answers.remove(answer)

    def offer_to_remember(self, settings: Settings, headings: Mapping[Role, str]) -> None:
        """Offer to keep the new answers in the profile, so that they aren't asked next time.

        Args:
            settings: the settings with the answers.
            headings: role → heading of its column in the file. The meanings of words are kept for that column.
        """
        is_wanted = self._options.says("remember")
        answered = {answer.setting for answer in self._answers}
        to_remember = {name for name in remembering.REMEMBERED if is_wanted or name in answered}
        others = tuple(
            SettingPart(other.setting, as_argument(other.value))
            for other in self._answers
            if other.setting not in to_remember
        )
        self._answers.clear()
        offer = say("asking.remember", profile=repr(settings.profile))
        if to_remember and (is_wanted or ask(offer)):
            say_line(say("asking.remembered", place=str(remembering.remember(settings, to_remember, headings))))
        if others:
            paragraph(say("asking.of-this-file-alone", settings=others))


def _is_among(answer: PossibleAnswer, choices: Sequence[PossibleAnswer]) -> bool:
    return any((choice.setting, choice.value) == (answer.setting, answer.value) for choice in choices)


def _ask(question: Question, *, may_go_back: bool = False) -> PossibleAnswer | str | None:
    """Return the person's choice; ``b`` to go back to the question before; None if only Enter was pressed."""
    say_line(err=True)
    paragraph(question.asks, err=True)
    names_a_column = question.column is None and bool(question.roles)
    all_choices = offered(question)
    choices = all_choices[: _most_shown(question)] if names_a_column else all_choices
    for number, choice in enumerate(choices, 1):
        is_likely = choice.setting == "map" and choice.is_likely and not choices[0].is_likely
        text = choice.means
        text = say("asking.likely", choice=text) if is_likely else text
        if choice.samples:
            text = say("asking.with-samples", choice=text, samples=tuple(map(Cell, choice.samples)))
        paragraph(text, f"  {number}  ", err=True)
    if more := len(all_choices) - len(choices):
        paragraph(say("asking.another-column", more=more), "     ", err=True)
    prompt = say("asking.column" if names_a_column else "asking.number")
    if may_go_back:
        prompt = say("asking.column-or-back" if names_a_column else "asking.number-or-back")
    while answer := ask_for(prompt):
        if answer == _BACK and may_go_back:
            return answer
        if answer.isdecimal() and answer.isascii() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
        if answer == _BACK:
            paragraph(say("asking.first-question"), err=True)
        elif names_a_column and not answer.isdecimal():
            setting = mapped(question.roles[0], answer)
            return PossibleAnswer(setting.name, setting.value, words(answer))
        else:
            paragraph(say("asking.none-of-these", answer=repr(answer), most=len(choices)), err=True)
    return None


def _most_shown(question: Question) -> int:
    """Return how many choices are shown: those that the sheet suggests, or a few more."""
    supported = sum(
        choice.is_likely or choice.setting != "map" or choice.value.endswith("=") for choice in question.choices
    )
    return min(max(supported, _LEAST_SHOWN), _MOST_SHOWN) if supported else _MOST_SHOWN
