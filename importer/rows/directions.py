"""Interpret a column's heading: whether the API's codes count below it, and the likely meaning of a yes or a no.

Input: a heading, and a word under it. Output: the value to offer first. Values are only suggested, never assumed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from importer.models import Role, Status, Visibility
from importer.rows.headings import HEADINGS, PLAIN
from importer.rows.suggestions import folded_heading
from importer.rows.values import folded

YES = frozenset("1 y yes true x on t j ja wahr o oui vrai s si sí sì sim verdadero verdadeiro vero ✓ ✔ ☑ ✅ √".split())
NO = frozenset("0 n no false off f nein falsch non faux falso não nao - ✗ ✘ ☐ ❌".split())
_PLAIN = {role: frozenset(map(folded_heading, headings)) for role, headings in PLAIN.items()}
_KNOWN = {role: frozenset(map(folded_heading, HEADINGS[role])) for role in PLAIN}
# Words without case and accents, in English, German, French, Spanish, Portuguese, Italian. The first pattern of each
# value counts in any heading. The second counts only among words of the same kind, because "Team Lead" is a person.
_SAYS: Mapping[str, tuple[str, str]] = {
    Visibility.PRIVATE.name: (
        r"privat\w{0,7}|privad[oa]s?|prive(?:e|s|es)?|privac\w{2,6}|confiden\w{0,9}|vertraulich\w{0,4}"
        r"|intern(?:al|ally|a|o|e|es|os|as|er|es|ne|nes)?|secret\w{0,4}|segret\w{1,4}|geheim\w{0,4}|riservat\w{1,4}"
        r"|reserv(?:ad[oa]|ee?)s?",
        r"me|mine|myself|ich|mich|moi|yo|eu|io|owner|own|personal|personnel|personnelle"
        r"|personlich|pessoal|personale|hidden|hide|restricted|besitzer|proprietaire|propietario|proprietario",
    ),
    Visibility.PUBLIC.name: (
        r"public(?:a|o|as|os|ly)?|publiques?|offentlich\w{0,4}|pubblic[oahie]{1,2}|shar(?:e|ed|es|ing)|geteilt\w{0,2}"
        r"|freigegeben\w{0,2}|partag\w{1,4}|compart\w{2,6}|condivi\w{2,6}|visib(?:le|les|il|ile|ili)|visive(?:l|is)"
        r"|sichtbar\w{0,2}",
        r"team|everyone|everybody|all|anyone|alle|allen|tous|toute|equipe|equipo|todos|todo|tutti|squadra|external"
        r"|extern|externe|externo|externa|esterno",
    ),
    Status.DRAFT.name: (
        r"draft\w{0,3}|entwurf\w{0,2}|entwurfe|brouillons?|borrador(?:es)?|rascunhos?|bozz[ae]|unpublished"
        r"|unveroffentlicht",
        "",
    ),
    Status.PUBLISHED.name: (
        r"publish(?:ed|es)?|veroffentlicht\w{0,2}|publie(?:e|s|es)?|publicad[oa]s?|pubblicat[oaie]",
        "live|final",
    ),
}
VALUES: Mapping[Role, tuple[Visibility | Status, Visibility | Status]] = {
    Role.VISIBILITY: (Visibility.PRIVATE, Visibility.PUBLIC),
    Role.STATUS: (Status.PUBLISHED, Status.DRAFT),
}
"""Values of each role, in the order in which they are offered to the user."""
_ABOUT = re.compile(r"visibilit(?:y|e|a)|visibilidade?|sichtbarkeit|privacy|sharing|vertraulichkeit|confidentialite")
_NEGATION = re.compile(
    r"no|not|non|un|nicht|kein|keine|keinem|nie|never|pas|sans|ne|ni|sin|nao|sem|senza|without|ohne|dont|doesnt|isnt"
    r"|exclud\w{0,3}|except|ausser|sauf|excepto|exceto|salvo|eccetto"
)
_BESIDE = re.compile(
    r"is|are|ist|est|es|only|just|nur|seulement|solo|so|somente|note|notes|notiz|notizen|nota|notas|the|with|to|by|for"
    r"|in|of|on|members?|whole|can|see|flag|mit"
    r"|fur|der|die|das|de|la|le|les|el|o|a|par|para|pour|con|com|per|avec|da|del|della"
)


def is_plain(role: Role, heading: str) -> bool:
    """Return whether a heading plainly asks for the role's value, so that the API's codes count under it."""
    return folded_heading(heading) in _PLAIN[role]


def depends_on_heading(word: str) -> bool:
    """Return whether a word has a meaning only together with its heading: a yes, a no, or a code."""
    return _bare_word(word) in YES | NO or _bare_word(word).isdecimal()


def speaks(role: Role, heading: str) -> bool:
    """Return whether a heading is about the role: visibility, or publication status."""
    words = _words(heading)
    if folded_heading(heading) in _KNOWN[role] or (role is Role.VISIBILITY and any(map(_ABOUT.fullmatch, words))):
        return True
    if any(_strong(value, _bare(word)) for value in VALUES[role] for word in words):
        return True
    weak = [any(_weak(value, word) for value in VALUES[role]) for word in words]
    return any(weak) and all(
        is_weak or _NEGATION.fullmatch(word) or _BESIDE.fullmatch(word)
        for word, is_weak in zip(words, weak, strict=True)
    )


def reading(role: Role, heading: str, word: str) -> Visibility | Status | None:
    """Return the likely value of a yes or a no under this heading; None if the heading doesn't name a single value."""
    direction = _direction(role, heading)
    if direction is None or _bare_word(word) not in YES | NO:
        return None
    return next(value for value in VALUES[role] if (value is direction) == (_bare_word(word) in YES))


def offered(role: Role, heading: str, word: str) -> list[Visibility | Status]:
    """Return the role's values, the likely value of the word first, else in the usual order."""
    likely = reading(role, heading, word)
    return sorted(VALUES[role], key=lambda value: value is not likely)


def blank_status(heading: str) -> Status:
    """Return the status of a blank cell: published, as in the API, but draft in a checkbox column like *Published*."""
    is_checked = not is_plain(Role.STATUS, heading) and _direction(Role.STATUS, heading) is Status.PUBLISHED
    return Status.DRAFT if is_checked else Status.PUBLISHED


def _bare_word(word: str) -> str:
    """Return a yes, a no or a code in comparable form: ``1.0`` becomes ``1``, ``✔️`` loses its variation selector."""
    text = folded(word).replace("\ufe0f", "").removesuffix(".")
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def _direction(role: Role, heading: str) -> Visibility | Status | None:
    """Return the one value that a heading names; None if it names both or none, or holds a negation."""
    words = _words(heading)
    if re.search("[!≠¬]", heading) or any(_negates(word) for word in words):
        return None
    values = [value for value in VALUES[role] if any(_strong(value, word) or _weak(value, word) for word in words)]
    return values[0] if len(values) == 1 else None


def _words(heading: str) -> list[str]:
    """Return the words of a heading without case and accents; ``IsPrivate`` has two words."""
    spaced = re.sub(r"(?<=[^\W\d_])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", heading))
    plain = unicodedata.normalize("NFD", spaced.replace("'", "").replace("’", "").casefold())
    return re.findall(r"[^\W\d_]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def _strong(value: Visibility | Status, word: str) -> bool:
    return re.fullmatch(f"(?:is)?(?:{_SAYS[value.name][0]})", word) is not None


def _weak(value: Visibility | Status, word: str) -> bool:
    return bool(_SAYS[value.name][1]) and re.fullmatch(_SAYS[value.name][1], word) is not None


def _negates(word: str) -> bool:
    """Return whether a word is a negation or begins with one (``unshared``); words for drafts are not negations."""
    if re.fullmatch(_SAYS[Status.DRAFT.name][0], word):
        return False
    if _NEGATION.fullmatch(word):
        return True
    bare = _bare(word)
    return bare != word and any(_strong(value, bare) for values in VALUES.values() for value in values)


def _bare(word: str) -> str:
    return re.sub("^(?:un|non|not|nicht)", "", word)
