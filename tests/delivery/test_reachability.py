"""What is known of the way to the API: whether requests get through, and when the run gives up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from importer.api import Answer, Cause, Endpoint, Failure, Reply
from importer.delivery.context import DeliveryContext, Post
from importer.delivery.evidence import Reachability
from importer.errors import WrongAddress
from importer.journal import NoteKey
from importer.messages import words
from importer.models import Note, Request, Status, Visibility

NOTE = Note("Hello", Visibility.PUBLIC, Status.PUBLISHED)


class Way:
    """A way to the API, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        context: Any = SimpleNamespace(caller=SimpleNamespace(give_up=900.0), clock=lambda: self.now)
        self.state = Reachability(cast(DeliveryContext, context))

    def comes_back(self, post: Post, cause: Cause | None = None) -> None:
        self.now += 1.0
        failure = None if cause is None else Failure(cause, words("no"), at_work=True)
        value = {"P1": Answer("N1")} if cause is None else None
        self.state.came_back(post, Reply(Endpoint.CREATE, self.now - 0.5, self.now, value, failure))


def post() -> Post:
    return Post(Request(NOTE, (0,), ("P1",), (b"P1",)), NoteKey.of(NOTE), 1)


def test_a_note_was_refused_while_others_passed_if_one_left_and_passed_in_between() -> None:
    way, refused, other = Way(), post(), post()
    way.comes_back(other)
    found = []
    for passed in (False, False, True):
        if passed:
            way.comes_back(other)
        way.comes_back(refused, Cause.INTERMEDIARY)
        found.append(refused.is_alone)
    assert found == [False, False, True]
    assert not way.state.healed
    way.comes_back(refused)
    assert way.state.healed


def test_if_all_requests_are_refused_only_controls_are_sent_until_one_passes() -> None:
    way = Way()
    for _ in range(4):
        way.comes_back(post(), Cause.INTERMEDIARY)
    shut = [way.state.is_shut]
    for cause in (Cause.INTERMEDIARY, None):
        way.comes_back(post(), cause)
        shut.append(way.state.is_shut)
    assert shut == [False, True, False]


def test_the_run_stops_once_nothing_got_through_for_as_long_as_it_is_patient() -> None:
    way = Way()
    assert not stopped(way)
    way.comes_back(post(), Cause.INTERMEDIARY)
    way.now += 899.0
    assert not stopped(way)
    way.now += 1.0
    assert stopped(way)
    way.comes_back(post())
    assert not stopped(way)


def stopped(way: Way) -> bool:
    stop = way.state.given_up()
    return stop is not None and isinstance(stop.error, WrongAddress)
