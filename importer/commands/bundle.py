"""Collect facts for somebody who helps, in a zip file that holds nothing of the customers.

Input: the settings and their sources, the results of the checks, and a sheet if one is named. Output: a new zip file
with a JSON document for each subject, and README.txt, which lists them. Nothing is sent.
"""

from __future__ import annotations

import codecs
import json
import os
import platform
import re
import sqlite3
import ssl
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from importer import files
from importer.commands import about, doctor, loading
from importer.commands.bundle_facts import Facts, Word, has_gap, kinds, known, plain, tried
from importer.commands.bundle_records import of_journal, of_log
from importer.commands.preview import guards_of_rows
from importer.commands.rendering import Line, LineKind
from importer.errors import BadSettings
from importer.journal import VERSION
from importer.messages import Message, Plain, render, say
from importer.reading import column_letter
from importer.rows import suggestions
from importer.rows.values import ID_SHAPE
from importer.settings import LIVE, SETTINGS, Rate, Settings, journal_place
from importer.settings.limits import Limits, TimeWindow
from importer.settings.sources import Given
from importer.version import __version__


@dataclass(frozen=True)
class Source:
    """Values from which a bundle is made.

    Attributes:
        settings: the settings in force.
        given: the settings that were set, and where.
        checks: the results of the checks.
        log: the log file; None if no log is written.
    """

    settings: Settings
    given: Mapping[str, Given]
    checks: Sequence[doctor.Check]
    log: Path | None = None


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written.

    Attributes:
        path: its path.
        files: name of each file in it → what the file holds.
        exit_status: exit status of the command if all checks went well: not 0 if the sheet couldn't be read.
        reason: why the sheet couldn't be read, with its name and texts, which are not in the bundle.
    """

    path: Path
    files: Mapping[str, Message]
    exit_status: int = 0
    reason: Message | None = None


def check(target: Path) -> None:
    """Check, before anything else, that a new bundle can be written to this path.

    Raises:
        BadSettings: the name doesn't end in ``.zip``, its folder doesn't exist, or something has this name already.
    """
    if target.suffix.lower() != ".zip":
        raise BadSettings(say("bundle.no-zip", path=repr(target.name)))
    if not target.parent.is_dir():
        raise BadSettings(say("bundle.no-folder", path=str(target)))
    if os.path.lexists(target):
        raise BadSettings(say("bundle.exists", path=str(target)))


def write(target: Path, source: Source, sheet: Path | None = None, *, with_headings: bool = False) -> Bundle:
    """Write a bundle. What can't be read is left out, and the bundle says so.

    Args:
        target: path of the new zip file.
        source: the settings, the results of the checks, and the log.
        sheet: the sheet to recognise, if any.
        with_headings: whether the sheet's headings are written.

    Raises:
        BadSettings: the file can't be written, or something has its name by now.
    """
    settings = source.settings
    documents: dict[str, Facts] = {
        "system": tried(_system),
        "settings": tried(lambda: _settings(settings, source.given)),
        "checks": {
            "checks": [{"about": Word(c.about), "status": c.exit_status, "text": c.text} for c in source.checks]
        },
        "journal": tried(lambda: of_journal(settings)),
        "log": tried(lambda: of_log(source.log)),
    }
    if sheet is not None:
        documents["sheet"] = tried(lambda: _sheet(sheet, settings, with_headings=with_headings))
    contents = {f"{name}.json": json.dumps(plain(facts), indent=1) + "\n" for name, facts in documents.items()}
    listed = {
        f"{name}.json": say("bundle.with-gaps" if has_gap(facts) else "bundle.whole", what=say(f"bundle.holds.{name}"))
        for name, facts in documents.items()
    }
    if with_headings:
        listed["sheet.json"] = say("bundle.with-headings", what=listed["sheet.json"])
    lines = [say("bundle.title"), *_lines_of(listed), say("bundle.left-out"), say("bundle.kinds")]
    contents["README.txt"] = "\n\n".join(render(line, Plain()) for line in lines) + "\n"
    try:
        with files.draft(target) as draft:
            with zipfile.ZipFile(draft.file, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, text in contents.items():
                    archive.writestr(name, text)
            draft.finish(files.OWNER_ONLY)
            draft.put_new(target)
    except FileExistsError as error:
        raise BadSettings(say("bundle.exists", path=str(target))) from error
    except OSError as error:
        raise BadSettings(say("bundle.not-written", path=str(target), error=files.why(error))) from error
    of_sheet = documents.get("sheet", {})
    return Bundle(target, listed, of_sheet.get("exit_status", 0), of_sheet.get("message"))


def lines(bundle: Bundle) -> Iterator[Line]:
    """Yield what is in a bundle, for a person."""
    yield Line(say("bundle.written", path=str(bundle.path)), LineKind.TEXT)
    for text in (*_lines_of(bundle.files), say("bundle.of-readme")):
        yield Line(text, LineKind.DETAIL)
    if bundle.reason is not None:
        yield Line(say("bundle.sheet-unread", why=bundle.reason), LineKind.TEXT)
    yield Line(say("bundle.nothing-sent"), LineKind.TEXT)


def _lines_of(listed: Mapping[str, Message]) -> list[Message]:
    return [say("bundle.line", name=name, what=what) for name, what in listed.items()]


# -- this machine -------------------------------------------------------------------------------------------------


def _system() -> Facts:
    release = re.match(r"[\d.]*\d", platform.release())  # what follows may be a name
    offset = datetime.now().astimezone().utcoffset()
    return {
        "program": Word(__version__),
        "journal_version": VERSION,
        "made_at": datetime.now(UTC),
        "python": Word(f"{platform.python_implementation()} {platform.python_version()}"),
        "system": Word(platform.system()),
        "release": Word(release[0]) if release else None,
        "machine": Word(platform.machine()),
        "processors": os.cpu_count(),
        "minutes_from_utc": offset.total_seconds() / 60 if offset is not None else None,
        "sqlite": Word(sqlite3.sqlite_version),
        "openssl": Word(ssl.OPENSSL_VERSION),
        "packages": {name: Word(text.partition("+")[0]) if text else None for name, text in about.packages().items()},
    }


def _settings(settings: Settings, given: Mapping[str, Given]) -> Facts:
    address = "live" if settings.base_url == LIVE else "this machine" if settings.is_on_this_machine else "another"
    return {
        "address": Word(address),
        "journal": Word("file" if isinstance(journal_place(settings.journal), Path) else "PostgreSQL"),
        "exports": len(settings.exports),
        "settings": {
            name: {
                "value": _value(getattr(settings, setting.attribute) if setting.attribute else _read(name, given)),
                "from": given[name].place if name in given else Word("default"),
            }
            for name, setting in SETTINGS.items()
        },
    }


def _read(name: str, given: Mapping[str, Given]) -> object:
    return SETTINGS[name].read(given[name].value) if name in given else None


def _value(value: object) -> object:
    """Return a setting's value without text: *text* for a text or a path, the number of entries for a table."""
    match value:
        case None | bool() | int() | float() | Enum():
            return value
        case Rate() | Limits():
            return asdict(value)
        case TimeWindow():
            return Word(value)
        case Mapping() | list() | tuple():
            return {"entries": len(value)}
    return Word("text")


# -- the sheet ----------------------------------------------------------------------------------------------------

_TYPES = {
    "number": re.compile(r"[-+]?[\d.,']*\d%?"),
    "date or time": re.compile(r"\d{1,4}[-./:]\d{1,2}([-./: T]\d{1,4}){0,5}Z?( [AP]M)?", re.IGNORECASE),
    "email": re.compile(r"\S+@\S+\.\S+"),
    "like an ID": ID_SHAPE,
    "word": re.compile(r"\S+"),
}
"""Type of a value → its pattern; the first that matches counts. Any other value is a text of several words."""


def _sheet(path: Path, settings: Settings, *, with_headings: bool) -> Facts:
    """Return how a sheet is recognised: its type, its columns and their roles, and its problems by kind."""
    with loading.load(path, settings) as loaded:
        sheet, rows, roles = loaded.sheet, loaded.rows, loaded.roles
        role_at = {at: role for role in roles.columns for at in roles.of(role)}
        problems = Counter((p.column, kinds(p.kind)) for found in rows.problems.values() for p in found)
        unclear = loaded.unclear and loaded.unclear.message
        return {
            "format": sheet.format,
            "codec": Word(codecs.lookup(sheet.codec.codec).name) if sheet.codec else None,
            "delimiter": known(sheet.delimiter, ",;\t|"),
            "sheets": len(sheet.sheets),
            "sheet": sheet.sheets.index(sheet.name) + 1 if sheet.name in sheet.sheets else None,
            "header_row": sheet.header_row,
            "rows": sheet.row_count,
            "columns": [
                {
                    "column": Word(column_letter(at)),
                    "role": role_at.get(at),
                    "is_known_heading": suggestions.role_of(heading) is not None,
                    "types": Counter(_type(value) for value in values),
                    **({"heading": Word(heading)} if with_headings else {}),
                }
                for at, (heading, values) in enumerate(zip(sheet.headings, suggestions.glance(sheet), strict=True))
            ],
            "is_known_export": loaded.settings.remembered is not None,
            "is_composed": loaded.template is not None,
            "meanings": {
                role: Counter(value or Word("left out") for value in words.values())
                for role, words in rows.meanings.items()
            },
            "remarks": [kinds(message) for message in (*sheet.remarks, *rows.remarks)],
            "questions": [
                {"kinds": kinds(asked.asks), "column": _letter(asked.column), "roles": asked.roles}
                for asked in loaded.questions
            ],
            "unclear": unclear and kinds(unclear),
            "guards": [Word(guard.setting) for guard in guards_of_rows(loaded, loaded.settings)],
            "notes": len(rows.notes),
            "deliveries": loaded.plan.deliveries,
            "skipped": [
                {"kinds": kinds, "rows": number} for kinds, number in Counter(map(kinds, rows.skipped.values())).items()
            ],
            "invalid_rows": len(rows.problems),
            "problems": [
                {"column": _letter(column), "kinds": kinds, "cells": number}
                for (column, kinds), number in problems.most_common()
            ],
        }


def _type(value: str) -> str:
    return next((name for name, pattern in _TYPES.items() if pattern.fullmatch(value)), "text")


def _letter(column: int | None) -> Word | None:
    return None if column is None else Word(column_letter(column))
