"""Define the command doctor: checks before the first night, and a live test."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from importer import operations, telling
from importer.cli.manual import InGroups
from importer.cli.options import Options, settings_about
from importer.cli.reporting import reporting
from importer.cli.terminal import paragraph, say_line
from importer.cli.watching import Stopper
from importer.errors import BadSettings
from importer.messages import Message, as_message, lines, render, say
from importer.settings import SETTINGS, Topic, sources
from importer.settings.secrets import Occasion, who_can_read

if TYPE_CHECKING:
    from importer.operations.doctor import Check


_CONNECTION = (Topic.PLACE, Topic.CALLS)
_CHECKED = [name for name in SETTINGS if name != "quiet"]


@click.command(cls=InGroups)
@settings_about(*_CONNECTION, "yes", "notify", "notify-file", "log-file", "json", also=_CHECKED)
@click.option(
    "--test-notification", is_flag=True, help="Send a test notification to all addresses except ping addresses."
)
@click.option(
    "--live",
    metavar="PROSPECT",
    help="Try out instead what the service does with one private note on this prospect, an ID or an email. The note is "
    "made a draft and stays there, because the API can't delete notes.",
)
def doctor(*, test_notification: bool, live: str | None, **_: Any) -> int:
    """Check everything that can be checked before the first night. Makes one call, which only reads.

    First it shows the settings in force, and the source of each. Flags have priority over the environment, the
    environment over the profile, and the profile over the defaults.

    The exit status is that of a run with the same problems: 0 all is well; 1 something to look at; 2, 3 and 4 as for
    `run`. With --json, the document also has the versions and the settings, for somebody who helps you.
    """
    with reporting("doctor") as out:
        options, settings = out.options, out.options.settings
        say_line(say("cli.workspace", workspace=str(settings.workspace)))
        _show_settings(options)
        if live is None:
            findings = _shown(_findings(options, test_notification=test_notification))
        elif (nothing := _declined(live, options)) is not None:
            say_line(nothing)
            return out.over(2, lambda: telling.documents.failed("doctor", 2, say("live.not-agreed"), nothing))
        else:
            with Stopper() as stopper:
                stopper.arm()
                findings = _shown(operations.live.examine(live, options.settings_with_key, stop=stopper.why))
        status = max(finding.exit_status for finding in findings)
        return out.over(status, lambda: operations.documents.doctor(findings, options.given))


def _show_settings(options: Options) -> None:
    """Print every setting that isn't at its default, below its source. One that can't be used is an error."""
    width, from_source = max(map(len, options.given), default=0), defaultdict[str, list[str]](list)
    for name, given in options.given.items():
        sources.read(options.given, name)  # checks settings that no check below reads, too
        source = render(given.origin) or render(say("doctor.said-now"))
        from_source[source].append(f"  {name:{width}}  {sources.written(given.value)}")
    for source, lines_of_source in from_source.items():
        say_line(say("doctor.source", source=source))
        for line in lines_of_source:
            say_line(line)


def _shown(findings: Iterable[Check]) -> list[Check]:
    """Print findings as they come, and return them."""
    shown = []
    for finding in findings:
        mark = "ok" if not finding.exit_status else "look" if finding.exit_status == 1 else "WRONG"
        paragraph(finding.text, f"  {mark:5}  {finding.about}: ")
        shown.append(finding)
    return shown


def _declined(prospect: str, options: Options) -> Message | None:
    """Return why the note isn't created: nobody agrees to what it leaves behind. None if a person or an option does."""
    paragraph(say("live.leaves", prospect=prospect, workspace=str(options.settings.workspace)))
    return options.refusal(say("live.ask"))


def _findings(options: Options, *, test_notification: bool) -> Iterator[Check]:
    """Yield the findings about the key, those of :mod:`importer.operations.doctor`, and that about notifications."""
    checked, settings = operations.doctor.checked, options.settings
    yield checked("Key", partial(_key, options))
    with contextlib.suppress(BadSettings):  # it is reported already
        settings = sources.with_key(settings, options.given)
    yield from operations.doctor.examine(settings)
    yield checked("Notifications", partial(_notifications, options, is_test=test_notification))


def _key(options: Options) -> Message:
    settings = sources.with_key(options.settings, options.given)
    place, file = as_message(settings.origin.key_place or ""), sources.secret_file(options.given, "api-key-file")
    if file is not None and (warning := who_can_read(file)):
        raise operations.doctor.Look(warning)
    return (
        as_message(place or "") if file is not None else say("config.not-for-scheduler", place=as_message(place or ""))
    )


def _notifications(options: Options, *, is_test: bool) -> Message:
    channels = options.channels()
    pings = sum(one.ping is not None for one in channels)
    if not channels:
        nobody = say("config.nobody-notified")
        if is_test:
            raise operations.doctor.Look(nobody)
        return nobody
    if not is_test:
        return say("config.addresses", n=len(channels))
    trial = telling.notifications.trial(options.profile)
    if failures := telling.notifications.send(channels, trial, Occasion.ALWAYS):
        raise operations.doctor.Look(lines(*failures))
    sent = [say("config.test-sent")] if len(channels) > pings else []
    return lines(*sent, *([say("config.not-tried", n=pings)] if pings else []))


COMMANDS = (doctor,)
