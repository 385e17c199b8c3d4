"""Rename or remove a profile, and keep the rest of the file of profiles as it is.

Deliveries are remembered under the name that a profile had first. A renamed profile keeps that name in its entry
``remembered-as``. So no journal is changed, on no machine, and renaming is one replaced file: nothing is forgotten.
"""

from __future__ import annotations

import json
import re
import tomllib

from importer.errors import BadSettings
from importer.messages import say
from importer.settings import profiles

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def rename(name: str, new: str) -> None:
    """Give a profile another name.

    Raises:
        BadSettings: there is no such profile; the new name isn't allowed, or deliveries of another profile are
            remembered under it; or the file is written in a way that only a person can change.
    """
    _check_there(name)
    first = profiles.remembered_as(name)
    if new != first:
        profiles.check_new(new)
    elif new in profiles.names():
        raise BadSettings(say("profile.there-already", name=repr(new), file=str(profiles.profiles_file())))
    text = profiles.content()
    before = tomllib.loads(text)
    table = {key: value for key, value in before[name].items() if key != profiles.REMEMBERED_AS}
    table |= {} if new == first else {profiles.REMEMBERED_AS: first}
    expected = {**{key: value for key, value in before.items() if key != name}, new: table}
    changed = _renamed(text, name, new, first)
    try:
        is_right = tomllib.loads(changed) == expected
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise BadSettings(say("profile.not-renamed", name=repr(name), file=str(profiles.profiles_file())))
    profiles.replace(changed)


def remove(name: str) -> None:
    """Remove a profile. What was delivered for it stays in the journal.

    Raises:
        BadSettings: there is no such profile, or the file can't be written.
    """
    _check_there(name)
    document = profiles.editable()
    document.remove(name)
    profiles.replace(document.as_string())


def _check_there(name: str) -> None:
    """Check that a profile is in the file; ``default`` counts for who names none, so that it keeps its name."""
    profiles.load(name)
    if name == profiles.DEFAULT:
        raise BadSettings(say("profile.default-stays"))


def _renamed(text: str, name: str, new: str, first: str) -> str:
    """Return the file's text with the name changed in each header, and with the entry ``remembered-as``."""
    key = new if _BARE.fullmatch(new) else _quoted(new)
    names = "|".join(map(re.escape, (name, _quoted(name), f"'{name}'")))
    header = re.compile(rf"(\s*\[\[?\s*)(?:{names})(?=\s*[.\]])")
    entry = "" if new == first else f"{profiles.REMEMBERED_AS} = {_quoted(first)}\n"
    lines: list[str] = []
    is_inside = is_written = False
    for line in text.splitlines(keepends=True):
        if not line.lstrip().startswith("["):
            if not (is_inside and re.match(rf"\s*{profiles.REMEMBERED_AS}\s*=", line)):
                lines.append(line)
            continue
        is_inside = header.match(line) is not None
        lines.append(header.sub(lambda match: match[1] + key, line, count=1) if is_inside else line)
        if is_inside and not is_written and entry:
            is_table = re.match(r"\s*\[[^\[]", line) and "." not in header.sub("", line, count=1)
            lines[-1:] = [lines[-1].rstrip() + "\n", entry] if is_table else [f"[{key}]\n", entry, "\n", lines[-1]]
            is_written = True
    return "".join(lines)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
