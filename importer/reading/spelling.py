"""Find misspelt words in a text that was decoded with one encoding, to judge whether the encoding is right.

A wrong encoding turns letters into signs, or into letters at a place where no language has them: *Jiøí* for *Jiří*,
*Garc’a* for *García*. One or two names are enough to notice this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_V = "aeiouyáàâãäåæéèêëíìîïóòôõöøœúùûüýąęėįųāēīūăőűůıěơư"
_WESTERN = tuple(map(frozenset, (
    "éèêëàâçôûùîïœæÿü", "äöüßé", "áéíóúüñ", "àèéíïòóúüç", "áâãàçéêíóôõúü", "àèéìòùî", "éëïóöüáèê", "æøåéöäü",
    "åäöéüšž", "áéíóúýðþæö",
)))  # fmt: skip
_ALPHABETS = {
    family: (*map(frozenset, own.split()), *_WESTERN)
    for family, own in {
        "western": "",
        "central": "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű čćđšž ăâîşţ",
        "turkish": "çğıöşüâîû",
        "baltic": "āčēģīķļņšūž ąčęėįšųūž äõöüšž",
    }.items()
}
"""Sets of letters beyond A to Z that may occur together in the words of one language."""

_NEVER = re.compile(
    rf"""
    # where Western letters don't stand, but those do that share their code elsewhere
    è(?!e$)[{_V}kjw]|(?<!p)oè(?!$)|[aeáéíóúěýů]è|iè$|[aeoy]ê|[wk].*ê|ê.*[wk]|[{_V}]ø|ø[aouiáéíóúý]|øe(?!.?$)|[{_V}]æ|æ[{_V}w]
    |ã(?![oe]|s?$)|õ(?!e[sm]?$)|(?<!ao)(?<=[aeiy])û|ù(?!$)|[aeáéíóúà]ò|(?<!p)uò|ò[{_V}]|ì(?!$)|(?<![aeou])ï|ñ(?![{_V}])
    |[{_V}]œ|œ[wlmk]|[^{_V}][šž](?![{_V}])|[^aeiou]ë$|^ë|[^aeiouyäöü]ß
    |ç[bdfghjmnpqrtvwxz]|^[ôè].|^à[^s]|îr|^âti|[^aeiou]ër|[aeo]â|[ao]ã(?!o)|[^aeou]ÿ|ÿ$|rç$|áo|áa|yó.|nít$|íll$|íve$|íre$|à(?!s?$|[smngrcdl][aeio])|iä(?![tnlr])|[dnt]ßn|è(?:r[^er]|[bcdfglmnpst][^aeiylrhtcnu])
    |^ð|^ý|.þ(?![óriuú])|[çqwzc].*[ðþý]|[ðþý].*[çqwzc]
    # where Central European letters don't
    |[^{_V}]č(?![{_V}])|č[^{_V}kntčš]|^[^{_V}]*č[^{_V}]*$|ř[yr]|[^{_V}]ř(?![{_V}])|^ř[^{_V}]|[jlmnsfr]ř
    |(?<![śń{_V}])ć(?![{_V}])(?!^ć[wmp])|(?<![tsvdmž])ĺ|ĺ(?![pčkbz])|(?<![^{_V}])ŕ|ŕ(?![bčdhkmnptvzžš])
    |^(?!.*[wkzjyąćłńśźż]).*ę(?!$)|ę[{_V}]|ă[oe]|[aeiouáé]ő|ő[{_V}]|^(?!.*(?:z|gy|k|cs|ny|ly|[áőü])).*ű|[{_V}]ű|ű[{_V}]
    |[aeiouáéí]ů|ů[{_V}]|[^{_V}]ň|(?<![bpvfmdtn])ě|[er]dě$|ď(?![aouáúůk]|$)|ń[{_V}]|[bcdfgkmpst]ś|śu|[^{_V}]ź[^{_V}]|[^{_V}]ť[{_V}]
    # Turkish
    |(?<![aeıioöuü])ğ|[qwx].*[ğış]|[ğış].*[qwx]
    # Baltic
    |[{_V}][āēīū]|[āēīū][{_V}]|[āēīū].*i[ao]|(?:[wxyq]|ch|th|ph).*[āēīū]|[āēīū].*(?:[wxyq]|ch|th|ph)
    |[āēīūņķļģ].*(?<![aeiuėšņ])(?<![aeiuomnrltdbpvkšņ]s)$|[aeo]ė|ņ$|iė.|[ąęįų].*e$
    """,
    re.VERBOSE,
)
_PAIRS = re.compile(
    "çã|çõ|ç[áóú]|éé|ïé|[öüä]ß|ää|öö|åå|[áéíóú]ñ|ñ[áéíóú]|éï|[ðþ][áéíóúý]|[áéíóúæý]ð|[őűáéíóöüú]{2}"
    "|[íýáéěů][čšžřťňďčľ]|[čšžřťňďľ][íýáéěůú]|šť"
    "|ńś|śń|łó|ół|ąż|ż[ąęó]|śl|źń|ść|[ęąóć]ł|ł[ęąó]|ó[śźżć]|ę[ść]|ą[ść]|ńć|ń[ęą]|ś[ćęąó]|ź[ęą]|ć[óęą]"
    "|[öüıçşğ][ğşçöüı]|[āēīū][ņšžčķļģ]|[ņšžčķļģ][āēīū]|ņš|ėž|žė|šė|ėš|čė|ųž"
)
"""Letters beyond A to Z that stand beside each other in some language."""

_OPENING, _CLOSING = "“‘„‚«‹¿¡–—•§©\xa0", "”’“‘»›–—…®™©\xa0"
_SIGNS = frozenset(f"{_OPENING}{_CLOSING}€£°²³½¼¾±×÷§µ·ºª¢¥")
_MEASURE = re.compile("(?:[kcm]?m|ft|in)[²³]|[nN][°º]|°[CF]")
_ONE_LETTER = frozenset("aAIiày")
_APOSTROPHE = re.compile(
    "^(?:[odlnsmtcj]|qu|jusqu|lorsqu|aujourd|mc|all|dell|sull|nell|un)’|’(?:s|t|re|ve|ll|d|m|n|em|cause|è|era)$|s’$",
    re.IGNORECASE,
)
_LONGEST = 200
"""Letters of a word that are judged: a damaged file's may have a million, and the patterns look far ahead."""
_CJK_SIGNS = frozenset("\u3000、。，；：？！（）《》「」“”・ー～々")


def misspelt(words: Iterable[str], family: str) -> list[str]:
    """Return the words that no language of a family spells this way."""
    if family in _ALPHABETS:
        return [word for word in words if not _is_latin(word[:_LONGEST], family)]
    return [word for word in words if not _JUDGES[family](word[:_LONGEST])]


def _is_latin(word: str, family: str) -> bool:
    core = word.lstrip(_OPENING).rstrip(_CLOSING)
    if re.search("[A-Z]…$", word) or re.search("–[a-zà-ÿ]", core):
        return False
    if core in _SIGNS or not core or _MEASURE.fullmatch(core):
        return True
    parts = re.split("[–—\xa0]", core)
    is_short = len(parts) > 1 and any(len(part) < 2 and part not in _ONE_LETTER for part in parts)
    return not is_short and all(_is_word(part, family) for part in parts)


def _is_word(word: str, family: str) -> bool:
    if "’" in word:
        if not _APOSTROPHE.search(word):
            return False
        word = word.replace("’", "'")
    special = re.sub("[A-Za-z']", "", word)
    if not special.isalpha() or _has_capitals_inside(word):
        return not special
    lower = word.replace("İ", "i").lower()
    letters = frozenset(special.replace("İ", "").lower())
    if not any(letters <= alphabet for alphabet in _ALPHABETS[family]):
        return False
    if family == "baltic" and letters <= frozenset("įķļģųąęćśźżłńō"):
        return False  # no Baltic name has only these, but Western names have the letters with the same codes
    if len(lower) > 1 and not re.search("[a-z]", lower):
        return False
    runs = re.findall(r"[^\x00-\x7f]{2,}", lower)
    return not _NEVER.search(lower) and all(_PAIRS.fullmatch(run) for run in runs)


def _has_capitals_inside(word: str) -> bool:
    """Return whether a capital beyond A to Z follows a small letter, or precedes a small letter inside the word."""
    for before, sign, after in zip(f" {word[:-1]}", word, f"{word[1:]} ", strict=True):
        if sign.isupper() and not (sign + before).isascii() and before.islower():
            return True
        if sign.isupper() and not sign.isascii() and before.isalpha() and after.islower():
            return True
    return False


def _alphabetic(letters: str, bad: str, alone: str = "") -> Callable[[str], bool]:
    """Return a function that accepts words in a non-Latin alphabet: only its letters, and no match of ``bad``.

    ``alone`` holds the letters that are words by themselves.
    """
    script, wrong = re.compile(f"[{letters}]{{2,}}"), re.compile(bad)

    def judge(word: str) -> bool:
        core = word.lstrip("“„«'").rstrip(f"{_CLOSING}'·׳״،؛؟")
        if not core or core in _SIGNS or core.lower() in alone:
            return True
        return bool(script.fullmatch(core)) and not wrong.search(core) and not _has_capitals_inside(core)

    return judge


def _east_asian(codec: str, *common: tuple[int, int], kana: bool = False) -> Callable[[str], bool]:
    """Return a function that judges words of two-byte characters, whose first byte must be in a ``common`` range."""

    def is_common(sign: str) -> bool:
        if sign in _CJK_SIGNS or (kana and "\u3040" <= sign <= "\u30ff"):
            return True
        try:
            code = sign.encode(codec)
        except UnicodeError:
            return False
        return len(code) > 1 and any(low <= code[0] <= high for low, high in common)

    def judge(word: str) -> bool:
        runs = re.findall(r"[^\x00-\x7f]+", word)
        is_alone = any(len(run) == 1 for run in runs) and re.search("[A-Za-z]", word)
        return not is_alone and all(is_common(sign) for run in runs for sign in run)

    return judge


def _vietnamese(word: str) -> bool:
    vowel = f"[{_V}][\u0300-\u0303\u0309\u0323]?"
    has_own = re.search("[\u0300-\u0303\u0309\u0323ơưđ]", word.lower())
    return bool(has_own and re.fullmatch(rf"[^{_V}\W]{{0,3}}(?:{vowel}){{1,3}}[^{_V}\W]{{0,2}}", word.lower()))


_JUDGES: dict[str, Callable[[str], bool]] = {
    "cyrillic": _alphabetic(
        "\u0400-\u045f",
        "[ъьы]{2}|^[ьъы]|[аеиоуыэюя]{4}|[^аеёиоуыэюяіїєАЕЁИОУЭЮЯІЇЄ]{6}|э[аеиоуыя]|(?<!^)э(?![кнлмрхтй])|щ[^аеиуоюяё]*$",
        "авиксуояі",
    ),
    "greek": _alphabetic("\u0370-\u03ff", "ς.|σ$|[^αάεέηήιίϊΐοόυύϋΰωώΑΆΕΈΗΉΙΊΟΌΥΎΩΏ]{5}"),
    "hebrew": _alphabetic("\u0590-\u05ff", "[ךםןףץ]."),
    "arabic": _alphabetic("\u0600-\u06ff", "[ةى]."),
    "thai": _alphabetic(
        "\u0e00-\u0e7f", "^[\u0e30-\u0e3a\u0e45-\u0e4e]|[เแโใไ]{2}|[\u0e31\u0e34-\u0e3a]{2}"
    ),
    "japanese": _east_asian("cp932", (0x88, 0x98), kana=True),
    "simplified": _east_asian("gb2312", (0xB0, 0xD7)),
    "traditional": _east_asian("big5", (0xA4, 0xC6)),
    "korean": _east_asian("euc_kr", (0xB0, 0xC8)),
    "vietnamese": _vietnamese,
}  # fmt: skip
