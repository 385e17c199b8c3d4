"""Define the command doctor: checks before the first night, and a live test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import commands
from importer.cli.manual import InGroups
from importer.cli.options import Options, settings_about
from importer.cli.reporting import reporting
from importer.cli.terminal import ask, is_terminal, paragraph, say_line, show, with_flags
from importer.cli.watching import RunWatch, Stopper
from importer.errors import BadSettings, NoKey
from importer.messages import say
from importer.settings import Settings, Topic, profile_lines, profiles, sources, who_can_read

if TYPE_CHECKING:
    from importer.commands.doctor import Check


@click.command(cls=InGroups)
@settings_about(*(topic for topic in Topic if topic is not Topic.QUIET))
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
def doctor(*, test_notification: bool, live: str | None, with_file: bool, **_: Any) -> int:
    """Check everything that can be checked before the first night. Makes one call, which only reads.

    The exit status is that of a run with the same problems: 0 all is well; 1 something to look at; 2, 3 and 4 as for
    `run`. With --json, the document also has the versions and the settings, for somebody who helps you.
    """
    if with_file and live is None:
        raise click.UsageError(with_flags(say("live.with-file-alone")))
    if live is not None:
        return _live(live, Options.here(), with_file=with_file)
    with reporting("doctor") as out:
        options, settings = out.options, out.options.settings
        for name in options.given:
            sources.read(options.given, name)  # checks settings that no check below reads, too
        say_line(say("cli.workspace", workspace=str(settings.workspace)))
        findings = []
        for finding in _findings(options, settings, test_notification=test_notification):
            findings.append(finding)
            mark = "ok" if not finding.exit_status else "look" if finding.exit_status == 1 else "WRONG"
            paragraph(finding.text, f"  {mark:5}  {finding.about}: ")
        status = max(finding.exit_status for finding in findings)
        return out.over(status, lambda: commands.documents.doctor(findings, options.given))


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
