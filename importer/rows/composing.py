"""Compose a note's text from several columns, by a template such as ``[{Date}, ][{Assigned}: ]{Comments}``.

Input: a template, a sheet's headings, and the values of a row. Output: the text of its note. The last field is the
*text*, without which there is no note. What stands in brackets is left out if its field is blank. Outside of brackets,
a blank field takes the text up to the next one with it. A line whose fields are all blank is left out. ``{{``, ``}}``,
``[[`` and ``]]`` are the characters themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from importer.fields import BESIDE_THE_TEXT
from importer.markup import as_paragraphs
from importer.messages import Cell, Message, in_quotes, say
from importer.settings.reading import folded_heading

_PIECE = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{(?P<name>[^{}]*)\}|[\[\]{}]|\n|[^\[\]{}\n]+")
_DOUBLED = ("{{", "}}", "[[", "]]")
_TEXT = "\0"  # stands for the text, in which no value has this character


@dataclass
class _Field:
    """A field: what stands before and after its value, and what stands there if the value is blank."""

    name: str
    before: str = ""
    after: str = ""
    instead: str = ""
    is_in_brackets: bool = False


class Template:
    """A template for the text of notes, read from what a person wrote.

    ``names`` are headings or letters of its columns; the last one has the text of the note. ``trouble`` is why the
    template can't be used; None if it can.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines: list[tuple[str, list[_Field]]] = []  # what stands before the first field, and the fields
        self.trouble = self._read()
        fields = [field for _, fields in self._lines for field in fields]
        self.names = [field.name for field in fields]
        if self.trouble is None and (not fields or fields[-1].is_in_brackets):
            self.trouble = say("composed.no-text", template=Cell(in_quotes(text)))

    def _read(self) -> Message | None:
        """Read the lines; return why this isn't a template, or None."""
        start, fields, bracket = "", list[_Field](), None
        for piece in _PIECE.finditer(self.text):
            sign, name = piece[0], piece["name"]
            if sign == "\n" and bracket is None:
                self._lines.append((start, fields))
                start, fields = "", []
            elif name is not None and name.strip() and not (bracket and bracket.name):
                if bracket is not None:
                    bracket.name = name.strip()
                else:
                    fields.append(_Field(name.strip()))
            elif sign == "[" and bracket is None:
                bracket = _Field("", is_in_brackets=True)
            elif sign == "]" and bracket is not None and bracket.name:
                fields.append(bracket)
                bracket = None
            elif sign in ("{", "}", "[", "]") or name is not None:
                return say("composed.bracket", template=Cell(in_quotes(self.text)), sign=sign)
            else:
                literal = sign[0] if sign in _DOUBLED else sign
                if bracket is not None:
                    bracket.before += "" if bracket.name else literal
                    bracket.after += literal if bracket.name else ""
                elif fields:
                    fields[-1].after += literal
                    fields[-1].instead += literal if fields[-1].is_in_brackets else ""
                else:
                    start += literal
        self._lines.append((start, fields))
        return None if bracket is None else say("composed.bracket", template=Cell(in_quotes(self.text)), sign="[")

    def renamed(self, rename: Callable[[str], str]) -> str:
        """Return the template with other names of its columns."""
        return _PIECE.sub(
            lambda piece: piece[0] if piece["name"] is None else f"{{{rename(piece['name'].strip())}}}", self.text
        )

    def composed(self, values: Sequence[str], text: str, *, as_html: bool = False) -> str:
        """Return the text of a note: the values of all fields but the last, and that of the last, which isn't blank.

        If that is HTML, the rest is escaped and stands in paragraphs of its own.
        """
        lines, given = list[str](), iter((*values, _TEXT))
        for start, fields in self._lines:
            shown = [*zip(fields, given, strict=False)]
            if not fields or any(value for _, value in shown):
                pieces = (f"{field.before}{value}{field.after}" if value else field.instead for field, value in shown)
                lines.append("".join((start, *pieces)))
        head, _, tail = "\n".join(line if _TEXT in line else line.rstrip() for line in lines).partition(_TEXT)
        if not as_html:
            return f"{head}{text}{tail}".strip()
        return as_paragraphs(head.strip().rstrip(",; ")) + text + as_paragraphs(tail.strip())


@lru_cache(64)
def template_in(name: str) -> Template | None:
    """Return the template in a name of a column that no heading has; None if it has no braces."""
    return Template(name) if "{" in name else None


@dataclass(frozen=True)
class Composition:
    """A template for the notes of a sheet: the positions of its columns, in the order of its fields."""

    template: Template
    columns: tuple[int, ...]

    def renamed(self, called: Callable[[int], str]) -> str:
        """Return the template with the names of its columns in this sheet."""
        names = iter(self.columns)
        return self.template.renamed(lambda _: called(next(names)))


def composition(name: str, named: Callable[[str], list[int]]) -> Composition | Message | None:
    """Return a template with its columns, which ``named`` finds, or why it can't be used; None for another name."""
    template = template_in(name)
    if template is None or template.trouble is not None:
        return None if template is None else template.trouble
    positions = [named(field) for field in template.names]
    wrong = tuple(Cell(in_quotes(field)) for field, at in zip(template.names, positions, strict=True) if len(at) != 1)
    if not wrong:
        return Composition(template, tuple(at[0] for at in positions))
    return say("composed.no-column", template=Cell(in_quotes(name)), names=wrong)


def suggested(headings: Sequence[str], unused: Sequence[int], text: int) -> Composition | None:
    """Return a template with columns that tell when, by whom or about what a note was written; None without such."""
    of_heading = {folded_heading(headings[at]): at for at in reversed(unused)}
    known = (map(folded_heading, names) for names in BESIDE_THE_TEXT.values())
    beside = [next((of_heading[name] for name in names if name in of_heading), None) for names in known]
    found = [at for at in beside if at is not None]
    if not found:
        return None
    template = "".join(f"[{{{at}}}{', ' if at != found[-1] else ': '}]" for at in found)
    return Composition(Template(f"{template}{{{text}}}"), (*found, text))
