"""The digits of a number: as a workbook stores it in, with all that the workbook holds exactly out.

Earlier versions kept 15 digits of any number; what they read instead is told as well.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isfinite

MOST_EXACT = 2**53
"""Up to here a workbook holds every whole number exactly; beyond, it holds only some of them."""

KEPT_DIGITS = 15
"""Digits of any other number that a spreadsheet program keeps and shows."""


def general(text: str) -> str:
    """A number as the format General shows it in a cell that is wide enough; text that is no number stays as it is.

    A whole number up to 2^53 is shown as the file holds it. Of any other, 15 digits are shown, all that a spreadsheet
    program keeps.
    """
    if text.isdecimal() and text.isascii() and len(text) <= KEPT_DIGITS and (text[0] != "0" or text == "0"):
        return text
    try:
        number = value_of(text)
    except ValueError:
        return text
    if not isfinite(number) or number == 0:
        return text if number else "0"
    short = kept(number)
    if not 1e-5 <= abs(number) < 1e21:
        digits, _, power = f"{number:.15g}".partition("e")
        return f"{digits}E{power[0]}{power[1:].lstrip('0').zfill(2)}" if power else f"{short:f}"
    shown = f"{short:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def value_of(text: str) -> float:
    """A number as workbooks write it; raises ValueError for what only Python takes for one: ``1_000``, ``１２``."""
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def kept(number: float) -> Decimal:
    """The number with the digits that count."""
    if number.is_integer() and abs(number) <= MOST_EXACT:
        return Decimal(int(number))
    return Decimal(f"{number:.{KEPT_DIGITS}g}")


def rounded_before(shown: str) -> tuple[str, ...]:
    """The texts that earlier versions may have made of a whole number of 16 digits; they kept 15 of them."""
    first = next((place for place, sign in enumerate(shown) if sign in "123456789"), 0)
    places = [place for place, sign in enumerate(shown) if place >= first and sign in "0123456789"]
    if len(places) <= KEPT_DIGITS:
        return ()
    number = float("".join(shown[place] for place in places[: KEPT_DIGITS + 1]))
    digits = f"{Decimal(f'{number:.{KEPT_DIGITS}g}'):f}"
    signs = [*shown]
    for place, digit in zip(places, digits, strict=False):
        signs[place] = digit
    by_exponent = f"{digits[0]}.{digits[1:KEPT_DIGITS]}".rstrip("0").rstrip(".") + f"E+{KEPT_DIGITS}"
    return tuple(text for text in ("".join(signs), by_exponent) if text != shown)


def lost_digits(stored: str) -> bool:
    """Whether a number is too large for a spreadsheet program to hold all digits of it."""
    try:
        return isfinite(value_of(stored)) and abs(Decimal(stored)) > MOST_EXACT
    except (ValueError, InvalidOperation):
        return False
