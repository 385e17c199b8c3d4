"""Show numbers as their number formats do.

Input: a number as a workbook stores it. Output: the text that the sheet shows. The codes are those of ECMA-376 part 1,
18.8.31: up to four sections for positive, negative, zero and text. The common ones are rendered: leading zeros,
decimals, thousands, percent, currency, scientific, dates, times. For any other code a date becomes ISO (``2026-03-01
14:30``) and a number its plain digits, which nobody can misread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, partial
from itertools import groupby

from importer.errors import UnreadableFile
from importer.messages import say
from importer.reading.digits import general, kept, value_of

Renderer = Callable[[str], str]

LONGEST_CODE = 255
"""Maximum number of characters of a format's code in Excel; a longer one is read as General."""

MOST_COMPILED = 4_000
"""Maximum number of codes in use. Excel allows some 250 in a workbook, other programs write a few more."""

_REMEMBERED = 16_384  # texts of numbers, because columns of dates, prices and percentages repeat theirs

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0;(#,##0)", 6: "#,##0;(#,##0)", 7: "#,##0.00;(#,##0.00)",
    8: "#,##0.00;(#,##0.00)", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "General", 13: "General",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm",
    **dict.fromkeys((*range(27, 32), *range(34, 37), *range(50, 59)), "g"), 32: "h:mm", 33: "h:mm:ss",
    37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
    41: "#,##0;(#,##0);-", 42: "#,##0;(#,##0);-", 43: "#,##0.00;(#,##0.00);-", 44: "#,##0.00;(#,##0.00);-",
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "0.0E+0", 49: "@",
}  # fmt: skip
"""Codes of the number formats that workbooks identify only by number.

Formats that follow the reader's country in Excel are shown plainly here: 5 to 8 without a currency, 14 and 22 as ISO
dates. The East Asian ones, 27 to 36 and 50 to 58, are ISO dates too (``g``, an era, stands for a date that can't be
rendered).
"""

_TOKEN = re.compile(
    r'"(?P<text>[^"]*)"?|\\(?P<sign>.)|_.|\*.|\[(?P<bracket>[^\[\]]*)\]|(?P<noon>AM/PM|A/P)|(?P<general>General)'
    r"|(?P<foreign>a{3,4}|g+|b+|上午/下午)"
    r"|(?P<date>y+|m+|d+|h+|s+|e+(?![+-]))|(?P<power>E[+-])|(?P<digit>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d{1,30}(?:\.\d{1,30})?)")
_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda limit, value: value < limit,
    "<=": lambda limit, value: value <= limit,
    ">": lambda limit, value: value > limit,
    ">=": lambda limit, value: value >= limit,
    "=": lambda limit, value: value == limit,
    "<>": lambda limit, value: value != limit,
    "": lambda _limit, _value: True,
}
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

Token = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Section:
    """Part of a code between two semicolons: its pieces, and the numbers that it applies to."""

    tokens: list[Token]
    meant_for: Callable[[Decimal], bool]
    hides_sign: bool  # whether it is only for negative numbers, and so shows no minus sign by itself

    @property
    def is_date(self) -> bool:
        kinds = {kind for kind, _ in self.tokens}
        return bool(kinds & {"date", "elapsed", "noon"}) or ("foreign" in kinds and not kinds & {"digit", "general"})


class NumberFormats:
    """Number formats of one workbook.

    ``codes`` are the codes of its cell styles. Each distinct code is compiled once, for the first number that needs it.
    ``shown`` returns the text that a code shows for a number as the workbook stores it. ``hiding`` holds the styles
    that hide texts.
    """

    def __init__(self, codes: Sequence[str] = (), *, date1904: bool = False) -> None:
        self.date1904 = date1904
        self._codes = codes
        self._compiled: dict[str, Renderer] = {}
        self.shown = lru_cache(maxsize=_REMEMBERED)(self._shown)
        self.hiding = frozenset(style for style, code in enumerate(codes) if hides_text(code))

    def in_style(self, style: int, number: str) -> str:
        """Return the text that a cell style, given by its position, shows for a number as the workbook stores it."""
        return self.shown(self._codes[style], number) if style < len(self._codes) else general(number)

    def _shown(self, code: str, number: str) -> str:
        render = self._compiled.get(code)
        return render(number) if render else self._compile(code)(number)

    def _compile(self, code: str) -> Renderer:
        if len(self._compiled) >= MOST_COMPILED:
            raise UnreadableFile(say("workbook.formats", most=MOST_COMPILED))
        self._compiled[code] = render = renderer(code, date1904=self.date1904)
        return render


@lru_cache(maxsize=MOST_COMPILED)
def hides_text(code: str) -> bool:
    """Return whether a format hides texts: its fourth section, for texts, shows none, as in ``;;;``."""
    if len(code) > LONGEST_CODE:
        return False
    sections = _split(code)
    return len(sections) == 4 and not any(
        kind == "general" or (kind, value) == ("other", "@") for kind, value in _tokens(sections[3])
    )


def code_of(number: int, own: str | None) -> str:
    """Return the code of the format with a number: the workbook's own code, else the built-in one, else General."""
    return BUILT_IN.get(number, "General") if own is None else own


def renderer(code: str, *, date1904: bool = False) -> Renderer:
    """Return the function that turns a stored number into its text, in time proportional to the code's length."""
    if code in {"General", "@", "GENERAL", ""} or len(code) > LONGEST_CODE:
        return general
    sections = _sections(code)
    if all(_is_general(section.tokens) for section in sections):
        return general
    if sections[0].is_date and "[<" not in code and "[>" not in code and "[=" not in code:
        return lambda text: _render_date(text, sections[0].tokens, date1904=date1904)
    return lambda text: _render(text, sections, date1904=date1904)


def _sections(code: str) -> list[_Section]:
    """Return the sections for numbers: for positive ones, negative ones and zero, or by their own conditions."""
    pieces = [_tokens(piece) for piece in _split(code)[:3]]
    default_conditions = {1: [""], 2: [">=0", ""], 3: [">0", "<0", ""]}[len(pieces)]
    conditions = [next((value for kind, value in tokens if kind == "condition"), "") for tokens in pieces]
    sections = []
    for index, tokens in enumerate(pieces):
        match = _CONDITION.fullmatch(conditions[index] or default_conditions[index])
        sign, limit = (match[1], Decimal(match[2])) if match else ("", Decimal(0))
        is_rest_below_zero = index == 1 == len(pieces) - 1 and not any(conditions)
        shown_tokens = [token for token in tokens if token[0] != "condition"]
        hides_sign = (sign in {"<", "<="} and limit <= 0) or is_rest_below_zero
        sections.append(_Section(shown_tokens, partial(_COMPARE[sign], limit), hides_sign))
    return sections


def _split(code: str) -> list[str]:
    """Split a code at the semicolons that are not quoted."""
    sections = [""]
    for match in re.finditer(r'"[^"]*"?|\\.|;|.', code, re.DOTALL):
        if match[0] == ";":
            sections.append("")
        else:
            sections[-1] += match[0]
    return sections


def _tokens(section: str) -> list[Token]:
    tokens: list[Token] = []
    for match in _TOKEN.finditer(section):
        kind = match.lastgroup
        if kind is None:
            continue
        value = match[kind]
        if kind in {"text", "sign"}:
            tokens.append(("text", value))
        elif kind == "bracket":
            _bracket(value, tokens)
        else:
            tokens.append((kind, value))
    return tokens


def _bracket(value: str, tokens: list[Token]) -> None:
    """Add a bracket's token: ``[h]`` is elapsed hours, ``[$€-407]`` a currency sign, ``[Red]`` shows nothing."""
    if value and set(value.lower()) in ({"h"}, {"m"}, {"s"}):
        tokens.append(("elapsed", value.lower()))
    elif value.startswith("$"):
        tokens.append(("text", value[1:].partition("-")[0]))
    elif value[:1] in {"<", ">", "="}:
        tokens.append(("condition", value))


def _is_general(tokens: list[Token]) -> bool:
    return bool(tokens) and all(kind == "general" or (kind, value) == ("other", "@") for kind, value in tokens)


def _render(text: str, sections: list[_Section], *, date1904: bool) -> str:
    try:
        value = kept(value_of(text))
    except (ValueError, InvalidOperation):
        return text
    section = next((section for section in sections if value.is_finite() and section.meant_for(value)), None)
    if section is None:
        return general(text)
    if section.is_date:
        return _render_date(text, section.tokens, date1904=date1904)
    if ("other", "/") in section.tokens or abs(value) >= Decimal("1e100"):
        return general(text)  # fractions aren't rendered
    return _fill(abs(value) if section.hides_sign else value, section.tokens)


def _fill(value: Decimal, tokens: list[Token]) -> str:
    """Put the number's digits in the place of the format's placeholders."""
    if not any(kind in {"digit", "general"} for kind, _ in tokens):
        return "".join(shown for kind, shown in tokens if kind in {"text", "other", "foreign"} and shown != "@")
    if any(kind == "general" for kind, _ in tokens):
        return "".join(general(str(value)) if kind == "general" else shown for kind, shown in tokens)
    places = [index for index, (kind, _) in enumerate(tokens) if kind == "digit"]
    first, last = places[0], places[-1]
    while first and tokens[first - 1] == ("other", "."):
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1] in {("other", ","), ("other", ".")}:
        last += 1
    pattern = tokens[first : last + 1]
    value *= Decimal(100) ** sum(token == ("other", "%") for token in tokens)
    number = _number(abs(value), pattern)
    before = "".join(shown for _, shown in tokens[:first])
    after = "".join(shown for _, shown in tokens[last + 1 :])
    minus = "-" if value < 0 and any(sign in "123456789" for sign in number) else ""
    return minus + before + number + after


def _number(value: Decimal, pattern: list[Token]) -> str:
    power_at = next((index for index, (kind, _) in enumerate(pattern) if kind == "power"), None)
    if power_at is not None:
        return _scientific(value, pattern, power_at)
    while pattern and pattern[-1] == ("other", ","):  # each comma at the end divides by a thousand
        pattern = pattern[:-1]
        value /= 1000
    point = next((index for index, token in enumerate(pattern) if token == ("other", ".")), len(pattern))
    whole, rest = pattern[:point], pattern[point + 1 :]
    decimals = "".join(shown for kind, shown in rest if kind == "digit")
    digits = f"{value.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP):f}" if value < 10**18 else f"{value:f}"
    before, _, after = digits.partition(".")
    before = _whole_part(before.lstrip("0"), whole)
    optional = len(decimals) - len(decimals.rstrip("#?"))
    after = after.ljust(len(decimals), "0")[: len(decimals)]
    while optional and after.endswith("0"):
        after, optional = after[:-1], optional - 1
    return before + ("." + after if point < len(pattern) else "")


def _whole_part(digits: str, pattern: list[Token]) -> str:
    """Return the digits before the decimal point, grouped, padded with zeros, and with the text between them."""
    grouped = ("other", ",") in pattern
    slots = [token for token in pattern if token != ("other", ",")]
    least = sum(1 for kind, shown in slots if (kind, shown) == ("digit", "0"))
    digits = digits.rjust(least, "0")
    if all(kind == "digit" for kind, _ in slots):
        return f"{int(digits):0{len(digits) + (len(digits) - 1) // 3},}" if grouped and digits else digits
    shown: list[str] = []
    places = sum(kind == "digit" for kind, _ in slots)
    for kind, text in slots:
        if kind != "digit":
            shown.append(text)
        else:  # the first placeholder takes all digits that the others leave
            count = max(len(digits) - places + 1, 0)
            shown.append(digits[:count])
            digits, places = digits[count:], places - 1
    return "".join(shown)


def _scientific(value: Decimal, pattern: list[Token], power_at: int) -> str:
    decimals = 0
    for index, token in enumerate(pattern[:power_at]):
        if token == ("other", "."):
            decimals = sum(kind == "digit" for kind, _ in pattern[index:power_at])
    least = sum(kind == "digit" for kind, _ in pattern[power_at:])
    digits, _, power = f"{float(value):.{decimals}E}".partition("E")
    sign = "-" if power.startswith("-") else ("+" if pattern[power_at][1].endswith("+") else "")
    return f"{digits}E{sign}{power.lstrip('+-').lstrip('0').zfill(least)}"


def _render_date(text: str, tokens: list[Token], *, date1904: bool) -> str:
    has_foreign = any(kind == "foreign" for kind, _ in tokens)
    try:
        milliseconds = round(value_of(text) * 86_400_000)
        if has_foreign or any(kind in {"date", "elapsed"} and shown.lower().startswith("s") for kind, shown in tokens):
            milliseconds = _rounded(milliseconds, decimals=sum(kind == "digit" for kind, _ in tokens))
        moment = _moment(milliseconds, date1904=date1904)
    except (ValueError, OverflowError):
        return general(text)
    if has_foreign:
        time = iso(moment).partition(" ")[2]
        return time if time and milliseconds < 86_400_000 else iso(moment)
    half = any(kind == "noon" for kind, _ in tokens)
    out = ""
    for is_fraction, run in groupby(_minutes_marked(tokens), lambda token: token[0] == "digit"):
        if is_fraction:  # decimals of a second: 00.000
            out += f"{moment.microsecond:06d}"[: len([*run])]
        else:
            out += "".join(_date_piece(kind, shown, moment, milliseconds // 1000, half=half) for kind, shown in run)
    return out.strip() or iso(moment)


def _moment(milliseconds: int, *, date1904: bool) -> datetime:
    """Return the date and time ``milliseconds`` after the origin; raise ValueError outside the supported years.

    Day 60 is 29 February 1900, which never existed. As in Excel, earlier days are counted from one day later.
    """
    days = milliseconds / 86_400_000
    if not 0 <= days < 2_958_466:
        raise ValueError(days)
    origin = datetime(1904, 1, 1) if date1904 else datetime(1899, 12, 31) if days < 60 else datetime(1899, 12, 30)  # noqa: DTZ001 — a sheet's dates have no zone
    return origin + timedelta(milliseconds=milliseconds)


def iso(moment: datetime) -> str:
    """Return the date in ISO form, with the time if there is one: ``2026-03-01``, ``2026-03-01 14:30``."""
    if moment.second:
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M}" if moment.hour or moment.minute else f"{moment:%Y-%m-%d}"


def _rounded(milliseconds: int, *, decimals: int) -> int:
    """Round a time to ``decimals`` decimals of a second, at most three."""
    step = (1000, 100, 10, 1)[min(decimals, 3)]
    return (milliseconds + step // 2) // step * step


def _minutes_marked(tokens: list[Token]) -> list[Token]:
    """Mark each ``m`` next to hours or seconds as a minute; any other ``m`` is a month."""
    times = [index for index, (kind, _) in enumerate(tokens) if kind in {"date", "elapsed"}]
    marked = list(tokens)
    for place, index in enumerate(times):
        kind, shown = tokens[index]
        if kind == "date" and shown.lower() in {"m", "mm"}:
            before = tokens[times[place - 1]][1].lower() if place else ""
            after = tokens[times[place + 1]][1].lower() if place + 1 < len(times) else ""
            if before[:1] in {"h", "s"} or after.startswith("s"):
                marked[index] = ("minute", shown.lower())
    return marked


def _date_piece(kind: str, shown: str, moment: datetime, seconds: int, *, half: bool) -> str:
    if kind == "noon":
        half_day = "AM" if moment.hour < 12 else "PM"
        return half_day if len(shown) > 3 else shown[0] if half_day == "AM" else shown[2]
    if kind == "minute":
        return f"{moment.minute:0{len(shown)}d}"
    if kind == "elapsed":
        amount = {"h": seconds // 3600, "m": seconds // 60, "s": seconds}[shown[0]]
        return f"{amount:0{len(shown)}d}"
    if kind != "date":
        return "" if (kind, shown) == ("other", "@") or kind == "general" else shown
    letter, count = shown[0].lower(), len(shown)
    hour = (moment.hour % 12 or 12) if half else moment.hour
    if letter in {"y", "e"}:
        return f"{moment.year % 100:02d}" if letter == "y" and count <= 2 else f"{moment.year:04d}"
    if letter == "m":
        return _named(moment.month, count, _MONTHS[moment.month - 1])
    if letter == "d":
        return _named(moment.day, count, _DAYS[moment.weekday()])
    amount = hour if letter == "h" else moment.second
    return f"{amount:0{min(count, 2)}d}"


def _named(number: int, count: int, name: str) -> str:
    if count <= 2:
        return f"{number:0{count}d}"
    return {3: name[:3], 5: name[0]}.get(count, name)
