"""Something done at a moment that can't be hit by chance: just before the system is asked for something."""

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

_waiting: list[tuple[Collection[str], Callable[..., None]]] = []
_is_hooked: list[bool] = []


def _dispatch(event: str, arguments: tuple[object, ...]) -> None:
    for events, do in [*(_waiting or ())]:  # none when Python ends
        if event in events:
            _waiting.remove((events, do))  # what it does itself isn't heard of
            do(*arguments)
            _waiting.append((events, do))


@contextmanager
def before(events: Collection[str], do: Callable[..., None]) -> Iterator[None]:
    """Call something before each event of these kinds, such as ``os.rename``, with what the event is about.

    Python's audit events; a hook for them can't be taken away again, so there is one for all.
    """
    if not _is_hooked:
        _is_hooked.append(True)
        sys.addaudithook(_dispatch)
    _waiting.append((events, do))
    try:
        yield
    finally:
        _waiting.clear()
