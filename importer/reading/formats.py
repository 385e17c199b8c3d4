"""Show numbers as their number formats do.

Input: a number as a workbook stores it. Output: the text that the sheet shows. The codes are those of ECMA-376 part 1,
18.8.31: up to four sections for positive, negative, zero and text. The common ones are rendered: leading zeros,
decimals, thousands, percent, currency, dates, times. For any other code a date becomes ISO (``2026-03-01
14:30``) and a number its plain digits, which nobody can misread. No section for numbers applies to TRUE and FALSE.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

from importer.reading.numbers import Token, date_renderer, decimal, general, iso, moment_of, serial_of

Renderer = Callable[[str], str]

LONGEST_CODE = 255
"""Maximum number of characters of a format's code in Excel; a longer one is read as General."""

_CODES, _SHOWN = 4_000, 32_768  # codes and texts that are remembered: columns of dates and percentages repeat theirs

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0;(#,##0)", 6: "#,##0;(#,##0)", 7: "#,##0.00;(#,##0.00)",
    8: "#,##0.00;(#,##0.00)", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "General", 13: "General",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm",
    **dict.fromkeys((*range(27, 32), *range(34, 37), *range(50, 59)), "g"), 32: "h:mm", 33: "h:mm:ss",
    37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
    41: "#,##0;(#,##0);-", 42: "#,##0;(#,##0);-", 43: "#,##0.00;(#,##0.00);-", 44: "#,##0.00;(#,##0.00);-",
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""Codes of the number formats that workbooks identify only by number.

Formats that follow the reader's country in Excel are shown plainly here: 5 to 8 without a currency, 14 and 22 as ISO
dates. The East Asian ones, 27 to 36 and 50 to 58, are ISO dates too (``g``, an era, stands for a date that can't be
rendered).
"""

_GENERAL = frozenset({"General", "@", "GENERAL", ""})
_TOKEN = re.compile(
    r'"(?P<text>[^"]*)"?|\\(?P<sign>.)|_.|\*.|\[(?P<bracket>[^\[\]]*)\]|(?P<noon>AM/PM|A/P)|(?P<general>General)'
    r"|(?P<foreign>a{3,4}|g+|b+|上午/下午)"
    r"|(?P<date>y+|m+|d+|h+|s+|e+(?![+-]))|(?P<power>E[+-])|(?P<digit>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_BOOLEAN = '"TRUE";"TRUE";"FALSE"'
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d{1,30}(?:\.\d{1,30})?)")
_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
    "": lambda _value, _limit: True,
}  # fmt: skip
_USUAL = re.compile(r"#*(,##)?0(\.0+)?")
"""Patterns that Python formats as spreadsheet programs do."""
_COMMA, _POINT, _PERCENT = ("other", ","), ("other", "."), ("other", "%")
_LARGE, _HUGE = Decimal(10**18), Decimal("1e100")
_EXACT = Context(prec=600)


@dataclass(frozen=True, slots=True)
class _Section:
    """Part of a code between two semicolons: its pieces, and the numbers that it applies to."""

    tokens: list[Token]
    compare: Callable[[Decimal, Decimal], bool]
    limit: Decimal
    hides_sign: bool  # whether it is only for negative numbers, and so shows no minus sign by itself


class NumberFormats:
    """Number formats of one workbook.

    ``codes`` are the codes of its cell styles. ``hides_texts`` is true if one of the styles hides texts.
    """

    def __init__(self, codes: Sequence[str] = (), *, date1904: bool = False) -> None:
        self.date1904 = date1904
        self._codes = codes
        self.styles = len(codes)
        self.hides_texts = any(map(hides_text, codes))

    def code(self, style: int) -> str:
        """Return the code of a cell style, given by its position; "" if that is General."""
        code = self._codes[style] if style < len(self._codes) else ""
        return "" if code in _GENERAL else code

    def shown(self, code: str, number: str) -> str:
        """Return the text that a code shows for a number as the workbook stores it."""
        return _shown(code, number, self.date1904) if code else general(number)

    def date(self, code: str, text: str) -> str:
        """Return a date and time in ISO form as a code shows it; a code of General shows the ISO form."""
        moment = moment_of(text)
        if moment is None:
            return text
        serial = serial_of(moment, date1904=self.date1904)
        return self.shown(code, repr(serial)) if code and serial >= 0 else iso(moment).removeprefix("1899-12-31 ")


@lru_cache(_SHOWN)
def _shown(code: str, number: str, date1904: bool) -> str:  # noqa: FBT001 - a keyword would cost time
    return renderer(code, date1904)(number)


@lru_cache(_CODES)
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


@lru_cache(_CODES)
def renderer(code: str, date1904: bool = False) -> Renderer:  # noqa: FBT001, FBT002 - as above
    """Return the function that turns a stored number into its text, in time proportional to the code's length."""
    if code in _GENERAL or len(code) > LONGEST_CODE:
        return general
    sections = _sections(_BOOLEAN if code.upper() == "BOOLEAN" else code)
    if all(_is_general(section.tokens) for section in sections):
        return general
    first = sections[0].tokens
    if _is_date(first) and "[<" not in code and "[>" not in code and "[=" not in code:
        return date_renderer(first, date1904=date1904)
    showing = [(section, _in_section(section, date1904=date1904)) for section in sections]

    def render(text: str) -> str:
        try:
            value = decimal(text)
        except (ValueError, InvalidOperation):
            return text
        for section, show in showing if value.is_finite() and abs(value) < _HUGE else ():
            if section.compare(value, section.limit):
                return show(text, value)
        return general(text)

    return render


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
        sections.append(_Section(shown_tokens, _COMPARE[sign], limit, hides_sign))
    return sections


def _in_section(section: _Section, *, date1904: bool) -> Callable[[str, Decimal], str]:
    """Return the function that shows a number, given as stored and as a value, to which a section applies."""
    tokens = section.tokens
    if _is_date(tokens):
        show = date_renderer(tokens, date1904=date1904)
        return lambda text, _: show(text)
    if any(token == ("other", "/") or token[0] == "power" for token in tokens):
        return lambda text, _: general(text)  # neither fractions nor exponents are rendered
    fill = _filler(tokens)
    return lambda _, value: fill(abs(value) if section.hides_sign else value)


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


def _is_date(tokens: list[Token]) -> bool:
    kinds = {kind for kind, _ in tokens}
    return bool(kinds & {"date", "elapsed", "noon"}) or ("foreign" in kinds and not kinds & {"digit", "general"})


def _is_general(tokens: list[Token]) -> bool:
    return bool(tokens) and all(kind == "general" or (kind, value) == ("other", "@") for kind, value in tokens)


def _filler(tokens: list[Token]) -> Callable[[Decimal], str]:
    """Return the function that puts a number's digits in the place of the format's placeholders."""
    kinds = {kind for kind, _ in tokens}
    if not kinds & {"digit", "general"}:
        text = "".join(shown for kind, shown in tokens if kind in {"text", "other", "foreign"} and shown != "@")
        return lambda _: text
    if "general" in kinds:
        return lambda value: "".join(general(str(value)) if kind == "general" else shown for kind, shown in tokens)
    before, pattern, after = _parted(tokens)
    digits = _digits(pattern)
    factor = Decimal(100) ** tokens.count(_PERCENT)

    def fill(value: Decimal) -> str:
        number = digits(abs(value) * factor)
        minus = "-" if value < 0 and any(sign in "123456789" for sign in number) else ""
        return f"{minus}{before}{number}{after}"

    return fill


def _parted(tokens: list[Token]) -> tuple[str, list[Token], str]:
    """Return the text before a format's placeholders, the pattern from the first to the last, and the text after."""
    places = [index for index, (kind, _) in enumerate(tokens) if kind == "digit"]
    first, last = places[0], places[-1]
    while first and tokens[first - 1] == _POINT:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1] in {_COMMA, _POINT}:
        last += 1
    before, after = ("".join(shown for _, shown in part) for part in (tokens[:first], tokens[last + 1 :]))
    return before, tokens[first : last + 1], after


def _digits(pattern: list[Token]) -> Callable[[Decimal], str]:
    """Return the function that shows a number of zero or more by a pattern of placeholders."""
    divisor = Decimal(1)
    while pattern and pattern[-1] == _COMMA:  # each comma at the end divides by a thousand
        pattern = pattern[:-1]
        divisor *= 1000
    point = pattern.index(_POINT) if _POINT in pattern else len(pattern)
    whole_part = _whole_part(pattern[:point])
    decimals = "".join(shown for kind, shown in pattern[point + 1 :] if kind == "digit")
    optional = len(decimals) - len(decimals.rstrip("#?"))
    sign = "." if point < len(pattern) else ""
    step = Decimal(1).scaleb(-len(decimals))
    if usual := _USUAL.fullmatch("".join('"' if kind == "text" else shown for kind, shown in pattern)):
        form = f"{',' if usual[1] else ''}.{len(decimals)}f"
        return lambda value: format((value / divisor).quantize(step, ROUND_HALF_UP, _EXACT), form)

    def digits(value: Decimal) -> str:
        value /= divisor
        text = f"{value.quantize(step, ROUND_HALF_UP, _EXACT):f}" if value < _LARGE else f"{value:f}"
        before, _, after = text.partition(".")
        after = after.ljust(len(decimals), "0")[: len(decimals)]
        least = len(decimals) - optional
        return whole_part(before.lstrip("0")) + sign + after[:least] + after[least:].rstrip("0")

    return digits


def _whole_part(pattern: list[Token]) -> Callable[[str], str]:
    """Return the function that groups digits, pads them with zeros and puts the text between them."""
    grouped = _COMMA in pattern
    slots = [token for token in pattern if token != _COMMA]
    least = slots.count(("digit", "0"))
    is_plain = all(kind == "digit" for kind, _ in slots)

    def whole_part(digits: str) -> str:
        digits = digits.rjust(least, "0")
        if is_plain:
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

    return whole_part
