"""Find out what the API really does, with a few private notes on a prospect that a person made for it.

Input: settings with the key, and the prospect's ID or email. Output: a :class:`LiveReport`, and two files with it. A
person can share these, because they hold no key, ID, email, name or address, and no text but our own. What was measured
is kept in the workspace's journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from importer import files
from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.commands.calling import Context, calls, policy
from importer.commands.live_calls import MOST_CALLS
from importer.commands.live_experiments import Experiments
from importer.commands.live_findings import Finding, Verdict
from importer.commands.live_notes import Left, LiveNotes
from importer.commands.rendering import Line, LineKind, capital
from importer.commands.workspaces import held, keep_in_mind
from importer.errors import BadSettings, Stopped
from importer.messages import Message, Plain, Said, render, say
from importer.models import Progress
from importer.settings import Settings
from importer.version import __version__

_MOST_NOTES, _NOTES_WITH_FILE = 12, 2


@dataclass(frozen=True)
class LiveReport:
    """Result of a live test.

    Attributes:
        findings: what was found out, in the order of the experiments.
        left: what it leaves behind.
        calls: number of calls.
        stopped: why it ended early, or None.
    """

    findings: Sequence[Finding]
    left: Left
    calls: int
    stopped: Stopped | None = None

    @property
    def exit_status(self) -> int:
        """Exit status. 0: all is as documented or assumed; 1: something is otherwise; 3 and 4: it ended early."""
        is_otherwise = any(finding.verdict is Verdict.OTHERWISE for finding in self.findings)
        return self.stopped.exit_status if self.stopped else int(is_otherwise)


def announced(prospect: str, settings: Settings, *, with_file: bool) -> Iterator[Message]:
    """Yield what a person has to agree to: where a live test works, and what it leaves behind."""
    yield say("live.place", prospect=prospect, workspace=str(settings.workspace))
    yield say("live.leaves", n=_MOST_NOTES + _NOTES_WITH_FILE * with_file)
    if with_file:
        yield say("live.leaves-files")
    yield say("live.takes", calls=MOST_CALLS)


def examine(
    prospect: str,
    settings: Settings,
    *,
    with_file: bool = False,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    vendor: Vendor = SALESHANDY,
) -> LiveReport:
    """Run a live test, after a person has agreed to it.

    Args:
        prospect: ID or email of a prospect without notes.
        settings: the workspace, and how to call the API.
        with_file: whether to try uploads, too.
        observe: receives the progress.
        stop: called repeatedly. If it returns a sentence, the test ends early.
        clock: seconds since 1970.
        vendor: the vendor whose API is called.

    Raises:
        BadSettings: there is no such prospect, or it has notes. Nothing was created.
        Stopped: the test ended before it created anything.
    """
    with held(settings, observe=observe, stop=stop) as journal:
        keep_in_mind(journal, settings)
        with calls(settings, journal, vendor, clock, observe, stop) as context:
            notes, stopped = LiveNotes(context, prospect), None
            experiments = Experiments(notes)
            experiments.begin()
            try:
                experiments.carry_out(with_file=with_file)
            except Stopped as error:
                stopped = error
            report = LiveReport(tuple(experiments.findings), notes.left, notes.calls.made, stopped)
            _keep(context, report, notes.lag)
            return report


def _keep(context: Context, report: LiveReport, lag: float) -> None:
    """Keep what was measured for later runs: it may lengthen their waits, and never shortens one."""
    settings, learned, now = context.settings, context.journal.learned, context.caller.clock()
    # Without a measured lag, a run waits for twelve times "settle"; with one, for twice the lag.
    if lag > max(learned.replication_lag(settings.workspace, now) or 0.0, policy(settings).assumed_lag / 2):
        learned.learn_lag(settings.workspace, lag, now)
    matters = [finding.text for finding in report.findings if finding.consequence is not None]
    if matters or report.stopped is None:
        learned.learn_to_remind(settings.workspace, matters)


# -- the report -------------------------------------------------------------------------------------------------


def lines(report: LiveReport) -> Iterator[Line]:
    """Yield the report for a person: the findings, what is otherwise last, and what is left behind."""
    for finding in sorted(report.findings, key=lambda finding: [*Verdict].index(finding.verdict)):
        verdict, about = say(f"live.verdict.{finding.verdict}"), say(f"live.about.{finding.about}")
        found = say("live.finding", verdict=verdict, column=f"{_text(verdict):13}", about=about, text=finding.text)
        yield Line(found, LineKind.DETAIL)
        if finding.consequence is not None:
            yield Line(say("live.finding-means", consequence=finding.consequence), LineKind.DETAIL)
    yield Line(_left_behind(report), LineKind.TEXT)
    if report.stopped is not None:
        yield Line(say("live.stopped", why=report.stopped.message), LineKind.TEXT)


def _left_behind(report: LiveReport) -> Message:
    left = asdict(report.left)
    parts = tuple(say(f"live.left.{kind}", n=number) for kind, number in left.items() if number or kind == "notes")
    return say("live.left", what=parts, n=report.calls)


def write(report: LiveReport, folder: Path) -> tuple[Path, Path]:
    """Write the report as JSON and as Markdown into a folder, and return the two paths. Earlier ones are replaced.

    Raises:
        BadSettings: the files can't be written.
    """
    document = {
        "program": f"note-importer {__version__}",
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "findings": [
            {
                "about": _text(say(f"live.about.{finding.about}")),
                "kind": f"{finding.about}.{finding.what}",
                "verdict": finding.verdict,
                "text": capital(_text(finding.text)),
                "consequence": _text(finding.consequence),
            }
            for finding in report.findings
        ],
        "left": asdict(report.left),
        "calls": report.calls,
        "stopped": _text(report.stopped.kind if report.stopped else None),  # its message may hold words of others
    }
    paths = folder / "live-report.json", folder / "live-report.md"
    texts = json.dumps(document, indent=2, ensure_ascii=False) + "\n", _markdown(report, document)
    try:
        for path, text in zip(paths, texts, strict=True):
            files.replace(path, text.encode())
    except OSError as error:
        raise BadSettings(say("live.not-written", folder=str(folder), error=error.strerror or str(error))) from error
    return paths


def _markdown(report: LiveReport, document: Mapping[str, Any]) -> str:
    head = say("live.report-title"), say("live.report-about", program=document["program"], day=document["day"])
    rows = [
        say("live.report-row", **{**row, "verdict": say(f"live.verdict.{row['verdict']}")})
        for row in document["findings"]
    ]
    end = [_left_behind(report)] + ([say("live.stopped", why=report.stopped.kind)] if report.stopped else [])
    title, about, *table = map(_text, (*head, say("live.report-columns"), *rows))
    table.insert(1, "| --- | --- | --- |")
    return "\n\n".join([f"# {title}", about, "\n".join(table), *map(_text, end)]) + "\n"


def _text(message: Message | None) -> str:
    return render(message, Plain())
