"""Quit: end the program in good order. If a job is under way, ask first.

Input: requests that the guard lets pass. Output: a last page, and the request to end the program.
"""

from __future__ import annotations

import threading
from pathlib import Path

from flask import Response, abort, current_app, render_template, request

from importer.page.screens import Page, Parts, Rules

_GRACE = 5.0  # seconds in which the browser may still request the last page's style sheet


class Leaving:
    """Screens for quitting."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._is_ending = False

    @property
    def rules(self) -> Rules:
        """Routes of these screens: address, method, screen."""
        return ("/quit", "POST", self.quit), ("/quit/page.css", "GET", self.last_style)

    def quit(self) -> Page:
        """End the program. If jobs are under way, ask for confirmation first."""
        jobs = self._parts.jobs.under_way
        if jobs and request.form.get("stop") != "yes":
            return render_template("quit.html", jobs=jobs, under_way=[])
        self._is_ending = True
        timer = threading.Timer(_GRACE, self._parts.end)
        timer.daemon = True
        timer.start()
        return render_template("ended.html", jobs=jobs)

    def last_style(self) -> Page:
        """Send the style sheet of the last page, then end the program, because nothing more is needed."""
        if not self._is_ending:
            abort(404)
        style = Path(current_app.static_folder or "", "page.css").read_bytes()
        response = Response(style, mimetype="text/css")
        response.call_on_close(self._parts.end)
        return response
