"""What is said of how things ended: a run, a look-up, notes that were hidden, all runs of a journal.

Comes in: reports. Goes out: sayings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from importer.commands.report import Report
from importer.commands.sayings import (
    Kind,
    Saying,
    capital,
    clock_time,
    count,
    first_sentence,
    listed,
    not_found_in_words,
    taken,
    twins_in_words,
    when,
)
from importer.commands.series import Fate, FileEnded, Series
from importer.errors import JournalFailed, NeedsAPerson, by_name
from importer.models import NEEDS_A_PERSON, Result
from importer.results.presentation import HELD_BACK, MEANINGS, Meaning, meaning_of

if TYPE_CHECKING:
    from importer.commands.hide import Hidden, Hiding
    from importer.commands.history import Past
    from importer.commands.journals import Restored
    from importer.commands.verify import Verified

_NEED_A_HAND = (NeedsAPerson, JournalFailed)


def report(ended: Report) -> Iterator[Saying]:
    """How a run ended."""
    yield from why(ended)
    needs_a_hand = isinstance(ended.stopped, _NEED_A_HAND)
    yield from counts(ended.counts, needs_a_hand=needs_a_hand, not_sent=ended.not_sent)
    yield from besides(ended)
    if (emails := ended.unknown_emails) is not None:
        yield Saying(f"Emails that nobody has: {emails.path}" + (f"  ({emails.remark})" if emails.remark else ""))
    to_fix = sum(ended.counts.get(result, 0) for result in NEEDS_A_PERSON)
    if to_fix and ended.results.suffix == ".xlsx":
        needs, stand = ("needs", "It stands") if to_fix == 1 else ("need", "They stand")
        yield Saying(f"{count(to_fix, 'row')} {needs} a person. {stand} on the sheet To fix of the results.", Kind.TEXT)
    yield Saying(f"Results: {ended.results}")


def why(ended: Report) -> Iterator[Saying]:
    """What comes before the counts of a run: why it stopped, if it did, else why some rows weren't sent."""
    for caught_up in ended.caught_up:
        yield Saying(caught_up, Kind.TEXT)
    if ended.stopped is not None:
        yield Saying(f"Stopped before the end. {ended.stopped}", Kind.TEXT)
        return
    kinds = {kind: rows for kind, rows in ended.reasons.get(Result.NOT_SENT, {}).items() if kind != HELD_BACK.means}
    if kinds:
        yield Saying(f"Not sent: {'; '.join(f'{rows:,} × {kind}' for kind, rows in kinds.items())}.", Kind.TEXT)


def besides(ended: Report) -> Iterator[Saying]:
    """What comes after them: notes that are there twice, how many calls it took."""
    asked = f"; the API asked to wait {count(ended.rate_limited, 'time')}" if ended.rate_limited else ""
    looks = f", {count(ended.looks, 'look-up')}" if ended.looks else ""
    if ended.twins:
        yield Saying(
            f"{count(len(ended.twins), 'note')} {'is' if len(ended.twins) == 1 else 'are'} there more than once."
            f" {capital(twins_in_words(ended.twins))}",
            Kind.TEXT,
        )
    yield from _read_back(ended)
    found = f"; {count(ended.finding_calls, 'call')} to find prospects by email" if ended.finding_calls else ""
    files = f", {count(ended.uploads, 'upload')}" if ended.uploads else ""
    yield Saying(f"{count(ended.requests, 'request')} sent{files}{looks}{found}{asked}.")
    if ended.remark:
        yield Saying(ended.remark, Kind.TEXT)


def _read_back(ended: Report | Verified) -> Iterator[Saying]:
    """What reading back a sample of the created notes showed."""
    if ended.not_found:
        yield Saying(
            f"{count(len(ended.not_found), 'note')} created, but not found when read back."
            f" {capital(not_found_in_words(ended.not_found))}",
            Kind.TEXT,
        )
    if ended.not_looked_at:
        rest = count(ended.not_looked_at, "more note")
        yield Saying(f"{rest} of the same import could not be read back yet. Run verify to read them back.", Kind.TEXT)
    if ended.could_not_look:
        yield Saying(
            "A sample of the created notes was read back, and none was shown. So the sample proves nothing."
            " Reading may not work.",
            Kind.TEXT,
        )


def file_ended(over: FileEnded) -> Iterator[Saying]:
    """What became of one file of several; what kept it from being imported is said by itself."""
    if over.report is not None:
        yield from report(over.report)
    if over.archived is not None:
        yield Saying(f"{over.file.name} was moved to {over.archived}.", Kind.TEXT)
    if over.fate is Fate.NOT_BEGUN:
        return  # the summary says why, once for all of them
    if over.report is None:
        yield Saying(f"{over.file}: {over.fate}. {over.why}", Kind.TEXT)
    elif over.why_it_stays and not over.report.results_owed:  # of those the run's remark says it
        yield Saying(over.why_it_stays, Kind.TEXT)


def series(found: Series) -> Iterator[Saying]:
    """What became of all files."""
    yield Saying()
    fates = Counter(over.fate for over in found.files)
    yield Saying(
        f"{count(len(found.files), 'file')}: " + ", ".join(f"{fates[fate]:,} {fate}" for fate in Fate if fates[fate])
    )
    width = max((len(over.file.name) for over in found.files), default=0)
    for over in found.files:
        rows = ", ".join(f"{rows:,} {result}" for result, rows in over.counts.items())
        where = f"; results: {over.report.results}" if over.report else ""
        why = over.why_it_stays or (over.why if not rows and over.fate is not Fate.NOT_BEGUN else "")
        said = "; ".join(filter(None, (rows, first_sentence(why))))
        yield Saying(f"  {over.file.name:{width}}  {over.fate}{f': {said}' if said else ''}{where}")
    if why := next((over.why for over in found.files if over.fate is Fate.NOT_BEGUN), ""):
        yield Saying(f"Not begun, because: {why}", Kind.TEXT)
    if len(found.files) > 1 and found.counts:
        yield Saying("All together:")
        hands = any(over.report is not None and isinstance(over.report.stopped, _NEED_A_HAND) for over in found.files)
        yield from counts(found.counts, needs_a_hand=hands)
    reasons: dict[str, list[str]] = {}
    for path, why in found.left_out:
        reasons.setdefault(why, []).append(path.name)
    for why, names in reasons.items():
        yield Saying(f"Left out, as {why}: {listed(names, most=3)}.", Kind.NOTE)


def counts(
    found: Mapping[Result, int], *, needs_a_hand: bool = False, not_sent: Meaning = MEANINGS[Result.NOT_SENT]
) -> Iterator[Saying]:
    """How many rows ended in which way, and what that means.

    Args:
        found: result → rows.
        needs_a_hand: whether the run stopped for something that the same command alone won't mend.
        not_sent: what that means here.
    """
    width = max((len(result) for result in found), default=0)
    for result, rows, said in meanings(found, needs_a_hand=needs_a_hand, not_sent=not_sent):
        yield Saying(f"  {rows:9,}  {result:{width}}  {said}")


def of_report(ended: Report) -> Iterator[tuple[Result, int, str]]:
    """How many rows of a run ended in which way, and what that means and asks for."""
    needs_a_hand = isinstance(ended.stopped, _NEED_A_HAND)
    return meanings(ended.counts, needs_a_hand=needs_a_hand, not_sent=ended.not_sent)


def of_past(found: Mapping[Result, int], *, held_back: bool) -> Iterator[tuple[Result, int, str]]:
    """The same of a run that is long over, and may have held rows back."""
    return meanings(found, not_sent=HELD_BACK if held_back else MEANINGS[Result.NOT_SENT])


def meanings(
    found: Mapping[Result, int], *, needs_a_hand: bool = False, not_sent: Meaning = MEANINGS[Result.NOT_SENT]
) -> Iterator[tuple[Result, int, str]]:
    """The same as values; see :func:`counts`."""
    for result, rows in found.items():
        meaning = meaning_of(result, not_sent)
        then = "mend what is said above first" if result is Result.NOT_SENT and needs_a_hand else meaning.next
        yield result, rows, f"{meaning.means}{f': {then}' if then else ''}"


def verified(found: Verified) -> Iterator[Saying]:
    """What looking up found."""
    if found.stopped is not None:
        yield Saying(f"Stopped before the end. {found.stopped}", Kind.TEXT)
    if found.elsewhere:
        yield Saying(found.elsewhere, Kind.TEXT)
    yield Saying(f"{count(found.found, 'note')} found: they count as created now.")
    yield Saying(f"{count(found.absent, 'note')} not there: run the import again to send them.")
    yield Saying(f"{count(found.unconfirmed, 'note')} still in doubt{':' if found.doubts else '.'}")
    for why, number in found.doubts.items():
        yield Saying(f"{number:,}: {why}.", Kind.TEXT)
    if found.twins:
        yield Saying(
            f"{count(len(found.twins), 'note')} more of the same {'is' if len(found.twins) == 1 else 'are'} there:"
            f" {', '.join(found.twins)}. Look at them in Saleshandy, and remove them by hand or with the command hide.",
            Kind.TEXT,
        )
    yield from _read_back(found)
    if found.due_at is not None:
        yield Saying(
            f"A sample of the created notes is too new to be read back. Run verify again after"
            f" {clock_time(found.due_at)}.",
            Kind.TEXT,
        )


def hidden(done: Hidden) -> Iterator[Saying]:
    """What became of the notes that were to be hidden."""
    if done.stopped is not None:
        yield Saying(f"Stopped before the end. {done.stopped}", Kind.TEXT)
    if done.hidden or done.refused or done.stopped:
        yield Saying(f"{count(done.hidden, 'note')} made private drafts. They still exist, for the key's owner to see.")
        for note_id, reason in done.refused.items():
            yield Saying(f"{note_id}: {reason}", Kind.DETAIL)


def hiding(planned: Hiding) -> Iterator[Saying]:
    """What would be hidden."""
    run, notes = planned.run, planned.notes
    if run is None and not notes:
        yield Saying("No note is known to be there once too often.")
        return
    if run is not None and not notes:
        yield Saying(
            f"Run {run.name} of {when(run.started_at)}, which imported {run.file}, has no notes to hide: it"
            " created none, or they are private drafts already.",
            Kind.TEXT,
        )
        return
    if run is not None:
        yield Saying(f"Run {run.name} of {when(run.started_at)} imported {run.file}.")
    which = "that it created" if run is not None else "there once too often"
    yield Saying(f"{count(len(notes), 'note')} {which} would become private drafts:")
    for known in notes[:5]:
        yield Saying(f"  note {known.note_id} on prospect {known.prospect}")
    if len(notes) > 5:
        yield Saying(f"  … and {len(notes) - 5:,} more")
    if planned.left:
        ids = ", ".join(known.note_id or "" for known in planned.left[:5])
        yield Saying(
            f"{count(len(planned.left), 'note')} that the API shows differently from what was sent would be left alone"
            f" ({ids}{', …' if len(planned.left) > 5 else ''}): look at them in the service.",
            Kind.TEXT,
        )
    yield Saying(
        "They will still exist: the API can't delete notes. The key's owner goes on seeing them, as drafts.", Kind.TEXT
    )
    if run is not None:
        yield Saying(
            "An import leaves their rows alone, as delivered. To send them anew, put those rows alone into a file, and"
            f" run it with {by_name('again')}.",
            Kind.TEXT,
        )


def history(runs: Sequence[Past], *, of_all: bool, is_filtered: bool = False, elsewhere: str = "") -> Iterator[Saying]:
    """Runs, the latest first; ``of_all`` workspaces, or of one; all of those, or some; or whose runs there are."""
    if not runs:
        yield Saying("No such run is recorded." if is_filtered else elsewhere or "No run is recorded yet.", Kind.TEXT)
    for past in runs:
        run, seconds = past.run, past.seconds
        took = "" if seconds is None else taken(seconds)
        yield Saying(f"{run.name}  {when(run.started_at)}  {took:>7}  {past.ended}  {run.file}")
        if of_all:
            yield Saying(f"    workspace: {run.workspace}")
        if run.counts:
            counted = [*run.counts.items(), *([("hidden since", past.hidden)] if past.hidden else [])]
            yield Saying("    " + "  ".join(f"{result}: {rows:,}" for result, rows in counted))


def restored(done: Restored, copy: Path) -> Iterator[Saying]:
    """A copy of the journal that was put in its place, and what to do next."""
    latest = done.latest
    knows = (
        f"Its latest run is {latest.name} of {latest.file}, {when(latest.started_at)}."
        if latest
        else "It knows no run."
    )
    yield Saying(f"The journal {done.journal} is now the copy {copy}. {knows}", Kind.TEXT)
    if done.kept is not None:
        yield Saying(f"The file that stood there was kept: {done.kept}")
    yield Saying(
        "Notes that were delivered after the copy was made are not recorded in it, and would be sent again. Take their"
        " rows out of your files: the results of the runs since then say which. Run verify, which"
        " settles what was unclear when the copy was made. If the next run then says that the journal is an earlier"
        f" copy, say {by_name('new-journal')} once.",
        Kind.TEXT,
    )


def past_run(past: Past) -> Iterator[Saying]:
    """One run."""
    run, seconds = past.run, past.seconds
    lines = [
        ("Run", run.name),
        ("File", run.file),
        ("Workspace", str(run.workspace)),
        ("Started", when(run.started_at)),
        ("Ended", when(run.ended_at) if run.ended_at is not None else ""),
        ("Took", taken(seconds) if seconds is not None else ""),
        ("How", past.ended),
    ]
    for name, text in lines:
        if text:
            yield Saying(f"{name + ':':11}{text}")
    yield from counts({result: run.counts[result] for result in Result if run.counts.get(result)})
    if past.hidden:
        drafts = "a private draft" if past.hidden == 1 else "private drafts"
        yield Saying(f"{count(past.hidden, 'note')} hidden since: {drafts} now.")
    if past.ended != "declined":
        yield Saying(
            f"Its results again: `note-importer results {run.name} FILE`, where FILE is what it imported. If its rows"
            " go by email: import it again, which leaves alone what was delivered.",
            Kind.TEXT,
        )
