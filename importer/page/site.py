"""Connect addresses to screens, in groups, and turn every error into words.

Input: requests that the guard lets pass. Output: pages that work without JavaScript. With JavaScript they refresh
themselves. A GET request changes nothing.
"""

from __future__ import annotations

import os
import traceback

from flask import Flask, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response

from importer.errors import BadSettings, ImporterError
from importer.importing import wording
from importer.messages import FACE, Message, say
from importer.page.access import Access
from importer.page.dropping import Dropping
from importer.page.importing import ImportScreens
from importer.page.mending import MendScreens
from importer.page.rendering import NAMES, PAGE, composed, element, folded, text, without_folders, words
from importer.page.runs import History, Working
from importer.page.screens import OPEN_SETTINGS, Page, Parts, problem
from importer.page.setting_up import SettingUp
from importer.telling.result_rows import TO_FIX

GROUPS = (Dropping, ImportScreens, MendScreens, Working, History, SettingUp)
"""Groups of screens; see :mod:`importer.page.screens`."""
NAVIGATION = {
    "index": say("page.layout.import"),
    "runs": say("page.layout.runs"),
    "settings": say("page.layout.settings"),
}
"""Screens that the head of every page leads to, with their names."""
_FORM_BYTES = 1_000_000
_WENT_WRONG = say("page.problem.went-wrong")


def make(parts: Parts, guard: Access) -> Flask:
    """Return the Flask application."""
    app = Flask(__name__)
    app.jinja_options = {**app.jinja_options, "finalize": _shown}
    app.config.update(MAX_CONTENT_LENGTH=_FORM_BYTES, MAX_FORM_MEMORY_SIZE=_FORM_BYTES, MAX_FORM_PARTS=20)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        words=words,
        number="{:,}".format,
        count=lambda number, thing: words(wording.count(number, thing)),
        duration=lambda seconds: words(wording.duration(seconds)),
        when=lambda at: wording.when(at)[:16],
        folded=folded,
        composed=composed,
        without_folders=without_folders,
    )
    app.jinja_env.globals.update(text=text, element=element, TO_FIX=TO_FIX)
    app.before_request(lambda: _faced(guard))
    app.after_request(guard.seal)
    app.context_processor(lambda: _everywhere(parts))
    app.register_error_handler(Exception, _failed)
    for group in GROUPS:
        screens = group(parts)
        for name, function in vars(group).items():
            for address, method in getattr(function, "addresses", ()):
                app.add_url_rule(address, name, getattr(screens, name), methods=[method])
    app.wsgi_app = guard.mounted(app.wsgi_app)  # type: ignore[assignment,method-assign]
    return app


def _shown(value: object) -> object:
    """Return the value as a template prints it: a message in the page's words."""
    return words(value) if isinstance(value, Message) else value


def _faced(guard: Access) -> Response | None:
    """Render messages from here on for the page. Return the refusal of the request, if any."""
    FACE.set(PAGE)
    return guard.why_not(request)


def _everywhere(parts: Parts) -> dict[str, object]:
    """Return the template variables of every screen."""
    return {
        "navigation": NAVIGATION,
        "under_way": parts.jobs.under_way,
        **NAMES,
    }


def _failed(error: Exception) -> Page:
    """Return a screen that explains any error in words."""
    if isinstance(error, RequestEntityTooLarge):
        return problem(say("page.problem.too-large"), say("page.problem.file-too-large"), 413)
    if isinstance(error, HTTPException):
        status = error.code or 500
        kind = "page.problem.nothing-here" if status == 404 else "page.problem.not-understood"
        return problem(_WENT_WRONG, say(kind), status)
    if isinstance(error, BadSettings):
        back = (url_for("settings"), OPEN_SETTINGS) if request.path == "/" else ()
        return problem(say("page.problem.setting"), error.message, 400, *back)
    if isinstance(error, ImporterError):
        return problem(_WENT_WRONG, error.message, 500)
    if isinstance(error, OSError):  # such as a full disk
        return problem(_WENT_WRONG, say("page.problem.system-error", error=str(error.strerror or error)), 507)
    if os.environ.get("NOTE_IMPORTER_DEBUG"):
        traceback.print_exc()
    return problem(_WENT_WRONG, say("page.job.fault", error=type(error).__name__), 500)
