"""Define the command doctor: checks before the first night, a live test, and facts for somebody who helps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import commands
from importer.cli.manual import InGroups
from importer.cli.options import AnyPath, Options, settings_about
from importer.cli.terminal import ask, is_terminal, paragraph, say_line, show, with_flags
from importer.cli.watching import RunWatch, Stopper
from importer.errors import BadSettings, NoKey
from importer.messages import say
from importer.settings import Settings, Topic, profile_lines, profiles, sources, who_can_read

if TYPE_CHECKING:
    from importer.commands.doctor import Check


@click.command(cls=InGroups)
@click.argument("file", metavar="[SHEET]", type=AnyPath(), required=False)
@settings_about(*(topic for topic in Topic if topic not in (Topic.OUTPUT, Topic.QUIET)))
@click.option(
    "--test-notification", is_flag=True, help="Send a test notification to all addresses except ping addresses."
)
@click.option(
    "--live",
    metavar="PROSPECT",
    help="Find out what the service really does, with a few private test notes on this prospect. Make an empty one for "
    "this, and give its email or ID. The notes stay there, because the service can't delete notes.",
)
@click.option("--with-file", is_flag=True, help="With --live: upload a small file, too.")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.zip",
    help="Also write facts for somebody who helps you into this new file: versions, settings, the results of the "
    "checks, the latest runs, counts of the journal; with SHEET, how that sheet is recognised. It holds no text of a "
    "note, name, email, ID, key, address or path. Nothing is sent.",
)
@click.option(
    "--with-headings", is_flag=True, help="With --bundle and SHEET: the bundle has the sheet's headings, too."
)
def doctor(
    *,
    file: Path | None,
    test_notification: bool,
    live: str | None,
    with_file: bool,
    bundle: Path | None,
    with_headings: bool,
    **_: Any,
) -> int:
    """Check everything that can be checked before the first night. Makes one call, which only reads.

    The exit status is that of a run with the same problems: 0 all is well; 1 something to look at; 2, 3 and 4 as for
    `run`.
    """
    options = Options.here()
    if with_file and live is None:
        raise click.UsageError(with_flags(say("live.with-file-alone")))
    if (file is not None and bundle is None) or (with_headings and file is None):
        raise click.UsageError(with_flags(say("bundle.needed")))
    if live is not None and bundle is not None:
        raise click.UsageError(with_flags(say("bundle.not-live")))
    if live is not None:
        return _live(live, options, with_file=with_file)
    settings = options.settings
    if bundle is not None:
        commands.bundle.check(bundle)
    say_line(say("cli.workspace", workspace=str(settings.workspace)))
    findings = []
    for finding in _findings(options, settings, test_notification=test_notification):
        findings.append(finding)
        mark = "ok" if not finding.exit_status else "look" if finding.exit_status == 1 else "WRONG"
        paragraph(finding.text, f"  {mark:5}  {finding.about}: ")
    statuses = [finding.exit_status for finding in findings]
    if bundle is not None:
        source = commands.bundle.Source(settings, options.given, findings, options.read("log-file"))
        written = commands.bundle.write(bundle, source, file, with_headings=with_headings)
        show(commands.bundle.lines(written))
        statuses.append(written.exit_status)
    return max(statuses)


def _live(prospect: str, options: Options, *, with_file: bool) -> int:
    """Run a live test if a person agrees to what it leaves behind, and write its report into the current folder."""
    settings = options.settings_with_key
    for message in commands.live.announced(prospect, settings, with_file=with_file):
        paragraph(message)
    if not options.says("yes") and not (is_terminal(sys.stdin) and ask(say("live.ask"))):
        say_line(say("live.nothing-created" if is_terminal(sys.stdin) else "live.nothing-created-unasked"))
        return 2
    with Stopper() as stopper, RunWatch(silent=not is_terminal(sys.stderr), unit="calls") as watch:
        watch.begin(commands.live_calls.MOST_CALLS)
        stopper.arm()
        report = commands.live.examine(prospect, settings, with_file=with_file, observe=watch.observe, stop=stopper.why)
    show(commands.live.lines(report))
    paths = commands.live.write(report, Path.cwd())
    paragraph(say("live.written", paths=tuple(path.name for path in paths)))
    return report.exit_status


def _findings(options: Options, settings: Settings, *, test_notification: bool) -> Iterator[Check]:
    """Yield the findings about the key, those of :mod:`importer.commands.doctor`, and those about notifications."""
    finding = commands.doctor.Check
    try:
        place, file = sources.key_place(settings, options.given), sources.key_file(options.given)
        settings = sources.with_key(settings, options.given)
        warning = who_can_read(file) if file is not None else None
        kind = "config.key-in-file" if file is not None else "config.not-for-scheduler"
        yield finding("Key", warning or say(kind, place=place), int(warning is not None))
    except BadSettings as error:
        yield finding("Key", error.message, error.exit_status)
        if isinstance(error, NoKey) and (line := profile_lines.commented(options.profile, "api-key-file")) is not None:
            change = say("doctor.uncomment", line=str(line[0]), text=line[1], file=str(profiles.profiles_file()))
            yield finding("Key", change, error.exit_status)
    yield from commands.doctor.examine(settings)
    try:
        notifier = options.notifier()
    except BadSettings as error:
        yield finding("Notifications", error.message, error.exit_status)
        return
    addresses = len(notifier.ways)
    if not addresses:
        yield finding("Notifications", say("config.nobody-notified"))
    elif not test_notification:
        yield finding("Notifications", say("config.addresses", n=addresses))
    else:
        failures = notifier.test(commands.notification_messages.trial(options.profile))
        for text in failures:
            yield finding("Notifications", text, 1)
        if not failures and addresses > notifier.pings:
            yield finding("Notifications", say("config.test-sent"))
        if notifier.pings:
            yield finding("Pings", say("config.not-tried", n=notifier.pings))


COMMANDS = (doctor,)
