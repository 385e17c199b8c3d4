"""The command that serves a stand-in of the API, to practise with: sandbox."""

from __future__ import annotations

from typing import Any

import click

from importer.cli.terminal import say_line
from importer.errors import BadSettings
from importer.messages import say


class _WithManual(click.Command):
    """A command whose help ends with all faults and limits that the sandbox knows."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own
        from importer import sandbox  # noqa: PLC0415 - only who practises waits for it

        for title, rows in sandbox.manual().items():
            with formatter.section(title):
                formatter.write_dl(rows)


@click.command(name="sandbox", cls=_WithManual)
@click.option("--port", type=click.IntRange(0, 65535), default=8081, show_default=True, help="0: any free port.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="The key that it accepts; of several, each opens an account of its own.  [default: a new one at each start]",
)
@click.option(
    "--latency",
    type=click.FloatRange(0, 60),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="How long it takes to answer.",
)
@click.option("--rate-limit", "limit", metavar="CALLS/TIME", help="Its rate limit, as 20/1s; see below.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="A misbehaviour, as 500@3:after; see below. May be given more than once.",
)
@click.option("--max-batch", type=click.IntRange(min=1), metavar="N", help="Prospects that it takes in one request.")
@click.option("--max-content", type=click.IntRange(min=1), metavar="N", help="Characters that it takes in one note.")
@click.option(
    "--prospects",
    "count",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only so many prospects exist, each with an email; it says where they are listed.",
)
@click.option("--no-listing", is_flag=True, help="Prospects are found by a search only, not page by page.")
@click.option("--uploads", default="", metavar="HOW", help="How it answers uploads of files, as id:list:x1; see below.")
@click.option("--clock-offset", type=float, default=0.0, metavar="SECONDS", help="How far its clock is ahead.")
@click.option("--seed", type=int, metavar="N", help="Decides the note ids, and the chance in faults.")
def serve_sandbox(
    port: int,
    keys: tuple[str, ...],
    limit: str | None,
    faults: tuple[str, ...],
    count: int | None,
    uploads: str,
    *,
    no_listing: bool,
    **options: Any,
) -> int:
    """Serve a stand-in of the API on this machine, to practise with; nothing leaves the machine.

    A prospect exists there if its ID looks like Saleshandy's, 8 to 10 letters and digits in upper and lower case, and
    does not begin with INVALID. Emails that begin with nobody, unknown or invalid are nobody's; every other one is
    somebody's, unless you say how many prospects there are. It prints its key, with a command that uses it, and the
    addresses at which a browser shows what it received, the notes it holds and the files it was given. They end in a
    token. Key and token are new at each start, so that nobody else can read your notes.
    """
    from importer import sandbox  # noqa: PLC0415 - see above

    try:
        found = [sandbox.Fault.parse(fault) for fault in faults]
        files = sandbox.UploadBehaviour.parse(uploads)
        window = None if limit is None else sandbox.Limit.parse(limit)
    except ValueError as error:
        raise BadSettings(str(error)) from error
    try:
        sandbox.serve_forever(
            say=say_line,
            port=port,
            api_key="".join(keys[:1]),
            further_keys=keys[1:],
            limit=window,
            faults=found,
            uploads=files,
            prospects=None if count is None else sandbox.invented(count),
            any_email=count is None,
            any_id=False,
            lists=not no_listing,
            **options,
        )
    except OSError as error:
        raise BadSettings(say("page.port", port=str(port), error=error.strerror or str(error))) from error
    return 0
