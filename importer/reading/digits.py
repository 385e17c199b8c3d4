"""Show a number with all the digits that the workbook holds exactly."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from math import isfinite

MOST_EXACT = 2**53
"""Largest whole number up to which a workbook holds every whole number exactly."""

KEPT_DIGITS = 15
"""Number of digits that a spreadsheet program keeps and shows of a number, unless it is whole and at most 2^53."""

_SHOWN_AS_STORED = re.compile(r"0|-?(?:[1-9][0-9]*|(?:0|[1-9][0-9]*)\.(?!0000)[0-9]*[1-9])")
"""Most numbers. Others have zeros without a meaning, an exponent, or are so small that they are shown with one."""


def general(text: str) -> str:
    """Return a number as the format General shows it in a wide enough cell; other text is returned unchanged.

    A whole number up to 2^53 has all its digits, any other number 15, because a spreadsheet program keeps no more.
    """
    if len(text) <= KEPT_DIGITS and _SHOWN_AS_STORED.fullmatch(text):
        return text
    try:
        number = value_of(text)
    except ValueError:
        return text
    if 1e-4 <= abs(number) < 1e14:  # Python shows these with 15 digits as we do
        return f"{number:.15g}"
    if not isfinite(number) or number == 0:
        return text if number else "0"
    short = kept(number)
    if not 1e-5 <= abs(number) < 1e21:
        digits, _, power = f"{number:.15g}".partition("e")
        return f"{digits}E{power[0]}{power[1:].lstrip('0').zfill(2)}" if power else f"{short:f}"
    shown = f"{short:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def value_of(text: str) -> float:
    """Return the number in a workbook's text; raise ValueError for forms only Python accepts: ``1_000``, ``１２``."""
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def decimal(text: str) -> Decimal:
    """Return the number in a workbook's text with the digits that count, as :func:`kept` does."""
    is_short = len(text) <= KEPT_DIGITS and _SHOWN_AS_STORED.fullmatch(text)
    return Decimal(text) if is_short else kept(value_of(text))


def kept(number: float) -> Decimal:
    """Return the number with the digits that count: all digits of a whole number up to 2^53, else 15 digits."""
    if number.is_integer() and abs(number) <= MOST_EXACT:
        return Decimal(int(number))
    return Decimal(f"{number:.{KEPT_DIGITS}g}")


def rounded(text: str) -> str:
    """Return a number with 15 digits, as a program shows it with an exponent; other text is returned unchanged."""
    try:
        return general(f"{value_of(text):.{KEPT_DIGITS}g}")
    except ValueError:
        return text


def lost_digits(stored: str) -> bool:
    """Return whether a number is too large for a spreadsheet program to hold all its digits."""
    try:
        return isfinite(value_of(stored)) and abs(Decimal(stored)) > MOST_EXACT
    except (ValueError, InvalidOperation):
        return False
