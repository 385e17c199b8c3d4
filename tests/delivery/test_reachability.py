"""What is known of the way to the API, of the connections first of all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from importer.api import Answer, Endpoint, Reply
from importer.delivery.context import DeliveryContext
from importer.delivery.known_ids import KnownIds
from importer.delivery.reachability import Reachability


def reply(began: float, note_id: str = "N1") -> Reply[dict[str, Answer]]:
    return Reply(Endpoint.CREATE, began, began + 0.1, {"P1": Answer(note_id)})


def test_a_call_that_left_before_the_connections_were_made_anew_is_not_trusted() -> None:
    """A worker may have taken it just after another request's reply came, on the same connection."""
    renewed: list[bool] = []
    caller = SimpleNamespace(api=SimpleNamespace(renew=lambda: renewed.append(True)))
    way = Reachability(cast(DeliveryContext, SimpleNamespace(caller=caller, dispatcher=None, policy=None)))
    assert way.is_trusted(reply(11.0))
    way.is_astray(10.0, 12.0)
    assert renewed == [True]
    assert way.is_trusted(reply(9.9)), "it left on another connection"
    assert not way.is_trusted(reply(10.0))
    assert not way.is_trusted(reply(11.9))
    assert way.is_trusted(reply(12.0))


def test_the_ids_of_an_answer_that_is_not_trusted_are_no_answer_to_another_request() -> None:
    known = KnownIds(lambda ids: ())
    doubted = known.believed(reply(11.0), is_trusted=False).failure
    assert doubted is not None
    assert doubted.at_work
    assert not doubted.is_astray
    again = known.believed(reply(13.0), is_trusted=True).failure
    assert again is not None
    assert again.is_astray
    assert known.believed(reply(13.0, "N2"), is_trusted=True).failure is None
