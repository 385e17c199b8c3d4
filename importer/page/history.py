"""Runs: what earlier imports into the workspace came to.

Comes in: requests that the guard lets pass. Goes out: pages; what they say comes from commands.
"""

from __future__ import annotations

from flask import render_template

from importer import commands
from importer.page.screens import Page, Parts, Rules


class History:
    """The screens, each a method."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        return (("/runs", "GET", self.runs),)

    def runs(self) -> Page:
        """All runs of the workspace."""
        settings = self._parts.told.settings()
        return render_template("runs.html", past=commands.history.history(settings), workspace=settings.workspace)
