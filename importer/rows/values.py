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

from importer.errors import as_argument, by_name
from importer.markup import INVISIBLE
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
OR_SAY = "; or say what it means: "
"""Parts what is wrong with a word from the settings that would give it a meaning."""
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

    reason: str
    word: str = ""


def read_content(text: str) -> str | Wrong:
    """What a note says."""
    content = cleaned_content(text)
    if not INVISIBLE.sub("", content).strip():
        return Wrong("the note is empty; write its text, or delete the row")
    if _ERROR_VALUE.fullmatch(content):
        return Wrong(_error_value(content))
    if was_cut(content):
        return Wrong("an earlier results workbook holds only the beginning of this note; paste its whole text")
    if _HALF.search(content):
        return Wrong("the note holds half of a character (a damaged emoji); type that part anew")
    return content


def read_attachments(text: str) -> tuple[str, ...] | Wrong:
    """Ids, separated by commas, semicolons or line breaks, each once."""
    ids = [cleaned_id(part) for part in re.split(r"[,;\n]", text)]
    found = tuple(dict.fromkeys(part for part in ids if part))
    for attachment in found:
        if _FILE_NAME.fullmatch(attachment) and not is_link(attachment) and "@" not in attachment:
            return Wrong(
                f"{quoted(attachment)} is a file's name, and no attachment id; name the folder with the files:"
                f" {by_name('attachments', 'FOLDER')}"
            )
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
        return f"the {what} {quoted(text)} holds a space or a line break; {several}"
    is_checkbox = text.casefold() in ("true", "false")
    if is_link(text) or is_checkbox or not any(sign.isalnum() for sign in text):
        return f"{quoted(text)} is no {what}; write the id that Saleshandy shows for it"
    if re.fullmatch(r"[^@]+@[^@]+\.[^@]+", text):
        or_say = f"; if the column holds emails, say so: {by_name('map', 'email=ITS-HEADING')}"
        return f"{quoted(text)} is an e-mail address; write the {what} that Saleshandy shows for it" + (
            or_say if what == "prospect id" else ""
        )
    if _CONTROL.search(text) or _HALF.search(text):
        return f"the {what} holds a control character; type it anew"
    if _DAMAGED.fullmatch(text):
        return (
            f"the {what} {text!r} was damaged by a spreadsheet program, which took it for a number and lost digits;"
            " format the column as text and paste the ids anew"
        )
    return None


def is_link(text: str) -> bool:
    """Whether a text is the address of something on the web."""
    return re.match(r"(?i)https?://", text) is not None


def error_in(text: str) -> str | None:
    """What to say of a cell that shows a formula's error; None for others."""
    return _error_value(text) if _ERROR_VALUE.fullmatch(text) else None


def _error_value(text: str) -> str:
    return f"the cell shows the error {text}; correct the formula, or type the value"


@dataclass(frozen=True)
class Vocabulary(Generic[_Value]):
    """The words of one role's cells.

    Attributes:
        role: whose.
        known: value → the words that everybody may use for it.
        allowed: what a person is told that may stand there.
        own: word, folded → what the person said that it means; None: it is none, and that is known.
        heading: the column's, unless it is a plain one: then codes count, and a word that nobody knows may be a slip.
        offered: returns the values that a word may be given, the likely one first.
    """

    role: Role
    known: Mapping[_Value, tuple[str, ...]]
    allowed: str
    own: Mapping[str, _Value | None] = field(default_factory=dict)
    heading: str = ""
    offered: Callable[[str], Sequence[Visibility | Status]] = lambda _: ()


def choice(text: str, words: Vocabulary[_Value]) -> _Value | Wrong:
    """The value that a word stands for; exact words only, near ones are suggested. The person's own count first."""
    word = folded(text)
    if word in words.own:
        meant = words.own[word]
        left_out = f"{quoted(text)} is no {words.role}, as you said ({by_name('value')}), so the row is left out"
        return Wrong(left_out) if meant is None else meant
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
    ways = " or ".join(by_name("value", meaning(words.role, as_argument(text), value)) for value in words.offered(text))
    if words.heading:
        names = " or ".join(value.name.capitalize() for value in words.known)
        use = f"Did you mean {nearest}? Use {names}" if near else f"Use {names}"
        reason = f"{quoted(text)} is not a valid {words.role} under the heading {quoted(words.heading)}. {use}"
        return Wrong(reason if len(text) > _LONGEST_NEAR else f"{reason}{OR_SAY}{ways}", "" if near else text)
    reason = f"{quoted(text)} is no {words.role}; allowed are {words.allowed}"
    if near:
        return Wrong(f"{reason}; did you mean {nearest}?")
    if len(text) > _LONGEST_NEAR or not any(sign.isalpha() for sign in text):
        return Wrong(reason)
    return Wrong(f"{reason}{OR_SAY}{ways}", text)


def kind_of(text: str, value: str) -> str:
    """What is said of a cell, without what stands in it; problems of one kind are told together."""
    return text.partition(OR_SAY)[0].replace(quoted(value), "…")


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
