"""Numbers are shown as their format says."""

import pytest

from importer.reading.formats import code_of, renderer
from importer.reading.numbers import general

_SIZES = '[>999999]#,,"M";[>999]#,"K";0'
_PHONE = "[<=9999999]###-####;(###) ###-####"
_CHINESE = '上午/下午h"时"mm"分"'

SHOWN = {
    # numbers
    "0": {"1.5": "2", "-0.4": "0"},
    "#,##0": {"1234567": "1,234,567", "1234567890123451": "1,234,567,890,123,451"},
    "#,##0;(#,##0)": {"-1234": "(1,234)"},
    "0.00": {"2.675": "2.68", "1234567890123451": "1234567890123451.00", "no number": "no number", "1_000": "1_000"},
    "0%": {"0.256": "26%"}, "0.00%": {"0.256": "25.60%"}, "0,": {"12345": "12"}, ".00": {"45.61911": "45.62"},
    ".0": {"0.5": ".5"}, "#.##": {"3": "3."}, "0.00E+00": {"12345": "12345", "0": "0"}, "# ?/?": {"0.5": "0.5"},
    '"€"#,##0.00': {"1234.5": "€1,234.50"}, "#,##0.00 [$€-407]": {"-1234.5": "-1,234.50 €"},
    "00000": {"123": "00123"}, "000-00-0000": {"123456789": "123-45-6789"}, "0-0-00": {"7": "0-0-07"},
    "?-?": {"1234": "123-4"}, "0000-0000-0000-0000": {"1234567890123451": "1234-5678-9012-3451"},
    "BOOLEAN": {"1": "TRUE", "0": "FALSE"}, "0 g": {"5": "5 g"}, "[0": {"5": "[5"}, "[[Red]0": {"5": "[5"},
    # sections and conditions
    '+0;-0;"none"': {"0": "none"}, '"yes";"yes";"no"': {"-1": "yes"}, ";;;": {"5": ""},
    "[>100]0;0.0": {"5": "5.0", "-5": "-5.0"}, '[<0]"";0%': {"-0.1": "", "0.1": "10%"},
    _SIZES: {"1021021.02": "1M", "45678": "46K", "7": "7"},
    _PHONE: {"5551234": "555-1234", "2125551234": "(212) 555-1234"},
    "[=0]?;[<4.16666666666667][hh]:mm:ss;[hh]:mm": {"0.00046875": "00:00:41"},
    # dates and times
    "yyyy-mm-dd": {"46082": "2026-03-01", "1": "1900-01-01", "61": "1900-03-01", "99999999": "99999999"},
    "dd.mm.yyyy": {"46082.6": "01.03.2026"}, "m/d/yy h:mm": {"46082.604166667": "3/1/26 14:30"},
    "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy": {"46082": "Sunday, March 01, 2026"},
    "h:mm AM/PM": {"0.75": "6:00 PM"}, "h:mm a/p": {"0.75": "6:00 p"},
    "h:mm:ss": {"2958465.9999999": "2958465.9999999"}, "h:m:s.00": {"37653.1702084375": "4:5:6.01"},
    "s:m": {"0.08546296296296296": "4:3"}, "mm:ss.0": {"0.00123": "01:46.3"},
    "[h]:mm": {"0.124998": "2:59", "0.12499999999": "3:00"}, "[h]:mm:ss": {"1.5": "36:00:00", "0.124998": "3:00:00"},
    "yyyy": {"1_000": "1_000"}, "[m]": {"0.124998": "179"}, "[s].00": {"0.124998": "10799.83"},
    # calendars that are shown plainly
    "yyyy/m/d(aaa)": {"46082": "2026-03-01"}, "m/d aaaa": {"46082": "2026-03-01"}, "gg": {"46082": "2026-03-01"},
    '[$-411]ggge"年"m"月"d"日"': {"46082": "2026-03-01"}, "ge.m.d": {"46082.5": "2026-03-01 12:00"},
    "d/m/bbbb": {"46082": "2026-03-01"}, "dd/mm/bb": {"46082": "2026-03-01"},
    _CHINESE: {"46082.604166667": "2026-03-01 14:30", "0.604166667": "14:30"},
}  # fmt: skip
"""Format → numbers as they are stored, and as they are shown."""


@pytest.mark.parametrize(
    ("code", "stored", "shown"), [(code, *one) for code, some in SHOWN.items() for one in some.items()]
)
def test_a_number_is_shown_as_its_format_says(code: str, stored: str, shown: str) -> None:
    assert renderer(code)(stored) == shown


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("12345", "12345"), ("12345.0", "12345"), ("0.30000000000000004", "0.3"), ("1E5", "100000"), ("-0", "0"),
     ("123456789012345", "123456789012345"), ("1.2345678901234567E19", "12345678901234600000"), ("1e25", "1E+25"),
     ("1E-7", "1E-07"), ("0.00001", "0.00001"), ("nan", "nan"), ("1_000", "1_000"), ("１２", "１２"), ("", "")],
)  # fmt: skip
def test_a_plain_number_shows_all_digits_that_a_spreadsheet_keeps(stored: str, shown: str) -> None:
    assert general(stored) == shown


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    assert renderer(code_of(14, None), date1904=True)("0") == "1904-01-01"


@pytest.mark.parametrize("number", [14, *range(27, 32), *range(34, 37), *range(50, 59)])
def test_a_date_whose_format_follows_the_country_is_an_iso_date(number: int) -> None:
    assert renderer(code_of(number, None))("46082") == "2026-03-01"


@pytest.mark.parametrize(
    ("number", "stored", "shown"),
    [(48, "12345", "12345"), (5, "-1234.5", "(1,235)"), (7, "-1234.5", "(1,234.50)"), (8, "1234.5", "1,234.50"),
     (32, "0.604166667", "14:30")],
)  # fmt: skip
def test_a_format_named_by_number_is_known(number: int, stored: str, shown: str) -> None:
    assert renderer(code_of(number, None))(stored) == shown
