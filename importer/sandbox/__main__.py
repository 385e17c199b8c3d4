"""Run a sandbox in a process of its own: ``python -m importer.sandbox --limit 20/1s --fault 500@3``."""

from __future__ import annotations

import argparse

from . import faults, limits
from .box import DEFAULT_KEY, serve_forever
from .faults import Fault
from .limits import Limit


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _limit(text: str) -> Limit:
    try:
        return Limit.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main() -> None:
    """Read the command line and serve until Ctrl-C or SIGTERM; a port that is taken ends it with a message."""
    parser = argparse.ArgumentParser(
        prog="python -m importer.sandbox",
        description="A stand-in of the Saleshandy Open API on a loopback port.",
        epilog=f"{limits.__doc__}\n{faults.__doc__}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; any free one if not given")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="how long each request takes")
    parser.add_argument("--limit", type=_limit, help="a rate limit, such as 20/1s")
    parser.add_argument("--fault", type=_fault, action="append", default=[], dest="faults", help="may be repeated")
    parser.add_argument("--max-batch", type=int, metavar="N", help="the most prospects that one request may name")
    parser.add_argument("--max-content", type=int, metavar="N", help="the most characters that a note may have")
    parser.add_argument("--clock-offset", type=float, default=0.0, metavar="SECONDS", help="how far its clock is ahead")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="decides the note ids and the faults' chance")
    parser.add_argument("--key", default=DEFAULT_KEY, dest="api_key", help="the API key it accepts")
    options = vars(parser.parse_args())
    try:
        serve_forever(**options)
    except OSError as error:
        parser.exit(1, f"cannot listen on port {options['port']}: {error}\n")


if __name__ == "__main__":
    main()
