"""Read one cell: an ID, a visibility, a status, a note's content, or attachments.

Input: a cell's text. Output: the value, or :class:`Wrong`. Only exact words count; similar ones are suggested.
"""

from __future__ import annotations

import difflib
import re
import string
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from importer.errors import as_argument
from importer.markup import INVISIBLE
from importer.messages import Cell, Message, Part, SettingPart, say
from importer.models import Role, Status, Visibility
from importer.resultsfile import was_cut

# Usual words for each value: English, then German, French, Spanish, Portuguese, Italian.
VISIBILITY_WORDS: Mapping[Visibility, tuple[str, ...]] = {
    Visibility.PUBLIC: (
        "1", "Public", "Team", "Everyone", "All", "Shared", "All team members", "Whole team",
        "Öffentlich", "Alle", "Publique", "Tous", "Équipe", "Público", "Pública", "Todos", "Equipo", "Equipe",
        "Pubblico", "Pubblica", "Tutti",
    ),
    Visibility.PRIVATE: (
        "2", "Private", "Only me", "Me", "Owner", "Personal", "Just me", "Owner only",
        "Privat", "Nur ich", "Privé", "Privée", "Moi seulement", "Privado", "Privada", "Solo yo", "Só eu",
        "Somente eu", "Privato", "Privata", "Solo io",
    ),
}  # fmt: skip
STATUS_WORDS: Mapping[Status, tuple[str, ...]] = {
    Status.DRAFT: (
        "0", "Draft", "Unpublished", "Entwurf", "Brouillon", "Borrador", "Rascunho", "Bozza",
    ),
    Status.PUBLISHED: (
        "1", "Published", "Publish", "Live", "Final", "Veröffentlicht", "Publié", "Publiée", "Publicado", "Publicada",
        "Pubblicato", "Pubblicata",
    ),
}  # fmt: skip

_LINE_END = re.compile("\r\n?|[\x0b\x0c\u2028\u2029]")  # \x0b is Word's line break within a paragraph
_HALF = re.compile("[\ud800-\udfff]")  # a lone surrogate, half a character
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# Long numbers damaged by a spreadsheet program: digits lost to an exponent, or zeros after the fifteenth digit.
_DAMAGED = re.compile(r"\d(?:[.,]\d+)?E\+\d+|[1-9]\d{14}0{3,}", re.IGNORECASE)
# Error values of formulas in Excel, in English, German, French, Spanish and Portuguese.
_ERROR_VALUE = re.compile(
    r"#¡?(N/A|N/D|NV|REF!|BEZUG!|VALUE!|WERT!|VALEUR!|VALOR!|NAME\?|NOM\?|NOMBRE\?|NOME\?|DIV/0!|NUM!|ZAHL!|NOMBRE!"
    r"|NULL!|NUL!|NULO!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA)"
)
_FILE_NAME = re.compile(r".*\.[^\W_]{1,5}|.*[/\\].*")  # a file extension or a path; IDs have neither
TEXT = np.dtypes.StringDType()
"""Data type of a column with texts of any length."""
_Value = TypeVar("_Value", Visibility, Status)
_LONGEST_SHOWN = 60
LONGEST_ID = 200
ID_SHAPE = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?![A-Z][a-z]+$)[A-Za-z0-9]{8,10}")
"""Shape of the IDs in Saleshandy's documentation: 8 to 10 mixed-case letters and digits, but not a capitalised word."""
LONGEST_KEY = 400
"""Maximum length of an occurrence key in characters: every database can index it, whatever the characters are."""
SHORTEST_SURE = 6
"""Minimum length at which an alphanumeric text certainly isn't a checkbox's TRUE or FALSE."""
_LIKE = 0.8  # a less similar text is probably the user's own word, not a typing error
_LONGEST_NEAR = 40
"""Maximum length of a text for which a similar word is sought; the longest known word has 16 characters."""


def cleaned_id(text: str) -> str:
    """Return an ID or a word without outer spaces and invisible characters; no-break spaces become plain ones."""
    return INVISIBLE.sub("", text.replace("\u00a0", " ")).strip()


def is_unclean(text: str) -> bool:
    """Return whether :func:`cleaned_id` removes more from an ID or a word than outer white space."""
    return cleaned_id(text) != text.strip(string.whitespace)


def cleaned_content(text: str) -> str:
    r"""Return a note without outer white space and control characters, with ``\n`` line ends, to compare notes."""
    return _CONTROL.sub("", _LINE_END.sub("\n", text)).strip()


def has_control(text: str) -> bool:
    """Return whether a note has control characters that :func:`cleaned_content` removes: not tabs or line breaks."""
    return _CONTROL.search(text) is not None


@dataclass(frozen=True, slots=True)
class Wrong:
    """A cell's text that is not a valid value.

    Attributes:
        reason: why the text is not valid.
        word: the text if it is a word to which the setting ``value`` can give a meaning; else empty.
    """

    reason: Message
    word: str = ""


def read_content(text: str) -> str | Wrong:
    """Return the cleaned content of a note, or why it is not valid: empty, an error value, cut, or half a character."""
    content = cleaned_content(text)
    if not INVISIBLE.sub("", content).strip():
        return Wrong(say("note.empty"))
    if _ERROR_VALUE.fullmatch(content):
        return Wrong(_error_value(content))
    if was_cut(content):
        return Wrong(say("note.cut"))
    if _HALF.search(content):
        return Wrong(say("note.half-a-character"))
    return content


def read_attachments(text: str) -> tuple[str, ...] | Wrong:
    """Return the attachment IDs in a cell, each once; they are separated by commas, semicolons or line breaks."""
    ids = [cleaned_id(part) for part in re.split(r"[,;\n]", text)]
    attachments = tuple(dict.fromkeys(part for part in ids if part))
    for attachment in attachments:
        if _FILE_NAME.fullmatch(attachment) and not is_link(attachment) and "@" not in attachment:
            return Wrong(say("attachment.file-name", value=Cell(quoted(attachment))))
        if wrong := wrong_with_id(attachment, "attachment"):
            return Wrong(wrong)
    return attachments


def wrong_with_id(text: str, what: str = "prospect") -> Message | None:
    """Return why a text is certainly not the ID of a prospect or an attachment, or None; IDs are opaque."""
    value = Cell(quoted(text))
    if not text:
        return say(f"{what}.blank")
    if _ERROR_VALUE.fullmatch(text):
        return _error_value(text)
    if len(text) > LONGEST_ID:
        return say(f"{what}.too-long", n=len(text))
    if re.search(r"\s", text):
        return say(f"{what}.space", value=value)
    is_checkbox = text.casefold() in ("true", "false")
    if is_link(text) or is_checkbox or not any(sign.isalnum() for sign in text):
        return say(f"{what}.no-id", value=value)
    if re.fullmatch(r"[^@]+@[^@]+\.[^@]+", text):
        return say(f"{what}.is-an-email", value=value)
    if _CONTROL.search(text) or _HALF.search(text):
        return say(f"{what}.control-character")
    if _DAMAGED.fullmatch(text):
        return say(f"{what}.damaged", value=value)
    return None


def is_link(text: str) -> bool:
    """Return whether a text begins like a web address."""
    return re.match(r"(?i)https?://", text) is not None


def error_in(text: str) -> Message | None:
    """Return the message about a cell that shows a formula's error, or None for other cells."""
    return _error_value(text) if _ERROR_VALUE.fullmatch(text) else None


def _error_value(text: str) -> Message:
    return say("cell.error", error=text)


@dataclass(frozen=True)
class Vocabulary(Generic[_Value]):
    """The words that are valid in the cells of one role.

    Attributes:
        role: the role of the column.
        known: value → the usual words for it.
        own: folded word → the value that the user gave it; None: its rows are left out.
        heading: the column's heading; empty if it is a plain one, under which codes count and an unknown word may be a
            typing error.
        offered: returns the values to offer for a word, the likely one first.
    """

    role: Role
    known: Mapping[_Value, tuple[str, ...]]
    own: Mapping[str, _Value | None] = field(default_factory=dict)
    heading: str = ""
    offered: Callable[[str], Sequence[Visibility | Status]] = lambda _: ()


def choice(text: str, words: Vocabulary[_Value]) -> _Value | Wrong:
    """Return the value of a word. Only exact words count, the user's own first; similar words are suggested."""
    word = folded(text)
    if word in words.own:
        own_value = words.own[word]
        return Wrong(say(f"{words.role}.left-out", value=Cell(quoted(text)))) if own_value is None else own_value
    values = {
        folded(spelling): value
        for value, spellings in words.known.items()
        for spelling in spellings
        if not (words.heading and spelling.isdecimal())
    }
    known_value = values.get(word)
    if known_value is not None:
        return known_value
    near = difflib.get_close_matches(word, values, n=1, cutoff=_LIKE) if len(word) <= _LONGEST_NEAR else ()
    nearest = words.known[values[near[0]]][1] if near else ""
    value = Cell(quoted(text))
    ways = tuple(SettingPart("value", meaning(words.role, as_argument(text), value)) for value in words.offered(text))
    if words.heading:
        heading = Cell(quoted(words.heading))
        reason = say(f"{words.role}.under-heading", value=value, heading=heading)
        if near:
            reason = say(f"{words.role}.under-heading-near", value=value, heading=heading, near=nearest)
        is_long = len(text) > _LONGEST_NEAR
        return Wrong(reason if is_long else _or_say(reason, ways), "" if near else text)
    if near:
        return Wrong(say(f"{words.role}.near", value=value, near=nearest))
    reason = say(f"{words.role}.unknown-word", value=value)
    if len(text) > _LONGEST_NEAR or not any(sign.isalpha() for sign in text):
        return Wrong(reason)
    return Wrong(_or_say(reason, ways), text)


def _or_say(reason: Message, ways: tuple[SettingPart, ...]) -> Message:
    return say("value.or-say", why=reason, ways=ways)


def kind_of(reason: Message, value: str) -> Message:
    """Return the reason without the cell's value, so that problems of one kind can be grouped."""
    parts = dict(reason.parts)
    if reason.kind == "value.or-say" and isinstance(why := parts["why"], Message):
        return kind_of(why, value)
    return Message(reason.kind, tuple((name, _without(part, value)) for name, part in reason.parts))


def _without(part: Part, value: str) -> Part:
    if isinstance(part, Message):
        return kind_of(part, value)
    return "…" if part == Cell(quoted(value)) else part


def meaning(role: Role, word: str, value: Visibility | Status | None) -> str:
    """Return the text for the setting ``value`` that gives a word a meaning; with None, its rows are left out."""
    return f"{role}:{word}={value.name.capitalize() if value else ''}"


def folded(word: str) -> str:
    """Return a word in comparable form: NFKC, without case, with single spaces in place of spaces and underscores."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().replace("_", " ").split())


WORDS: Mapping[Role, frozenset[str]] = {
    role: frozenset(folded(word) for known in words.values() for word in known)
    for role, words in ((Role.VISIBILITY, VISIBILITY_WORDS), (Role.STATUS, STATUS_WORDS))
}


def shortened(text: str) -> str:
    """Return a cell's text, cut to a length that fits in a message."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def quoted(text: str) -> str:
    """Return a cell's text for a message: shortened, in quotation marks, with invisible characters escaped."""
    return repr(shortened(text)).replace("\\\\", "\\")


def is_word(text: str, known: Mapping[Role, Collection[str]] = WORDS) -> bool:
    """Return whether a cell is blank or holds a known word for visibility or status."""
    if len(text) > _LONGEST_SHOWN:
        return False
    word = folded(cleaned_id(text))
    return not word or any(word in words for words in known.values())
