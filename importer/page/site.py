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

from importer.commands import rendering
from importer.errors import BadSettings, ImporterError
from importer.messages import FACE, Message
from importer.page.access import Access
from importer.page.history import History
from importer.page.importing import AttachmentScreens, ImportScreens
from importer.page.practising import Practising
from importer.page.rendering import PAGE, ROLES, without_folders, words
from importer.page.screens import Page, Parts, problem
from importer.page.setting_up import SettingUp
from importer.page.working import Leaving, Working

GROUPS = (ImportScreens, AttachmentScreens, Working, History, SettingUp, Practising, Leaving)
"""Groups of screens; see :mod:`importer.page.screens`."""
NAVIGATION = (("Import", "index"), ("Runs", "runs"), ("Settings", "settings"), ("Practice", "practice"))
"""Entries in the head of every page, with the screen of each."""
_FORM_BYTES = 1_000_000
_NOTHING = "There is nothing here. It was deleted, or the program was restarted. Start with Import or Runs."


def make(parts: Parts, guard: Access) -> Flask:
    """Return the Flask application."""
    app = Flask(__name__)
    app.jinja_options = {**app.jinja_options, "finalize": _shown}
    app.config.update(MAX_CONTENT_LENGTH=_FORM_BYTES, MAX_FORM_MEMORY_SIZE=_FORM_BYTES, MAX_FORM_PARTS=20)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        words=words,
        count=lambda number, thing: words(rendering.count(number, thing)),
        duration=lambda seconds: words(rendering.duration(seconds)),
        when=rendering.when,
        without_folders=without_folders,
    )
    app.before_request(lambda: _faced(guard.why_not(request)))
    app.after_request(lambda response: guard.seal(guard.set_apart(request, response)))
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


def _faced(refusal: Response | None) -> Response | None:
    """Return the refusal of a request, if any; from here on, messages are rendered for the page."""
    FACE.set(PAGE)
    return refusal


def _everywhere(parts: Parts) -> dict[str, object]:
    """Return the template variables of every screen."""
    current = parts.current
    return {
        "navigation": NAVIGATION,
        "under_way": parts.jobs.under_way,
        "practising": current.practice is not None,
        "working_as": current.profile,
        "ROLES": ROLES,
    }


def _failed(error: Exception) -> Page:
    """Return a screen that explains any error in words."""
    if isinstance(error, RequestEntityTooLarge):
        return problem("The file is too large.", "The file is larger than the limit. Split it. Nothing was sent.", 413)
    if isinstance(error, HTTPException):
        status = error.code or 500
        return problem("Something went wrong.", _NOTHING if status == 404 else (error.description or ""), status)
    if isinstance(error, BadSettings):
        back = (url_for("settings"), "Open Settings") if request.path == "/" else (url_for("index"), "Go back")
        return problem("A setting can't be used.", error.message, 400, *back)
    if isinstance(error, ImporterError):
        return problem("Something went wrong.", error.message, 500)
    if os.environ.get("NOTE_IMPORTER_DEBUG"):
        traceback.print_exc()
    return problem(
        "Something went wrong.", f"note-importer failed because of an error of its own ({type(error).__name__}).", 500
    )
