"""One cell → a value, or what is wrong with it: ids, visibility, status, content, attachments.

Comes in: a cell's text. Goes out: the value, or :class:`Wrong`, which says why it is none. Only exact words count; near
ones are suggested.
"""

from __future__ import annotations

import difflib
import re
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from importer.markup import INVISIBLE
from importer.models import Role, Status, Visibility
from importer.resultsfile import was_cut

# The words people use, per value: English, then German, French, Spanish, Portuguese.
VISIBILITY_WORDS: Mapping[Visibility, tuple[str, ...]] = {
    Visibility.PUBLIC: (
        "1", "Public", "Team", "Everyone", "All", "Shared", "All team members", "Whole team",
        "Öffentlich", "Alle", "Publique", "Tous", "Équipe", "Público", "Pública", "Todos", "Equipo", "Equipe",
    ),
    Visibility.PRIVATE: (
        "2", "Private", "Only me", "Me", "Owner", "Personal", "Just me", "Owner only",
        "Privat", "Nur ich", "Privé", "Privée", "Moi seulement", "Privado", "Privada", "Solo yo", "Só eu",
        "Somente eu",
    ),
}  # fmt: skip
STATUS_WORDS: Mapping[Status, tuple[str, ...]] = {
    Status.DRAFT: (
        "0", "Draft", "Unpublished", "Entwurf", "Brouillon", "Borrador", "Rascunho",
    ),
    Status.PUBLISHED: (
        "1", "Published", "Publish", "Live", "Final", "Veröffentlicht", "Publié", "Publiée", "Publicado", "Publicada",
    ),
}  # fmt: skip

_LINE_END = re.compile("\r\n?|[\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# What a spreadsheet program makes of a long number: digits lost behind an exponent, or zeros after the fifteenth digit.
_DAMAGED = re.compile(r"\d(?:[.,]\d+)?E\+\d+|[1-9]\d{14}0{3,}", re.IGNORECASE)
# What a cell shows whose formula failed, in Excel's English, German, French, Spanish and Portuguese.
_ERROR_VALUE = re.compile(
    r"#¡?(N/A|N/D|NV|REF!|BEZUG!|VALUE!|WERT!|VALEUR!|VALOR!|NAME\?|NOM\?|NOMBRE\?|NOME\?|DIV/0!|NUM!|ZAHL!|NOMBRE!"
    r"|NULL!|NUL!|NULO!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA)"
)
TEXT = np.dtypes.StringDType()
"""Texts of any length in one column."""
_Value = TypeVar("_Value", Visibility, Status)
_LONGEST_SHOWN = 60
LONGEST_ID = 200
_LONGEST_NEAR = 40
"""Characters up to which a text is looked at for a near word; the longest word has 16, and none of more is like it."""


def cleaned_id(text: str) -> str:
    """An id or a choice without outer spaces, no-break spaces and signs that nobody sees."""
    return INVISIBLE.sub("", text.replace("\u00a0", " ")).strip()


def is_unclean(text: str) -> bool:
    """Whether an id or a choice holds what :func:`cleaned_id` takes away besides plain spaces."""
    return cleaned_id(text) != text.strip(string.whitespace)


def cleaned_content(text: str) -> str:
    r"""A note without outer white space and with ``\n`` line ends; what notes are compared by."""
    return _LINE_END.sub("\n", text).strip()


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a value is read as that is none: says why."""

    reason: str


def read_status(text: str) -> Status | Wrong:
    """Whether a note is a draft; blank is published."""
    word = cleaned_id(text)
    if not word:
        return Status.PUBLISHED  # the API's own default (vendor's reference, Create Note)
    return choice(word, STATUS_WORDS, "status", "Published (or 1), Draft (or 0), and blank for published")


def read_content(text: str) -> str | Wrong:
    """What a note says."""
    content = cleaned_content(text)
    if not INVISIBLE.sub("", content).strip():
        return Wrong("the note is empty; write its text, or delete the row")
    if _ERROR_VALUE.fullmatch(content):
        return Wrong(_error_value(content))
    if was_cut(content):
        return Wrong("an earlier results workbook holds only the beginning of this note; paste its whole text")
    if match := _CONTROL.search(content):
        return Wrong(
            f"the note holds a control character (number {ord(match[0])}) that can't be sent; delete it,"
            " or type that part of the note anew"
        )
    if any("\ud800" <= sign <= "\udfff" for sign in content):
        return Wrong("the note holds half of a character (a damaged emoji); type that part anew")
    return content


def read_attachments(text: str) -> tuple[str, ...] | Wrong:
    """Ids, separated by commas, semicolons or line breaks, each once."""
    ids = [cleaned_id(part) for part in re.split(r"[,;\n]", text)]
    found = tuple(dict.fromkeys(part for part in ids if part))
    for attachment in found:
        if wrong := wrong_with_id(attachment, "attachment id"):
            return Wrong(wrong)
    return found


def wrong_with_id(text: str, what: str = "prospect id") -> str | None:
    """What is wrong with a cleaned id, if anything; ids are opaque, so only what surely is none is turned away."""
    if not text:
        return f"the {what} is blank; write the id that Saleshandy shows for it"
    if _ERROR_VALUE.fullmatch(text):
        return _error_value(text)
    if len(text) > LONGEST_ID:
        return f"the {what} has {len(text):,} characters, which no id has"
    if re.search(r"\s", text):
        several = "one id a row" if what == "prospect id" else "separate several by commas"
        return f"the {what} {shortened(text)!r} holds a space or a line break; {several}"
    if re.match(r"https?://", text) or not any(sign.isalnum() for sign in text):
        return f"{shortened(text)!r} is no {what}; write the id that Saleshandy shows for it"
    if re.fullmatch(r"[^@]+@[^@]+\.[^@]+", text):
        return f"{shortened(text)!r} is an e-mail address; write the {what} that Saleshandy shows for it"
    if _CONTROL.search(text) or any("\ud800" <= sign <= "\udfff" for sign in text):
        return f"the {what} holds a control character; type it anew"
    if _DAMAGED.fullmatch(text):
        return (
            f"the {what} {text!r} was damaged by a spreadsheet program, which took it for a number and lost digits;"
            " format the column as text and paste the ids anew"
        )
    return None


def _error_value(text: str) -> str:
    return f"the cell shows the error {text}; correct the formula, or type the value"


def choice(text: str, words: Mapping[_Value, tuple[str, ...]], what: str, allowed: str) -> _Value | Wrong:
    """The value that a word stands for; exact words only, near ones are suggested."""
    word = folded(text)
    values = {folded(known): value for value, all_known in words.items() for known in all_known}
    found = values.get(word)
    if found is not None:
        return found
    near = difflib.get_close_matches(word, values, n=1, cutoff=0.6) if len(word) <= _LONGEST_NEAR else ()
    meant = f"; did you mean {words[values[near[0]]][1]}?" if near else ""
    return Wrong(f"{shortened(text)!r} is no {what}; allowed are {allowed}{meant}")


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


def is_word(text: str) -> bool:
    """Whether a cell is blank, or holds a word that says who may see a note or whether it is published."""
    if len(text) > _LONGEST_SHOWN:
        return False
    word = folded(cleaned_id(text))
    return not word or any(word in words for words in WORDS.values())
