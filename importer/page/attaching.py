"""The files that the notes of a spreadsheet carry: dropped on the Check screen, kept beside it, taken away again.

Comes in: requests that the guard lets pass. Goes out: the Check screen, read anew.
"""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode

from flask import redirect, request, url_for

from importer.page.choices import Choices
from importer.page.screens import Page, Parts, Rules, problem, under_way
from importer.page.uploads import Upload, name_of

_MOST = 1_000
"""Files that a browser may hand over at once."""
_TOLD = 5  # so many that took the place of another are called by their names


class Attaching:
    """The screens, each a method."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        return (
            ("/file/<number>/attachments", "POST", self.attach),
            ("/file/<number>/attachments/remove", "POST", self.detach),
        )

    def attach(self, number: str) -> Page:
        """Keep files; one of a name that is there already takes its place, and that is said.

        Where two of one name come at once, either may be meant, so none is kept.
        """
        request.max_form_parts = _MOST
        upload = self._parts.upload(number)
        files = [file for file in request.files.getlist("attachments") if file.filename]
        if not files:
            return problem("No file was chosen.", "Choose files first.", 400, self._back(upload))
        if busy := self._busy(upload):
            return busy
        names = [name_of(str(file.filename)) for file in files]
        alike = Counter(map(str.casefold, names))  # as for Windows and macOS
        if twice := [name for name in names if alike[name.casefold()] > 1]:
            said = f"{', '.join(map(repr, sorted(twice)))}: rename one, here and in the spreadsheet. None was kept."
            return problem("Two of the files have the same name.", said, 400, self._back(upload))
        there = {name.casefold() for name, _ in upload.attached}
        replaced = [name for name in names if name.casefold() in there]
        try:
            unfit = [file.filename for file in files if not upload.attach(str(file.filename), file.save)]
        except OSError as error:
            said = f"{error.strerror}. Nothing was sent."
            return problem("The files could not be kept.", said, 507, self._back(upload))
        finally:
            self._parts.reading.forget(upload)
        if unfit:
            said = f"{', '.join(map(repr, unfit))}: rename it, here and in the spreadsheet. All others were kept."
            return problem("The name of a file can't be used.", said, 400, self._back(upload))
        back = self._back(upload)
        if replaced:
            more = f" and {len(replaced) - _TOLD:,} more" if len(replaced) > _TOLD else ""
            back += f"{'&' if '?' in back else '?'}{urlencode({'replaced': ', '.join(replaced[:_TOLD]) + more})}"
        return redirect(back, 303)

    def detach(self, number: str) -> Page:
        """Take a file away again."""
        upload = self._parts.upload(number)
        if busy := self._busy(upload):
            return busy
        upload.detach(request.form.get("name", ""))
        self._parts.reading.forget(upload)
        return redirect(self._back(upload), 303)

    def _busy(self, upload: Upload) -> Page | None:
        """What is said while the spreadsheet is being sent, with the files as they are."""
        for job in self._parts.jobs.under_way:
            if job.upload == upload:
                return under_way(job, "Nothing was changed.")
        return None

    @staticmethod
    def _back(upload: Upload) -> str:
        return url_for("check", number=upload.id) + Choices.of(request.args.items(multi=True)).query
