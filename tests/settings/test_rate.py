"""A rate is read as a person writes it."""

from __future__ import annotations

import re

import pytest

from importer.errors import BadSettings
from importer.settings.limits import Rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("20/1s", Rate(20, 1.0)),
        ("60/min", Rate(60, 60.0)),
        ("1000/h", Rate(1000, 3600.0)),
        (" 5 / 2.5 sec ", Rate(5, 2.5)),
        ("10/30", Rate(10, 30.0)),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize("text", ["20", "20/", "0/s", "5/0s", "fast", "20/1d", "-1/s", ""])
def test_what_is_no_rate_is_turned_away_with_its_text(text: str) -> None:
    with pytest.raises(BadSettings, match=re.escape(repr(text))):
        Rate.parse(text)
