"""Find the parts of an Excel package by its relations; external targets are ignored, and never fetched."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from urllib.parse import unquote

from importer.errors import UnreadableFile
from importer.messages import Message, say
from importer.reading.package import Events, Package
from importer.reading.sheet import listed

_NO_TABLES = ("/chartsheet", "/dialogsheet", "acrosheet")
_NAMED = 10


class Relations:
    """The parts of a workbook.

    Attributes:
        workbook: the part with the list of sheets.
        targets: kind and path of each part that the workbook refers to, by the relation's ID.
        styles: the part with the styles, which may be missing.
        strings: the part with the shared texts, which may be missing.
    """

    def __init__(self, package: Package) -> None:
        """Find the parts; if the package doesn't name a part, assume its usual path."""
        self._package = package
        top = self._read("_rels/.rels", "")
        workbooks = [target for kind, target in top.values() if kind.endswith("/officeDocument") and target in package]
        self.workbook = workbooks[0] if workbooks else "xl/workbook.xml"
        if self.workbook not in package:
            raise UnreadableFile(say("workbook.no-list"))
        folder, name = posixpath.split(self.workbook)
        self.targets = self._read(f"{folder}/_rels/{name}.rels", folder)
        self.styles = self._first("/styles") or f"{folder}/styles.xml"
        self.strings = self._first("/sharedStrings") or f"{folder}/sharedStrings.xml"

    def sheet(self, relation: str) -> str | None:
        """Return the part of a sheet by its relation's ID: "" if it is not a table, None if there is no such part."""
        kind, target = self.targets.get(relation, ("", ""))
        if kind.endswith(_NO_TABLES):
            return ""
        return target if kind.endswith("/worksheet") and target in self._package else None

    def _first(self, ending: str) -> str | None:
        return next((target for kind, target in self.targets.values() if kind.endswith(ending)), None)

    def _read(self, path: str, folder: str) -> dict[str, tuple[str, str]]:
        """Return relations by ID, as (kind, path of the part)."""
        relations: dict[str, tuple[str, str]] = {}
        package = self._package
        if path not in package:
            return relations
        events = Events(say("part.parts"), package.limits)

        def start(tag: str, attributes: dict[str, str]) -> None:
            events.texts.clear()
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                target = target if target.startswith("/") else f"{folder}/{target}"
                path = posixpath.normpath(target).lstrip("/")
                path = path if path in package else unquote(path)
                relations[attributes.get("Id", "")] = (attributes.get("Type", ""), path)

        events.handle(start, lambda _: None)
        events.all(package.chunks(path))
        return relations


def lacking(sheets: Sequence[str], *, others: bool) -> tuple[Message, ...]:
    """Return remarks on sheets whose part is missing; raise UnreadableFile if there are no other sheets."""
    if not sheets:
        return ()
    named = listed([f'"{name}"' for name in sheets], _NAMED)
    if not others:
        raise UnreadableFile(say("workbook.no-sheets", n=len(sheets), sheets=named))
    return (say("remark.missing-sheets", n=len(sheets), sheets=named),)
