"""One cell → a value, or what is wrong with it: ids, visibility, status, content, attachments.

Comes in: a cell's text. Goes out: the value, or :class:`Wrong`, which says why it is none. Only exact words count; near
ones are suggested.
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

# The words people use, per value: English, then German, French, Spanish, Portuguese, Italian.
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

_LINE_END = re.compile("\r\n?|[\x0b\x0c\u2028\u2029]")  # \x0b is how Word breaks a line within a paragraph
_HALF = re.compile("[\ud800-\udfff]")  # of a character
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# What a spreadsheet program makes of a long number: digits lost behind an exponent, or zeros after the fifteenth digit.
_DAMAGED = re.compile(r"\d(?:[.,]\d+)?E\+\d+|[1-9]\d{14}0{3,}", re.IGNORECASE)
# What a cell shows whose formula failed, in Excel's English, German, French, Spanish and Portuguese.
_ERROR_VALUE = re.compile(
    r"#¡?(N/A|N/D|NV|REF!|BEZUG!|VALUE!|WERT!|VALEUR!|VALOR!|NAME\?|NOM\?|NOMBRE\?|NOME\?|DIV/0!|NUM!|ZAHL!|NOMBRE!"
    r"|NULL!|NUL!|NULO!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA)"
)
_FILE_NAME = re.compile(r".*\.[^\W_]{1,5}|.*[/\\].*")  # an ending, or the way to a file; no id has either
TEXT = np.dtypes.StringDType()
"""Texts of any length in one column."""
_Value = TypeVar("_Value", Visibility, Status)
_LONGEST_SHOWN = 60
LONGEST_ID = 200
ID_SHAPE = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?![A-Z][a-z]+$)[A-Za-z0-9]{8,10}")
"""The IDs in Saleshandy's documentation: 8 to 10 letters and digits in mixed case, and not a capitalised word."""
LONGEST_KEY = 400
"""Characters of what tells occurrences apart: what the index of every database holds, whatever characters they are."""
SHORTEST_SURE = 6
"""Characters from which on a plain word is surely no checkbox's TRUE or FALSE."""
_LIKE = 0.8  # what is less like a known word is rather a word of their own than a slip
_LONGEST_NEAR = 40
"""Characters up to which a text is looked at for a near word; the longest word has 16, and none of more is like it."""


def cleaned_id(text: str) -> str:
    """An id or a choice without outer spaces, no-break spaces and signs that nobody sees."""
    return INVISIBLE.sub("", text.replace("\u00a0", " ")).strip()


def is_unclean(text: str) -> bool:
    """Whether an id or a choice holds what :func:`cleaned_id` takes away besides plain spaces."""
    return cleaned_id(text) != text.strip(string.whitespace)


def cleaned_content(text: str) -> str:
    r"""A note without outer white space and control characters, with ``\n`` line ends; what notes are compared by."""
    return _CONTROL.sub("", _LINE_END.sub("\n", text)).strip()


def has_control(text: str) -> bool:
    """Whether a note holds control characters that :func:`cleaned_content` takes out; tabs and line breaks are none."""
    return _CONTROL.search(text) is not None


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a value is read as that is none.

    Attributes:
        reason: says why.
        word: the text, where it is a word that could be given a meaning (the setting ``value``).
    """

    reason: Message
    word: str = ""


def read_content(text: str) -> str | Wrong:
    """What a note says."""
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
    """Ids, separated by commas, semicolons or line breaks, each once."""
    ids = [cleaned_id(part) for part in re.split(r"[,;\n]", text)]
    found = tuple(dict.fromkeys(part for part in ids if part))
    for attachment in found:
        if _FILE_NAME.fullmatch(attachment) and not is_link(attachment) and "@" not in attachment:
            return Wrong(say("attachment.file-name", value=Cell(quoted(attachment))))
        if wrong := wrong_with_id(attachment, "attachment"):
            return Wrong(wrong)
    return found


def wrong_with_id(text: str, what: str = "prospect") -> Message | None:
    """Return what is wrong with the cleaned ID of a prospect or an attachment, if anything.

    IDs are opaque, so only what surely is none is turned away.
    """
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
    """Whether a text is the address of something on the web."""
    return re.match(r"(?i)https?://", text) is not None


def error_in(text: str) -> Message | None:
    """What to say of a cell that shows a formula's error; None for others."""
    return _error_value(text) if _ERROR_VALUE.fullmatch(text) else None


def _error_value(text: str) -> Message:
    return say("cell.error", error=text)


@dataclass(frozen=True)
class Vocabulary(Generic[_Value]):
    """The words of one role's cells.

    Attributes:
        role: whose.
        known: value → the words that everybody may use for it.
        own: word, folded → what the person said that it means; None: it is none, and that is known.
        heading: the column's, unless it is a plain one: then codes count, and a word that nobody knows may be a slip.
        offered: returns the values that a word may be given, the likely one first.
    """

    role: Role
    known: Mapping[_Value, tuple[str, ...]]
    own: Mapping[str, _Value | None] = field(default_factory=dict)
    heading: str = ""
    offered: Callable[[str], Sequence[Visibility | Status]] = lambda _: ()


def choice(text: str, words: Vocabulary[_Value]) -> _Value | Wrong:
    """The value that a word stands for; exact words only, near ones are suggested. The person's own count first."""
    word = folded(text)
    if word in words.own:
        meant = words.own[word]
        return Wrong(say(f"{words.role}.left-out", value=Cell(quoted(text)))) if meant is None else meant
    values = {
        folded(known): value
        for value, all_known in words.known.items()
        for known in all_known
        if not (words.heading and known.isdecimal())
    }
    found = values.get(word)
    if found is not None:
        return found
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
    """Return what is wrong with a cell, without the cell's value; problems of one kind are told together."""
    parts = dict(reason.parts)
    if reason.kind == "value.or-say" and isinstance(why := parts["why"], Message):
        return kind_of(why, value)
    return Message(reason.kind, tuple((name, _without(part, value)) for name, part in reason.parts))


def _without(part: Part, value: str) -> Part:
    if isinstance(part, Message):
        return kind_of(part, value)
    return "…" if part == Cell(quoted(value)) else part


def meaning(role: Role, word: str, value: Visibility | Status | None) -> str:
    """What the setting ``value`` is given, so that a word has a meaning, or surely none."""
    return f"{role}:{word}={value.name.capitalize() if value else ''}"


def folded(word: str) -> str:
    """A word as words are compared: without case, and with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().replace("_", " ").split())


WORDS: Mapping[Role, frozenset[str]] = {
    role: frozenset(folded(word) for known in words.values() for word in known)
    for role, words in ((Role.VISIBILITY, VISIBILITY_WORDS), (Role.STATUS, STATUS_WORDS))
}


def shortened(text: str) -> str:
    """A cell's text, short enough for a message."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def quoted(text: str) -> str:
    """A cell's text as a message shows it: short, between quotes, signs that nobody sees by their codes."""
    return repr(shortened(text)).replace("\\\\", "\\")


def is_word(text: str, known: Mapping[Role, Collection[str]] = WORDS) -> bool:
    """Whether a cell is blank, or holds a word that says who may see a note or whether it is published."""
    if len(text) > _LONGEST_SHOWN:
        return False
    word = folded(cleaned_id(text))
    return not word or any(word in words for words in known.values())
