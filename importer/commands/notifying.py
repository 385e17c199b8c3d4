"""Notifications: a notice goes to every address that was given, and a dead man's switch hears that the run was there.

Comes in: recipients, whose addresses are secrets; a notice. Goes out: the notice, to each of them; and a sentence for
every one that could not be reached. An address is what `apprise` understands (mail, Slack, Teams and some hundred
more), or one of two that are simply called:

    ping+https://hc-ping.com/…            when a run came to its end (exit status 0 or 1)
    ping-fail+https://hc-ping.com/…/fail  when it didn't

So a service such as healthchecks says that *nothing* was heard, as when the machine was off. A ping carries no word.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import requests

from importer.commands import logs
from importer.errors import BadSettings
from importer.settings import Occasion, Recipient

if TYPE_CHECKING:
    from apprise import AppriseAsset

_PING = re.compile(r"ping(?P<fail>-fail)?\+(?P<url>https?://[^\s/]+\S*)", re.IGNORECASE)
_SECONDS = 10.0


@dataclass(frozen=True)
class Notice:
    """What is told outside of the house: no cell's value, no note, no key stands in it.

    Attributes:
        title: what happened, in a line.
        body: the rest, in lines.
        exit_status: how the program ends.
        is_for_switch: whether a dead man's switch hears of it.
    """

    title: str
    body: str
    exit_status: int
    is_for_switch: bool = True


class _Way(Protocol):
    """One recipient, understood."""

    @property
    def origin(self) -> str:
        """Where its address stood."""

    def send(self, notice: Notice) -> str:
        """Send it; why that failed, in words without the address, or an empty text."""


@dataclass(frozen=True)
class Notifier:
    """Sends notices.

    Attributes:
        ways: to each recipient.
        occasion: when a notice goes out; a ping goes out unless that is never.
    """

    ways: Sequence[_Way]
    occasion: Occasion

    @classmethod
    def to(
        cls, recipients: Sequence[Recipient], occasion: Occasion | None = None, *, as_far_as_possible: bool = False
    ) -> Notifier:
        """What sends notices to these recipients.

        Args:
            recipients: who is told.
            occasion: when; None: on a problem.
            as_far_as_possible: leave out those that nothing can be sent to, so that the others hear of that.

        Raises:
            BadSettings: an address is none that anything can be sent to, or `apprise` isn't installed.
        """
        ways: list[_Way] = []
        for recipient in recipients if occasion is not Occasion.NEVER else ():
            try:
                ways.append(_way(recipient))
            except BadSettings:
                if not as_far_as_possible:
                    raise
        return cls(ways, occasion or Occasion.PROBLEM)

    def tell(self, notice: Notice) -> list[str]:
        """Send a notice to whoever is to have it; a sentence for each that failed. Nothing is raised."""
        is_due = self.occasion is Occasion.ALWAYS or notice.exit_status != 0
        is_failure = notice.exit_status > 1
        ways = [way for way in self.ways if (way.for_failure is is_failure if isinstance(way, _Ping) else is_due)]
        return self._send(notice, [way for way in ways if notice.is_for_switch or not isinstance(way, _Ping)])

    @property
    def pings(self) -> int:
        """How many addresses are simply called: a test leaves them alone, for they would take it for a run."""
        return sum(isinstance(way, _Ping) for way in self.ways)

    def test(self, notice: Notice) -> list[str]:
        """Send a notice to everyone who isn't a ping, whatever the occasion; a sentence for each that failed."""
        return self._send(notice, [way for way in self.ways if not isinstance(way, _Ping)])

    def _send(self, notice: Notice, ways: Sequence[_Way]) -> list[str]:
        failed = []
        for way in ways:
            if why := way.send(notice):
                failed.append(f"A notification could not be sent ({way.origin}): {why}.")
            logs.event(
                "notification failed" if why else "notification sent",
                logging.WARNING if why else logging.INFO,
                to=way.origin,
                why=why,
            )
        return failed


def lacks_package(address: str) -> bool:
    """Whether sending to an address needs `apprise`, which isn't installed."""
    return not _PING.fullmatch(address) and importlib.util.find_spec("apprise") is None


def _way(recipient: Recipient) -> _Way:
    if ping := _PING.fullmatch(recipient.address):
        return _Ping(recipient.origin, ping["url"], for_failure=ping["fail"] is not None)
    try:
        import apprise  # noqa: PLC0415 - an extra, and only who is notified waits for it
    except ImportError as error:
        raise BadSettings(
            f"Notifications to mail, Slack and the like ({recipient.origin}) need one more package. Install it with:"
            " pip install apprise. Nothing was sent."
        ) from error
    with _hushed():
        service = apprise.Apprise.instantiate(recipient.address, asset=_asset(apprise))
    if service is None:
        raise BadSettings(
            f"The address on {recipient.origin} is none that a notification can go to. Write it as apprise does, such"
            " as slack://… or mailtos://…, or as ping+https://… for a dead man's switch. Nothing was sent."
        )
    return _Service(recipient.origin, service, apprise)


def _asset(apprise: Any) -> AppriseAsset:
    """Who the notices are from; no picture is fetched from anywhere."""
    asset: AppriseAsset = apprise.AppriseAsset(
        app_id="note-importer", app_desc="note-importer", app_url="", image_url_mask="", image_url_logo=""
    )
    return asset


@dataclass(frozen=True)
class _Ping:
    """An address that is called, without a word."""

    origin: str
    url: str
    for_failure: bool

    def send(self, _: Notice) -> str:
        """See :class:`_Way`."""
        try:
            status = requests.get(self.url, timeout=_SECONDS).status_code
        except requests.RequestException:
            return "it could not be reached"
        return "" if status < 300 else f"it answered with {status}"


@dataclass(frozen=True)
class _Service:
    """What `apprise` can send to."""

    origin: str
    service: Any
    apprise: Any

    def send(self, notice: Notice) -> str:
        """See :class:`_Way`."""
        kinds = self.apprise.NotifyType
        kind = {0: kinds.SUCCESS, 1: kinds.WARNING}.get(notice.exit_status, kinds.FAILURE)
        with _hushed() as said:
            try:
                is_sent = self.service.notify(
                    title=notice.title, body=notice.body, notify_type=kind, body_format=self.apprise.NotifyFormat.TEXT
                )
            except Exception:  # noqa: BLE001 - whatever a service does, the run's end is told all the same
                is_sent = False
        if is_sent:
            return ""
        return f"{self.service.service_name} {_why(said)}"


def _why(said: Sequence[str]) -> str:
    """What of the library's words is sure to hold no address."""
    words = " ".join(said)
    if code := re.search(r"\berror=(\d{3})\b", words):
        return f"answered with {code[1]}"
    return "could not be reached" if "onnection error" in words else "did not take it"


@contextlib.contextmanager
def _hushed() -> Iterator[list[str]]:
    """What the library would log, gathered: it may show addresses, so nobody else gets it."""
    log, said = logging.getLogger("apprise"), _Gathering()
    before = log.propagate
    log.propagate = False
    log.addHandler(said)
    try:
        yield said.texts
    finally:
        log.removeHandler(said)
        log.propagate = before


class _Gathering(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
