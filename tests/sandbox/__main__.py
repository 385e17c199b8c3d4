"""Run ``python -m tests.sandbox``, which serves the stand-in in a process of its own."""

from typing import Any

import click

from tests import sandbox

_NUMBER = click.IntRange(min=1)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8081, show_default=True, help="0: any free port.")
@click.option("--key", "api_key", default="", help="The API key to accept.  [default: a new key at each start]")
@click.option("--latency", type=click.FloatRange(0, 60), default=0.0, metavar="SECONDS", help="Time before each reply.")
@click.option(
    "--rate-limit",
    "limit",
    default="20/1s:headers",
    show_default=True,
    metavar="CALLS/TIME",
    help="Rate limit for each kind of call. Saleshandy's is 20/min:all=300. none: no limit.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="A fault, such as 500@3:after. May be repeated. tests/sandbox/README.md lists the common faults.",
)
@click.option("--max-batch", type=_NUMBER, metavar="N", help="Most prospects in one request.")
@click.option(
    "--prospects",
    "count",
    type=_NUMBER,
    metavar="N",
    help="Number of prospects that exist, each with an email address. Their list is printed at the start.",
)
@click.option("--uploads", default="", metavar="HOW", help="Replies to file uploads, such as id:list:x1.")
@click.option("--seed", type=int, metavar="N", help="Seed for note IDs and random faults.")
def serve_sandbox(limit: str, faults: tuple[str, ...], count: int | None, uploads: str, **options: Any) -> None:
    """Serve a stand-in of the API on this machine. Nothing leaves the machine.

    A prospect exists if its ID looks like one of Saleshandy's (8 to 10 letters and digits in upper and lower case) and
    does not start with INVALID. An email address has a prospect unless it starts with nobody, unknown or invalid, or
    you limit the number of prospects. The command prints its key, and the variables to set in another window.
    """
    try:
        parsed_faults = [sandbox.Fault.parse(fault) for fault in faults]
        upload_behaviour = sandbox.UploadBehaviour.parse(uploads)
        rate_limit = None if limit == "none" else sandbox.Limit.parse(limit)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        sandbox.serve_forever(
            say=click.echo,
            limit=rate_limit,
            faults=parsed_faults,
            uploads=upload_behaviour,
            prospects=None if count is None else sandbox.invented(count),
            any_email=count is None,
            any_id=False,
            **options,
        )
    except OSError as error:
        raise click.UsageError(f"Port {options['port']} can't be used: {error.strerror or error}") from error


if __name__ == "__main__":
    serve_sandbox(prog_name="python -m tests.sandbox")
