"""Log each call: its request, the number of notes and the result, but no text of a note.

Input: a task and its reply. Output: a record of the standard library's ``logging``, whose ``facts`` are numbers and our
own words. The API's words are logged only at the debug level.
"""

from __future__ import annotations

import logging
from typing import Any

from importer.api import Reply
from importer.delivery.tasks import Post, Task
from importer.messages import render

_log = logging.getLogger(__name__)


def came_back(task: Task, reply: Reply[Any]) -> None:
    """Log that a call has returned."""
    failure = reply.failure
    level = logging.INFO if failure is None else logging.WARNING
    if not _log.isEnabledFor(level):
        return
    facts: dict[str, object] = {}
    if isinstance(task, Post):
        facts |= {"request": task.request_number, "notes": len(task.request)}
    if failure is None and isinstance(task, Post):
        created = sum(answer.note_id is not None for answer in reply.value.values()) if reply.value else 0
        facts |= {"created": created, "rejected": len(reply.value or ()) - created}
    if reply.metadata is not None:
        facts["status"] = reply.metadata.status
    if failure is not None:
        facts["cause"] = failure.cause.value
        if failure.wait is not None:
            facts["asks_to_wait"] = round(failure.wait, 1)
    facts["seconds"] = round(reply.came - reply.began, 3)
    name = "request" if isinstance(task, Post) else "look-up"
    _log.log(level, f"{name} {'answered' if failure is None else 'failed'}", extra={"facts": facts})
    if failure is not None:
        _log.debug("the API's words", extra={"facts": {"text": render(failure.text)}})
