"""Import a file in two steps, with a person's consent between them: prepare, which sends nothing; and send.

    with prepare("contacts.xlsx", Settings(key="…")) as prepared:
        print(prepared.preview.remaining.total, prepared.preview.questions)
        report = prepared.send()

Input: a file and settings. Output: a :class:`Prepared`, whose sheet is open until the block ends; then notes in
the workspace, a results file and a :class:`~importer.importing.report.Report`. Preparing holds no lock and writes
nothing. Sending takes the lock, plans again, and refuses if the plan isn't what was agreed to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from importer import results
from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.delivery.outcomes import Outcomes
from importer.errors import BadSettings, Guarded, UnclearColumns
from importer.importing import logs
from importer.importing.api_context import calls
from importer.importing.hours import Hours
from importer.importing.loaded import Loaded, LookedUpEmails
from importer.importing.loading import load, understood
from importer.importing.planning import plan
from importer.importing.preview import Preview
from importer.importing.read_again import learned
from importer.importing.report import Report, practised
from importer.importing.sending import Sending
from importer.importing.workspaces import check_confirmed
from importer.journal.lock import check_journal, held, opened
from importer.messages import Said, say
from importer.models import PossibleAnswer, Progress, Question, Role
from importer.reading import Correction
from importer.rows.columns import headed, not_named
from importer.settings import GIVE_UP, Settings, readings
from importer.settings.kinds import columns
from importer.settings.reading import Reading
from importer.storage import Url


class Prepared:
    """File that is ready to be sent.

    Args:
        loaded: the file, with the settings for sending it.
        target: path for the results.
        settings: the settings for all files.
        vendor: the vendor whose API receives the notes.
        given: settings and values of the answers that a person gave about the file so far.

    Attributes:
        loaded: the file.
        vendor: the vendor.
        settings: the settings for all files.
        learned: the reading that the profile learned when the send began, if any.
        sent: the file with the outcomes of its rows, once it was sent.
    """

    def __init__(
        self, loaded: Loaded, target: Path, settings: Settings, vendor: Vendor, given: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.loaded, self._target, self.vendor = loaded, target, vendor
        self.settings, self._given = settings, [*given]
        self.learned: Reading | None = None
        self.sent: tuple[Loaded, Outcomes] | None = None
        self._changes: set[int] = set()

    @property
    def to_learn(self) -> Reading | None:
        """Reading that the profile learns when the send begins; None if nothing was answered."""
        return learned(self.loaded, self.settings, self._given)

    def _learn(self, begun: Callable[[], object]) -> None:
        """Keep in the profile what was answered, once the import begins. A run goes on if that can't be written."""
        begun()
        try:
            if (reading := self.to_learn) is not None:
                readings.keep(self.settings.profile, reading)
                self.learned = reading
        except BadSettings as error:
            logs.event("answers not kept", "ERROR", error=error)

    def decide(self, answer: PossibleAnswer) -> None:
        """Apply an answer to one of the questions, and interpret the sheet again. Other questions may arise.

        Raises:
            BadSettings: the answer isn't possible, or contradicts an earlier one. The question remains.
        """
        if answer.setting == "map":
            role, _, name = answer.value.partition("=")
            answer = replace(answer, value=f"{role}={headed(self.loaded.sheet.headings, name)}")
        settings = readings.answered(self.loaded.settings, answer.setting, answer.value, self.loaded.headings)
        if answer.setting == "map" and name:
            settings = replace(settings, ignored=not_named(settings.ignored, self.loaded.sheet.headings, name))
            if role == Role.VISIBILITY:  # that the sheet has no such column is no longer true
                settings = replace(settings, default_visibility=self.settings.default_visibility)
        loaded = understood(self.loaded.sheet, settings)
        named = columns(answer.value) if answer.setting == "map" else {}
        roles = {role for role, names in named.items() if any(names)}
        for question in loaded.questions:
            is_of_another = question.choices or question in self.loaded.questions
            if not is_of_another or (question.column is None and not roles.isdisjoint(question.roles)):
                raise BadSettings(question.text)
        self._given.append((answer.setting, answer.value))
        self.loaded = loaded
        self.__dict__.pop("_planned", None)

    @property
    def optional(self) -> list[Question]:
        """Questions that may stay open, once all others are answered: an offer to compose the texts, rows in doubt."""
        if self.loaded.questions:
            return []
        offer = None if Role.CONTENT in self.settings.mapping else self.preview.offer
        return [*([] if offer is None else [offer]), *self.preview.asked]

    @cached_property
    def _planned(self) -> tuple[Preview, LookedUpEmails]:
        with opened(self.loaded.settings) as journal:
            return plan(self.loaded, journal, self.vendor)

    @property
    def preview(self) -> Preview:
        """Summary of what a run would do, given the journal's current content. Raises JournalFailed."""
        return self._planned[0]

    @property
    def planned(self) -> LookedUpEmails:
        """What is left to be sent, with the prospects that are known, and how notes that are there can follow."""
        return self._planned[1]

    def refuse(self) -> None:
        """Raise the first problem with the file as a whole.

        Raises:
            UnclearColumns, Guarded: there is one, so that nothing of the file is sent.
        """
        if (error := self.loaded.undecided) is not None:
            raise error
        for setting, message in self.preview.guarded.items():
            raise Guarded(message, setting)

    def agree_to_updates(self) -> None:
        """Take note that a person agreed to the previewed changes that make notes more visible, or rewrite them."""
        self._changes = {wish.digest for wish in self.planned.left.wishes if wish.to_agree}

    def send(
        self,
        *,
        agreed: str | None = None,
        begun: Callable[[], object] = lambda: None,
        observe: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], Said | None] = lambda: None,
        clock: Callable[[], float] | None = None,
        hours: Hours | None = None,
        waits: bool = False,
    ) -> Report:
        """Send every note once, and write a results file with an outcome for every row.

        Args:
            agreed: digest of what a person agreed to, ``preview.digest``; None: whatever is left.
            begun: called once nothing refuses the import any more, before the first note is sent.
            observe: receives the progress.
            stop: called repeatedly. If it returns a sentence, the run ends early, after the calls under way.
            clock: seconds since 1970.
            hours: the hours in which the run may work; None: those of the settings, from now on.
            waits: whether to wait for another import of the workspace, as nobody is there who would be kept waiting.

        Raises:
            FirstRun: nobody has said whose workspace the profile is; nothing was sent. A plan that was agreed to says
                so, too, unless other workspaces used the key.
            UnclearColumns, Guarded, Interrupted, Unusable, Changed, Busy, NeedsAPerson: nothing was sent.
            ResultsNotWritten: the import ended, but its results couldn't be written anywhere.
        """
        if (error := self.loaded.undecided) is not None:
            raise error
        loaded, settings, rows = self.loaded, self.loaded.settings, len(self.loaded.rows)
        hours, learn = hours or Hours.of(settings), partial(self._learn, begun)
        settings = hours.patient(settings)
        loaded = replace(loaded, settings=settings)

        def why() -> Said | None:
            return stop() or hours.over(rows)

        wait = min(settings.give_up or GIVE_UP, hours.left(rows)) if waits else 0.0
        with held(settings, wait=wait, observe=observe, stop=stop) as journal:
            check_confirmed(journal, settings, is_agreed=agreed is not None)
            with calls(settings, journal, self.vendor, why, clock) as caller:
                if agreed is None and self._changes:
                    agreed = self.preview.digest
                sending = Sending(loaded, journal, caller, self._target, observe, learn, agreed, self._changes)
                report = sending.deliver()
                self.sent = sending.loaded, sending.outcomes
                return report

    def practise(self) -> Report:
        """Return the report that :meth:`send` would if the API knew every prospect and accepted every note.

        Nothing is sent or recorded. The results are where those of a run would be, or in the current folder if that is
        elsewhere, and say what they are.

        Raises:
            UnclearColumns, Guarded: a run would send nothing either.
            BadSettings, ResultsNotWritten: the results can't be written.
        """
        self.refuse()
        target = results.here(self._target) if isinstance(self._target, Url) else self._target
        target = target.with_name(f"{target.stem.removesuffix('.results')}.practice{target.suffix}")
        return practised(self.planned, target)


@contextmanager
def prepare(
    file: str | Path,
    settings: Settings,
    *,
    vendor: Vendor = SALESHANDY,
    choose: Callable[[UnclearColumns], PossibleAnswer | None] = lambda _: None,
    corrections: Mapping[int, Correction] | None = None,
    given: Sequence[tuple[str, str]] = (),
) -> Iterator[Prepared]:
    """Yield a file that was read, checked and grouped, and check the journal. Sends nothing and needs no key.

    Args:
        file: the file.
        settings: the settings for reading and sending it.
        vendor: the vendor whose API receives the notes.
        choose: may answer a question that must be decided before the file can be read, such as which sheet is meant.
        corrections: number of a row → what a person corrected in it; None if nobody was asked to.
        given: settings and values that a person chose for this very file. The settings contain them already.

    Raises:
        Unusable: the file, the settings or the journal can't be used.
        WrongJournal: the workspace had another journal so far.
    """
    for_file, answers = settings, [*given]
    with ExitStack() as stack:
        while True:
            try:
                loaded = stack.enter_context(load(file, for_file, corrections))
            except UnclearColumns as error:
                if (answer := choose(error)) is None:
                    raise
            else:
                which = _which_rows(loaded, for_file)
                if which is None or (answer := choose(which)) is None:
                    break
                settings = readings.answered(
                    settings, answer.setting, answer.value
                )  # said of this file, not of its kind
                stack.close()
            for_file = readings.answered(for_file, answer.setting, answer.value)
            answers.append((answer.setting, answer.value))
        target = results.target_of(file, settings)
        with opened(settings) as journal:
            check_journal(journal, settings)
        yield Prepared(loaded, target, settings, vendor, answers)


def _which_rows(loaded: Loaded, settings: Settings) -> UnclearColumns | None:
    """Return the question which rows of our results are meant, the corrected ones or all; None if that is clear."""
    if not loaded.to_fix or settings.sheet is not None:
        return None
    choices = [
        PossibleAnswer("sheet", name, say(kind, sheet=repr(name)))
        for name, kind in ((loaded.to_fix, "choice.to-fix"), (str(loaded.sheet.name), "choice.all-rows"))
    ]
    question = Question(say("choice.which-rows"), choices)
    return UnclearColumns(question.text, [question])
