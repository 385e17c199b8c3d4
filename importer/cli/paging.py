"""Define page, the command that opens a page in the browser."""

from __future__ import annotations

import importlib.util
import math
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from importer.cli.options import OF_A_FILE, PREPARING, InGroups, Options, WholeNumber, settings_about
from importer.cli.terminal import PROFILE, paragraph, say_line, with_flags
from importer.cli.watching import EndedAtOnce
from importer.errors import BadSettings
from importer.messages import say
from importer.settings import SETTINGS
from importer.settings.secrets import KEY_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    from importer.page.jobs import Job
    from importer.page.serving import PageServer

_PATIENCE = 10.0
"""Seconds to wait for the browser to open the page before the address is printed."""
_OURS = (KEY_VARIABLE, "NOTE_IMPORTER_")
"""Beginnings of our variables. Some hold secrets, and a browser hands its environment to whatever it starts."""
_WHICH = (*PREPARING, "between")
_NAMES = tuple(setting.name for setting in SETTINGS.values() if {setting.topic, setting.name} & {*_WHICH})


@click.command(cls=InGroups)
@settings_about(*(one for one in _WHICH if one not in OF_A_FILE), "default-visibility", also=_NAMES)
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=0,
    metavar="N",
    help="The port of the page on this computer.  [default: any free port]",
)
@click.option("--no-browser", is_flag=True, help="Print the page's address instead of opening a browser.")
def page(port: int, *, no_browser: bool, **_: Any) -> int:
    """Open a page in your browser, where you can drop, check and send a file.

    Only this computer can see the page. It starts with the profile that you name here or in the environment. If the
    page already runs with the same options, it is opened again. To stop, press Quit on the page or Ctrl-C here: the
    current requests are finished first.
    """
    if importlib.util.find_spec("flask") is None:
        raise BadSettings(say("page.needs-part"))
    from importer.page import serving  # noqa: PLC0415 - only this command waits for it
    from importer.page.current_settings import CurrentSettings as PageSettings  # noqa: PLC0415

    given = Options.here().given
    values = {name: setting_given.value for name, setting_given in given.items() if setting_given.origin is None}
    if "profile" in given:
        values["profile"] = given["profile"].value  # from the environment, too, until a person chooses another
    place = serving.place_for(serving.page_folder(), values, port)
    if (address := serving.address_in(place)) is not None:  # leave the program that runs already alone
        say_line(say("page.runs-already"))
        until = time.monotonic() + _PATIENCE if not no_browser and _opens(place) else 0
        while time.monotonic() < until:
            if serving.address_in(place) != address:
                return 0
            time.sleep(0.1)
        _say_address(address)
        return 0
    try:
        server = serving.PageServer(PageSettings(values, _NAMES), port)
    except OSError as error:
        raise BadSettings(say("page.port", port=str(port), error=error.strerror or str(error))) from error
    with server, serving.offered(place, lambda: server.guard.address) as server.guard.renewed:
        return _serve(server, None if no_browser else place)


def _serve(server: PageServer, place: Path | None) -> int:
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    Options(server.parts.current.given()).warn_of_readers("api-key-file")
    say_line(say("cli.workspace", workspace=str(server.parts.current.settings().workspace)))
    is_opened = place is not None and _opens(place)
    if is_opened:
        say_line(say("page.opens", seconds=round(_PATIENCE)))
    else:
        _say_address(server.guard.address)
    say_line(say("page.leave-open"))
    sys.stdout.flush()
    kind = "page.quit" if _wait(server, is_opened=is_opened) else "page.asked-to-end"
    jobs = server.stop_jobs(say(kind))
    if jobs:
        say_line(say("watching.finishing"), err=True)
        try:
            while any(job.ended is None for job in jobs):
                time.sleep(0.05)
        except KeyboardInterrupt as error:  # a second Ctrl-C: the run ends by itself once this process is gone
            raise EndedAtOnce from error
    return max((_said(job) for job in jobs), default=0)


def _opens(place: Path) -> bool:
    """Open the browser with a private file, whose address anybody may see; return whether there are both."""
    import multiprocessing  # noqa: PLC0415 - help and other commands don't wait for it

    opening = multiprocessing.get_context("spawn").Process(target=_open, args=(place.absolute().as_uri(),))
    ours = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith(_OURS)}
    try:
        opening.start()  # a process of its own, so that the browser doesn't inherit the key
    finally:
        os.environ.update(ours)
    opening.join()
    return opening.exitcode == 0


def _open(address: str) -> None:
    """Open an address in the browser; runs in a process of its own, which ends with 1 if there is no browser."""
    import webbrowser  # noqa: PLC0415 - only this process needs it

    sys.exit(not webbrowser.open(address))


def _say_address(address: str) -> None:
    say_line(say("page.open-this"))
    say_line(address)
    sys.stdout.flush()


def _wait(server: PageServer, *, is_opened: bool) -> bool:
    """Wait for the end; return True for Quit, False for Ctrl-C. If no browser comes, print the address."""
    until = time.monotonic() + _PATIENCE if is_opened else math.inf
    try:
        while not server.ended.wait(0.5):  # in short waits, because on Windows nothing interrupts an endless one
            if time.monotonic() > until:
                until = math.inf
                if not server.guard.came.is_set():
                    _say_address(server.guard.address)
    except KeyboardInterrupt:
        return False
    return True


def _said(job: Job) -> int:
    if job.ended is None:
        return 0
    PROFILE.set(job.workspace.profile)  # another profile may have been chosen since
    for sentence in (job.ended.error, *job.ended.why):
        if sentence:
            paragraph(with_flags(sentence), err=True)
    if job.ended.results is not None:
        say_line(f"Results: {job.ended.results}", err=True)
    return job.ended.exit_status
