"""Represent messages to people as values: a kind and its parts.

A *face* is an interface that shows messages: the terminal, the browser page, or a file. Only a face renders a message.

:mod:`importer.texts` has the text of each kind. In a text

- ``{name}`` is a part: data, which is shown unchanged, a number, a setting, or another message. Several parts are
  joined with commas, or with the text after a colon, as in ``{reasons:; }``. ``{why:headline}`` is the headline of a
  message, and ``{which:capital}`` begins with a capital letter.
- `` `journal` `` and `` `journal {path}` `` are settings. Each face names them in its own way: a flag, or a field.
- `` `note-importer verify` `` is a command.
- ``{action.run-again}`` is an action. Each face may have its own text for it.
- A new line begins the second sentence: :func:`headline` returns the text before it. A message at the end of a line
  brings its own lines.

A kind whose text depends on a number has a pair of texts: for one, and for any other number. The part ``n`` chooses. A
text whose key ends in ``@`` and the name of a face is only for that face.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import NoReturn, TypeAlias

PROGRAM = "note-importer"

_HEADLINE, _CAPITAL = "headline", "capital"
_BREAK = re.compile(r"\r\n|[\r\n\t]")
_LAST = re.compile(r"\{([\w-]+)\}$")
_IS_WINDOWS = os.name == "nt"
_NOT_SHOWN = "…"
_PIECE = re.compile(r"`([^`]*)`|\{([^{}:]+)(?::([^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class SettingPart:
    """A setting that a message names, and the value that it should have; empty if the message gives none.

    If the value ``is_from_sheet``, such as a column or a word, it never leaves this machine.
    """

    name: str
    value: str = ""
    is_from_sheet: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """Text from a cell of a sheet, or a name from a sheet. It is shown unchanged, and never leaves this machine."""

    text: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of the API, of a gateway or of a library. They are shown unchanged, and may quote a sheet or a key.

    They are in no notification and in no log.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a person: a key of :data:`importer.texts.TEXTS`, and its parts by their names, in their order.

    A message isn't a text: only a face renders it, so that no code searches for words in a sentence.
    """

    kind: str
    parts: tuple[tuple[str, Part], ...] = ()

    def __str__(self) -> NoReturn:
        raise TypeError(f"the message {self.kind} has to be rendered by a face")

    def without_others(self) -> Message:
        """Return the message without what is from a sheet or quoted, as it may be logged."""
        return Message(self.kind, tuple((name, _ours(part)) for name, part in self.parts))

    def kinds(self) -> Iterator[str]:
        """Yield the message's kind, then the kinds of the messages that are its parts."""
        yield from (part.kind for part in self.all() if isinstance(part, Message))

    def all(self) -> Iterator[Part]:
        """Yield the message, and all parts of it and of the messages in it."""
        yield self
        for _, part in self.parts:
            for one in part if isinstance(part, tuple) else (part,):
                yield from one.all() if isinstance(one, Message) else (one,)


Part: TypeAlias = "str | float | Cell | Quoted | SettingPart | Message | tuple[Part, ...]"
Said: TypeAlias = Message | str
"""A message to a person, or a text that is shown unchanged."""


class Face:
    """An interface that shows messages, and its names for settings and commands; by itself, one for files.

    Its name is in the keys of texts that only this face shows, as in ``fault@page``.
    """

    name = ""

    def setting(self, name: str, value: str) -> str:
        """Return the face's name for a setting, with its value: by itself, the setting's flag."""
        return f"--{name}{f' {value}' if value else ''}"

    def command(self, command: str) -> str:
        """Return the face's name for a command: by itself, the command in backticks."""
        return f"`{command}`"


FACE: ContextVar[Face] = ContextVar("FACE", default=Face())  # noqa: B039 (it has no state)
"""The face in use."""


def say(kind: str, /, **parts: Part) -> Message:
    """Return a message of a kind. Texts in its parts are data, which is shown unchanged."""
    return Message(kind, tuple(parts.items()))


def cut(text: str, characters: int = 60) -> str:
    """Return a text, or its beginning with an ellipsis if it is longer."""
    return text if len(text) <= characters else f"{text[:characters]}{_NOT_SHOWN}"


def in_quotes(text: str) -> str:
    """Return a text from outside in quotation marks, with a space for each line break."""
    return repr(_BREAK.sub(" ", text))


def as_argument(text: str) -> str:
    """Return a text as one word of a command line, for a command that a message suggests.

    A cell's text can hold a command, which must not run when the suggestion is pasted. On Windows, a character that one
    of the two shells interprets even in quotation marks is shown as ``…``.
    """
    if not re.search(r"[^\w:=-]|^[:=]", text):
        return text
    if _IS_WINDOWS:
        text = re.sub(r"\$(?=[({])|%(?=[^%]*%)|[`“”„\x00-\x1f\x7f-\x9f]", _NOT_SHOWN, text)
        return '"' + re.sub(r'(\\+)(?="|$)', r"\1\1", text).replace('"', '""') + '"'
    return shlex.quote(text) if re.search(r'[$`"\\!\x00-\x1f\x7f-\x9f]', text) else f'"{text}"'


def as_message(said: Said) -> Message:
    """Return a message unchanged, or a text as a message, so that either can be a part of another message."""
    return said if isinstance(said, Message) else words(said)


def day(on: date) -> str:
    """Return a day in words."""
    return f"{on.day} {on:%B %Y}"


def when(at: float) -> str:
    """Return seconds since 1970 as the local date and time."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def lines(*messages: Message) -> Message:
    """Return a message that consists of several messages, one per line."""
    return Message("lines", (("lines", messages),))


def some(names: Sequence[Part], most: int) -> Part:
    """Return at most ``most`` names, and the number of the names left out."""
    first = tuple(names[:most])
    return say("and-more", names=first, n=len(names) - most) if len(names) > most else first


def words(text: str | Quoted | SettingPart) -> Message:
    """Return a message that shows a text from outside, such as the API's, unchanged, or a setting."""
    return Message("words", (("text", text),))


def render(said: Said | None, face: Face | None = None) -> str:
    """Return the text of a message in a face, by default the face in use; empty for None."""
    return " ".join(_lines(said, face or FACE.get())) if isinstance(said, Message) else said or ""


def headline(said: Said, face: Face | None = None) -> str:
    """Return the first sentence of a message, or of the first of several :func:`lines`, without its full stop."""
    return _lines(as_message(said), face or FACE.get())[0].partition("\n")[0].rstrip(".")


def _lines(message: Message, face: Face) -> Sequence[str]:
    parts = dict(message.parts)
    text = _text(message.kind, face, parts.get("n"))
    if text is None:  # a later version wrote it into the journal
        shown = ", ".join(f"{name}: {_shown(part, face)}" for name, part in message.parts)
        return [f"{message.kind} ({shown})" if shown else message.kind]
    match parts:
        case {"lines": (Message() as main, *others)}:
            *sentences, last = _lines(main, face)
            return [*sentences, "\n".join([last, *(_shown(other, face) for other in others)])]

    lines: list[str] = []
    for line in text.split("\n"):
        if (end := _LAST.search(line)) and isinstance(inner := parts.get(end[1]), Message):
            first, *more = _lines(inner, face)
            lines += [_filled(line[: end.start()], parts, face) + first, *more]
        else:
            lines.append(_filled(line, parts, face))
    return lines


def _filled(line: str, parts: Mapping[str, Part], face: Face) -> str:
    """Return a line with its settings, commands, actions and parts as the face shows them."""

    def shown(match: re.Match[str]) -> str:
        quoted, name, separator = match.groups()
        if quoted is not None:
            setting, _, value = _filled(quoted, parts, face).partition(" ")
            return face.command(f"{setting} {value}") if setting == PROGRAM else face.setting(setting, value)
        if name.startswith("action."):
            return render(Message(name), face)
        return _shown(parts.get(name, _NOT_SHOWN), face, ", " if separator is None else separator)

    return _PIECE.sub(shown, line)


def _text(kind: str, face: Face, number: object) -> str | None:
    """Return a kind's text, the face's own if there is one; None if there is no text."""
    text = texts().get(f"{kind}@{face.name}") or texts().get(kind)
    return text[number != 1] if isinstance(text, tuple) else text


@cache
def texts() -> Mapping[str, str | tuple[str, str]]:
    """Return the text of each kind, read with the first call."""
    from importer.texts import TEXTS  # noqa: PLC0415 - no start waits for texts that are not shown

    return TEXTS


def _shown(part: Part, face: Face, separator: str = ", ") -> str:
    if separator == _CAPITAL:
        text = _shown(part, face)
        return text[:1].upper() + text[1:]
    match part:
        case str():
            return part
        case SettingPart(name, value):
            return face.setting(name, value)
        case Message():
            return headline(part, face) if separator == _HEADLINE else render(part, face)
        case Cell(text) | Quoted(text):
            return text
        case tuple():
            return separator.join(_shown(item, face) for item in part)
    return f"{part:,}" if isinstance(part, int) else f"{part:,.1f}"


def _ours(part: Part) -> Part:
    match part:
        case Message():
            return part.without_others()
        case tuple():
            return tuple(map(_ours, part))
        case Cell() | Quoted():
            return _NOT_SHOWN
        case SettingPart(is_from_sheet=True):
            return replace(part, value=_NOT_SHOWN)
    return part
