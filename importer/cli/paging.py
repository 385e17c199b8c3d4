"""The command that opens a page in the browser: page."""

from __future__ import annotations

import importlib.util
import signal
import sys
import threading
import time
import webbrowser
from typing import TYPE_CHECKING, Any

import click

from importer.cli.manual import InGroups
from importer.cli.options import Told, settings_about
from importer.cli.terminal import paragraph, say
from importer.cli.watching import EndedAtOnce
from importer.cli.wording import with_flags
from importer.errors import BadSettings
from importer.settings import Topic, sources, who_can_read

if TYPE_CHECKING:
    from importer.page.jobs import Job
    from importer.page.serving import Server

_ASKED = "You asked the program to end (Ctrl-C)."


@click.command(cls=InGroups)
@settings_about(
    Topic.FILE, Topic.EMAILS, Topic.SIZE, Topic.PLACE, Topic.CALLS, Topic.PACE, Topic.GUARDS, Topic.HOURS,
    Topic.WAITING, Topic.NEW_JOURNAL,
)  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N",
              help="Where the page is served on this computer.  [default: any that is free]")  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Print the page's address instead of opening a browser.")
def page(port: int, *, no_browser: bool, **_: Any) -> int:
    """Open a page in your browser on which a file is dropped, checked and sent.

    Nobody but this computer sees it. Ctrl-C ends a run in good order, and then the program.
    """
    if importlib.util.find_spec("flask") is None:
        raise BadSettings(
            "The page needs a part that isn't installed. Install it with: pip install 'note-importer[page]'"
        )
    from importer.page import serving  # noqa: PLC0415 - only this command waits for it
    from importer.page.screens import Told as ToldToPage  # noqa: PLC0415

    context = click.get_current_context()
    turn = threading.Lock()  # a context belongs to a thread at a time

    def told() -> Told:
        with turn, context.scope(cleanup=False):  # the profile may have been changed since, by the page itself
            return Told.here()

    first = told()
    if (file := sources.key_file(first.given)) is not None and (warning := who_can_read(file)):
        paragraph(warning, "Warning: ", err=True)
    try:
        server = serving.Server(
            ToldToPage(lambda: told().settings, lambda: sources.with_key(told().settings, told().given)), port
        )
    except OSError as error:
        raise BadSettings(f"Port {port} can't be served: {error.strerror}. Name another: --port 0.") from error
    with server:
        return _serve(server, first, no_browser=no_browser)


def _serve(server: Server, told: Told, *, no_browser: bool) -> int:
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    say(f"Workspace: {told.settings.workspace}")
    if no_browser or not webbrowser.open(server.address):
        say("Open this address in your browser; it is good for once:")
        say(server.address)
    else:
        say("A page opens in your browser. If none does, press Ctrl-C, and say --no-browser: that prints the address.")
    say("Leave this window open as long as you use the page. Ctrl-C ends it.")
    sys.stdout.flush()
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        jobs = server.stop_jobs(_ASKED)
    if jobs:
        say("Finishing the requests under way, then writing the results …", err=True)
        try:
            while any(job.ended is None for job in jobs):
                time.sleep(0.05)
        except KeyboardInterrupt as error:  # a second time: the run ends by itself, as it finds itself alone
            raise EndedAtOnce from error
    return max((_said(job) for job in jobs), default=0)


def _said(job: Job) -> int:
    if job.ended is None:
        return 0
    for sentence in (job.ended.error, *job.ended.why):
        if sentence:
            paragraph(with_flags(sentence), err=True)
    if job.ended.results is not None:
        say(f"Results: {job.ended.results}", err=True)
    return job.ended.exit_status
